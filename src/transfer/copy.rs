//! Carries out the plan of a copy, many files at once.

use std::future::ready;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_channel::oneshot;
use futures_util::future::{BoxFuture, Either, FutureExt as _, join3, select};
use futures_util::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};

use super::budget::Budget;
use super::copy_file::Copier;
pub use super::copy_file::Streams;
use super::folders::Folders;
use super::march::{Failure, Limits, Side};
use super::plan::{Action, CopyFile, Plan, file, window};
use super::retry::Retries;
use super::stats::Stats;
use crate::cancel::Cancel;
use crate::error::{Kind, Result};
use crate::filter::Filter;
use crate::fs::{Fs, Metadata};
use crate::pace;
use crate::path::{Name, RelPath};

/// Files under way at once, large and small, unless told otherwise.
pub const IN_FLIGHT: usize = 256;
/// Files up to this many bytes are small: they take their turns on one connection beside all others.
const SMALL: u64 = 256 * 1024;
/// How long a stopped run may take to remove its partial files.
const CLEAN_UP: Duration = Duration::from_secs(3);

/// What a copy works with.
pub struct Copy {
    /// The tree to read.
    pub source: Arc<dyn Fs>,
    /// The one file to copy, if the source is a file: its name in the root of `source`.
    pub only: Option<Name>,
    /// The tree to change.
    pub destination: Arc<dyn Fs>,
    /// Files under way at once on a connection, large and small.
    pub in_flight: usize,
    /// How large a file is carried over more than one way.
    pub streams: Streams,
    /// Large files copied at once.
    pub transfers: usize,
    /// Folders read at once.
    pub folders: usize,
    /// Levels of folders to copy; `None` for all.
    pub max_depth: Option<usize>,
    /// What is copied.
    pub filter: Arc<Filter>,
    /// Whether to make folders that no file goes into.
    pub empty_dirs: bool,
    /// Whether to say what would be done instead of doing it.
    pub dry_run: bool,
    /// Permission bits that new files do not get.
    pub umask: u32,
    /// Whether a copy is only done when it is on the disk.
    pub fsync: bool,
    /// How often a file is tried whose connection is lost.
    pub retries: Retries,
    /// What is counted.
    pub stats: Stats,
    /// What stops the run.
    pub cancel: Cancel,
}

impl Copy {
    /// Copies until all is done. A file that fails is logged and counted in the statistics, and does not stop the rest.
    ///
    /// # Errors
    /// What makes every further file pointless: nobody gets in, the source root cannot be read, or the run was stopped.
    pub async fn run(&self) -> Result<()> {
        let copier =
            Copier::new(Arc::clone(&self.source), Arc::clone(&self.destination), self.umask, self.streams)
                .with_fsync(self.fsync);
        let result = self.cancel.or_stop(self.carry_out(&copier)).await;
        if result.is_err() {
            within(CLEAN_UP, copier.clean_up()).await;
        }
        result
    }

    async fn carry_out(&self, copier: &Copier) -> Result<()> {
        let large = Budget::new(self.transfers.max(1));
        let mut folders = Folders::new(Arc::clone(&self.destination));
        self.actions()
            .try_filter_map(|action| ready(self.prepare(action, &mut folders)))
            .try_for_each_concurrent(self.in_flight.max(1), |work| self.work(copier, &large, work))
            .await?;
        copier.settle().await
    }

    fn actions(&self) -> BoxStream<'_, Result<Action>> {
        if let Some(name) = &self.only {
            return stream::once(self.plan_one(name)).boxed();
        }
        let limits = Limits {
            concurrency: self.folders,
            max_depth: self.max_depth,
            enter_destination_only: false,
            filter: Arc::clone(&self.filter),
        };
        let plan = Plan::copy(Arc::clone(&self.source), Arc::clone(&self.destination), limits);
        stream::unfold(plan, |mut plan| async { Some((Ok(plan.next().await?), plan)) }).boxed()
    }

    /// Plans the copy of a source that is one file.
    async fn plan_one(&self, name: &Name) -> Result<Action> {
        let path = RelPath::root().join(name);
        let root = RelPath::root();
        let (source, replaces, folder) =
            join3(self.source.stat(&path), self.destination.stat(&path), self.destination.stat(&root)).await;
        let found = |result: Result<Metadata>| match result {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        let has_parent = found(folder)?.is_some();
        let window = window(&*self.source, &*self.destination);
        Ok(file(path.clone(), path, source?, found(replaces)?, has_parent, window))
    }

    /// Counts and logs an action, starts to make the folder it needs, and returns the file that is left to copy.
    fn prepare(&self, action: Action, folders: &mut Folders) -> Result<Option<Work>> {
        match action {
            Action::Enter(folder) => {
                self.stats.listed(1);
                if folder.exists {
                    folders.exists(&folder.path);
                } else if self.empty_dirs {
                    return Ok(Some(Work {
                        made: folders.make(&folder.path).boxed(),
                        what: What::Folder(folder.path),
                    }));
                }
                Ok(None)
            }
            Action::Keep(path) => {
                self.stats.listed(1);
                self.stats.expect_check();
                self.stats.checked();
                log::debug!("{path}: Unchanged skipping");
                Ok(None)
            }
            Action::Skip(path, reason) => {
                log::warn!("{path}: {reason}");
                Ok(None)
            }
            Action::Fail(failure) => {
                self.fail(failure)?;
                Ok(None)
            }
            Action::Copy(file) if self.dry_run => {
                self.announce(&file);
                Ok(None)
            }
            Action::Copy(file) => {
                self.stats.listed(1);
                if file.replaces.is_some() {
                    self.stats.expect_check();
                    self.stats.checked();
                }
                self.stats.expect_transfer(file.source.size);
                let folder = file.to.parent().unwrap_or_default();
                let made =
                    if file.has_parent { ready(Ok(())).boxed() } else { folders.make(&folder).boxed() };
                Ok(Some(Work { made, what: What::File(file) }))
            }
        }
    }

    async fn work(&self, copier: &Copier, large: &Budget, work: Work) -> Result<()> {
        // Trees on this machine are never waited for, so nobody else would look.
        self.cancel.check()?;
        let (path, result) = match (work.made.await, &work.what) {
            (Err(error), What::File(file)) => (&file.to, Err(error)),
            (Ok(()), What::File(file)) => (&file.to, self.copy_one(copier, large, file).await),
            (made, What::Folder(path)) => (path, made),
        };
        match result {
            Err(error) if !error.is_fatal() => {
                log::error!("{path}: Failed to copy: {error}");
                self.stats.failed(&error);
                Ok(())
            }
            other => other,
        }
    }

    async fn copy_one(&self, copier: &Copier, large: &Budget, file: &CopyFile) -> Result<()> {
        let _turn = if file.source.size > SMALL { Some(large.take(1).await) } else { None };
        self.attempt(copier, file).await?;
        let how = if file.replaces.is_some() { "replaced existing" } else { "new" };
        log::info!("{}: Copied ({how})", file.to);
        Ok(())
    }

    /// Copies one file, again over a new connection when one was lost.
    async fn attempt(&self, copier: &Copier, file: &CopyFile) -> Result<()> {
        let mut attempt = 1;
        loop {
            let active = self.stats.start(&file.to, file.source.size);
            let Err(error) = copier.copy(file, &active).await else {
                active.finish();
                return Ok(());
            };
            drop(active);
            let Some(pause) = self.retries.pause_after(&error, attempt) else { return Err(error) };
            log::warn!("{}: attempt {attempt} of {}: {error}", file.to, self.retries.attempts);
            pace::sleep(pause).await;
            attempt = attempt.saturating_add(1);
        }
    }

    fn fail(&self, failure: Failure) -> Result<()> {
        let is_lost = failure.side == Side::Source && failure.is_missing_root();
        let error = failure.error;
        if error.is_fatal() || is_lost {
            return Err(error);
        }
        log::error!("{error}");
        self.stats.failed(&error);
        Ok(())
    }

    fn announce(&self, file: &CopyFile) {
        self.stats.expect_transfer(file.source.size);
        self.stats.start(&file.to, file.source.size).finish();
        log::warn!(
            "{}: Skipped copy as --dry-run is set (size {})",
            file.to,
            crate::units::size::short(file.source.size)
        );
    }
}

/// Something to do once a folder is there.
struct Work {
    /// Completes when the folder is made.
    made: BoxFuture<'static, Result<()>>,
    what: What,
}

enum What {
    /// Copy a file into the folder.
    File(CopyFile),
    /// Nothing more: the folder itself was wanted.
    Folder(RelPath),
}

/// Waits for `work`, but no longer than `limit`.
async fn within(limit: Duration, work: impl Future<Output = ()>) {
    let (sender, receiver) = oneshot::channel::<()>();
    let timer = std::thread::spawn(move || {
        std::thread::sleep(limit);
        drop(sender);
    });
    if let Either::Right(_) = select(pin!(work), receiver).await {
        log::warn!("could not remove every incomplete file within {limit:?}; their names end in .partial");
    }
    drop(timer);
}
