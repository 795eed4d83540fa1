//! What `check` and `checksum` tell: lists of paths on request, log lines, and the counts at the end.

use std::path::PathBuf;

use super::context::Ctx;
use super::report_file::ReportFile;
use crate::error::{Error, Kind, Result};
use crate::path::RelPath;
use crate::transfer::verdict::{Summary, Verdict};

/// Lists of paths to write.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct ReportFlags {
    /// List every path after =, *, +, - or ! for same, different, only in the source, only in the destination, error
    #[arg(long, value_name = "FILE")]
    pub combined: Option<PathBuf>,

    /// List the paths that differ
    #[arg(long, value_name = "FILE")]
    pub differ: Option<PathBuf>,

    /// List the paths that are the same
    #[arg(long = "match", value_name = "FILE")]
    pub same: Option<PathBuf>,

    /// List the paths that only the source has
    #[arg(long, value_name = "FILE")]
    pub missing_on_dst: Option<PathBuf>,

    /// List the paths that only the destination has
    #[arg(long, value_name = "FILE")]
    pub missing_on_src: Option<PathBuf>,

    /// List the paths that could not be compared
    #[arg(long, value_name = "FILE")]
    pub error: Option<PathBuf>,
}

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
    combined: Option<ReportFile>,
    lists: [(char, Option<ReportFile>); 5],
}

impl<'a> CheckReport<'a> {
    /// Makes the files.
    ///
    /// # Errors
    /// One of them cannot be made.
    pub fn create(ctx: &'a Ctx, flags: &ReportFlags, sides: Sides) -> Result<Self> {
        let make = |path: &Option<PathBuf>| path.as_ref().map(|path| ReportFile::create(path)).transpose();
        Ok(Self {
            ctx,
            sides,
            combined: make(&flags.combined)?,
            lists: [
                ('*', make(&flags.differ)?),
                ('=', make(&flags.same)?),
                ('+', make(&flags.missing_on_dst)?),
                ('-', make(&flags.missing_on_src)?),
                ('!', make(&flags.error)?),
            ],
        })
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
        let mark = verdict.mark();
        if let Some(combined) = &self.combined {
            self.write(combined, &format!("{mark} "), path)?;
        }
        let list = self.lists.iter().find(|(of, _)| *of == mark).and_then(|(_, list)| list.as_ref());
        list.map_or(Ok(()), |list| self.write(list, "", path))
    }

    fn write(&self, list: &ReportFile, before: &str, path: &RelPath) -> Result<()> {
        let name =
            if list.is_stdout() { self.ctx.stdout.name(path.as_bytes()) } else { path.as_bytes().into() };
        list.write(&self.ctx.stdout, &[before.as_bytes(), &name, b"\n"].concat())
    }

    /// Completes the lists and says what there was in all.
    ///
    /// # Errors
    /// A list cannot be written; something differed, failed, or could not be compared as it was asked for.
    pub fn finish(self, summary: &Summary) -> Result<()> {
        let Sides { source, destination } = &self.sides;
        for list in self.lists.into_iter().filter_map(|(_, list)| list).chain(self.combined) {
            list.flush()?;
        }
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
