//! Moves: by a rename where both places are on one system, else by a copy after which the source is removed.

use futures_util::future::BoxFuture;

use super::copy::Copy;
use super::plan::{CopyFile, Surplus, present};
use super::work::Tools;
use crate::error::{Error, Kind, Result, Retry};
use crate::fs::{Dates, Details, FileType, Fs};
use crate::path::RelPath;

impl Copy {
    fn is_one_system(&self) -> bool {
        self.source.system() == self.destination.system()
    }

    /// Moves the whole tree by one rename, if nothing stands in its way and every file is to be moved.
    pub(super) async fn move_whole(&self) -> Result<bool> {
        let is_simple = self.only.is_none()
            && !self.filter.is_active()
            && self.max_depth.is_none()
            && !self.is_changing_metadata()
            && self.rules.witness.is_none()
            && !self.source.features().leaves_out_mounts
            && self.rules.references.compare.is_empty()
            && self.rules.references.copy.is_empty();
        if !is_simple || !self.is_one_system() {
            return Ok(false);
        }
        let root = RelPath::root();
        let is_folder = present(self.source.look_up(&root).await)?.map(|found| found.file_type);
        if is_folder != Some(FileType::Directory) || present(self.destination.look_up(&root).await)?.is_some()
        {
            return Ok(false);
        }
        let place = self.destination.describe();
        if !self.gate.allows("server-side directory move", &place, None)? {
            return Ok(true);
        }
        self.destination.make_dir(&root).await?;
        match self.destination.take(&self.source.full_path(&root), &root).await {
            Ok(()) => {
                log::info!("{place}: Server side directory move succeeded");
                Ok(true)
            }
            Err(error) if error.is_fatal() || error.retry() != Retry::Never => Err(error),
            Err(error) => {
                log::info!("{place}: Server side directory move failed - fallback to file moves: {error}");
                Ok(false)
            }
        }
    }

    /// Moves a file by a rename; `false` if that cannot be done and it is to be copied.
    pub(super) async fn move_within(&self, file: &CopyFile) -> Result<bool> {
        // A link would be moved instead of what it leads to.
        if !self.is_one_system() || file.is_link || file.is_behind_link {
            return Ok(false);
        }
        let details = self.changed_details(&*self.source, &file.from, file).await?;
        let kept = match (&self.rules.backup, &file.replaces) {
            (Some(backup), Some(old)) => {
                Some(backup.keep(&*self.destination, &file.to, old.size, &self.stats).await?)
            }
            _ => None,
        };
        match self.destination.take(&self.source.full_path(&file.from), &file.to).await {
            Ok(()) => {}
            Err(error) if error.is_fatal() || error.retry() != Retry::Never => return Err(error),
            Err(error) => {
                log::debug!(object:% = file.from; "Not renamed, so it is copied: {error}");
                if let (Some(backup), Some(kept)) = (&self.rules.backup, kept) {
                    self.destination.take(&backup.tree.full_path(&kept), &file.to).await?;
                }
                return Ok(false);
            }
        }
        self.remove_other_name(file).await?;
        self.set_details(file, details).await?;
        self.count_done(file);
        self.stats.renamed(file.source.size);
        let name = if file.from == file.to { String::new() } else { format!(" to: {}", file.to) };
        log::info!(object:% = file.from; "Moved (server-side){name}");
        Ok(true)
    }

    fn is_changing_metadata(&self) -> bool {
        self.files.metadata.as_ref().is_some_and(|preservation| preservation.is_changing())
    }

    /// What a file is to get that is renamed, and so has all that its old name, `path` in `tree`, has; `None` if that is
    /// nothing else.
    async fn changed_details(
        &self,
        tree: &dyn Fs,
        path: &RelPath,
        file: &CopyFile,
    ) -> Result<Option<Details>> {
        let changing = self.files.metadata.as_ref().filter(|preservation| preservation.is_changing());
        let Some(preservation) = changing else { return Ok(None) };
        let found = tree.details(path).await?;
        preservation.details(found, file.subject(), &*self.destination).await.map(Some)
    }

    /// Gives these to a file that was renamed. What cannot be set is told of.
    async fn set_details(&self, file: &CopyFile, details: Option<Details>) -> Result<()> {
        let Some(details) = details else { return Ok(()) };
        match self.destination.set_details(&file.to, details).await {
            Err(error) if !error.is_fatal() => {
                log::warn!(object:% = file.to; "moved, but not all of its metadata could be set: {error}");
                Ok(())
            }
            set => set,
        }
    }

    /// Renaming one name of a file over another name of it changes nothing; the first one has to go by itself.
    async fn remove_other_name(&self, file: &CopyFile) -> Result<()> {
        if file.replaces.is_none() {
            return Ok(());
        }
        match present(self.source.look_up(&file.from).await)? {
            Some(found) if found == file.source => self.source.remove_file(&file.from).await,
            _ => Ok(()),
        }
    }

    /// Removes a file of the source whose content the destination is known to have.
    pub(super) async fn remove_source(&self, file: &CopyFile) -> Result<()> {
        if file.is_behind_link {
            log::warn!(object:% = file.from; "Not removed from the source: it is behind a symbolic link");
            return Ok(());
        }
        let found = self.source.stat(&file.from).await?;
        if (found.size, found.modified) != (file.source.size, file.source.modified) {
            let reason = "source file changed after it was copied; it is kept";
            return Err(Error::new(Kind::SourceChanged, "remove source", reason).on(file.from.as_bytes()));
        }
        if self.gate.allows("delete", &file.from, Some(file.source.size))? {
            self.source.remove_file(&file.from).await?;
            self.stats.deleted_file(file.source.size);
            log::info!(object:% = file.from; "Deleted");
        }
        Ok(())
    }

    /// Renames in the destination what the source only renamed; transfers it if that fails.
    pub(super) async fn rename(
        &self,
        tools: &Tools<'_>,
        made: BoxFuture<'static, Result<()>>,
        file: CopyFile,
        old: &Surplus,
    ) -> Result<()> {
        if !self.gate.allows("move", &old.path, Some(file.source.size))? {
            self.count_done(&file);
            return Ok(());
        }
        let details = self.changed_details(&*self.destination, &old.path, &file).await?;
        made.await?;
        match self.destination.take(&self.destination.full_path(&old.path), &file.to).await {
            Err(error) if error.is_fatal() => return Err(error),
            Err(error) => {
                log::debug!(object:% = file.to; "Failed to rename from \"{}\": {error}", old.path);
                return self.transfer(tools, Box::pin(std::future::ready(Ok(()))), &file).await;
            }
            Ok(()) => {}
        }
        if let Some(modified) =
            file.source.modified.filter(|_| old.entry.metadata.modified != file.source.modified)
        {
            self.destination.set_modified(&file.to, Dates { modified, accessed: None }).await?;
        }
        self.set_details(&file, details).await?;
        self.count_done(&file);
        self.stats.renamed(file.source.size);
        log::info!(object:% = file.to; "Renamed from \"{}\"", old.path);
        Ok(())
    }
}
