//! What `--fsync` asks for: content on the disk before a file gets its name, and the names before the run ends.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::error::Result;
use crate::fs::{Fs, WriteFile};
use crate::path::RelPath;

/// Folders flushed at once.
const AT_ONCE: usize = 16;

/// What is to be on the disk, if that is asked for at all.
pub(crate) struct Durability {
    is_wanted: bool,
    folders: Mutex<BTreeSet<RelPath>>,
}

impl Durability {
    /// Does nothing unless it `is_wanted`.
    pub(crate) fn new(is_wanted: bool) -> Self {
        Self { is_wanted, folders: Mutex::default() }
    }

    /// Flushes the content of a file.
    pub(crate) async fn flush(&self, file: &dyn WriteFile) -> Result<()> {
        if self.is_wanted { file.sync().await } else { Ok(()) }
    }

    /// A file or folder got the name `path`: its folder is new or other than it was, and so may be those above it.
    pub(crate) fn named(&self, path: &RelPath) {
        if !self.is_wanted {
            return;
        }
        let mut folders = self.folders();
        let mut above = path.parent();
        while let Some(folder) = above {
            above = folder.parent();
            if !folders.insert(folder) {
                break;
            }
        }
    }

    /// Flushes every folder in which something got a name.
    ///
    /// # Errors
    /// The first that cannot be flushed.
    pub(crate) async fn flush_folders(&self, tree: &dyn Fs) -> Result<()> {
        let folders = std::mem::take(&mut *self.folders());
        stream::iter(&folders)
            .map(|folder| tree.sync_dir(folder))
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await
    }

    fn folders(&self) -> MutexGuard<'_, BTreeSet<RelPath>> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(is_wanted: bool) -> Vec<String> {
        let durability = Durability::new(is_wanted);
        for path in ["a/b/f", "a/b/g", "a/c/d/f", "f"] {
            durability.named(&RelPath::parse(path.as_bytes()).unwrap());
        }
        durability.folders().iter().map(|folder| String::from_utf8_lossy(folder.as_bytes()).into()).collect()
    }

    #[test]
    fn every_folder_up_to_the_root_is_flushed_once() {
        assert_eq!(named(true), ["", "a", "a/b", "a/c", "a/c/d"]);
        assert_eq!(named(false), [""; 0]);
    }
}
