//! Copies one file: whole under its final name, or not at all.
//!
//! The content goes to a partial file of mode 0600. Its close is checked, its size compared, the source looked at once
//! more, mode and time set; only then does it take the final name in one step. Whatever stood there survives until
//! that step. A failure removes the partial, unless it is worth going on with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::{join, join3, join5};
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::attributes::{Attributes, Refusals};
use super::backup::Backup;
use super::bandwidth::{Bandwidth, Throttle};
use super::budget::Budget;
use super::durability::Durability;
use super::file_options::FileOptions;
use super::journal::{Job, Journal};
use super::partial;
use super::passage::{Passage, read_exactly};
use super::plan::CopyFile;
use super::resume::{Resume, is_worthwhile, record_of};
use super::stats::{ActiveTransfer, Stats};
use super::verify::{Verifier, check_unchanged};
use crate::error::{Error, Kind, Result, Retry};
use crate::fs::{Fs, ReadFile, SMALL, WriteFile};
use crate::hash::HashType;
use crate::path::RelPath;

/// Bytes of file content held in memory at once, for all files together.
const MEMORY: usize = 32 * 1024 * 1024;
/// Nobody but the owner may read what is not complete.
const PARTIAL_MODE: u32 = 0o600;

/// Copies files from one tree to another.
pub(crate) struct Copier {
    source: Arc<dyn Fs>,
    destination: Arc<dyn Fs>,
    options: FileOptions,
    memory: Budget,
    durability: Durability,
    backup: Option<Arc<Backup>>,
    journal: Journal,
    verifier: Verifier,
    refusals: Refusals,
    /// The partials being written, and the files they will be.
    partials: Mutex<HashMap<RelPath, RelPath>>,
}

impl Copier {
    pub(crate) fn new(source: Arc<dyn Fs>, destination: Arc<dyn Fs>, options: &FileOptions) -> Self {
        let job = Job { source: source.describe(), destination: destination.describe() };
        Self {
            memory: Budget::new(MEMORY),
            journal: Journal::new(options.journals.clone(), job),
            verifier: Verifier::new(&source, &destination, options.verify),
            backup: None,
            durability: Durability::new(options.fsync),
            options: options.clone(),
            source,
            destination,
            refusals: Refusals::default(),
            partials: Mutex::default(),
        }
    }

    /// Keeps what is replaced.
    pub(crate) fn with_backup(mut self, backup: Option<Arc<Backup>>) -> Self {
        self.backup = backup;
        self
    }

    /// Waits until what was copied has its names on the disk, if that is asked for.
    pub(crate) async fn settle(&self) -> Result<()> {
        self.durability.flush_folders(&*self.destination).await
    }

    /// Copies one file whose folder exists, and returns the hash it was compared by, if it was.
    pub(crate) async fn copy(&self, file: &CopyFile, active: &ActiveTransfer) -> Result<Option<HashType>> {
        // What is to be kept must not be written over.
        let is_kept = self.backup.is_some() && file.replaces.is_some();
        if self.options.in_place && !is_kept {
            return self.overwrite(file, active).await;
        }
        let partial = partial::beside(&file.to, self.journal.tag(), &self.options.partial_suffix)?;
        self.partials().insert(partial.clone(), file.to.clone());
        let copied = match self.write_partial(file, &partial, active).await {
            Ok(hash) => self.install(file, &partial, active.stats()).await.map(|()| hash),
            Err(error) => Err(error),
        };
        self.durability.named(&file.to);
        match &copied {
            Ok(_) => self.journal.forget(&file.to),
            Err(error) if error.retry() == Retry::AfterReconnect && self.is_begun(&file.to) => {}
            Err(_) if !self.partials().contains_key(&partial) => {}
            Err(_) => self.discard(&file.to, &partial).await,
        }
        self.partials().remove(&partial);
        copied
    }

    /// Gives the partial file its final name. What stood there is kept first, if that is asked for.
    async fn install(&self, file: &CopyFile, partial: &RelPath, stats: &Stats) -> Result<()> {
        let kept = match (&self.backup, &file.replaces) {
            (Some(backup), Some(old)) => {
                Some(backup.keep(&*self.destination, &file.to, old.size, stats).await?)
            }
            _ => None,
        };
        let installed = self.destination.replace(partial, &file.to).await;
        if let (Err(_), Some(backup), Some(kept)) = (&installed, &self.backup, kept) {
            let restored = self.destination.take(&backup.tree.full_path(&kept), &file.to).await;
            if let Err(error) = restored {
                log::error!(object:% = file.to; "the old file stays in the backup as {kept}: {error}");
            }
        }
        installed
    }

    /// Puts right what copies left that were dropped half-way: names that were being given, and partials. Those that can
    /// be resumed stay if `keep`.
    pub(crate) async fn clean_up(&self, keep: bool) {
        self.destination.settle().await;
        if let Some(backup) = &self.backup {
            backup.tree.settle().await;
        }
        if keep {
            self.partials().retain(|_, to| !self.is_begun(to));
        }
        let removing: FuturesUnordered<_> = self
            .unfinished()
            .into_iter()
            .map(|(partial, to)| async move {
                self.discard(&to, &partial).await;
                self.partials().remove(&partial);
            })
            .collect();
        removing.collect::<()>().await;
    }

    /// The partials that were begun and neither completed nor removed, and the files they would be.
    pub(crate) fn unfinished(&self) -> Vec<(RelPath, RelPath)> {
        self.partials().iter().map(|(partial, to)| (partial.clone(), to.clone())).collect()
    }

    /// Everything was gone through: what runs that died have left is of no use any more.
    pub(crate) async fn sweep(&self) {
        self.resume().sweep().await;
    }

    fn resume(&self) -> Resume<'_> {
        Resume {
            source: &*self.source,
            destination: &*self.destination,
            journal: &self.journal,
            suffix: &self.options.partial_suffix,
            hashes: self.verifier.candidates(),
        }
    }

    /// The limits of one file.
    fn throttle(&self) -> Throttle {
        let own = self.options.file_bandwidth.as_ref().map(|table| Arc::new(Bandwidth::new(table.clone())));
        let limits = self.options.bandwidth.iter().cloned().chain(own).collect();
        Throttle::new(&*self.source, &*self.destination, limits)
    }

    /// Whether there is something to go on with.
    fn is_begun(&self, path: &RelPath) -> bool {
        self.journal.recall(path).is_some_and(|record| record.whole > 0)
    }

    async fn discard(&self, path: &RelPath, partial: &RelPath) {
        self.journal.give_up(path);
        match self.destination.remove_file(partial).await {
            Err(error) if error.kind() != Kind::NotFound => {
                log::warn!("{partial}: could not remove this incomplete file: {error}");
            }
            _ => self.journal.forget(path),
        }
    }

    async fn write_partial(
        &self,
        file: &CopyFile,
        partial: &RelPath,
        active: &ActiveTransfer,
    ) -> Result<Option<HashType>> {
        let start = self.resume().start_of(file, partial).await;
        active.resume_at(start);
        let open = async {
            if start > 0 { self.destination.reopen(partial).await } else { self.create(file, partial).await }
        };
        // The source is asked before it is read, which may change when it was last.
        let (attributes, reader, writer) =
            join3(self.attributes(file), self.source.open(&file.from), open).await;
        let (attributes, reader, writer) = (attributes?, reader?, writer?);
        let has_changed = self.fill(file, attributes, &*reader, &*writer, start, active).await?;
        let is_risky = start > 0 || reader.is_widened() || writer.is_widened();
        self.verify(file, partial, is_risky, has_changed).await
    }

    /// Creates this run's own partial. One may be left of a try whose connection was lost.
    async fn create(&self, file: &CopyFile, partial: &RelPath) -> Result<Box<dyn WriteFile>> {
        let created = match self.destination.create(partial, PARTIAL_MODE).await {
            Err(error) if matches!(error.kind(), Kind::AlreadyExists | Kind::Failure) => {
                if self.destination.remove_file(partial).await.is_err() {
                    Err(error)
                } else {
                    self.destination.create(partial, PARTIAL_MODE).await
                }
            }
            created => created,
        };
        created.map_err(|error| match error.kind() {
            Kind::PermissionDenied => {
                self.partials().remove(partial);
                let advice = "no new file may be made in this folder; --inplace writes into the old one";
                if file.replaces.is_some() { error.advice(advice) } else { error }
            }
            _ => error,
        })
    }

    /// Writes into the file itself, as far as that goes.
    async fn overwrite(&self, file: &CopyFile, active: &ActiveTransfer) -> Result<Option<HashType>> {
        // What stands there is cut off once nothing but the writing can fail.
        let (attributes, reader) = join(self.attributes(file), self.source.open(&file.from)).await;
        let (attributes, reader) = (attributes?, reader?);
        let writer = self.open_in_place(&file.to).await?;
        let has_changed = self.fill(file, attributes, &*reader, &*writer, 0, active).await?;
        let is_risky = reader.is_widened() || writer.is_widened();
        self.verify(file, &file.to, is_risky, has_changed).await
    }

    /// Compares hashes, unless the source has another one by now.
    async fn verify(
        &self,
        file: &CopyFile,
        arrived: &RelPath,
        is_risky: bool,
        has_changed: bool,
    ) -> Result<Option<HashType>> {
        if has_changed {
            log::debug!(object:% = file.from; "Not compared by hash, as it changed while it was read");
            return Ok(None);
        }
        self.verifier.check(&file.from, arrived, is_risky).await
    }

    /// Opens a file to be written from its beginning; an earlier try may have created it.
    async fn open_in_place(&self, path: &RelPath) -> Result<Box<dyn WriteFile>> {
        match self.destination.reopen(path).await {
            Ok(writer) => {
                writer.set_size(0).await?;
                Ok(writer)
            }
            Err(error) if error.kind() == Kind::NotFound => self.destination.create(path, PARTIAL_MODE).await,
            Err(error) => Err(error),
        }
    }

    /// Moves the content from `start` on and finishes the file. Whether the source has changed meanwhile, where that may be.
    async fn fill(
        &self,
        file: &CopyFile,
        attributes: Attributes,
        reader: &dyn ReadFile,
        writer: &dyn WriteFile,
        start: u64,
        active: &ActiveTransfer,
    ) -> Result<bool> {
        let chunk = reader.chunk_size().min(writer.chunk_size());
        let size = file.source.size;
        let throttle = self.throttle();
        let (last, read) =
            if let Some(length) = usize::try_from(size).ok().filter(|length| *length <= chunk.min(SMALL)) {
                throttle.take(length).await;
                let _memory = self.memory.take(length).await;
                let (data, after) = join(read_exactly(reader, 0, length, size), reader.metadata()).await;
                (Some(data?), after?)
            } else {
                let note = |whole| {
                    if is_worthwhile(size) && !self.options.in_place {
                        self.journal.note(&file.to, record_of(&file.source, whole));
                    }
                };
                let passage = Passage {
                    reader,
                    writer,
                    start,
                    size,
                    chunk,
                    memory: &self.memory,
                    throttle: &throttle,
                    active,
                    note: &note,
                };
                if start > 0 || !self.fill_in_place(file, writer, active).await? {
                    passage.carry(self.options.streams).await?;
                }
                (None, reader.metadata().await?)
            };
        let may_change = self.options.tolerates_change && !self.source.features().is_remote;
        let has_changed = match check_unchanged(&file.source, &read) {
            Err(_) if may_change => true,
            unchanged => unchanged.map(|()| false)?,
        };
        let moved_last = last.as_ref().map_or(0, Vec::len);
        self.finish(file, attributes, writer, last).await?;
        active.advance(u64::try_from(moved_last).unwrap_or(u64::MAX));
        Ok(has_changed)
    }

    /// Has the server copy the content by itself, where both files are on one that can.
    async fn fill_in_place(
        &self,
        file: &CopyFile,
        writer: &dyn WriteFile,
        active: &ActiveTransfer,
    ) -> Result<bool> {
        if self.source.system() != self.destination.system() {
            return Ok(false);
        }
        match writer.fill_from(&self.source.full_path(&file.from), file.source.size).await {
            Ok(()) => {
                active.advance(file.source.size);
                active.stats().copied_by_server(file.source.size);
                Ok(true)
            }
            Err(error) if error.kind() == Kind::Unsupported => Ok(false),
            Err(error) if error.kind() == Kind::Failure => {
                log::debug!(object:% = file.from; "The server did not copy it by itself: {error}");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Writes the last bytes if there are any, sets mode and time, closes, and checks what arrived. All of it is asked
    /// for at once: a writer keeps the order.
    async fn finish(
        &self,
        file: &CopyFile,
        attributes: Attributes,
        writer: &dyn WriteFile,
        last: Option<Vec<u8>>,
    ) -> Result<()> {
        let write = async {
            match last {
                Some(data) if !data.is_empty() => writer.write_at(0, data).await,
                _ => Ok(()),
            }
        };
        let (written, set, found, flushed, closed) = join5(
            write,
            attributes.set(writer, &file.to, &self.refusals),
            writer.metadata(),
            self.durability.flush(writer),
            writer.close(),
        )
        .await;
        written?;
        flushed?;
        closed?;
        set?;
        let found = found?.size;
        if found == file.source.size {
            return Ok(());
        }
        let reason = format!(
            "corrupted on transfer: sizes differ, source {} and destination {found}",
            file.source.size
        );
        Err(Error::new(Kind::Corrupted, "copy", reason).on(file.to.as_bytes()))
    }

    /// What the copy of a file gets besides its content.
    async fn attributes(&self, file: &CopyFile) -> Result<Attributes> {
        let details = match &self.options.metadata {
            Some(preservation) => {
                let found = self.source.details(&file.from).await?;
                Some(preservation.details(found, file.subject(), &*self.destination).await?)
            }
            None => None,
        };
        Ok(Attributes::of(file, details, self.options.umask, PARTIAL_MODE))
    }

    fn partials(&self) -> MutexGuard<'_, HashMap<RelPath, RelPath>> {
        self.partials.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
