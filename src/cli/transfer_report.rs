//! Lists of paths that commands write while they transfer: what was the same, what differed, what was missing where.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::report_file::ReportFile;
use crate::error::{Error, Result};
use crate::output::stdout::Stdout;
use crate::path::RelPath;
use crate::transfer::task::Witness;
use crate::transfer::verdict::Verdict;

/// Lists of paths to write, of what was found before anything was transferred.
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

    /// List the paths that the destination has afterwards
    #[arg(long, value_name = "FILE")]
    pub dest_after: Option<PathBuf>,
}

/// The lists under way.
pub struct TransferReport {
    stdout: Arc<Stdout>,
    combined: Option<ReportFile>,
    lists: [(char, Option<ReportFile>); 5],
    after: Option<ReportFile>,
    /// Whether what only the destination has is gone afterwards.
    deletes: bool,
    failed: Mutex<Option<Error>>,
}

impl TransferReport {
    /// Makes the files; `None` if there are none to make.
    ///
    /// # Errors
    /// One of them cannot be made.
    pub fn create(stdout: &Arc<Stdout>, flags: &ReportFlags, deletes: bool) -> Result<Option<Arc<Self>>> {
        let make = |path: &Option<PathBuf>| path.as_ref().map(|path| ReportFile::create(path)).transpose();
        let report = Self {
            stdout: Arc::clone(stdout),
            combined: make(&flags.combined)?,
            lists: [
                ('*', make(&flags.differ)?),
                ('=', make(&flags.same)?),
                ('+', make(&flags.missing_on_dst)?),
                ('-', make(&flags.missing_on_src)?),
                ('!', make(&flags.error)?),
            ],
            after: make(&flags.dest_after)?,
            deletes,
            failed: Mutex::new(None),
        };
        let is_wanted = report.combined.is_some()
            || report.after.is_some()
            || report.lists.iter().any(|(_, list)| list.is_some());
        Ok(is_wanted.then(|| Arc::new(report)))
    }

    /// Whoever is to be told of every path.
    pub fn witness(self: &Arc<Self>) -> Witness {
        let report = Arc::clone(self);
        Arc::new(move |path: &RelPath, verdict: &Verdict| {
            if let Err(error) = report.tell(path, verdict) {
                report.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
        })
    }

    fn tell(&self, path: &RelPath, verdict: &Verdict) -> Result<()> {
        let mark = verdict.mark();
        if let Some(combined) = &self.combined {
            self.write(combined, &format!("{mark} "), path)?;
        }
        if let Some((_, Some(list))) = self.lists.iter().find(|(of, _)| *of == mark) {
            self.write(list, "", path)?;
        }
        let stays = match verdict {
            Verdict::Same | Verdict::Differ(_) | Verdict::MissingOnDestination => true,
            Verdict::MissingOnSource => !self.deletes,
            Verdict::Failed(_) => false,
        };
        self.after.as_ref().filter(|_| stays).map_or(Ok(()), |after| self.write(after, "", path))
    }

    fn write(&self, list: &ReportFile, before: &str, path: &RelPath) -> Result<()> {
        let name = if list.is_stdout() { self.stdout.name(path.as_bytes()) } else { path.as_bytes().into() };
        list.write(&self.stdout, &[before.as_bytes(), &name, b"\n"].concat())
    }

    /// Completes the lists.
    ///
    /// # Errors
    /// One of them could not be written.
    pub fn finish(&self) -> Result<()> {
        let lists = self.lists.iter().map(|(_, list)| list).chain([&self.combined, &self.after]);
        for list in lists.flatten() {
            list.flush()?;
        }
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }
}
