//! Removes files and folders of one tree, many at once: rclone's `delete`, `purge` and `rmdirs`.
//!
//! The walk is sorted and enters no symbolic link, so nothing outside the tree is ever reached; a link itself goes like
//! a file. A folder goes after everything in it: whatever is to be removed from it holds it, and the removal of the
//! folder waits until nobody does.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_channel::oneshot;
use futures_util::stream::{self, TryStream, TryStreamExt as _};

use super::delete_limit::{Asked, DeleteLimit};
use super::gate::Gate;
use super::march::{Limits, March};
use super::stats::Stats;
use super::step::{Failure, Pair, Step, is_dir};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result, Retry};
use crate::fs::{Entry, FileType, Fs, Task};
use crate::path::RelPath;

/// Requests kept under way.
const IN_FLIGHT: usize = 256;
/// Tries when the connection is lost.
const ATTEMPTS: u32 = 3;

/// Which files go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// None.
    None,
    /// Those that a listing of the tree shows as files.
    Listed,
    /// Whatever is no folder.
    All,
}

/// Which folders go once nothing is left in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folders {
    /// None.
    None,
    /// All but the root.
    Below,
    /// All.
    All,
}

/// What is to be removed.
pub struct Removal {
    /// The tree to remove it from.
    pub tree: Arc<dyn Fs>,
    /// Which files go.
    pub files: Files,
    /// Which folders go.
    pub folders: Folders,
    /// What the walk sees.
    pub limits: Limits,
    /// How much may go.
    pub limit: DeleteLimit,
    /// Lets each removal pass, or not.
    pub gate: Arc<Gate>,
    /// Counts what was removed and what failed.
    pub stats: Stats,
    /// Stops the run.
    pub cancel: Cancel,
}

impl Removal {
    /// Removes what is to go. A failure is logged and counted, keeps the folders it is in, and does not stop the rest.
    ///
    /// # Errors
    /// The root cannot be read, nobody gets in, more would go than may, or the run was stopped.
    pub async fn run(&self) -> Result<()> {
        let steps = stream::try_unfold(Walk::new(self), async |mut walk| {
            let next = walk.next().await?;
            Ok(next.map(|next| (next, walk)))
        });
        if !self.limit.is_set() {
            return self.cancel.or_stop(self.take(steps)).await;
        }
        // All of it must be known before the first one goes.
        let steps: Vec<_> = self.cancel.or_stop(steps.try_collect()).await?;
        self.refuse_too_much(steps.iter().filter_map(Next::size))?;
        self.cancel.or_stop(self.take(stream::iter(steps.into_iter().map(Ok)))).await
    }

    async fn take(&self, steps: impl TryStream<Ok = Next, Error = Error>) -> Result<()> {
        let at_once = if self.gate.is_open() { IN_FLIGHT } else { 1 };
        let all = steps.try_for_each_concurrent(at_once, async |next| {
            // Trees on this machine are never waited for, so nobody else would look.
            self.cancel.check()?;
            match next {
                Next::File { path, size, folder } => {
                    if !self.remove_file(&path, size).await? {
                        folder.stays();
                    }
                }
                Next::Folder(left) => self.settle(left).await?,
            }
            Ok(())
        });
        all.await
    }

    fn refuse_too_much(&self, sizes: impl Iterator<Item = u64>) -> Result<()> {
        Asked::default().add(self.limit, sizes, || self.tree.describe())
    }

    /// Removes the file that is all there is to go.
    ///
    /// # Errors
    /// It is more than may go, nobody gets in, or the run was stopped. Other failures are logged and counted.
    pub async fn remove_only(&self, path: &RelPath, size: u64) -> Result<()> {
        self.refuse_too_much(std::iter::once(size))?;
        self.remove_file(path, size).await.map(drop)
    }

    /// Removes one file or link. Whether it is gone, or would be; a failure is logged and counted.
    ///
    /// # Errors
    /// What makes every further removal pointless.
    pub async fn remove_file(&self, path: &RelPath, size: u64) -> Result<bool> {
        if !self.gate.allows("delete", path, Some(size))? {
            if self.gate.is_dry_run() {
                self.stats.deleted_file(size);
            }
            return Ok(self.gate.is_dry_run());
        }
        match insist(|| self.tree.remove_file(path)).await {
            Ok(()) => {
                log::info!(object:% = path; "Deleted");
                self.stats.deleted_file(size);
                Ok(true)
            }
            Err(error) => self.fail(path, "Couldn't delete", error),
        }
    }

    /// Removes a folder once everything that is to go from it is gone, or keeps the one above it.
    async fn settle(&self, left: Left) -> Result<()> {
        let Left { path, stays, settled, above } = left;
        let Err(oneshot::Canceled) = settled.await;
        let is_kept = stays.load(Ordering::Relaxed) || !self.takes(&path);
        let is_gone = !is_kept && self.remove_folder(&path).await?;
        if let (false, Some(above)) = (is_gone, above) {
            above.stays();
        }
        Ok(())
    }

    fn takes(&self, folder: &RelPath) -> bool {
        let is_meant = match self.folders {
            Folders::None => false,
            Folders::Below => !folder.is_root(),
            Folders::All => true,
        };
        is_meant && self.limits.filter.removes_folder(folder)
    }

    async fn remove_folder(&self, path: &RelPath) -> Result<bool> {
        let shown = if path.is_root() { self.tree.describe() } else { path.to_string() };
        if !self.gate.allows("remove directory", &shown, None)? {
            if self.gate.is_dry_run() {
                self.stats.deleted_dir();
            }
            return Ok(self.gate.is_dry_run());
        }
        match insist(|| self.tree.remove_dir(path)).await {
            Ok(()) => {
                log::info!(object:% = shown; "Removing directory");
                self.stats.deleted_dir();
                Ok(true)
            }
            // It holds what the walk does not show, or what was made meanwhile.
            Err(error) if error.kind() == Kind::NotEmpty && self.files != Files::All => {
                log::debug!(object:% = shown; "Not removed: {}", error.reason());
                Ok(false)
            }
            Err(error) => self.fail(&shown, "Failed to rmdir", error),
        }
    }

    fn fail(&self, object: impl std::fmt::Display, what: &str, error: Error) -> Result<bool> {
        if error.is_fatal() {
            return Err(error);
        }
        log::error!(object:% = object; "{what}: {error}");
        self.stats.failed(&error);
        Ok(false)
    }
}

/// Removes, again over a new connection when one was lost. The first try may have had its effect, so that later ones
/// find nothing.
async fn insist<'a>(remove: impl Fn() -> Task<'a, ()>) -> Result<()> {
    let mut attempt = 1;
    loop {
        match remove().await {
            Err(error)
                if error.retry() == Retry::AfterReconnect && !error.is_fatal() && attempt < ATTEMPTS =>
            {
                log::debug!("attempt {attempt} of {ATTEMPTS}: {error}");
                attempt += 1;
            }
            Err(error) if error.kind() == Kind::NotFound && attempt > 1 => return Ok(()),
            other => return other,
        }
    }
}

/// What the walk comes to next.
enum Next {
    /// Something to remove.
    File { path: RelPath, size: u64, folder: Hold },
    /// A folder that the walk has left.
    Folder(Left),
}

impl Next {
    /// The size of a file that is to go.
    fn size(&self) -> Option<u64> {
        match self {
            Self::File { size, .. } => Some(*size),
            Self::Folder(_) => None,
        }
    }
}

/// Held by everything that is to go from a folder, until it is gone or known to stay.
#[derive(Clone)]
struct Hold {
    stays: Arc<AtomicBool>,
    /// Wakes whoever waits for the folder, when the last holder drops it.
    _alive: Arc<oneshot::Sender<Infallible>>,
}

impl Hold {
    /// Something stays in the folder, and so does the folder.
    fn stays(&self) {
        self.stays.store(true, Ordering::Relaxed);
    }
}

/// A folder the walk has left.
struct Left {
    path: RelPath,
    stays: Arc<AtomicBool>,
    settled: oneshot::Receiver<Infallible>,
    above: Option<Hold>,
}

/// A folder the walk is in.
struct Open {
    path: RelPath,
    hold: Hold,
    settled: oneshot::Receiver<Infallible>,
    above: Option<Hold>,
}

impl Open {
    fn new(path: RelPath, above: Option<Hold>) -> Self {
        let (sender, settled) = oneshot::channel();
        let hold = Hold { stays: Arc::default(), _alive: Arc::new(sender) };
        Self { path, hold, settled, above }
    }

    fn leave(self) -> Next {
        let Self { path, hold, settled, above } = self;
        Next::Folder(Left { path, stays: hold.stays, settled, above })
    }
}

/// Walks the tree and says what is to go, folders after their content.
struct Walk<'a> {
    removal: &'a Removal,
    march: March,
    /// The folders from the root to where the walk is.
    open: Vec<Open>,
    /// The entry that has to wait until folders before it are left.
    waiting: Option<Pair>,
}

impl<'a> Walk<'a> {
    fn new(removal: &'a Removal) -> Self {
        let march = March::over(Arc::clone(&removal.tree), removal.limits.clone()).without_links();
        Self { removal, march, open: vec![Open::new(RelPath::root(), None)], waiting: None }
    }

    async fn next(&mut self) -> Result<Option<Next>> {
        loop {
            let step = match self.waiting.take() {
                Some(pair) => Some(Step::Entry(pair)),
                None => self.march.next().await,
            };
            match step {
                None => return Ok(self.open.pop().map(Open::leave)),
                Some(Step::Failed(failure)) => self.fail(failure)?,
                Some(Step::Entry(pair)) => {
                    if let Some(left) = self.open.pop_if(|open| !open.path.contains(&pair.path)) {
                        self.waiting = Some(pair);
                        return Ok(Some(left.leave()));
                    }
                    if let Some(next) = self.visit(pair) {
                        return Ok(Some(next));
                    }
                }
            }
        }
    }

    fn visit(&mut self, pair: Pair) -> Option<Next> {
        self.removal.stats.listed(1);
        let (entry, path) = (pair.source?, pair.path);
        let folder = self.open.last()?.hold.clone();
        if is_dir(&entry) && !entry.is_link {
            self.open.push(Open::new(path, Some(folder)));
            None
        } else if self.goes(&path, &entry) {
            Some(Next::File { path, size: entry.metadata.size, folder })
        } else {
            folder.stays();
            None
        }
    }

    /// Whether something that is no folder is to go. What a listing of the tree leaves out is told of.
    fn goes(&self, path: &RelPath, entry: &Entry) -> bool {
        match self.removal.files {
            Files::None => return false,
            Files::All => return true,
            Files::Listed => {}
        }
        let features = self.removal.tree.features();
        match entry.metadata.file_type {
            FileType::File => return true,
            FileType::Directory => log::warn!(object:% = path; "Not following a link to a folder"),
            FileType::Symlink | FileType::Special if features.lists_everything => return true,
            FileType::Symlink => log::warn!(object:% = path; "Can't follow symlink without -L/--copy-links"),
            FileType::Special => features.tell_special(path),
        }
        false
    }

    fn fail(&self, failure: Failure) -> Result<()> {
        let Failure { folder, error, .. } = failure;
        if !self.march.has_root() || error.is_fatal() {
            return Err(error);
        }
        log::error!("{error}");
        self.removal.stats.failed(&error);
        if let Some(open) = self.open.iter().rev().find(|open| open.path == folder) {
            open.hold.stays();
        }
        Ok(())
    }
}
