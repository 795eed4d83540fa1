//! Waits by the clock. One thread wakes everybody.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use futures_channel::oneshot;

/// Completes after this time. Dropped before, it costs nothing more.
pub async fn sleep(duration: Duration) {
    static CLOCK: OnceLock<Arc<Clock>> = OnceLock::new();
    let Some(end) = Instant::now().checked_add(duration).filter(|_| !duration.is_zero()) else { return };
    // Fails only if the clock's thread could not be started; then nobody waits.
    CLOCK.get_or_init(Clock::start).alarm(end).await.ok();
}

struct Clock {
    alarms: Mutex<BinaryHeap<Reverse<Alarm>>>,
    earlier: Condvar,
}

struct Alarm {
    at: Instant,
    woken: oneshot::Sender<()>,
}

impl Clock {
    fn start() -> Arc<Self> {
        let clock = Arc::new(Self { alarms: Mutex::default(), earlier: Condvar::new() });
        let ticking = Arc::clone(&clock);
        if let Err(error) = thread::Builder::new().name("clock".into()).spawn(move || ticking.run()) {
            log::debug!("going on without waiting: {error}");
        }
        clock
    }

    fn alarm(&self, at: Instant) -> oneshot::Receiver<()> {
        let (woken, receiver) = oneshot::channel();
        self.lock().push(Reverse(Alarm { at, woken }));
        self.earlier.notify_one();
        receiver
    }

    fn run(&self) {
        let mut alarms = self.lock();
        loop {
            let now = Instant::now();
            while alarms.peek().is_some_and(|Reverse(alarm)| alarm.at <= now) {
                if let Some(Reverse(alarm)) = alarms.pop() {
                    // Whoever no longer waits needs no waking.
                    alarm.woken.send(()).ok();
                }
            }
            let next = alarms.peek().map(|Reverse(alarm)| alarm.at.saturating_duration_since(now));
            alarms = match next {
                Some(left) => {
                    self.earlier.wait_timeout(alarms, left).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.earlier.wait(alarms).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, BinaryHeap<Reverse<Alarm>>> {
        self.alarms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PartialEq for Alarm {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Alarm {}

impl PartialOrd for Alarm {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Alarm {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;
    use futures_util::future::join3;

    use super::*;

    #[test]
    fn waits_end_in_their_order_and_not_before_their_time() {
        let started = Instant::now();
        let ended = Mutex::new(Vec::new());
        let wait = |millis| {
            let ended = &ended;
            async move {
                sleep(Duration::from_millis(millis)).await;
                ended.lock().unwrap().push(millis);
            }
        };
        block_on(join3(wait(60), wait(0), wait(30)));
        assert_eq!(*ended.lock().unwrap(), [0, 30, 60]);
        assert!(started.elapsed() >= Duration::from_millis(60));
    }
}
