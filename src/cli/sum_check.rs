//! Comparing a tree with a file of hashes, for `checksum` and every `--checkfile`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use futures_executor::block_on;

use super::check_report::{CheckReport, Sides};
use super::context::Ctx;
use super::open::{Place, open};
use super::path_lists::ListFlags;
use super::visit::{Depth, Found, Walk};
use crate::error::{Error, Kind, Result};
use crate::fs::FileType;
use crate::hash::{Digest, HashType, SumFile};
use crate::path::RelPath;
use crate::transfer::content::{Where, hash, read};
use crate::transfer::verdict::{Summary, Verdict};

/// The most bytes of a file of hashes that are read: some ten million lines.
const LONGEST: u64 = 1 << 30;
/// Bad lines that are named one by one.
const NAMED: usize = 3;

/// How a tree is compared with a file of hashes.
#[derive(Clone, Copy, Debug)]
pub struct SumCheck<'a> {
    /// The hash that the file holds.
    pub hash: HashType,
    /// The file, anywhere.
    pub sum_file: &'a OsStr,
    /// The tree.
    pub tree: &'a OsStr,
    /// Where the files are hashed.
    pub place: Where,
    /// Whether files without a line are of no interest.
    pub one_way: bool,
}

impl SumCheck<'_> {
    /// Compares and reports.
    ///
    /// # Errors
    /// The file or the tree cannot be read, the tree cannot compute the hash, or something differs.
    pub fn run(self, ctx: &Ctx, flags: &ListFlags) -> Result<()> {
        let place = open(ctx, self.tree)?;
        let sides = Sides {
            source: crate::path::escape(self.sum_file.as_bytes()).into_owned(),
            destination: place.tree.describe(),
        };
        let report = CheckReport::create(ctx, flags, sides)?;
        let summary = block_on(ctx.cancel.or_stop(async {
            let sums = self.read_sums(ctx).await?;
            self.compare(ctx, &place, sums, &report).await
        }))?;
        report.finish(&summary)
    }

    async fn read_sums(&self, ctx: &Ctx) -> Result<SumFile> {
        let place = open(ctx, self.sum_file)?;
        let mut text = Vec::new();
        read(&*place.tree, &RelPath::root(), 0, LONGEST, |data| {
            text.extend_from_slice(data);
            Ok(())
        })
        .await
        .map_err(|error| {
            if error.kind() == Kind::NotFound { error.with_kind(Kind::Failure) } else { error }
        })?;
        let sums = SumFile::parse(&text);
        let name = crate::path::escape(self.sum_file.as_bytes());
        for line in sums.refused.iter().take(NAMED) {
            log::warn!("{name}: improperly formatted checksum line {line}");
        }
        if sums.refused.len() > NAMED {
            log::warn!("{name}: {} warning(s) suppressed...", sums.refused.len().saturating_sub(NAMED));
        }
        Ok(sums)
    }

    async fn compare(
        &self,
        ctx: &Ctx,
        place: &Place,
        file: SumFile,
        report: &CheckReport<'_>,
    ) -> Result<Summary> {
        let (mut sums, mut summary) = (file.sums, Summary::default());
        let mut tell = |path: &RelPath, verdict: &Verdict| {
            summary.count(verdict);
            report.tell(path, verdict)
        };
        let mut walk = Walk::new(ctx, place, Depth::All);
        loop {
            let is_file =
                |found: &Found| matches!(found.metadata.file_type, FileType::File | FileType::Symlink);
            let files = walk.batch(is_file).await?;
            if files.is_empty() {
                break;
            }
            let known: Vec<_> = files.iter().filter(|found| sums.contains_key(&found.path)).collect();
            let paths: Vec<_> = known.iter().map(|found| found.at.clone()).collect();
            let mut hashes = hash(&place.tree, &paths, self.hash, self.place).await?.into_iter();
            for found in &files {
                match sums.remove(&found.path) {
                    Some(sum) => tell(&found.path, &verdict(&sum, hashes.next()))?,
                    None if self.one_way => {}
                    None => tell(&found.path, &Verdict::MissingOnSource)?,
                }
            }
        }
        sums.keys().try_for_each(|path| tell(path, &Verdict::MissingOnDestination))?;
        Ok(summary)
    }
}

fn verdict(sum: &Digest, found: Option<Result<Digest>>) -> Verdict {
    match found {
        Some(Ok(digest)) if digest == *sum => Verdict::Same,
        Some(Ok(_)) => Verdict::Differ("files differ".into()),
        Some(Err(error)) => Verdict::Failed(error),
        None => Verdict::Failed(Error::new(Kind::Failure, "hash", "no hash was computed")),
    }
}
