//! So much a second and no more, smoothly and in the order it was asked for.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::sleep::sleep;

/// A rate shared by everybody who uses it. Each share is given a time of its own behind the one before it, so that
/// nobody overtakes and nothing comes in bursts but what is allowed to.
pub struct Rate(Mutex<State>);

struct State {
    /// How much a second; `None` for no limit.
    most: Option<f64>,
    /// How much may go at once after a pause.
    burst: f64,
    /// When the next share may go.
    next: Option<Instant>,
}

impl Rate {
    /// At most `most` a second, `None` for no limit; after a pause, up to `burst` beyond the first share at once.
    pub const fn new(most: Option<f64>, burst: f64) -> Self {
        Self(Mutex::new(State { most, burst, next: None }))
    }

    /// Changes the limit for whoever asks from now on.
    pub fn set(&self, most: Option<f64>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).most = most;
    }

    /// Waits until `amount` may go.
    pub async fn take(&self, amount: f64) {
        let wait = self.0.lock().unwrap_or_else(PoisonError::into_inner).reserve(amount, Instant::now());
        sleep(wait).await;
    }
}

impl State {
    /// The wait before `amount` may go.
    fn reserve(&mut self, amount: f64, now: Instant) -> Duration {
        let Some(most) = self.most.filter(|most| *most > 0.0) else {
            self.next = None;
            return Duration::ZERO;
        };
        let seconds = |amount: f64| Duration::try_from_secs_f64(amount / most).unwrap_or_default();
        let earliest = now.checked_sub(seconds(self.burst)).unwrap_or(now);
        let start = self.next.map_or(earliest, |next| next.max(earliest));
        self.next = start.checked_add(seconds(amount));
        start.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn shares_follow_each_other_at_the_rate() {
        let now = Instant::now();
        let mut state = State { most: Some(100.0), burst: 0.0, next: None };
        let waits: Vec<_> = [50.0, 100.0, 25.0].map(|amount| state.reserve(amount, now)).into();
        assert_eq!(waits, [Duration::ZERO, SECOND / 2, SECOND * 3 / 2]);
        assert_eq!(state.reserve(1.0, now + 10 * SECOND), Duration::ZERO, "a pause saves up nothing");
        assert_eq!(state.reserve(1.0, now + 10 * SECOND), SECOND / 100);
    }

    #[test]
    fn a_burst_goes_at_once_and_is_paid_for() {
        let now = Instant::now();
        let mut state = State { most: Some(10.0), burst: 2.0, next: None };
        let waits: Vec<_> = (0..5).map(|_| state.reserve(1.0, now)).collect();
        assert_eq!(waits, [Duration::ZERO, Duration::ZERO, Duration::ZERO, SECOND / 10, SECOND / 5]);
    }

    #[test]
    fn a_changed_limit_holds_from_then_on_and_none_is_no_wait() {
        let now = Instant::now();
        let mut state = State { most: Some(1.0), burst: 0.0, next: None };
        state.reserve(10.0, now);
        state.most = Some(1000.0);
        assert_eq!(state.reserve(10.0, now), 10 * SECOND);
        state.most = None;
        assert_eq!(state.reserve(1e9, now), Duration::ZERO);
    }
}
