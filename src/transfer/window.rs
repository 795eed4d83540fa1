//! How many bytes of one file to keep on their way, measured while they are carried.
//!
//! The path to the server holds its bandwidth times its round trip. Twice that keeps it full; more would only queue up
//! in front of everything else that uses the connection. Bandwidth is what has lately arrived per second, the round
//! trip is the shortest answer seen.

use std::time::{Duration, Instant};

/// Bytes to begin with, and never less: what OpenSSH's own client keeps on its way.
const LEAST: usize = 2 * 1024 * 1024;
/// Never more: half of what all files together may hold in memory.
const MOST: usize = 16 * 1024 * 1024;
/// How much of an old best rate still counts after each further chunk.
const MEMORY: f64 = 0.98;

/// The window of one transfer.
pub(crate) struct Window {
    limit: usize,
    arrived: u64,
    best_rate: f64,
    shortest: Duration,
}

/// When a chunk was sent, and what had arrived by then.
#[derive(Clone, Copy)]
pub(crate) struct Departure {
    at: Instant,
    arrived: u64,
}

impl Window {
    pub(crate) fn new() -> Self {
        Self { limit: LEAST, arrived: 0, best_rate: 0.0, shortest: Duration::MAX }
    }

    /// Bytes that may be on their way.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// A chunk sets out.
    pub(crate) fn departure(&self, now: Instant) -> Departure {
        Departure { at: now, arrived: self.arrived }
    }

    /// A chunk has arrived, and the answer has come back.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate, and clamped"
    )]
    pub(crate) fn arrival(&mut self, departure: Departure, bytes: u64, now: Instant) {
        self.arrived = self.arrived.saturating_add(bytes);
        let taken = now.saturating_duration_since(departure.at).max(Duration::from_micros(1));
        let meanwhile = self.arrived.saturating_sub(departure.arrived);
        self.best_rate = (self.best_rate * MEMORY).max(meanwhile as f64 / taken.as_secs_f64());
        self.shortest = self.shortest.min(taken);
        let held = self.best_rate * self.shortest.as_secs_f64();
        self.limit = ((2.0 * held) as usize).clamp(LEAST, MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Carries chunks over a path of this bandwidth and round trip and returns where the window settles.
    #[expect(clippy::cast_precision_loss, reason = "a chunk is small")]
    fn settled(bytes_per_second: f64, round_trip: Duration) -> usize {
        let chunk = 256 * 1024_usize;
        let start = Instant::now();
        let mut window = Window::new();
        let mut on_the_way: std::collections::VecDeque<(Departure, Duration)> =
            std::collections::VecDeque::new();
        let (mut now, mut link_free) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..4000 {
            while (on_the_way.len() + 1) * chunk <= window.limit() {
                link_free = link_free.max(now) + Duration::from_secs_f64(chunk as f64 / bytes_per_second);
                on_the_way.push_back((window.departure(start + now), link_free + round_trip));
            }
            let (departure, answered) = on_the_way.pop_front().unwrap();
            now = now.max(answered);
            window.arrival(departure, chunk as u64, start + now);
        }
        window.limit()
    }

    #[test]
    fn the_window_grows_to_fill_a_long_path_and_stays_small_on_a_short_or_slow_one() {
        let mebibyte = 1024 * 1024;
        let long = settled(100e6, Duration::from_millis(50));
        assert!((8 * mebibyte..=MOST).contains(&long), "{long}");
        assert_eq!(settled(1e6, Duration::from_millis(50)), LEAST);
        assert!(settled(250e6, Duration::from_micros(200)) <= 2 * LEAST);
    }
}
