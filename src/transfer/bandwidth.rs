//! How fast content may be carried (`--bwlimit`, `--bwlimit-file`).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Zoned;

use super::budget::Budget;
use crate::fs::Fs;
use crate::pace::Rate;
use crate::units::bandwidth::{MinuteOfWeek, Rates, Timetable};

/// How often it is looked up which rates hold now.
const LOOKS: Duration = Duration::from_secs(1);
/// Pieces a second, so that a low rate is smooth.
const PIECES: u64 = 8;
/// The smallest piece in bytes.
const LEAST_PIECE: u64 = 4 * 1024;

/// The limits one file is under, and which of their directions.
pub(super) struct Throttle {
    up: bool,
    down: bool,
    limits: Vec<Arc<Bandwidth>>,
    /// Only one piece of a file waits at a time, so that files share the rate evenly.
    gate: Budget,
}

impl Throttle {
    /// For a file from one tree to another. Within this machine the limit for the way up counts.
    pub(super) fn new(source: &dyn Fs, destination: &dyn Fs, limits: Vec<Arc<Bandwidth>>) -> Self {
        let (down, up) = (source.features().is_remote, destination.features().is_remote);
        Self { up: up || !down, down, limits, gate: Budget::new(1) }
    }

    /// The most bytes to carry in one piece, of `chunk`.
    pub(super) fn piece(&self, chunk: usize) -> usize {
        let rates = self.limits.iter().map(|limit| limit.rates());
        let slowest = rates
            .flat_map(|rates| [rates.up.filter(|_| self.up), rates.down.filter(|_| self.down)])
            .flatten()
            .min();
        let piece = slowest.map(|rate| (rate / PIECES).max(LEAST_PIECE));
        piece.and_then(|piece| usize::try_from(piece).ok()).map_or(chunk, |piece| piece.min(chunk))
    }

    /// Waits until `bytes` may go.
    pub(super) async fn take(&self, bytes: usize) {
        if self.limits.is_empty() {
            return;
        }
        let _turn = self.gate.take(1).await;
        let bytes = amount(u64::try_from(bytes).unwrap_or(u64::MAX));
        for limit in &self.limits {
            limit.rates();
            if self.up {
                limit.up.take(bytes).await;
            }
            if self.down {
                limit.down.take(bytes).await;
            }
        }
    }
}

/// A limit that everybody who carries content shares.
pub struct Bandwidth {
    table: Timetable,
    now: Mutex<Now>,
    up: Rate,
    down: Rate,
}

struct Now {
    looked_at: Instant,
    /// What the table says.
    rates: Rates,
    /// Whether a person has switched the limit off.
    is_off: bool,
}

impl Now {
    /// What holds.
    fn effective(&self) -> Rates {
        if self.is_off { Rates::default() } else { self.rates }
    }
}

impl Bandwidth {
    /// The limits of a timetable.
    pub fn new(table: Timetable) -> Self {
        let rates = table.at(this_minute());
        let rate = |most: Option<u64>| Rate::new(most.map(amount), 0.0);
        let (up, down) = (rate(rates.up), rate(rates.down));
        let now = Now { looked_at: Instant::now(), rates, is_off: false };
        Self { table, now: Mutex::new(now), up, down }
    }

    /// The rates that hold now.
    pub fn rates(&self) -> Rates {
        let mut now = self.now();
        self.look_up(&mut now);
        now.effective()
    }

    /// Switches the limit off, or on again, and says so. Where the table has none there is nothing to switch.
    pub fn toggle(&self) {
        let mut now = self.now();
        self.look_up(&mut now);
        if now.rates == Rates::default() {
            log::debug!("SIGUSR2 received but no bandwidth limit configured right now, ignoring");
            return;
        }
        now.is_off = !now.is_off;
        self.set(now.effective());
        if now.is_off {
            log::warn!("Bandwidth limit disabled by user (now off)");
        } else {
            log::warn!("Bandwidth limit enabled by user (now {})", now.rates);
        }
    }

    fn look_up(&self, now: &mut Now) {
        if !self.table.changes() || now.looked_at.elapsed() < LOOKS {
            return;
        }
        now.looked_at = Instant::now();
        let rates = self.table.at(this_minute());
        if rates == now.rates {
            return;
        }
        now.rates = rates;
        if now.is_off {
            log::warn!(
                "Scheduled bandwidth change. Limit will be set to {rates} Byte/s when toggled on again."
            );
        } else {
            log::warn!("Scheduled bandwidth change. Limit set to {rates} Byte/s");
            self.set(rates);
        }
    }

    fn set(&self, rates: Rates) {
        self.up.set(rates.up.map(amount));
        self.down.set(rates.down.map(amount));
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody carries 2^52 bytes at once")]
fn amount(bytes: u64) -> f64 {
    bytes as f64
}

fn this_minute() -> MinuteOfWeek {
    let now = Zoned::now();
    let number = |part: i8| u32::try_from(part).unwrap_or(0);
    MinuteOfWeek::new(number(now.weekday().to_sunday_zero_offset()), number(now.hour()), number(now.minute()))
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;

    use super::*;

    fn throttle(table: &str, up: bool, down: bool) -> Throttle {
        let limits = vec![Arc::new(Bandwidth::new(table.parse().unwrap()))];
        Throttle { up, down, limits, gate: Budget::new(1) }
    }

    #[test]
    fn pieces_are_small_at_low_rates() {
        for (table, up, down, piece) in [
            ("off", true, true, 262_144),
            ("100M", true, true, 262_144),
            ("1M", true, false, 131_072),
            ("1", true, false, 4096),
            ("off:1M", true, false, 262_144),
            ("off:1M", true, true, 131_072),
        ] {
            assert_eq!(throttle(table, up, down).piece(262_144), piece, "{table}");
        }
    }

    #[test]
    fn each_direction_has_its_own_rate() {
        let started = Instant::now();
        let down = throttle("1M:off", false, true);
        block_on(async {
            for _ in 0..4 {
                down.take(1 << 20).await;
            }
        });
        assert!(started.elapsed() < Duration::from_millis(500));
        let up = throttle("1M:off", true, false);
        block_on(async {
            up.take(1 << 19).await;
            up.take(1).await;
        });
        assert!(started.elapsed() >= Duration::from_millis(500));
    }

    #[test]
    fn a_limit_is_switched_off_and_on() {
        let bandwidth = Bandwidth::new("1M:2M".parse().unwrap());
        let limited = bandwidth.rates();
        bandwidth.toggle();
        assert_eq!(bandwidth.rates(), Rates::default());
        let started = Instant::now();
        block_on(async {
            bandwidth.up.take(1e12).await;
            bandwidth.up.take(1e12).await;
        });
        assert!(started.elapsed() < Duration::from_secs(60));
        bandwidth.toggle();
        assert_eq!(bandwidth.rates(), limited);
        let none = Bandwidth::new("off".parse().unwrap());
        none.toggle();
        assert!(!none.now().is_off);
    }
}
