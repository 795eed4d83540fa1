//! A transfer rate that follows changes without jumping at each.

use std::time::{Duration, Instant};

/// How long the past weighs: after this time a sample counts for a third.
const MEMORY: Duration = Duration::from_secs(10);

/// Samples closer together than this say little and are left out.
const SPACING: Duration = Duration::from_millis(200);

/// An exponentially weighted average of bytes per second, for samples at any distance.
pub(super) struct Speed {
    at: Instant,
    bytes: u64,
    average: Option<f64>,
}

impl Speed {
    /// Nothing has moved yet.
    pub(super) fn new(now: Instant) -> Self {
        Self { at: now, bytes: 0, average: None }
    }

    /// Takes the number of bytes moved until `now` into account and gives the average.
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    pub(super) fn sample(&mut self, now: Instant, bytes: u64) -> f64 {
        let passed = now.saturating_duration_since(self.at);
        let moved = bytes.saturating_sub(self.bytes) as f64;
        if passed < SPACING {
            let first = if passed.is_zero() { 0.0 } else { moved / passed.as_secs_f64() };
            return self.average.unwrap_or(first);
        }
        let current = moved / passed.as_secs_f64();
        let weight = 1.0 - (-passed.as_secs_f64() / MEMORY.as_secs_f64()).exp();
        let average = self.average.map_or(current, |average| (current - average).mul_add(weight, average));
        *self = Self { at: now, bytes, average: Some(average) };
        average
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(speed: &mut Speed, start: Instant, samples: &[(u64, u64)]) -> f64 {
        samples
            .iter()
            .map(|&(millis, bytes)| speed.sample(start + Duration::from_millis(millis), bytes))
            .last()
            .unwrap()
    }

    #[test]
    fn a_steady_rate_is_that_rate_however_it_is_sampled() {
        let start = Instant::now();
        let samples = [(500, 500), (600, 600), (3000, 3000), (60_000, 60_000)];
        assert!((after(&mut Speed::new(start), start, &samples) - 1000.0).abs() < 1e-6);
    }

    #[test]
    fn a_stop_fades_and_a_short_run_has_a_rate() {
        let start = Instant::now();
        let mut speed = Speed::new(start);
        assert!((after(&mut speed, start, &[(100, 100)]) - 1000.0).abs() < 1e-6);
        let faded = after(&mut speed, start, &[(1000, 1000), (6000, 1000)]);
        assert!(faded > 100.0 && faded < 900.0, "{faded}");
        assert!(after(&mut speed, start, &[(120_000, 1000)]) < 1.0);
    }
}
