//! One run of a job at a time (`--lock`).
//!
//! The lock is held on a file in the user's cache folder and ends with the process, however that ends: what a dead run
//! left is no lock.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::journal::Job;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::fs::Fs;
use crate::hash::{HashType, Hasher};
use crate::pace;

/// How often a lock that is held is tried again.
const PAUSE: Duration = Duration::from_millis(200);

/// Who holds a lock; what a run that finds it held tells its user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Owner {
    user: String,
    host: String,
    process: u32,
    started: String,
    job: Job,
}

/// A lock on a job, held until this is dropped.
pub struct JobLock {
    path: PathBuf,
    _held: File,
}

impl JobLock {
    /// Locks the copying from `source` to `destination` in the name of `user`, waiting up to `patience` for another run.
    ///
    /// # Errors
    /// [`Kind::Locked`] if another run still holds the lock, or the lock file cannot be made.
    pub async fn acquire(
        folder: &Path,
        source: &dyn Fs,
        destination: &dyn Fs,
        user: &str,
        patience: Duration,
        cancel: &Cancel,
    ) -> Result<Self> {
        let job = Job { source: source.describe(), destination: destination.describe() };
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let owner = Owner {
            user: user.to_owned(),
            host: host.trim().to_owned(),
            process: std::process::id(),
            started: Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
            job,
        };
        let path = folder.join(name_of(&owner.job));
        let deadline = Instant::now().checked_add(patience);
        let mut is_waiting = false;
        loop {
            let failed = |error| {
                Error::from_io("lock", error).with_kind(Kind::Locked).on(path.as_os_str().as_encoded_bytes())
            };
            if let Some(lock) = Self::attempt(folder, &path, &owner).map_err(failed)? {
                return Ok(lock);
            }
            let error = held(&path, &owner.job);
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(error);
            }
            if !is_waiting {
                log::warn!("waiting: {}", error.reason());
                is_waiting = true;
            }
            cancel.or_stop(pace::sleep(PAUSE).map(Ok)).await?;
        }
    }

    fn attempt(folder: &Path, path: &Path, owner: &Owner) -> io::Result<Option<Self>> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let mut file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK | Errno::INTR) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        // Whoever held the lock before may have removed the file since it was opened here.
        let ours = file.metadata()?;
        if !fs::metadata(path).is_ok_and(|now| (now.dev(), now.ino()) == (ours.dev(), ours.ino())) {
            return Ok(None);
        }
        if ours.len() > 0 {
            log::info!("took over the lock of a run that died");
        }
        file.set_len(0)?;
        file.write_all(&serde_json::to_vec(owner)?)?;
        Ok(Some(Self { path: path.to_owned(), _held: file }))
    }
}

impl Drop for JobLock {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            log::debug!("lock file {} stays: {error}", self.path.display());
        }
    }
}

/// A file name for a job, the same in every run.
fn name_of(job: &Job) -> String {
    let text = [job.source.as_bytes(), b"\0", job.destination.as_bytes()].concat();
    format!("{}.lock", Hasher::hash(HashType::Md5, &text))
}

fn held(path: &Path, job: &Job) -> Error {
    let owner = fs::read(path).ok().and_then(|text| serde_json::from_slice::<Owner>(&text).ok());
    let reason = owner.map_or_else(
        || "another run of the same job has it".to_owned(),
        |owner| {
            format!(
                "{}@{} runs the same job as process {} since {}",
                owner.user, owner.host, owner.process, owner.started
            )
        },
    );
    Error::new(Kind::Locked, "lock", reason)
        .on(format!("{} -> {}", job.source, job.destination))
        .advice("wait for it with --lock-wait, or stop it")
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;

    use super::*;
    use crate::fs::Local;

    fn acquire(folder: &Path, destination: &str, patience: Duration) -> Result<JobLock> {
        let (source, destination) = (Local::new("/a"), Local::new(destination));
        block_on(JobLock::acquire(folder, &source, &destination, "me", patience, &Cancel::new()))
    }

    #[test]
    fn one_run_of_a_job_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("locks");
        let held = acquire(&folder, "/b", Duration::ZERO).unwrap();
        let other = acquire(&folder, "/c", Duration::ZERO).unwrap();
        let error = acquire(&folder, "/b", Duration::from_millis(10)).err().unwrap();
        assert_eq!(error.kind(), Kind::Locked);
        assert!(error.reason().starts_with("me@"), "{error}");
        assert!(error.reason().contains(&format!("process {} since 20", std::process::id())), "{error}");
        drop((held, other));
        drop(acquire(&folder, "/b", Duration::ZERO).unwrap());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }

    #[test]
    fn what_a_dead_run_left_is_no_lock_and_waiting_ends_with_the_other_run() {
        let folder = tempfile::tempdir().unwrap();
        let held = acquire(folder.path(), "/b", Duration::ZERO).unwrap();
        let left = fs::read(&held.path).unwrap();
        let path = held.path.clone();
        drop(held);
        fs::write(&path, left).unwrap();
        let held = acquire(folder.path(), "/b", Duration::ZERO).unwrap();
        let waiting = std::thread::spawn({
            let folder = folder.path().to_owned();
            move || acquire(&folder, "/b", Duration::from_secs(60)).map(drop)
        });
        std::thread::sleep(Duration::from_millis(50));
        drop(held);
        waiting.join().unwrap().unwrap();
    }
}
