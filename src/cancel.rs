//! One signal that stops every wait of a run.
//!
//! The command layer cancels on SIGINT, SIGTERM or SIGHUP; futures wait on [`Cancel::cancelled`], threads look at
//! [`Cancel::is_cancelled`] between two buffers.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::error::{Error, Result};

/// A shared flag that can be set once and waited for.
#[derive(Clone, Default)]
pub struct Cancel(Arc<State>);

#[derive(Default)]
struct State {
    set: AtomicBool,
    next_id: AtomicU64,
    waiting: Mutex<HashMap<u64, Waker>>,
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
