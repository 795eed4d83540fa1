//! What `md5sum`, `sha1sum` and `hashsum` have in common.

use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use futures_executor::block_on;

use super::context::Ctx;
use super::open::open;
use super::path_lists::ListFlags;
use super::report_file::ReportFile;
use super::sum_check::SumCheck;
use super::visit::{Depth, Walk};
use crate::error::{Error, Kind, Result};
use crate::fs::FileType;
use crate::hash::{Digest, HashType, Hasher};
use crate::transfer::content::{Where, hash};

/// Flags of the commands that print hashes.
#[derive(clap::Args, Clone, Debug)]
pub struct HashFlags {
    /// Write base64 instead of hexadecimal digits
    #[arg(long)]
    pub base64: bool,

    /// Read the files and hash them here
    #[arg(long)]
    pub download: bool,

    /// Compare with this file of hashes instead of printing
    #[arg(short = 'C', long, value_name = "FILE")]
    pub checkfile: Option<OsString>,

    /// Write to this file; - for standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub output_file: PathBuf,
}

/// Prints the hash of every file below `path`, sorted by path; of standard input without one.
///
/// # Errors
/// The tree cannot be opened or cannot compute this hash, or the result cannot be written.
pub fn run(ctx: &Ctx, kind: HashType, path: Option<&OsStr>, flags: &HashFlags) -> Result<()> {
    if let Some(sum_file) = &flags.checkfile {
        let tree = path.ok_or_else(|| {
            Error::new(Kind::Usage, "read arguments", "--checkfile needs a path to compare with the file")
        })?;
        let place = if flags.download { Where::Here } else { Where::There };
        let reports = ListFlags { combined: Some(flags.output_file.clone()), ..ListFlags::default() };
        return SumCheck { hash: kind, sum_file, tree, place, one_way: false }.run(ctx, &reports);
    }
    let report = ReportFile::create(&flags.output_file)?;
    let printer = Printer { ctx, kind, flags, report: &report };
    match path.filter(|path| *path != "-") {
        None => printer.print(&hash_input(kind)?, b"-")?,
        Some(path) => block_on(ctx.cancel.or_stop(printer.list(path)))?,
    }
    report.flush()
}

fn hash_input(kind: HashType) -> Result<Digest> {
    let (mut hasher, mut buffer, mut input) =
        (Hasher::new(kind), vec![0; 256 * 1024], std::io::stdin().lock());
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(count) => hasher.update(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::from_io("read standard input", error)),
        }
    }
}

struct Printer<'a> {
    ctx: &'a Ctx,
    kind: HashType,
    flags: &'a HashFlags,
    report: &'a ReportFile,
}

impl Printer<'_> {
    async fn list(&self, path: &OsStr) -> Result<()> {
        let place = open(self.ctx, path)?;
        let place_of_work = if self.flags.download { Where::Here } else { Where::There };
        let mut walk = Walk::new(self.ctx, &place, Depth::All);
        loop {
            // Reading a FIFO would wait for a writer, here or there.
            let files =
                walk.batch(|found| matches!(found.metadata.file_type, FileType::File | FileType::Symlink));
            let files = files.await?;
            if files.is_empty() {
                return Ok(());
            }
            let paths: Vec<_> = files.iter().map(|found| found.at.clone()).collect();
            let hashes = hash(&place.tree, &paths, self.kind, place_of_work).await?;
            for (found, hash) in files.iter().zip(hashes) {
                match hash {
                    Ok(digest) => self.print(&digest, found.path.as_bytes())?,
                    Err(error) if error.is_fatal() || error.kind() == Kind::ConnectionLost => {
                        return Err(error);
                    }
                    Err(error) => {
                        log::error!(object:% = found.path; "{error}");
                        self.ctx.stats.failed(&error);
                    }
                }
            }
        }
    }

    fn print(&self, digest: &Digest, path: &[u8]) -> Result<()> {
        let text = if self.flags.base64 { digest.base64() } else { digest.to_string() };
        let is_stdout = self.flags.output_file == Path::new("-");
        let path = if is_stdout { self.ctx.stdout.name(path) } else { path.into() };
        let width = self.width();
        self.report.write(&self.ctx.stdout, &[format!("{text:>width$}  ").as_bytes(), &path, b"\n"].concat())
    }

    /// The length of the hash as text.
    const fn width(&self) -> usize {
        let size = self.kind.size();
        if self.flags.base64 { size.div_ceil(3).saturating_mul(4) } else { size.saturating_mul(2) }
    }
}
