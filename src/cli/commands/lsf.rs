//! `sclone lsf`

use std::ffi::OsString;

use futures_executor::block_on;
use jiff::tz::TimeZone;

use crate::cli::context::Ctx;
use crate::cli::listed_metadata::metadata_of;
use crate::cli::open::{Place, open};
use crate::cli::visit::{Depth, Found, Walk};
use crate::error::{Kind, Result};
use crate::hash::HashType;
use crate::output::fields::{Field, Layout, Separator};
use crate::output::go_json;
use crate::output::go_time::TimeFormat;
use crate::output::mime;
use crate::transfer::content::{Where, hash};

/// List files and folders for scripts, with the fields asked for
///
/// Example: `sclone lsf -R -F tsp web1:/var/log`
///
/// Fields: p path, s size, t time of the last change, h hash, m type of the content, M mode, owner and
/// times as JSON, and for rclone's sake i, o and T, which are always empty here. Names are written as they are; --csv quotes them.
///
/// Exit codes: 0 listed, 1 some folder cannot be read, 2 wrong usage, 3 folder not found, 20 login refused,
/// 21 certificate unusable, 22 host key not trusted, 23 no connection.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// What to list: remote:path, or a local path
    #[arg(value_name = "REMOTE:PATH")]
    pub path: OsString,

    /// Fields of a line, in order
    #[arg(short = 'F', long, default_value = "p")]
    pub format: String,

    /// Between the fields; left out it is a semicolon, and a comma with --csv
    #[arg(short, long)]
    pub separator: Option<String>,

    /// Write comma-separated values
    #[arg(long)]
    pub csv: bool,

    /// Put a slash after the names of folders
    #[arg(short, long, default_value = "true")]
    pub dir_slash: bool,

    /// Put a slash before paths
    #[arg(long)]
    pub absolute: bool,

    /// Only folders
    #[arg(long)]
    pub dirs_only: bool,

    /// Only files
    #[arg(long)]
    pub files_only: bool,

    /// The hash of field h
    #[arg(long, value_name = "HASH", default_value = "md5")]
    pub hash: HashType,

    /// Descend into the folders
    #[arg(short = 'R', long)]
    pub recursive: bool,

    /// How times are written: a layout of Go, its name, or max, unix or unixnano
    #[arg(short, long, value_name = "LAYOUT", default_value = "2006-01-02 15:04:05")]
    pub time_format: String,
}

/// Lists.
///
/// # Errors
/// A field is unknown, the tree cannot be opened, or standard output cannot be written.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let layout = Layout::parse(&args.format, separator(args))?;
    let place = open(ctx, &args.path)?;
    let has_nanoseconds = place.tree.precision().subsec_nanos() != 0;
    let lister = Lister {
        ctx,
        args,
        place: &place,
        layout,
        times: TimeFormat::new(&args.time_format, has_nanoseconds),
        zone: TimeZone::system(),
    };
    block_on(ctx.cancel.or_stop(lister.list()))
}

fn separator(args: &Args) -> Separator {
    let given = |otherwise: &str| args.separator.clone().unwrap_or_else(|| otherwise.into());
    if args.csv { Separator::Csv(given(",")) } else { Separator::Plain(given(";")) }
}

struct Lister<'a> {
    ctx: &'a Ctx,
    args: &'a Args,
    place: &'a Place,
    layout: Layout,
    times: TimeFormat,
    zone: TimeZone,
}

impl Lister<'_> {
    async fn list(&self) -> Result<()> {
        let args = self.args;
        let depth = if args.recursive { Depth::All } else { Depth::One };
        let mut walk = Walk::new(self.ctx, self.place, depth);
        let wanted =
            |found: &Found| !(args.dirs_only && !found.is_dir() || args.files_only && found.is_dir());
        loop {
            let entries = walk.batch(wanted).await?;
            if entries.is_empty() {
                return Ok(());
            }
            let hashes = self.hashes(&entries).await?;
            let metadata = self.metadata(&entries).await?;
            for ((found, hash), metadata) in entries.iter().zip(hashes).zip(metadata) {
                let line = self.layout.line(|field| match field {
                    Field::Metadata => metadata.clone(),
                    _ => self.field(field, found, &hash),
                });
                self.ctx.stdout.line(line)?;
            }
        }
    }

    /// The hash of each entry as text: empty for folders and where none can be had.
    async fn hashes(&self, entries: &[Found]) -> Result<Vec<String>> {
        if !self.layout.has(Field::Hash) {
            return Ok(vec![String::new(); entries.len()]);
        }
        let files: Vec<_> =
            entries.iter().filter(|found| !found.is_dir()).map(|found| found.at.clone()).collect();
        let found = match hash(&self.place.tree, &files, self.args.hash, Where::There).await {
            Err(error) if error.kind() == Kind::Unsupported => return Ok(vec![String::new(); entries.len()]),
            found => found?,
        };
        let mut found = found.into_iter();
        Ok(entries
            .iter()
            .map(|entry| if entry.is_dir() { String::new() } else { self.text(found.next()) })
            .collect())
    }

    /// Mode, owner and times of each entry as JSON.
    async fn metadata(&self, entries: &[Found]) -> Result<Vec<Vec<u8>>> {
        if !self.layout.has(Field::Metadata) {
            return Ok(vec![Vec::new(); entries.len()]);
        }
        let found = metadata_of(self.ctx, &*self.place.tree, entries, &self.zone).await?;
        Ok(found.iter().map(|metadata| go_json::line(metadata).into_bytes()).collect())
    }

    fn text(&self, found: Option<Result<crate::hash::Digest>>) -> String {
        match found {
            Some(Ok(digest)) => digest.to_string(),
            Some(Err(error)) => {
                log::error!("{error}");
                self.ctx.stats.failed(&error);
                String::new()
            }
            None => String::new(),
        }
    }

    fn field(&self, field: Field, found: &Found, hash: &str) -> Vec<u8> {
        match field {
            Field::Path => self.path(found),
            Field::Size if found.is_dir() => b"-1".to_vec(),
            Field::Size => found.metadata.size.to_string().into_bytes(),
            Field::Time => self.times.show(found.metadata.modified, &self.zone).into_bytes(),
            Field::Hash => hash.as_bytes().to_vec(),
            Field::Mime if found.is_dir() => mime::FOLDER.into(),
            Field::Mime => mime::of_name(found.path.as_bytes()).into_bytes(),
            Field::Metadata | Field::Nothing => Vec::new(),
        }
    }

    fn path(&self, found: &Found) -> Vec<u8> {
        let name = self.ctx.stdout.name(found.path.as_bytes());
        let before: &[u8] = if self.args.absolute { b"/" } else { b"" };
        let after: &[u8] = if self.args.dir_slash && found.is_dir() { b"/" } else { b"" };
        [before, &name, after].concat()
    }
}
