//! `sclone lsjson`

use std::collections::BTreeMap;
use std::ffi::OsString;

use futures_executor::block_on;
use jiff::tz::TimeZone;

use crate::cli::context::Ctx;
use crate::cli::listed_metadata::metadata_of;
use crate::cli::open::{Place, open};
use crate::cli::visit::{Depth, Found, Walk};
use crate::error::{Error, Kind, Result};
use crate::fs::{FileType, Properties};
use crate::hash::HashType;
use crate::output::go_time::rfc3339;
use crate::output::json_item::Item;
use crate::output::mime;
use crate::path::RelPath;
use crate::transfer::content::{Where, hash};

/// List files and folders as JSON
///
/// Example: `sclone lsjson -R --hash web1:/srv`
///
/// One object a line in one array, written as it is found. --stat describes the path itself instead of what it holds,
/// and -M adds mode, owner and times of each entry.
///
/// Exit codes: 0 listed, 1 some folder cannot be read, 2 wrong usage, 3 folder not found, 20 login refused,
/// 21 certificate unusable, 22 host key not trusted, 23 no connection.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// What to list: remote:path, or a local path
    #[arg(value_name = "REMOTE:PATH")]
    pub path: OsString,

    /// Describe the path itself
    #[arg(long)]
    pub stat: bool,

    /// Descend into the folders
    #[arg(short = 'R', long)]
    pub recursive: bool,

    /// Hash the files, with every hash there is
    #[arg(long)]
    pub hash: bool,

    /// Hash the files with this; may be repeated
    #[arg(long, value_name = "HASH")]
    pub hash_type: Vec<HashType>,

    /// Show encrypted names, which no remote of this program has
    #[arg(long)]
    pub encrypted: bool,

    /// Show the IDs of wrapped items; no remote of this program wraps another, so there are none
    #[arg(long)]
    pub original: bool,

    /// Leave out the type of the content
    #[arg(long)]
    pub no_mimetype: bool,

    /// Leave out the time of the last change
    #[arg(long)]
    pub no_modtime: bool,

    /// Only folders
    #[arg(long)]
    pub dirs_only: bool,

    /// Only files
    #[arg(long)]
    pub files_only: bool,
}

/// Lists.
///
/// # Errors
/// The tree cannot be opened, or standard output cannot be written.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let place = open(ctx, &args.path)?;
    let hashes = match args.hash_type.as_slice() {
        [] if args.hash => place.tree.hashes(),
        chosen => chosen.to_vec(),
    };
    let has_nanoseconds = place.tree.precision().subsec_nanos() != 0;
    let lister = Lister { ctx, args, place: &place, hashes, has_nanoseconds, zone: TimeZone::system() };
    block_on(
        ctx.cancel.or_stop(async { if args.stat { lister.describe().await } else { lister.list().await } }),
    )
}

struct Lister<'a> {
    ctx: &'a Ctx,
    args: &'a Args,
    place: &'a Place,
    hashes: Vec<HashType>,
    has_nanoseconds: bool,
    zone: TimeZone,
}

impl Lister<'_> {
    fn is_wanted(&self, found: &Found) -> bool {
        if found.is_dir() { !self.args.files_only } else { !self.args.dirs_only }
    }

    async fn list(&self) -> Result<()> {
        let stdout = &self.ctx.stdout;
        if self.args.encrypted {
            stdout.write("[\n")?;
            let reason = "the remote needs to be of type \"crypt\"";
            return Err(Error::new(Kind::Unsupported, "show encrypted names", reason));
        }
        let depth = if self.args.recursive { Depth::All } else { Depth::One };
        let mut walk = Walk::new(self.ctx, self.place, depth);
        stdout.write("[\n")?;
        let mut is_first = true;
        loop {
            let entries = walk.batch(|found| self.is_wanted(found)).await?;
            if entries.is_empty() {
                break;
            }
            for item in self.items(&entries).await? {
                stdout.write(if is_first { "" } else { ",\n" })?;
                stdout.write(stdout.json(&item.line()).as_bytes())?;
                is_first = false;
            }
        }
        stdout.write(if is_first { "]\n" } else { "\n]\n" })
    }

    /// The path itself. A folder has neither name nor size then.
    async fn describe(&self) -> Result<()> {
        let found = match self.place.tree.stat(&RelPath::root()).await {
            Err(error) if error.kind() == Kind::NotFound => {
                return Err(error.with_kind(Kind::DirectoryNotFound));
            }
            other => other?,
        };
        let name = match found.file_type {
            FileType::Directory => None,
            _ => self.place.as_file().await?.map(|(name, _)| name),
        };
        let path = name.map_or_else(RelPath::root, |name| RelPath::root().join(&name));
        let found = Found { path, at: RelPath::root(), metadata: found };
        if !self.is_wanted(&found) {
            return self.ctx.stdout.line("null");
        }
        for mut item in self.items(std::slice::from_ref(&found)).await? {
            if found.is_dir() {
                item.size = -1;
            }
            self.ctx.stdout.line(self.ctx.stdout.json(&item.pretty()).as_bytes())?;
        }
        Ok(())
    }

    async fn items(&self, entries: &[Found]) -> Result<Vec<Item>> {
        let mut items: Vec<_> = entries.iter().map(|found| self.item(found)).collect();
        if self.ctx.settings.job.metadata {
            let metadata = metadata_of(self.ctx, &*self.place.tree, entries, &self.zone).await?;
            for (item, metadata) in items.iter_mut().zip(metadata) {
                item.metadata = metadata;
            }
        }
        let files: Vec<_> =
            entries.iter().filter(|found| !found.is_dir()).map(|found| found.at.clone()).collect();
        for kind in &self.hashes {
            let hashes = match hash(&self.place.tree, &files, *kind, Where::There).await {
                Err(error) if error.kind() == Kind::Unsupported => continue,
                hashes => hashes?,
            };
            for (item, hash) in items.iter_mut().filter(|item| !item.is_dir).zip(hashes) {
                match hash {
                    Ok(digest) => drop(item.hashes.insert(kind.name(), digest.to_string())),
                    Err(error) => {
                        log::error!("{error}");
                        self.ctx.stats.failed(&error);
                    }
                }
            }
        }
        Ok(items)
    }

    fn item(&self, found: &Found) -> Item {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (path, is_dir, metadata) = (found.path.as_bytes(), found.is_dir(), &found.metadata);
        let has_size = !is_dir || self.place.tree.features().folder_sizes;
        let mime = || if is_dir { mime::FOLDER.to_owned() } else { mime::of_name(path) };
        Item {
            path: text(path),
            name: found.path.file_name().map(|name| text(name.as_bytes())).unwrap_or_default(),
            size: if has_size { i64::try_from(metadata.size).unwrap_or(i64::MAX) } else { -1 },
            mime_type: (!self.args.no_mimetype).then(mime),
            mod_time: if self.args.no_modtime {
                String::new()
            } else {
                rfc3339(metadata.modified, self.has_nanoseconds, &self.zone)
            },
            is_dir,
            hashes: BTreeMap::new(),
            metadata: Properties::default(),
        }
    }
}
