//! Gives folders of the destination the times of those in the source, once nothing in them changes any more.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};

use super::compare::is_same_time;
use super::gate::Gate;
use super::plan::Folder;
use super::preservation::{Preservation, Subject};
use super::stats::Stats;
use crate::error::{Error, Kind, Result};
use crate::fs::{Dates, Details, FileType, Fs};
use crate::path::RelPath;

/// Folders set at once.
const AT_ONCE: usize = 64;

/// Folders whose times may have to be set.
pub(super) struct FolderTimes {
    window: Duration,
    seen: Vec<Seen>,
    changed: HashSet<RelPath>,
}

/// The tree whose folders are the model for owner, mode and attributes.
#[derive(Clone, Copy)]
pub(super) struct Model<'a> {
    pub(super) tree: &'a dyn Fs,
    /// What is made of what the model has.
    pub(super) preservation: &'a Preservation,
    /// Counts what that fails for.
    pub(super) stats: &'a Stats,
    /// Whether the times of folders stay as they are.
    pub(super) leaves_times: bool,
}

struct Seen {
    path: RelPath,
    modified: i128,
    /// Whether the destination had the folder with this very time.
    is_same: bool,
}

impl FolderTimes {
    /// Times that differ by less than `window` are the same.
    pub(super) fn new(window: Duration) -> Self {
        Self { window, seen: Vec::new(), changed: HashSet::new() }
    }

    /// The run comes to a folder. The root is the user's own, and what is behind a link belongs elsewhere.
    pub(super) fn enter(&mut self, folder: &Folder, is_made: bool) {
        let is_link = folder.destination.as_ref().is_some_and(|entry| entry.is_link);
        let Some(modified) = folder.modified.filter(|_| !is_link && !folder.path.is_root()) else { return };
        let found = folder.destination.as_ref().and_then(|entry| entry.metadata.modified);
        let is_same = found.is_some_and(|found| is_same_time(found, modified, self.window));
        if is_made || (folder.destination.is_some() && !is_same) {
            self.changed.insert(folder.path.clone());
        }
        self.seen.push(Seen { path: folder.path.clone(), modified, is_same });
    }

    /// Something in the folder of `path` is written or deleted. Folders above it may have to be made for it.
    pub(super) fn change(&mut self, path: &RelPath, has_parent: bool) {
        let mut above = path.parent();
        while let Some(folder) = above {
            above = folder.parent().filter(|_| !has_parent);
            self.changed.insert(folder);
        }
    }

    /// Sets every time that has to be, and owner and mode as well where there is a `model` to take them from. Where
    /// something has failed, what should be a folder may be none.
    ///
    /// # Errors
    /// The person at the terminal ends the run, or the connection is gone for good.
    pub(super) async fn set(
        self,
        tree: &dyn Fs,
        model: Option<Model<'_>>,
        gate: &Gate,
        has_failed: bool,
    ) -> Result<()> {
        let Self { seen, changed, .. } = self;
        let wanted = seen.iter().rev().filter(|folder| changed.contains(&folder.path));
        let mut setting = stream::iter(wanted)
            .map(|folder| set(tree, model, gate, folder, has_failed))
            .buffer_unordered(AT_ONCE);
        while let Some(set) = setting.next().await {
            set?;
        }
        Ok(())
    }
}

async fn set(
    tree: &dyn Fs,
    model: Option<Model<'_>>,
    gate: &Gate,
    folder: &Seen,
    has_failed: bool,
) -> Result<()> {
    let Seen { path, modified, is_same } = folder;
    let action =
        if model.is_some() { "update directory metadata" } else { "set directory modification time" };
    if !gate.allows(action, path, None)? {
        return Ok(());
    }
    if has_failed && !tree.look_up(path).await.is_ok_and(|found| found.file_type == FileType::Directory) {
        return Ok(());
    }
    if let Some(model) = model {
        return match take_over(tree, model, path, *modified).await {
            Ok(true) => {
                log::info!(object:% = path; "Updated directory metadata");
                Ok(())
            }
            Ok(false) => Ok(()),
            Err(error) => report(path, error),
        };
    }
    match tree.set_modified(path, Dates { modified: *modified, accessed: None }).await {
        Ok(()) if *is_same => log::debug!(object:% = path; "Kept directory modification time"),
        Ok(()) => log::info!(object:% = path; "Set directory modification time (using DirSetModTime)"),
        Err(error) => return report(path, error),
    }
    Ok(())
}

/// Gives a folder what the model's has; `false` if nothing could be made of that, which is counted.
async fn take_over(tree: &dyn Fs, model: Model<'_>, path: &RelPath, modified: i128) -> Result<bool> {
    let found = model.tree.details(path).await?;
    let subject = Subject { path: path.clone(), size: 0, modified: Some(modified), is_folder: true };
    let details = match model.preservation.details(found, subject, tree).await {
        Ok(details) if model.leaves_times => Details { accessed: None, modified: None, ..details },
        Ok(details) => details,
        Err(error) if error.is_fatal() => return Err(error),
        Err(error) => {
            log::error!(object:% = path; "Failed to update directory timestamp or metadata: {error}");
            model.stats.failed_at(path, &error);
            return Ok(false);
        }
    };
    tree.set_details(path, details).await?;
    Ok(true)
}

/// A folder's time is worth a word, not a failure: its owner may be somebody else.
fn report(path: &RelPath, error: Error) -> Result<()> {
    match error.kind() {
        _ if error.is_fatal() => return Err(error),
        // Nothing went into it after all.
        Kind::NotFound | Kind::DirectoryNotFound => {}
        _ => log::warn!(object:% = path; "The attributes of the folder could not be set: {error}"),
    }
    Ok(())
}
