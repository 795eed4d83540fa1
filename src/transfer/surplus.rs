//! Deletes what only the destination has: last of all, and only what the source is known not to have.
//!
//! A server can hide entries of a folder without an error, so an entry that is missing from a listing proves nothing. The
//! source is asked for each path by its name, and "no such file" is the only answer that lets the path be deleted.
//! After any error of the run nothing is deleted at all, unless that was asked for (`--ignore-errors`); even then a path goes only
//! with that answer.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::cleanup::pause;
use super::copy::Copy;
use super::delete_limit::Asked;
use super::plan::{Surplus, present};
use super::selection::keeps_details;
use super::task::Deletion;
use crate::error::{Error, Kind, Result};
use crate::fs::{FileType, Fs, Metadata};
use crate::path::RelPath;

/// Requests for files on their way at once.
const AT_ONCE: usize = 64;

/// Deletes for one run.
pub(super) struct Cleaner<'a> {
    run: &'a Copy,
    rules: Deletion,
    asked: Asked,
}

impl<'a> Cleaner<'a> {
    pub(super) fn new(run: &'a Copy, rules: Deletion) -> Self {
        Self { run, rules, asked: Asked::default() }
    }

    /// Deletes all of it, or nothing.
    ///
    /// # Errors
    /// [`Kind::Refused`] if the source has no files at all, or more would be deleted than may be. What fails for one
    /// path is logged and counted.
    pub(super) async fn delete_all(&self, items: Vec<Surplus>, saw_files: bool) -> Result<()> {
        let (folders, files): (Vec<_>, Vec<_>) = items.into_iter().partition(Surplus::is_folder);
        let files: Vec<_> = files.into_iter().filter(|item| self.is_deletable(item)).collect();
        if files.is_empty() && folders.is_empty() || self.is_barred() {
            return Ok(());
        }
        let files = self.without_live_partials(files).await?;
        if !files.is_empty() && !saw_files {
            self.refuse_empty_source().await?;
        }
        let absent: Vec<_> = stream::iter(files)
            .map(|item| self.if_absent(item))
            .buffered(AT_ONCE)
            .try_filter_map(|item| std::future::ready(Ok(item)))
            .try_collect()
            .await?;
        if self.is_barred() {
            return Ok(());
        }
        self.refuse_too_much(&absent)?;
        stream::iter(absent.iter().map(Ok))
            .try_for_each_concurrent(AT_ONCE, |item| self.delete(item))
            .await?;
        self.remove_folders(&folders).await
    }

    /// Deletes one file, if nothing has failed so far.
    pub(super) async fn delete_one(&self, item: Surplus) -> Result<()> {
        if self.has_failed() || !self.is_deletable(&item) {
            return Ok(());
        }
        let Some(item) = self.if_absent(item).await? else { return Ok(()) };
        self.refuse_too_much(std::slice::from_ref(&item))?;
        self.delete(&item).await
    }

    /// Whether something has failed that keeps everything.
    fn has_failed(&self) -> bool {
        !self.rules.ignores_errors && self.run.stats.errors().count > 0
    }

    /// The same, and it is said.
    fn is_barred(&self) -> bool {
        let has_failed = self.has_failed();
        if has_failed {
            let place = self.run.destination.describe();
            log::error!("{place}: not deleting files as there were IO errors");
            log::error!("{place}: not deleting directories as there were IO errors");
        }
        has_failed
    }

    /// A link on this machine is not looked at, as it is in the source; nor is what somebody else may be writing now.
    fn is_deletable(&self, item: &Surplus) -> bool {
        let is_file = item.entry.metadata.file_type == FileType::File || item.entry.is_link;
        let is_shown = self.run.destination.features().lists_everything
            || item.entry.metadata.file_type == FileType::File;
        if !is_shown {
            log::debug!(object:% = item.path; "Not deleted: it is no file");
        }
        let is_partial = is_file && item.is_partial() && is_fresh(item);
        if is_partial {
            log::info!(object:% = item.path; "Not deleted: another run may be writing it");
        }
        is_shown && !is_partial
    }

    /// Leaves out the partials that another run completes or goes on with meanwhile: one that is about to get its name
    /// has the time of its source already, and so may look old.
    async fn without_live_partials(&self, files: Vec<Surplus>) -> Result<Vec<Surplus>> {
        let (partials, mut files): (Vec<_>, Vec<_>) = files.into_iter().partition(Surplus::is_partial);
        if partials.is_empty() || self.run.gate.is_dry_run() {
            return Ok([partials, files].concat());
        }
        pause().await?;
        for item in partials {
            let now = present(self.run.destination.look_up(&item.path).await)?;
            if now.is_some_and(|now| now == item.entry.metadata) {
                files.push(item);
            } else {
                log::info!(object:% = item.path; "Not deleted: another run writes it");
            }
        }
        Ok(files)
    }

    async fn refuse_empty_source(&self) -> Result<()> {
        if self.rules.allows_empty_source {
            return Ok(());
        }
        let run = self.run;
        let is_empty = !run.filter.is_active() || run.source.list(&RelPath::root()).await?.entries.is_empty();
        if !is_empty {
            return Ok(());
        }
        Err(Error::new(Kind::Refused, "delete", "the source has no files, so nothing is deleted")
            .on(run.destination.describe())
            .advice("see that the source is what you mean; --allow-empty-source empties the destination"))
    }

    fn refuse_too_much(&self, items: &[Surplus]) -> Result<()> {
        let sizes = items.iter().map(|item| item.entry.metadata.size);
        self.asked.add(self.rules.limit, sizes, || self.run.destination.describe())
    }

    /// Gives the item back if the source does not have it. Anything else but a filter's doing is an error.
    async fn if_absent(&self, item: Surplus) -> Result<Option<Surplus>> {
        self.run.cancel.check()?;
        let error = match present(self.run.source.look_up(&item.path).await) {
            Ok(None) => return Ok(Some(item)),
            // A folder has the name in the source, and was seen there.
            Ok(Some(found)) if found.file_type == FileType::Directory => return Ok(Some(item)),
            Ok(Some(found)) if self.is_hidden(&item.path, &found).await => {
                return Ok(Some(item).filter(|_| self.run.filter.deletes_excluded()));
            }
            Ok(Some(_)) => {
                let reason = if self.rules.ignores_errors {
                    "the source has it, but its listing did not: it is kept"
                } else {
                    "the source has it, but its listing did not: it is kept, and so is everything else"
                };
                Error::new(Kind::Failure, "delete", reason)
            }
            Err(error) => error,
        };
        if error.is_fatal() {
            return Err(error);
        }
        log::error!(object:% = item.path; "Not deleted: {error}");
        self.run.stats.failed(&error);
        Ok(None)
    }

    /// Whether the filter is why the source did not show a path.
    async fn is_hidden(&self, path: &RelPath, found: &Metadata) -> bool {
        let filter = &self.run.filter;
        if !filter.is_active() {
            return false;
        }
        let folders = || std::iter::successors(path.parent(), RelPath::parent);
        // Of what cannot be asked nothing is known, so it counts as seen.
        let is_kept =
            filter.keep(path, found) && keeps_details(&*self.run.source, filter, path).await.unwrap_or(true);
        if !is_kept || folders().any(|folder| !filter.enter(&folder)) {
            return true;
        }
        for marker in folders().flat_map(|folder| filter.markers().iter().map(move |name| folder.join(name)))
        {
            if self.run.source.stat(&marker).await.is_ok() {
                return true;
            }
        }
        false
    }

    async fn delete(&self, item: &Surplus) -> Result<()> {
        let (run, path, bytes) = (self.run, &item.path, item.entry.metadata.size);
        run.stats.expect_check();
        run.stats.checked();
        let action = if run.rules.backup.is_some() { "move into backup dir" } else { "delete" };
        if !run.gate.allows(action, path, Some(bytes))? {
            if run.gate.is_dry_run() {
                run.stats.deleted_file(bytes);
            }
            return Ok(());
        }
        let deleted = match &run.rules.backup {
            Some(backup) => {
                let kept = backup.keep(&*run.destination, path, bytes, &run.stats);
                kept.await.map(|_| "Moved into backup dir")
            }
            None => run.destination.remove_file(path).await.map(|()| "Deleted"),
        };
        match deleted {
            Ok(done) => {
                log::info!(object:% = path; "{done}");
                run.stats.deleted_file(bytes);
                Ok(())
            }
            Err(error) if error.kind() == Kind::NotFound => {
                log::debug!(object:% = path; "Gone already: {error}");
                Ok(())
            }
            Err(error) if error.is_fatal() => Err(error),
            Err(error) => {
                log::error!(object:% = path; "Couldn't delete: {error}");
                run.stats.failed(&error);
                Ok(())
            }
        }
    }

    async fn remove_folders(&self, folders: &[Surplus]) -> Result<()> {
        if folders.is_empty() || self.is_barred() {
            return Ok(());
        }
        self.run.remove_empty(&*self.run.destination, folders.iter().map(|folder| &folder.path)).await
    }
}

impl Copy {
    /// Removes folders that are empty, the deepest first.
    pub(super) async fn remove_empty<'a>(
        &self,
        tree: &dyn Fs,
        folders: impl Iterator<Item = &'a RelPath>,
    ) -> Result<()> {
        let mut levels: BTreeMap<usize, Vec<&RelPath>> = BTreeMap::new();
        for folder in folders {
            let depth = folder.as_bytes().split(|byte| *byte == b'/').count();
            levels.entry(depth).or_default().push(folder);
        }
        for level in levels.values().rev() {
            let removing = stream::iter(level.iter().map(Ok));
            removing.try_for_each_concurrent(AT_ONCE, |path| self.remove_one(tree, path)).await?;
        }
        Ok(())
    }

    async fn remove_one(&self, tree: &dyn Fs, path: &RelPath) -> Result<()> {
        if !self.gate.allows("remove directory", path, None)? {
            if self.gate.is_dry_run() {
                self.stats.deleted_dir();
            }
            return Ok(());
        }
        match tree.remove_dir(path).await {
            Ok(()) => {
                log::info!(object:% = path; "Removing directory");
                self.stats.deleted_dir();
            }
            Err(error) if error.is_fatal() => return Err(error),
            Err(error) if matches!(error.kind(), Kind::NotEmpty | Kind::NotFound) => {
                log::debug!(object:% = path; "Not removed: {error}");
            }
            Err(error) => {
                log::error!(object:% = path; "Failed to rmdir: {error}");
                self.stats.failed(&error);
            }
        }
        Ok(())
    }
}

/// Whether a file was written to within a day.
fn is_fresh(item: &Surplus) -> bool {
    const DAY: i128 = 24 * 60 * 60 * 1_000_000_000;
    let now = i128::try_from(std::time::UNIX_EPOCH.elapsed().map_or(0, |now| now.as_nanos())).unwrap_or(0);
    item.entry.metadata.modified.is_some_and(|modified| now.saturating_sub(modified) < DAY)
}
