//! Keeps two processes from changing one file at the same time.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::error::{Error, Kind, Result};

const PAUSE: Duration = Duration::from_millis(20);

/// A lock on a file, held by way of a lock file `.NAME.lock` beside it, which is removed when the lock is dropped.
pub(super) struct FileLock {
    path: PathBuf,
    _held: File,
}

impl FileLock {
    /// Waits up to `patience` for the lock on the file at `path`.
    ///
    /// # Errors
    /// [`Kind::TimedOut`] if another process holds on to it, or what the system says to the lock file.
    pub(super) fn acquire(path: &Path, patience: Duration) -> Result<Self> {
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(".lock");
        let lock = super::atomic_file::folder_of(path).join(name);
        let deadline = Instant::now().checked_add(patience);
        loop {
            if let Some(held) = Self::attempt(&lock)? {
                return Ok(held);
            }
            if deadline.is_none_or(|deadline| Instant::now() >= deadline) {
                return Err(Error::new(Kind::TimedOut, "lock", "another process is changing it")
                    .on(path.as_os_str().as_encoded_bytes())
                    .advice("try again when it has finished"));
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn attempt(path: &Path) -> Result<Option<Self>> {
        let failed =
            |error| Error::from_io("create lock file", error).on(path.as_os_str().as_encoded_bytes());
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK | Errno::INTR) => return Ok(None),
            Err(error) => return Err(failed(error.into())),
        }
        // Whoever held the lock before may have removed the file since it was opened here.
        let ours = file.metadata().map_err(failed)?;
        let current =
            std::fs::metadata(path).is_ok_and(|now| (now.dev(), now.ino()) == (ours.dev(), ours.ino()));
        Ok(current.then(|| Self { path: path.to_owned(), _held: file }))
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            log::debug!("lock file {} stays: {error}", self.path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time_and_no_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rclone.conf");
        let held = FileLock::acquire(&path, Duration::ZERO).unwrap();
        let error = FileLock::acquire(&path, Duration::from_millis(50)).err().unwrap();
        assert_eq!(error.kind(), Kind::TimedOut);
        drop(held);
        drop(FileLock::acquire(&path, Duration::ZERO).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
