//! What a run has done so far: counted by everyone who works, read by whoever shows it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use super::snapshot::{Errors, FailedPath, Ratio, ServerSide, Snapshot, Transferring, Verified};
use crate::error::{Error, Kind, Retry};
use crate::hash::HashType;
use crate::path::RelPath;
use crate::transfer::speed::Speed;

/// The counters of one run. Clones share them.
#[derive(Clone)]
pub struct Stats(Arc<Counters>);

struct Counters {
    started: Instant,
    listed: AtomicU64,
    checks: Progress,
    transfers: Progress,
    bytes: Progress,
    deleted_files: AtomicU64,
    deleted_dirs: AtomicU64,
    deleted_bytes: AtomicU64,
    moves: Work,
    copies: Work,
    kept: AtomicU64,
    verified: Mutex<Verified>,
    failures: Mutex<Failures>,
    speed: Mutex<Speed>,
    next_id: AtomicU64,
    active: Mutex<BTreeMap<u64, Arc<Active>>>,
}

/// Something of which a total is known before it is done.
#[derive(Default)]
struct Progress {
    done: AtomicU64,
    total: AtomicU64,
}

/// What a system has done by itself.
#[derive(Default)]
struct Work {
    files: AtomicU64,
    bytes: AtomicU64,
}

#[derive(Default)]
struct Failures {
    count: u64,
    kinds: Vec<Kind>,
    last: Option<String>,
    retryable: bool,
    fatal: bool,
    list: Vec<FailedPath>,
}

struct Active {
    name: RelPath,
    size: u64,
    done: AtomicU64,
    /// What of it was there already.
    resumed: AtomicU64,
    started: Instant,
}

/// Failures of which path and reason are kept: more are counted only.
const MOST_FAILURES: usize = 1000;

impl Stats {
    /// Counters at zero; the run starts now.
    pub fn new() -> Self {
        let started = Instant::now();
        Self(Arc::new(Counters {
            started,
            listed: AtomicU64::default(),
            checks: Progress::default(),
            transfers: Progress::default(),
            bytes: Progress::default(),
            deleted_files: AtomicU64::default(),
            deleted_dirs: AtomicU64::default(),
            deleted_bytes: AtomicU64::default(),
            moves: Work::default(),
            copies: Work::default(),
            kept: AtomicU64::default(),
            verified: Mutex::default(),
            failures: Mutex::default(),
            speed: Mutex::new(Speed::new(started)),
            next_id: AtomicU64::default(),
            active: Mutex::default(),
        }))
    }

    /// Entries were seen in a listing.
    pub fn listed(&self, entries: u64) {
        add(&self.0.listed, entries);
    }

    /// A pair of files is going to be compared.
    pub fn expect_check(&self) {
        add(&self.0.checks.total, 1);
    }

    /// A pair of files has been compared.
    pub fn checked(&self) {
        add(&self.0.checks.done, 1);
    }

    /// A file of `size` bytes is going to be transferred.
    pub fn expect_transfer(&self, size: u64) {
        add(&self.0.transfers.total, 1);
        add(&self.0.bytes.total, size);
    }

    /// An expected transfer starts.
    pub fn start(&self, name: &RelPath, size: u64) -> ActiveTransfer {
        let id = self.0.next_id.fetch_add(1, Ordering::Relaxed);
        let active = Arc::new(Active {
            name: name.clone(),
            size,
            done: AtomicU64::default(),
            resumed: AtomicU64::default(),
            started: Instant::now(),
        });
        lock(&self.0.active).insert(id, Arc::clone(&active));
        ActiveTransfer { stats: self.clone(), id, active, finished: false }
    }

    /// A file of `size` bytes was deleted, or would be but for `--dry-run`.
    pub fn deleted_file(&self, size: u64) {
        add(&self.0.deleted_files, 1);
        add(&self.0.deleted_bytes, size);
    }

    /// A folder was deleted.
    pub fn deleted_dir(&self) {
        add(&self.0.deleted_dirs, 1);
    }

    /// A file of `size` bytes was moved by a rename.
    pub fn renamed(&self, size: u64) {
        self.0.moves.add(size);
    }

    /// The server filled a file of `size` bytes by itself.
    pub fn copied_by_server(&self, size: u64) {
        self.0.copies.add(size);
    }

    /// A file was left alone because it is the same on both sides.
    pub fn kept(&self) {
        add(&self.0.kept, 1);
    }

    /// A file has arrived and was compared by this hash, or by its size alone.
    pub fn verified(&self, hash: Option<HashType>) {
        let mut verified = lock(&self.0.verified);
        let count = match hash {
            Some(hash) => verified.by_hash.entry(hash).or_default(),
            None => &mut verified.by_size,
        };
        *count = count.saturating_add(1);
    }

    /// Something failed. Count each failure once, where it is logged.
    pub fn failed(&self, error: &Error) {
        self.record(error, error.path().map(str::to_owned));
    }

    /// The same of a failure on this path of the trees.
    pub fn failed_at(&self, path: &RelPath, error: &Error) {
        self.record(error, Some(path.to_string()));
    }

    fn record(&self, error: &Error, path: Option<String>) {
        let mut failures = lock(&self.0.failures);
        failures.count = failures.count.saturating_add(1);
        if !failures.kinds.contains(&error.kind()) {
            failures.kinds.push(error.kind());
        }
        failures.retryable |= error.retry() != Retry::Never;
        failures.fatal |= error.is_fatal();
        let text = error.to_string();
        if failures.list.len() < MOST_FAILURES {
            failures.list.push(FailedPath { path, error: text.clone() });
        }
        failures.last = Some(text);
    }

    /// What failed so far.
    pub fn errors(&self) -> Errors {
        let failures = lock(&self.0.failures);
        Errors {
            count: failures.count,
            kinds: failures.kinds.clone(),
            failures: failures.list.clone(),
            last: failures.last.clone(),
            retryable: failures.retryable,
            fatal: failures.fatal,
        }
    }

    /// Forgets what failed: everything is about to be tried again.
    pub fn forget_errors(&self) {
        *lock(&self.0.failures) = Failures::default();
    }

    /// The counters now. Also takes a sample of the speed.
    pub fn snapshot(&self) -> Snapshot {
        let counters = &self.0;
        let bytes = counters.bytes.ratio();
        let speed = lock(&counters.speed).sample(Instant::now(), bytes.done);
        Snapshot {
            elapsed: counters.started.elapsed(),
            listed: get(&counters.listed),
            checks: counters.checks.ratio(),
            transfers: counters.transfers.ratio(),
            bytes,
            deleted_files: get(&counters.deleted_files),
            deleted_dirs: get(&counters.deleted_dirs),
            deleted_bytes: get(&counters.deleted_bytes),
            moves: counters.moves.done(),
            copies: counters.copies.done(),
            kept: get(&counters.kept),
            verified: lock(&counters.verified).clone(),
            errors: self.errors(),
            speed,
            eta: remaining(bytes, speed),
            active: lock(&counters.active).iter().map(|(id, active)| active.describe(*id)).collect(),
        }
    }
}

impl Default for Stats {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress {
    fn ratio(&self) -> Ratio {
        Ratio { done: get(&self.done), total: get(&self.total) }
    }
}

impl Work {
    fn add(&self, bytes: u64) {
        add(&self.files, 1);
        add(&self.bytes, bytes);
    }

    fn done(&self) -> ServerSide {
        ServerSide { files: get(&self.files), bytes: get(&self.bytes) }
    }
}

impl Active {
    fn describe(&self, id: u64) -> Transferring {
        let moved = get(&self.done);
        let done = moved.saturating_add(get(&self.resumed));
        let seconds = self.started.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let speed = if seconds > 0.0 { moved as f64 / seconds } else { 0.0 };
        Transferring { id, name: self.name.clone(), size: self.size, done, speed }
    }
}

/// One transfer under way. Dropped without [`finish`](Self::finish) it has failed: what it moved no longer counts.
pub struct ActiveTransfer {
    stats: Stats,
    id: u64,
    active: Arc<Active>,
    finished: bool,
}

impl ActiveTransfer {
    /// The counters of the run.
    pub const fn stats(&self) -> &Stats {
        &self.stats
    }

    /// More bytes have arrived.
    pub fn advance(&self, bytes: u64) {
        add(&self.active.done, bytes);
        add(&self.stats.0.bytes.done, bytes);
    }

    /// So many bytes are there already and need no transfer. Said once, before the first bytes arrive.
    pub fn resume_at(&self, bytes: u64) {
        self.active.resumed.store(bytes, Ordering::Relaxed);
        self.stats.0.bytes.total.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// The file is whole and in place.
    pub fn finish(mut self) {
        self.finished = true;
        add(&self.stats.0.transfers.done, 1);
    }
}

impl Drop for ActiveTransfer {
    fn drop(&mut self) {
        lock(&self.stats.0.active).remove(&self.id);
        if !self.finished {
            self.stats.0.bytes.done.fetch_sub(get(&self.active.done), Ordering::Relaxed);
            add(&self.stats.0.bytes.total, get(&self.active.resumed));
        }
    }
}

/// The time the rest takes at this speed.
#[expect(clippy::cast_precision_loss, reason = "a time for people")]
fn remaining(bytes: Ratio, speed: f64) -> Option<Duration> {
    let left = bytes.total.checked_sub(bytes.done).filter(|left| *left > 0)?;
    Duration::try_from_secs_f64((left as f64 / speed).round()).ok()
}

fn add(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_finished_transfer_counts_and_a_dropped_one_does_not() {
        let stats = Stats::new();
        stats.expect_transfer(10);
        stats.expect_transfer(20);
        let (first, second) = (stats.start(&path("a"), 10), stats.start(&path("b"), 20));
        first.advance(10);
        second.advance(7);
        let snapshot = stats.snapshot();
        assert_eq!(snapshot.bytes, Ratio { done: 17, total: 30 });
        assert_eq!(snapshot.active.len(), 2);
        assert_eq!(snapshot.active[1].name, path("b"));
        assert_eq!(snapshot.active[1].done, 7);

        first.finish();
        drop(second);
        let snapshot = stats.snapshot();
        assert_eq!(snapshot.bytes, Ratio { done: 10, total: 30 });
        assert_eq!(snapshot.transfers, Ratio { done: 1, total: 2 });
        assert!(snapshot.active.is_empty());
    }

    #[test]
    fn what_was_there_already_is_not_transferred() {
        let stats = Stats::new();
        stats.expect_transfer(100);
        let active = stats.start(&path("a"), 100);
        active.resume_at(60);
        active.advance(10);
        let snapshot = stats.snapshot();
        assert_eq!((snapshot.bytes, snapshot.active[0].done), (Ratio { done: 10, total: 40 }, 70));
        drop(active);
        assert_eq!(stats.snapshot().bytes, Ratio { done: 0, total: 100 });
    }

    #[test]
    fn errors_keep_their_kinds_once_and_the_last_text() {
        let stats = Stats::new();
        for kind in [Kind::NoSpace, Kind::TimedOut, Kind::NoSpace] {
            stats.failed(&Error::new(kind, "write", "it failed"));
        }
        let errors = stats.errors();
        assert_eq!((errors.count, errors.retryable), (3, true));
        assert_eq!(errors.kinds, [Kind::NoSpace, Kind::TimedOut]);
        assert_eq!(errors.last.as_deref(), Some("write: it failed"));
    }

    #[test]
    fn the_remaining_time_needs_a_speed_and_a_rest() {
        assert_eq!(remaining(Ratio { done: 5, total: 105 }, 50.0), Some(Duration::from_secs(2)));
        assert_eq!(remaining(Ratio { done: 5, total: 5 }, 50.0), None);
        assert_eq!(remaining(Ratio { done: 0, total: 5 }, 0.0), None);
    }
}
