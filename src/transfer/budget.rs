//! A fixed number of permits that futures wait for, in the order they asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_channel::oneshot;

/// Permits to hand out: bytes of memory, or files open at once. Clones share them.
#[derive(Clone)]
pub(crate) struct Budget(Arc<Mutex<State>>);

struct State {
    total: usize,
    free: usize,
    waiting: VecDeque<(usize, oneshot::Sender<Permit>)>,
}

/// Permits taken from a budget; they go back when this is dropped.
pub(crate) struct Permit {
    budget: Budget,
    count: usize,
}

impl Budget {
    pub(crate) fn new(total: usize) -> Self {
        Self(Arc::new(Mutex::new(State { total, free: total, waiting: VecDeque::new() })))
    }

    /// Waits for `count` permits; more than there are in all counts as all of them.
    pub(crate) async fn take(&self, count: usize) -> Permit {
        let (count, receiver) = {
            let mut state = self.lock();
            let count = count.min(state.total);
            if state.waiting.is_empty() && state.free >= count {
                state.free = state.free.saturating_sub(count);
                return Permit { budget: self.clone(), count };
            }
            let (sender, receiver) = oneshot::channel();
            state.waiting.push_back((count, sender));
            (count, receiver)
        };
        // The sender lives in the queue of a budget that `self` keeps alive, so it is never dropped unanswered.
        receiver.await.unwrap_or_else(|_| Permit { budget: self.clone(), count })
    }

    fn give_back(&self, count: usize) {
        let mut granted = Vec::new();
        {
            let mut state = self.lock();
            state.free = state.free.saturating_add(count);
            while let Some((wanted, _)) = state.waiting.front()
                && *wanted <= state.free
                && let Some((wanted, sender)) = state.waiting.pop_front()
            {
                state.free = state.free.saturating_sub(wanted);
                granted.push((Permit { budget: self.clone(), count: wanted }, sender));
            }
        }
        // Whoever no longer waits drops the permit, which takes the lock again.
        for (permit, sender) in granted {
            drop(sender.send(permit));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.budget.give_back(self.count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_executor::block_on;
    use futures_util::FutureExt as _;

    #[test]
    fn permits_are_granted_in_order_and_come_back() {
        let budget = Budget::new(3);
        let first = block_on(budget.take(2));
        let mut second = Box::pin(budget.take(2));
        assert!(second.as_mut().now_or_never().is_none());
        let mut third = Box::pin(budget.take(1));
        assert!(third.as_mut().now_or_never().is_none(), "it must not overtake");
        drop(first);
        drop(block_on(second));
        drop(block_on(third));
        drop(block_on(budget.take(100)));
        assert_eq!(budget.lock().free, 3);
    }

    #[test]
    fn one_who_stops_waiting_loses_nothing() {
        let budget = Budget::new(1);
        let first = block_on(budget.take(1));
        let mut second = Box::pin(budget.take(1));
        assert!(second.as_mut().now_or_never().is_none());
        drop(second);
        drop(first);
        assert_eq!(budget.lock().free, 1);
    }
}
