//! One signal that stops every wait of a run.
//!
//! The command layer cancels on SIGINT, SIGTERM or SIGHUP; futures wait on [`Cancel::cancelled`], threads look at
//! [`Cancel::is_cancelled`] between two buffers. What a stopped run must not leave behind holds a [`CleanUp`].

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::error::{Error, Result};

/// A shared flag that can be set once and waited for.
#[derive(Clone, Default)]
pub struct Cancel(Arc<State>);

#[derive(Default)]
struct State {
    set: AtomicBool,
    next_id: AtomicU64,
    waiting: Mutex<HashMap<u64, Waker>>,
    to_clean_up: Mutex<usize>,
    cleaned_up: Condvar,
}

impl Cancel {
    /// A flag nobody has set yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the flag and wakes everyone who waits for it.
    pub fn cancel(&self) {
        self.0.set.store(true, Ordering::SeqCst);
        let waiting = std::mem::take(&mut *self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        waiting.into_values().for_each(Waker::wake);
    }

    /// Whether the flag is set.
    pub fn is_cancelled(&self) -> bool {
        self.0.set.load(Ordering::SeqCst)
    }

    /// An error once the flag is set.
    ///
    /// # Errors
    /// [`Kind::Cancelled`](crate::error::Kind::Cancelled).
    pub fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(Error::cancelled()) } else { Ok(()) }
    }

    /// Waits until the flag is set.
    pub fn cancelled(&self) -> Cancelled {
        Cancelled { cancel: self.clone(), id: self.0.next_id.fetch_add(1, Ordering::Relaxed) }
    }

    /// Announces that something, such as a running command, must be cleaned up before the process may end.
    #[must_use]
    pub fn clean_up_later(&self) -> CleanUp {
        let mut count = self.0.to_clean_up.lock().unwrap_or_else(PoisonError::into_inner);
        *count = count.saturating_add(1);
        CleanUp(self.clone())
    }

    /// Waits until everything that was announced has been cleaned up, but no longer than `bound`.
    pub fn wait_for_clean_up(&self, bound: Duration) {
        let count = self.0.to_clean_up.lock().unwrap_or_else(PoisonError::into_inner);
        // Whether the time was too short makes no difference any more.
        drop(self.0.cleaned_up.wait_timeout_while(count, bound, |count| *count > 0));
    }

    /// Runs `work` until it is done or the flag is set, whichever comes first.
    ///
    /// # Errors
    /// What `work` returns, or [`Kind::Cancelled`](crate::error::Kind::Cancelled).
    pub async fn or_stop<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        use futures_util::future::{Either, select};
        match select(std::pin::pin!(work), self.cancelled()).await {
            Either::Left((done, _)) => done,
            Either::Right(((), _)) => Err(Error::cancelled()),
        }
    }
}

/// Something that is cleaned up once this is dropped. See [`Cancel::clean_up_later`].
pub struct CleanUp(Cancel);

impl Drop for CleanUp {
    fn drop(&mut self) {
        let state = &self.0.0;
        let mut count = state.to_clean_up.lock().unwrap_or_else(PoisonError::into_inner);
        *count = count.saturating_sub(1);
        state.cleaned_up.notify_all();
    }
}

/// Completes when the run is cancelled. See [`Cancel::cancelled`].
pub struct Cancelled {
    cancel: Cancel,
    id: u64,
}

impl Future for Cancelled {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let state = &self.cancel.0;
        let mut waiting = state.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if state.set.load(Ordering::SeqCst) {
            return Poll::Ready(());
        }
        waiting.insert(self.id, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Cancelled {
    fn drop(&mut self) {
        self.cancel.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Instant;

    use super::*;

    #[test]
    fn the_end_waits_for_what_is_cleaned_up_but_not_for_ever() {
        let cancel = Cancel::new();
        cancel.wait_for_clean_up(Duration::from_secs(60));
        let (one, other) = (cancel.clean_up_later(), cancel.clean_up_later());
        drop(one);
        let start = Instant::now();
        cancel.wait_for_clean_up(Duration::from_millis(50));
        assert!(start.elapsed() >= Duration::from_millis(50));
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(50));
                drop(other);
            });
            cancel.wait_for_clean_up(Duration::from_secs(60));
        });
        assert!(start.elapsed() >= Duration::from_millis(100) && start.elapsed() < Duration::from_secs(30));
    }
}
