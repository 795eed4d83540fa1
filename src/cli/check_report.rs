//! What `check` and `checksum` tell: lists of paths on request, log lines, and the counts at the end.

use super::context::Ctx;
use super::path_lists::{ListFlags, PathLists};
use crate::error::{Error, Kind, Result};
use crate::path::RelPath;
use crate::transfer::verdict::{Summary, Verdict};

/// What the two sides are called in log lines.
#[derive(Clone, Debug)]
pub struct Sides {
    /// The source.
    pub source: String,
    /// The destination.
    pub destination: String,
}

/// The lists under way.
pub struct CheckReport<'a> {
    ctx: &'a Ctx,
    sides: Sides,
    lists: PathLists,
}

impl<'a> CheckReport<'a> {
    /// Makes the files.
    ///
    /// # Errors
    /// One of them cannot be made.
    pub fn create(ctx: &'a Ctx, flags: &ListFlags, sides: Sides) -> Result<Self> {
        Ok(Self { ctx, sides, lists: PathLists::create(&ctx.stdout, flags)? })
    }

    /// Tells one verdict.
    ///
    /// # Errors
    /// A list cannot be written.
    pub fn tell(&self, path: &RelPath, verdict: &Verdict) -> Result<()> {
        let Sides { source, destination } = &self.sides;
        match verdict {
            Verdict::Same => log::debug!(object:% = path; "OK"),
            Verdict::Differ(reason) => log::error!(object:% = path; "{reason}"),
            Verdict::MissingOnDestination => log::error!(object:% = path; "file not in {destination}"),
            Verdict::MissingOnSource => log::error!(object:% = path; "file not in {source}"),
            Verdict::Failed(error) => log::error!(object:% = path; "{error}"),
        }
        self.lists.tell(path, verdict)
    }

    /// Completes the lists and says what there was in all.
    ///
    /// # Errors
    /// A list cannot be written; something differed, failed, or could not be compared as it was asked for.
    pub fn finish(self, summary: &Summary) -> Result<()> {
        let Sides { source, destination } = &self.sides;
        self.lists.finish()?;
        for (count, side) in
            [(summary.missing_on_destination, destination), (summary.missing_on_source, source)]
        {
            if count > 0 {
                log::warn!("{side}: {count} files missing");
            }
        }
        let (differences, wrong) =
            (summary.differences(), summary.differences().saturating_add(summary.failed));
        log::warn!("{destination}: {differences} differences found");
        if wrong > 0 {
            log::warn!("{destination}: {wrong} errors while checking");
        }
        if summary.same > 0 {
            log::warn!("{destination}: {} matching files", summary.same);
        }
        // The last one is counted where the command ends.
        for _ in 1..wrong {
            self.ctx.stats.failed(&found(differences, summary.failed));
        }
        if wrong > 0 {
            return Err(found(differences, summary.failed));
        }
        if summary.unhashed > 0 {
            log::warn!(
                "{destination}: {} hashes could not be checked, only sizes were compared: --download compares the content",
                summary.unhashed
            );
        }
        Ok(())
    }
}

fn found(differences: u64, failed: u64) -> Error {
    let reason = match (differences, failed) {
        (0, failed) => format!("{failed} files could not be compared"),
        (differences, _) => format!("{differences} differences found"),
    };
    Error::new(Kind::Failure, "compare", reason)
}
