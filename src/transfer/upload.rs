//! Writes a stream of unknown length to a file: whole under its final name, or not at all (rclone's `rcat`).

use std::future::poll_fn;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use futures_channel::mpsc;
use futures_executor::block_on;
use futures_util::future::join3;
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::copy::within;
use super::partial;
use super::preservation::{Preservation, Subject};
use super::stats::{ActiveTransfer, Stats};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::fs::{FileType, Fs, Metadata, WriteFile};
use crate::path::RelPath;

/// Bytes read before they are sent on. What ends within the first of these is held whole before anything is written.
const CHUNK: u64 = 256 * 1024;
/// Chunks read ahead.
const AHEAD: usize = 4;
/// Chunks on their way at once.
const IN_FLIGHT: usize = 32;
/// Nobody but the owner may read what is not complete.
const PARTIAL_MODE: u32 = 0o600;
/// How long a stopped run may take to remove its partial file.
const CLEAN_UP: Duration = Duration::from_secs(3);

/// A file to write.
pub struct Upload {
    /// The tree to write to.
    pub tree: Arc<dyn Fs>,
    /// The file.
    pub path: RelPath,
    /// Bytes to expect; `None` for any number.
    pub size: Option<u64>,
    /// Permission bits that a new file does not get.
    pub umask: u32,
    /// What the file gets besides its content (`--metadata`).
    pub metadata: Option<Arc<Preservation>>,
    /// Counts what is written.
    pub stats: Stats,
    /// Stops the run.
    pub cancel: Cancel,
}

type Chunks = mpsc::Receiver<io::Result<Vec<u8>>>;

impl Upload {
    /// Writes all of `input`.
    ///
    /// # Errors
    /// It cannot be read, has another size than expected, or cannot be written. What stood at the path is then still
    /// there, unless only the last step of several failed.
    pub async fn run(&self, input: impl Read + Send + 'static) -> Result<()> {
        let chunks = read_on_a_thread(input)?;
        let partial = partial::beside(&self.path, partial::random_tag(), partial::SUFFIX)?;
        let written = self.cancel.or_stop(self.write(&partial, chunks)).await;
        if written.is_err() {
            let clean_up = async {
                self.tree.settle().await;
                self.remove(&partial).await;
            };
            within(CLEAN_UP, clean_up, || vec![partial.clone()]).await;
        }
        written
    }

    async fn write(&self, partial: &RelPath, mut chunks: Chunks) -> Result<()> {
        let replaced = self.find_replaced().await?;
        self.stats.expect_transfer(self.size.unwrap_or(0));
        let active = self.stats.start(&self.path, self.size.unwrap_or(0));
        // Waits for content before anything is made.
        let first = chunks.next().await.transpose().map_err(unread)?;
        let writer = self.create(partial).await?;
        let written = self.fill(&*writer, first, chunks, &active).await?;
        self.finish(&*writer, replaced.as_ref(), written).await?;
        if let Some(preservation) = &self.metadata {
            preservation.give(&*self.tree, partial, self.subject(written)).await?;
        }
        self.tree.replace(partial, &self.path).await?;
        active.finish();
        let how = if replaced.is_some() { "replaced existing" } else { "new" };
        log::info!(object:% = self.path; "Copied ({how})");
        Ok(())
    }

    fn subject(&self, size: u64) -> Subject {
        let modified = i128::try_from(UNIX_EPOCH.elapsed().map_or(0, |now| now.as_nanos())).ok();
        Subject { path: self.path.clone(), size, modified, is_folder: false }
    }

    /// The file that stands at the path.
    async fn find_replaced(&self) -> Result<Option<Metadata>> {
        let found = match self.tree.stat(&self.path).await {
            Err(error) if error.kind() == Kind::NotFound => return Ok(None),
            found => found?,
        };
        let (kind, reason) = match found.file_type {
            FileType::File | FileType::Symlink => return Ok(Some(found)),
            FileType::Directory => (Kind::IsADirectory, "is a directory"),
            FileType::Special => (Kind::AlreadyExists, "a device, pipe or socket stands there"),
        };
        Err(Error::new(kind, "write", reason).on(self.path.as_bytes()))
    }

    async fn create(&self, partial: &RelPath) -> Result<Box<dyn WriteFile>> {
        match self.tree.create(partial, PARTIAL_MODE).await {
            Err(error) if error.kind() == Kind::NotFound => {
                self.tree.make_dir(&RelPath::root()).await?;
                self.tree.create(partial, PARTIAL_MODE).await
            }
            created => created,
        }
    }

    /// Writes the first chunk and all that follow, and returns how many bytes that were.
    async fn fill(
        &self,
        writer: &dyn WriteFile,
        first: Option<Vec<u8>>,
        mut chunks: Chunks,
        active: &ActiveTransfer,
    ) -> Result<u64> {
        let most = IN_FLIGHT.min(writer.depth()).max(1);
        let (mut offset, mut next) = (0_u64, first);
        let mut writing = FuturesUnordered::new();
        while let Some(chunk) = next {
            let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            let start = offset;
            offset = offset.saturating_add(length);
            self.check_size(offset, |wanted| offset <= wanted)?;
            writing.push(async move { writer.write_at(start, chunk).await.map(|()| length) });
            if writing.len() >= most
                && let Some(written) = writing.next().await
            {
                active.advance(written?);
            }
            next = chunks.next().await.transpose().map_err(unread)?;
        }
        while let Some(written) = writing.next().await {
            active.advance(written?);
        }
        self.check_size(offset, |wanted| offset == wanted)?;
        Ok(offset)
    }

    fn check_size(&self, read: u64, is_right: impl Fn(u64) -> bool) -> Result<()> {
        match self.size {
            Some(wanted) if !is_right(wanted) => {
                let reason = format!("sizes differ: --size is {wanted}, and standard input had {read} bytes");
                Err(Error::new(Kind::Failure, "write", reason).on(self.path.as_bytes()))
            }
            _ => Ok(()),
        }
    }

    /// Sets the mode, closes, and checks what has arrived.
    async fn finish(&self, writer: &dyn WriteFile, replaced: Option<&Metadata>, written: u64) -> Result<()> {
        let mode = replaced.and_then(|replaced| replaced.mode).unwrap_or(0o666 & !self.umask) & 0o777;
        let (set, found, closed) =
            join3(writer.set_metadata(mode, None), writer.metadata(), writer.close()).await;
        closed?;
        if let Err(error) = set {
            log::warn!(object:% = self.path; "written, but its mode could not be set: {error}");
        }
        let found = found?.size;
        if found == written {
            return Ok(());
        }
        let reason = format!("corrupted on transfer: sizes differ, {written} bytes sent and {found} there");
        Err(Error::new(Kind::Corrupted, "write", reason).on(self.path.as_bytes()))
    }

    async fn remove(&self, partial: &RelPath) {
        match self.tree.remove_file(partial).await {
            Err(error) if error.kind() != Kind::NotFound => {
                log::warn!(object:% = partial; "could not remove this incomplete file: {error}");
            }
            _ => {}
        }
    }
}

fn unread(error: io::Error) -> Error {
    Error::from_io("read standard input", error)
}

/// Reads in full chunks, a few ahead of whoever takes them. The thread ends with the input, or when nobody takes more.
fn read_on_a_thread(mut input: impl Read + Send + 'static) -> Result<Chunks> {
    let (mut sender, receiver) = mpsc::channel(AHEAD);
    let reading = move || {
        loop {
            let mut chunk = Vec::new();
            let next = match input.by_ref().take(CHUNK).read_to_end(&mut chunk) {
                Ok(0) => return,
                Ok(_) => Ok(chunk),
                Err(error) => Err(error),
            };
            let is_over = next.is_err();
            let is_taken = block_on(poll_fn(|context| sender.poll_ready(context)))
                .and_then(|()| sender.start_send(next))
                .is_ok();
            if is_over || !is_taken {
                return;
            }
        }
    };
    let started = std::thread::Builder::new().name("standard-input".into()).spawn(reading);
    started.map_err(|error| Error::from_io("start thread", error))?;
    Ok(receiver)
}
