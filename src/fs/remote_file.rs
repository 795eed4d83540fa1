//! An open file on an SFTP server, reached over one or more ways at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::stream::{FuturesOrdered, FuturesUnordered, StreamExt as _};

use super::attributes::{metadata_of, times_of};
use super::contract::{Dates, Metadata, ReadFile, Task, WideningTask, WriteFile};
use super::details::{Owner, UserAttributes};
use super::explanation::explain;
use super::sftp::Tuning;
use crate::error::{Error, Kind, Result};
use crate::sftp::{Access, Attributes, Handle, Pool};

/// Bytes a server is asked to copy in one request: it answers nothing else meanwhile.
const COPIED_AT_ONCE: u64 = 64 * 1024 * 1024;

/// A file and the handles on it. The first one is the file's own; chunks go over whichever has the least to do.
pub(super) struct RemoteFile {
    path: Vec<u8>,
    access: Access,
    chunk: u32,
    tuning: Tuning,
    pool: Arc<Pool>,
    own: Arc<Way>,
    further: Mutex<Vec<Arc<Way>>>,
    is_widened: AtomicBool,
}

/// One handle, and how many bytes are on their way over it.
struct Way {
    handle: Handle,
    load: AtomicUsize,
}

/// Bytes on their way, for as long as this lives.
struct Load {
    way: Arc<Way>,
    bytes: usize,
}

impl Drop for Load {
    fn drop(&mut self) {
        self.way.load.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Way {
    fn new(handle: Handle) -> Arc<Self> {
        Arc::new(Self { handle, load: AtomicUsize::new(0) })
    }
}

impl RemoteFile {
    pub(super) fn new(
        handle: Handle,
        path: Vec<u8>,
        access: Access,
        chunk: u32,
        tuning: Tuning,
        pool: Arc<Pool>,
    ) -> Self {
        Self {
            path,
            access,
            chunk,
            tuning,
            pool,
            own: Way::new(handle),
            further: Mutex::default(),
            is_widened: AtomicBool::new(false),
        }
    }

    fn chunk(&self) -> usize {
        usize::try_from(self.chunk).unwrap_or(usize::MAX)
    }

    /// The way with the least to do, and the load that this adds to it.
    fn least_loaded(&self, bytes: usize) -> Load {
        let further = self.further();
        let ways = std::iter::once(&self.own).chain(further.iter());
        let way = ways.min_by_key(|way| way.load.load(Ordering::Relaxed)).unwrap_or(&self.own);
        way.load.fetch_add(bytes, Ordering::Relaxed);
        Load { way: Arc::clone(way), bytes }
    }

    fn further(&self) -> MutexGuard<'_, Vec<Arc<Way>>> {
        self.further.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn look_up(&self) -> Result<Metadata> {
        let found = match self.own.handle.stat().await {
            Err(error) if is_refused(&error) => self.own.handle.client().stat(&self.path).await,
            found => found,
        };
        Ok(metadata_of(&found.map_err(|error| error.on(&self.path))?))
    }

    /// Sets attributes by the handle, or by the name on a server that refuses that.
    async fn set(&self, attributes: &Attributes) -> Result<()> {
        let handle = &self.own.handle;
        let set = match handle.set_stat(attributes).await {
            Err(error) if is_refused(&error) => {
                handle.client().set_stat(&self.path, attributes).await.or(Err(error))
            }
            set => set,
        };
        set.map_err(|error| error.on(&self.path))
    }

    async fn explain(&self, error: Error) -> Error {
        explain(&self.pool, error.on(&self.path), &self.path).await
    }

    /// Opens the file over each further way as soon as that is there.
    async fn open_further(&self, ways: usize) {
        let opening: FuturesUnordered<_> =
            (0..ways.saturating_sub(1)).map(|way| self.open_over(way)).collect();
        opening.collect::<()>().await;
    }

    async fn open_over(&self, way: usize) {
        // Whoever asked for the way has logged why it cannot be had.
        let Ok(client) = self.pool.further(way).await else { return };
        match client.open(&self.path, self.access, &Attributes::default()).await {
            Ok(handle) => {
                self.is_widened.store(true, Ordering::Relaxed);
                self.further().push(Way::new(handle));
            }
            Err(error) => log::debug!("{error}"),
        }
    }

    /// Closes the further handles, so that what went over them is known to be written.
    async fn close_further(&self) -> Result<()> {
        let further = std::mem::take(&mut *self.further());
        let mut closing: FuturesUnordered<_> = further.iter().map(|way| way.handle.close()).collect();
        while let Some(closed) = closing.next().await {
            closed?;
        }
        Ok(())
    }
}

/// Whether a server that refuses this to handles may grant it to names.
fn is_refused(error: &Error) -> bool {
    matches!(error.kind(), Kind::PermissionDenied | Kind::Unsupported)
}

impl ReadFile for RemoteFile {
    fn metadata(&self) -> Task<'_, Metadata> {
        Box::pin(self.look_up())
    }

    fn read_at(&self, offset: u64, length: usize) -> Task<'_, Vec<u8>> {
        let length = u32::try_from(length).unwrap_or(u32::MAX).min(self.chunk);
        Box::pin(async move {
            let load = self.least_loaded(usize::try_from(length).unwrap_or(usize::MAX));
            load.way.handle.read(offset, length).await.map_err(|error| error.on(&self.path))
        })
    }

    fn chunk_size(&self) -> usize {
        self.chunk()
    }

    fn depth(&self) -> usize {
        self.tuning.reads.unwrap_or(usize::MAX)
    }

    fn widen(&self, ways: usize) -> WideningTask<'_> {
        Box::pin(self.open_further(ways))
    }

    fn is_widened(&self) -> bool {
        self.is_widened.load(Ordering::Relaxed)
    }
}

impl WriteFile for RemoteFile {
    fn metadata(&self) -> Task<'_, Metadata> {
        Box::pin(self.look_up())
    }

    fn write_at(&self, offset: u64, data: Vec<u8>) -> Task<'_, ()> {
        Box::pin(async move {
            let load = self.least_loaded(data.len());
            let mut replies = FuturesOrdered::new();
            let mut offset = offset;
            for piece in data.chunks(self.chunk()) {
                replies.push_back(load.way.handle.write(offset, piece));
                offset = offset.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            }
            // The requests hold copies; while they are in flight one is enough.
            drop(data);
            while let Some(written) = replies.next().await {
                if let Err(error) = written {
                    return Err(self.explain(error).await);
                }
            }
            Ok(())
        })
    }

    fn set_size(&self, size: u64) -> Task<'_, ()> {
        Box::pin(async move {
            let attributes = Attributes { size: Some(size), ..Attributes::default() };
            self.set(&attributes).await
        })
    }

    fn fill_from<'a>(&'a self, origin: &'a [u8], size: u64) -> Task<'a, ()> {
        Box::pin(async move {
            let client = self.own.handle.client();
            if !client.extensions().copy_data {
                return Err(Error::new(Kind::Unsupported, "copy", "the server cannot copy by itself"));
            }
            let origin = client.open(origin, Access::Read, &Attributes::default()).await?;
            let mut offset = 0;
            while offset < size {
                let length = size.saturating_sub(offset).min(COPIED_AT_ONCE);
                let copied = origin.copy_data(offset, length, &self.own.handle).await;
                copied.map_err(|error| error.on(&self.path))?;
                offset = offset.saturating_add(length);
            }
            Ok(())
        })
    }

    fn set_owner(&self, owner: Owner) -> Task<'_, ()> {
        Box::pin(async move {
            let attributes = Attributes { owner: Some((owner.user, owner.group)), ..Attributes::default() };
            self.set(&attributes).await
        })
    }

    fn set_user_attributes<'a>(&'a self, _attributes: &'a UserAttributes) -> Task<'a, ()> {
        let reason = "SFTP carries no extended attributes";
        let error = Error::new(Kind::Unsupported, "set attributes of", reason).on(&self.path);
        Box::pin(std::future::ready(Err(error)))
    }

    fn set_metadata(&self, mode: u32, dates: Option<Dates>) -> Task<'_, ()> {
        Box::pin(async move {
            let times = dates.map(times_of).transpose().map_err(|error| error.on(&self.path))?;
            let attributes = Attributes { permissions: Some(mode), times, ..Attributes::default() };
            self.set(&attributes).await
        })
    }

    fn settle(&self) -> Task<'_, ()> {
        Box::pin(async { self.close_further().await.map_err(|error| error.on(&self.path)) })
    }

    fn sync(&self) -> Task<'_, ()> {
        Box::pin(async { self.own.handle.sync().await.map_err(|error| error.on(&self.path)) })
    }

    fn close(&self) -> Task<'_, ()> {
        Box::pin(async {
            match self.own.handle.close().await {
                Err(error) => Err(self.explain(error).await),
                Ok(()) => Ok(()),
            }
        })
    }

    fn chunk_size(&self) -> usize {
        self.chunk()
    }

    fn depth(&self) -> usize {
        self.tuning.writes.unwrap_or(usize::MAX)
    }

    fn widen(&self, ways: usize) -> WideningTask<'_> {
        Box::pin(self.open_further(ways))
    }

    fn is_widened(&self) -> bool {
        self.is_widened.load(Ordering::Relaxed)
    }
}
