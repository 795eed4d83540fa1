//! Copies one file: whole under its final name, or not at all.
//!
//! The content goes to a partial file of mode 0600. Its close is checked, its size compared, the source looked at once
//! more, mode and time set; only then does it take the final name in one step. Whatever stood there survives until
//! that step. A failure removes the partial.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures_util::future::{Either, join, join5, select};
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::backup::Backup;
use super::budget::Budget;
use super::durability::Durability;
use super::partial;
use super::plan::CopyFile;
use super::stats::ActiveTransfer;
use super::window::Window;
use crate::error::{Error, Kind, Result};
use crate::fs::{Dates, Fs, Metadata, ReadFile, SMALL, WriteFile};
use crate::path::RelPath;

/// Bytes of file content held in memory at once, for all files together.
const MEMORY: usize = 32 * 1024 * 1024;
/// Nobody but the owner may read what is not complete.
const PARTIAL_MODE: u32 = 0o600;

/// When and over how many ways a large file is carried (`--multi-thread-cutoff`, `--multi-thread-streams`).
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    /// Files of this many bytes and more are large.
    pub cutoff: u64,
    /// Ways for one of them.
    pub most: usize,
}

/// An open source, an open destination, and what is to go from one to the other.
struct Passage<'a> {
    reader: &'a dyn ReadFile,
    writer: &'a dyn WriteFile,
    size: u64,
    chunk: usize,
}

/// Copies files from one tree to another.
pub(crate) struct Copier {
    source: Arc<dyn Fs>,
    destination: Arc<dyn Fs>,
    umask: u32,
    streams: Streams,
    memory: Budget,
    durability: Durability,
    backup: Option<Arc<Backup>>,
    partials: Mutex<HashSet<RelPath>>,
}

impl Copier {
    /// `umask` holds the permission bits that new files do not get.
    pub(crate) fn new(source: Arc<dyn Fs>, destination: Arc<dyn Fs>, umask: u32, streams: Streams) -> Self {
        let (memory, durability) = (Budget::new(MEMORY), Durability::new(false));
        let partials = Mutex::default();
        Self { source, destination, umask, streams, memory, durability, backup: None, partials }
    }

    /// Whether a copy is only done when it is on the disk.
    pub(crate) fn with_fsync(mut self, fsync: bool) -> Self {
        self.durability = Durability::new(fsync);
        self
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

    /// Copies one file whose folder exists.
    pub(crate) async fn copy(&self, file: &CopyFile, active: &ActiveTransfer) -> Result<()> {
        let partial = partial::beside(&file.to)?;
        self.partials().insert(partial.clone());
        let copied = match self.write_partial(file, &partial, active).await {
            Ok(()) => self.install(file, &partial).await,
            Err(error) => Err(error),
        };
        self.durability.named(&file.to);
        if copied.is_err() {
            self.remove_partial(&partial).await;
        }
        self.partials().remove(&partial);
        copied
    }

    /// Gives the partial file its final name. What stood there is kept first, if that is asked for.
    async fn install(&self, file: &CopyFile, partial: &RelPath) -> Result<()> {
        let kept = match &self.backup {
            Some(backup) if file.replaces.is_some() => Some(backup.keep(&*self.destination, &file.to).await?),
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

    /// Removes every partial of copies that were dropped half-way.
    pub(crate) async fn clean_up(&self) {
        let left: Vec<_> = self.partials().drain().collect();
        let removing: FuturesUnordered<_> = left.iter().map(|partial| self.remove_partial(partial)).collect();
        removing.collect::<()>().await;
    }

    async fn remove_partial(&self, partial: &RelPath) {
        match self.destination.remove_file(partial).await {
            Err(error) if error.kind() != Kind::NotFound => {
                log::warn!("{partial}: could not remove this incomplete file: {error}");
            }
            _ => {}
        }
    }

    async fn write_partial(&self, file: &CopyFile, partial: &RelPath, active: &ActiveTransfer) -> Result<()> {
        let opened = join(self.source.open(&file.from), self.destination.create(partial, PARTIAL_MODE)).await;
        let (reader, writer) = (opened.0?, opened.1?);
        let chunk = reader.chunk_size().min(writer.chunk_size());
        let size = file.source.size;
        let (last, read) =
            if let Some(length) = usize::try_from(size).ok().filter(|length| *length <= chunk.min(SMALL)) {
                let _memory = self.memory.take(length).await;
                let (data, after) = join(read_exactly(&*reader, 0, length, size), reader.metadata()).await;
                (Some(data?), after?)
            } else {
                if !self.fill_in_place(file, &*writer, active).await? {
                    self.pump(Passage { reader: &*reader, writer: &*writer, size, chunk }, active).await?;
                }
                (None, reader.metadata().await?)
            };
        check_unchanged(&file.source, &read)?;
        let moved_last = last.as_ref().map_or(0, Vec::len);
        self.finish(file, &*writer, last).await?;
        active.advance(u64::try_from(moved_last).unwrap_or(u64::MAX));
        Ok(())
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

    /// Moves the content in chunks, as many at once as the path holds, over more ways if the file is large.
    async fn pump(&self, passage: Passage<'_>, active: &ActiveTransfer) -> Result<()> {
        let Passage { reader, writer, size, .. } = passage;
        let widening = async {
            if size >= self.streams.cutoff && self.streams.most > 1 {
                join(reader.widen(self.streams.most), writer.widen(self.streams.most)).await;
            }
            std::future::pending::<()>().await;
        };
        match select(pin!(self.move_chunks(&passage, active)), pin!(widening)).await {
            Either::Left((moved, _)) => moved?,
            Either::Right(((), _)) => {}
        }
        writer.settle().await
    }

    async fn move_chunks(&self, passage: &Passage<'_>, active: &ActiveTransfer) -> Result<()> {
        let Passage { reader, writer, size, chunk } = *passage;
        let depth = reader.depth().min(writer.depth()).max(1);
        let mut window = Window::new();
        let mut offset = 0_u64;
        let mut moving = FuturesUnordered::new();
        loop {
            let most = (window.limit() / chunk.max(1)).clamp(1, depth);
            while offset < size && moving.len() < most {
                let length =
                    usize::try_from(size.saturating_sub(offset)).map_or(chunk, |left| left.min(chunk));
                let start = offset;
                let departure = window.departure(Instant::now());
                moving.push(async move {
                    let _memory = self.memory.take(length).await;
                    let data = read_exactly(reader, start, length, size).await?;
                    writer.write_at(start, data).await?;
                    Ok((departure, u64::try_from(length).unwrap_or(u64::MAX)))
                });
                offset = offset.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
            }
            let Some(moved) = moving.next().await else { return Ok(()) };
            let (departure, length) = moved?;
            window.arrival(departure, length, Instant::now());
            active.advance(length);
        }
    }

    /// Writes the last bytes if there are any, sets mode and time, closes, and checks what arrived. All of it is asked
    /// for at once: a writer keeps the order.
    async fn finish(&self, file: &CopyFile, writer: &dyn WriteFile, last: Option<Vec<u8>>) -> Result<()> {
        let dates = file.source.modified.map(|modified| Dates { modified });
        let write = async {
            match last {
                Some(data) if !data.is_empty() => writer.write_at(0, data).await,
                _ => Ok(()),
            }
        };
        let (written, set, found, flushed, closed) = join5(
            write,
            writer.set_metadata(self.mode(file), dates),
            writer.metadata(),
            self.durability.flush(writer),
            writer.close(),
        )
        .await;
        written?;
        flushed?;
        closed?;
        if let Err(error) = set {
            match error.kind() {
                Kind::PermissionDenied | Kind::Unsupported | Kind::Failure => {
                    log::warn!("{}: copied, but its time and mode could not be set: {error}", file.to);
                }
                _ => return Err(error),
            }
        }
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

    /// A file that is replaced keeps its mode; a new one gets the source's, less the umask.
    fn mode(&self, file: &CopyFile) -> u32 {
        let kept = file.replaces.as_ref().and_then(|replaced| replaced.mode);
        let new = || file.source.mode.map_or(PARTIAL_MODE, |mode| mode & !self.umask);
        kept.unwrap_or_else(new) & 0o777
    }

    fn partials(&self) -> MutexGuard<'_, HashSet<RelPath>> {
        self.partials.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads `length` bytes at `offset`, asking again after short answers.
async fn read_exactly(reader: &dyn ReadFile, offset: u64, length: usize, size: u64) -> Result<Vec<u8>> {
    let mut data = if length == 0 { Vec::new() } else { reader.read_at(offset, length).await? };
    while data.len() < length {
        let at = offset.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
        let more = reader.read_at(at, length.saturating_sub(data.len())).await?;
        if more.is_empty() || data.is_empty() {
            let reason = format!("short read: got {at} of {size} bytes");
            return Err(Error::new(Kind::Corrupted, "read", reason));
        }
        data.extend_from_slice(&more);
    }
    Ok(data)
}

fn check_unchanged(listed: &Metadata, read: &Metadata) -> Result<()> {
    if listed.size == read.size && listed.modified == read.modified {
        return Ok(());
    }
    let reason = if listed.size == read.size {
        "source file changed while it was read: its time is another".to_owned()
    } else {
        format!("source file changed while it was read: its size went from {} to {}", listed.size, read.size)
    };
    Err(Error::new(Kind::SourceChanged, "copy", reason).advice("copy it again when nobody writes to it"))
}
