//! A job that outlives the certificate that logs in cannot connect again once its connection is lost.

use std::thread::{Builder, sleep};
use std::time::Duration;

use jiff::Timestamp;

use crate::ssh::moment::{local_time, span, unix_seconds};
use crate::transfer::Stats;

/// A certificate that ends within so many seconds is worth a word whatever there is to do.
const SOON: u64 = 600;
/// The time between two looks at the estimate.
const INTERVAL: Duration = Duration::from_secs(5);
/// After so many looks a job has found nearly everything there is to do, and its estimate no longer grows.
const LOOKS: u32 = 60;

/// Warns, once, if the certificate that logs in to `place` ends soon, or else as soon as `stats` estimates that the job
/// will not be done at `end`, in seconds since 1970.
pub fn watch(place: &str, end: u64, stats: &Stats) {
    let left = end.saturating_sub(unix_seconds(Timestamp::now()));
    if left < SOON {
        if left > 0 {
            warn(place, end, left);
        }
        return;
    }
    let (place, stats) = (place.to_owned(), stats.clone());
    let look = move || {
        for _ in 0..LOOKS {
            sleep(INTERVAL);
            let left = end.saturating_sub(unix_seconds(Timestamp::now()));
            if stats.snapshot().eta.is_some_and(|eta| eta.as_secs() > left) {
                return warn(&place, end, left);
            }
        }
    };
    // The process ends without it.
    if let Err(error) = Builder::new().name("certificate".into()).spawn(look) {
        log::debug!("nobody looks whether the certificate lasts: {error}");
    }
}

fn warn(place: &str, end: u64, left: u64) {
    log::warn!(
        "{place}: the certificate ends {} (in {}), and the job may last longer; a connection that is lost after that \
         cannot be made again: have it renewed, or set cert_command",
        local_time(end),
        span(left)
    );
}
