//! Lists of paths that commands write while they transfer: what was the same, what differed, what was missing where.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::path_lists::{ListFlags, PathLists};
use super::report_file::ReportFile;
use crate::error::{Error, Result};
use crate::output::stdout::Stdout;
use crate::path::RelPath;
use crate::transfer::task::Witness;
use crate::transfer::verdict::Verdict;

/// Lists of paths to write, of what was found before anything was transferred.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct ReportFlags {
    /// What is told of each path.
    #[command(flatten)]
    pub lists: ListFlags,

    /// List the paths that the destination has afterwards
    #[arg(long, value_name = "FILE")]
    pub dest_after: Option<PathBuf>,
}

/// The lists under way.
pub struct TransferReport {
    stdout: Arc<Stdout>,
    lists: PathLists,
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
        let after = flags.dest_after.as_ref().map(|path| ReportFile::create(path)).transpose()?;
        let report = Self {
            stdout: Arc::clone(stdout),
            lists: PathLists::create(stdout, &flags.lists)?,
            after,
            deletes,
            failed: Mutex::new(None),
        };
        let is_wanted = report.after.is_some() || !report.lists.is_empty();
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
        self.lists.tell(path, verdict)?;
        let stays = match verdict {
            Verdict::Same | Verdict::Differ(_) | Verdict::MissingOnDestination => true,
            Verdict::MissingOnSource => !self.deletes,
            Verdict::Failed(_) => false,
        };
        self.after.as_ref().filter(|_| stays).map_or(Ok(()), |after| after.line(&self.stdout, "", path))
    }

    /// Completes the lists.
    ///
    /// # Errors
    /// One of them could not be written.
    pub fn finish(&self) -> Result<()> {
        self.lists.finish()?;
        self.after.as_ref().map_or(Ok(()), ReportFile::flush)?;
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }
}
