//! Lists of the paths that were the same, differed or were missing, which commands that compare write on request.

use std::path::PathBuf;
use std::sync::Arc;

use super::report_file::ReportFile;
use crate::error::Result;
use crate::output::stdout::Stdout;
use crate::path::RelPath;
use crate::transfer::verdict::Verdict;

/// Lists of paths to write.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct ListFlags {
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

/// The lists under way.
pub struct PathLists {
    stdout: Arc<Stdout>,
    combined: Option<ReportFile>,
    lists: [(char, Option<ReportFile>); 5],
}

impl PathLists {
    /// Makes the files.
    ///
    /// # Errors
    /// One of them cannot be made.
    pub fn create(stdout: &Arc<Stdout>, flags: &ListFlags) -> Result<Self> {
        let make = |path: &Option<PathBuf>| path.as_ref().map(|path| ReportFile::create(path)).transpose();
        Ok(Self {
            stdout: Arc::clone(stdout),
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

    /// Whether no list was asked for.
    pub fn is_empty(&self) -> bool {
        self.combined.is_none() && self.lists.iter().all(|(_, list)| list.is_none())
    }

    /// Adds a path to the lists it belongs to.
    ///
    /// # Errors
    /// A list cannot be written.
    pub fn tell(&self, path: &RelPath, verdict: &Verdict) -> Result<()> {
        let mark = verdict.mark();
        if let Some(combined) = &self.combined {
            combined.line(&self.stdout, &format!("{mark} "), path)?;
        }
        let list = self.lists.iter().find(|(of, _)| *of == mark).and_then(|(_, list)| list.as_ref());
        list.map_or(Ok(()), |list| list.line(&self.stdout, "", path))
    }

    /// Completes the lists.
    ///
    /// # Errors
    /// One of them could not be written.
    pub fn finish(&self) -> Result<()> {
        let lists = self.lists.iter().map(|(_, list)| list).chain([&self.combined]);
        lists.flatten().try_for_each(ReportFile::flush)
    }
}
