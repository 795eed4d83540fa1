//! From actions to work: counts and logs each one, starts to make the folder it needs, and remembers what comes last.

use std::future::ready;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _};

use super::copy::Copy;
use super::folder_times::FolderTimes;
use super::folders::Folders;
use super::plan::{Action, CopyFile, Folder, Surplus, window};
use super::step::{Failure, Side};
use super::task::{Task, When};
use super::verdict::Verdict;
use super::work::{What, Work};
use crate::error::Result;
use crate::path::RelPath;

/// What is known of a run so far.
pub(super) struct Preparation<'a> {
    run: &'a Copy,
    folders: Folders,
    /// Folders of the destination that are links: nothing below them is deleted.
    links: Vec<RelPath>,
    /// Folders of the source that are links: nothing below them is removed.
    source_links: Vec<RelPath>,
    /// What only the destination has and nobody deletes yet.
    pub(super) surplus: Vec<Surplus>,
    /// Whether the source has any file at all.
    pub(super) saw_files: bool,
    pub(super) times: FolderTimes,
    /// The folders of a source that is moved.
    pub(super) source_folders: Vec<RelPath>,
}

impl<'a> Preparation<'a> {
    pub(super) fn new(run: &'a Copy) -> Self {
        Self {
            run,
            folders: Folders::new(Arc::clone(&run.destination), run.retries),
            links: Vec::new(),
            source_links: Vec::new(),
            surplus: Vec::new(),
            saw_files: false,
            times: FolderTimes::new(window(&*run.source, &*run.destination)),
            source_folders: Vec::new(),
        }
    }

    /// What is left to do about an action.
    ///
    /// # Errors
    /// What makes every further action pointless.
    pub(super) fn prepare(&mut self, action: Action) -> Result<Option<Work>> {
        if !matches!(action, Action::Fail(_)) {
            self.run.stats.listed(1);
        }
        let action = self.behind_links(action);
        Ok(match action {
            Action::Enter(folder) => self.enter(&folder),
            Action::Keep(file, reason) => self.keep(file, reason),
            Action::SetTime(file) => {
                self.compared(&file, &Verdict::Same);
                Some(Work::at_once(What::SetTime(file)))
            }
            Action::Skip(path, reason) => {
                log::warn!(object:% = path; "{reason}");
                None
            }
            Action::Fail(failure) => {
                self.fail(failure)?;
                None
            }
            Action::Copy(file) => Some(self.copy(file)),
            Action::Surplus(item) => self.exceed(item),
        })
    }

    /// Only looks at an action, to know what is surplus and whether anything fails.
    ///
    /// # Errors
    /// What makes every further action pointless.
    pub(super) fn look(&mut self, action: Action) -> Result<()> {
        match action {
            Action::Keep(..) | Action::SetTime(_) | Action::Copy(_) => self.saw_files = true,
            Action::Enter(folder) => self.note_link(&folder),
            Action::Surplus(item) => self.collect(item),
            Action::Fail(failure) => self.fail(failure)?,
            Action::Skip(..) => {}
        }
        Ok(())
    }

    /// Marks a file of the source that is reached through a link to a folder.
    fn behind_links(&self, mut action: Action) -> Action {
        if let Action::Copy(file) | Action::SetTime(file) | Action::Keep(file, _) = &mut action {
            file.is_behind_link = contains(&self.source_links, &file.from);
        }
        action
    }

    fn enter(&mut self, folder: &Folder) -> Option<Work> {
        let is_made = folder.destination.is_none() && self.run.empty_dirs;
        self.note_link(folder);
        self.times.enter(folder, is_made);
        if folder.is_link {
            self.source_links.push(folder.path.clone());
        }
        let goes = matches!(self.run.task, Task::Move { removes_empty_dirs: true });
        if goes && !folder.path.is_root() && !contains(&self.source_links, &folder.path) {
            self.source_folders.push(folder.path.clone());
        }
        if folder.destination.is_some() {
            self.folders.exists(&folder.path);
        }
        let path = &folder.path;
        is_made.then(|| Work { made: self.make(path), what: What::Folder(path.clone()) })
    }

    fn note_link(&mut self, folder: &Folder) {
        if folder.destination.as_ref().is_some_and(|entry| entry.is_link) {
            self.links.push(folder.path.clone());
        }
    }

    /// Makes a folder once somebody waits for it.
    fn make(&mut self, path: &RelPath) -> BoxFuture<'static, Result<()>> {
        if self.run.gate.is_dry_run() { ready(Ok(())).boxed() } else { self.folders.make(path).boxed() }
    }

    fn keep(&mut self, file: CopyFile, reason: &'static str) -> Option<Work> {
        self.compared(&file, &Verdict::Same);
        self.run.stats.kept();
        log::debug!(object:% = file.from; "{reason}");
        log::debug!(object:% = file.from; "Unchanged skipping");
        let is_done_with = self.run.task.is_move() && !self.run.rules.comparison.ignore_existing;
        is_done_with.then(|| Work::at_once(What::Source(file)))
    }

    fn copy(&mut self, file: CopyFile) -> Work {
        let verdict = match file.replaces {
            Some(_) => Verdict::Differ("they differ".into()),
            None => Verdict::MissingOnDestination,
        };
        if file.replaces.is_some() {
            self.compared(&file, &verdict);
        } else {
            self.saw_files = true;
            self.tell(&file.from, &verdict);
        }
        self.run.stats.expect_transfer(file.source.size);
        self.times.change(&file.to, file.has_parent);
        let folder = file.to.parent().unwrap_or_default();
        let made = if file.has_parent { ready(Ok(())).boxed() } else { self.make(&folder) };
        Work { made, what: What::File(file) }
    }

    fn compared(&mut self, file: &CopyFile, verdict: &Verdict) {
        self.saw_files = true;
        self.run.stats.expect_check();
        self.run.stats.checked();
        self.tell(&file.from, verdict);
    }

    fn exceed(&mut self, item: Surplus) -> Option<Work> {
        if !item.is_folder() {
            self.tell(&item.path, &Verdict::MissingOnSource);
        }
        let Task::Sync(rules) = self.run.task else { return None };
        self.times.change(&item.path, true);
        let is_single = !item.is_folder() && !item.is_partial();
        let is_now = rules.when == When::During && self.saw_files && is_single;
        if is_now && !self.run.holds_back_deletion() && !self.is_behind_link(&item) {
            return Some(Work::at_once(What::Surplus(item)));
        }
        self.collect(item);
        None
    }

    fn collect(&mut self, item: Surplus) {
        if self.is_behind_link(&item) {
            log::info!(object:% = item.path; "Not deleted: it is behind a symbolic link");
        } else {
            self.surplus.push(item);
        }
    }

    fn is_behind_link(&self, item: &Surplus) -> bool {
        contains(&self.links, &item.path)
    }

    fn fail(&self, failure: Failure) -> Result<()> {
        let is_lost = failure.side == Side::Source && failure.is_missing_root();
        let error = failure.error;
        if error.is_fatal() || is_lost {
            return Err(error);
        }
        log::error!("{error}");
        self.run.stats.failed(&error);
        self.tell(&failure.folder, &Verdict::Failed(error));
        Ok(())
    }

    fn tell(&self, path: &RelPath, verdict: &Verdict) {
        if let Some(witness) = &self.run.rules.witness {
            witness(path, verdict);
        }
    }
}

fn contains(links: &[RelPath], path: &RelPath) -> bool {
    links.iter().any(|link| link.contains(path))
}
