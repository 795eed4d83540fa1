//! A file of this machine, open for reading or writing.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::sync::Arc;

use super::blocking;
use super::close::close;
use super::contract::{Dates, Metadata, ReadFile, SMALL, Task, WideningTask, WriteFile};
use super::details::{Owner, UserAttributes};
use super::local::{CHUNK, failed, task, timestamps};
use super::local_folder::metadata_of;
use super::user_attributes;
use crate::error::{Error, Kind, Result};

/// An open local file.
pub(super) struct LocalFile {
    file: Arc<File>,
    path: PathBuf,
}

impl LocalFile {
    pub(super) fn new(file: File, path: PathBuf) -> Self {
        Self { file: Arc::new(file), path }
    }

    fn look_up(&self) -> Result<Metadata> {
        self.file.metadata().map(|found| metadata_of(&found)).map_err(failed("look up", &self.path))
    }

    /// Reads or writes: a little at once, where handing it on would cost more; much on a thread that may wait for the
    /// disk.
    fn move_content<T: Send + 'static>(
        &self,
        length: usize,
        operation: &'static str,
        call: impl FnOnce(&File) -> io::Result<T> + Send + 'static,
    ) -> Task<'_, T> {
        if length <= SMALL {
            return task(move || call(&self.file).map_err(failed(operation, &self.path)));
        }
        Box::pin(async move {
            let file = Arc::clone(&self.file);
            let moved = blocking::run(move || Ok(call(&file))).await?;
            moved.map_err(failed(operation, &self.path))
        })
    }

    fn set(&self, mode: u32, dates: Option<Dates>) -> io::Result<()> {
        if let Some(dates) = dates {
            rustix::fs::futimens(&*self.file, &timestamps(dates))?;
        }
        self.file.set_permissions(Permissions::from_mode(mode))
    }
}

impl ReadFile for LocalFile {
    fn metadata(&self) -> Task<'_, Metadata> {
        task(|| self.look_up())
    }

    fn read_at(&self, offset: u64, length: usize) -> Task<'_, Vec<u8>> {
        let read = move |file: &File| {
            let mut data = vec![0; length];
            let count = file.read_at(&mut data, offset)?;
            data.truncate(count);
            Ok(data)
        };
        self.move_content(length, "read", read)
    }

    fn chunk_size(&self) -> usize {
        CHUNK
    }

    fn depth(&self) -> usize {
        usize::MAX
    }

    fn widen(&self, _ways: usize) -> WideningTask<'_> {
        Box::pin(std::future::ready(()))
    }

    fn is_widened(&self) -> bool {
        false
    }
}

impl WriteFile for LocalFile {
    fn metadata(&self) -> Task<'_, Metadata> {
        task(|| self.look_up())
    }

    fn write_at(&self, offset: u64, data: Vec<u8>) -> Task<'_, ()> {
        self.move_content(data.len(), "write", move |file| file.write_all_at(&data, offset))
    }

    fn set_size(&self, size: u64) -> Task<'_, ()> {
        task(move || self.file.set_len(size).map_err(failed("set the size of", &self.path)))
    }

    fn fill_from<'a>(&'a self, _origin: &'a [u8], _size: u64) -> Task<'a, ()> {
        task(|| {
            Err(Error::new(Kind::Unsupported, "copy", "files here are copied by reading and writing them"))
        })
    }

    fn set_owner(&self, owner: Owner) -> Task<'_, ()> {
        task(move || {
            let given = std::os::unix::fs::fchown(&*self.file, Some(owner.user), Some(owner.group));
            given.map_err(failed("set owner of", &self.path))
        })
    }

    fn set_user_attributes<'a>(&'a self, attributes: &'a UserAttributes) -> Task<'a, ()> {
        task(|| {
            user_attributes::write(&self.file, attributes).map_err(failed("set attributes of", &self.path))
        })
    }

    fn set_metadata(&self, mode: u32, dates: Option<Dates>) -> Task<'_, ()> {
        task(move || self.set(mode, dates).map_err(failed("set attributes of", &self.path)))
    }

    fn settle(&self) -> Task<'_, ()> {
        task(|| Ok(()))
    }

    fn sync(&self) -> Task<'_, ()> {
        Box::pin(async {
            let file = Arc::clone(&self.file);
            let synced = blocking::run(move || Ok(file.sync_all())).await?;
            synced.map_err(failed("flush", &self.path))
        })
    }

    fn close(&self) -> Task<'_, ()> {
        // The system reports delayed errors on the close of any descriptor of a file, so a duplicate will do.
        task(|| self.file.try_clone().and_then(close).map_err(failed("close", &self.path)))
    }

    fn chunk_size(&self) -> usize {
        CHUNK
    }

    fn depth(&self) -> usize {
        usize::MAX
    }

    fn widen(&self, _ways: usize) -> WideningTask<'_> {
        Box::pin(std::future::ready(()))
    }

    fn is_widened(&self) -> bool {
        false
    }
}
