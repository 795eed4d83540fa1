//! Doing again what failed, where that can help (rclone's `--retries` and `--low-level-retries`).
//!
//! What a new connection may mend is tried again for the one file it concerns; what is left then is tried once more
//! with the whole run. What would fail the same way is never tried again.

use std::time::Duration;

use futures_util::FutureExt as _;

use super::stats::Stats;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result, Retry};
use crate::pace;
use crate::path::RelPath;

/// The first wait for a server that may be starting again; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest of these waits.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Tries of what ends in silence: each of them has waited its whole bound.
const SILENT_ATTEMPTS: u32 = 2;

/// How often what failed is tried.
#[derive(Clone, Copy, Debug)]
pub struct Retries {
    /// Runs in all (`--retries`).
    pub runs: u32,
    /// Time between two runs (`--retries-sleep`).
    pub pause: Duration,
    /// Tries of one file or folder in one run (`--low-level-retries`).
    pub attempts: u32,
}

impl Retries {
    /// Runs `run` again as long as something failed that another run may mend, and counts what it returns.
    ///
    /// # Errors
    /// [`Kind::Cancelled`]. Everything else that failed stands in the statistics.
    pub async fn repeat<F>(&self, stats: &Stats, cancel: &Cancel, mut run: impl FnMut() -> F) -> Result<()>
    where
        F: Future<Output = Result<()>>,
    {
        let runs = self.runs.max(1);
        for number in 1..=runs {
            match run().await {
                Err(error) if matches!(error.kind(), Kind::Cancelled | Kind::Quit) => return Err(error),
                Err(error) => stats.failed(&error),
                Ok(()) => {}
            }
            let errors = stats.errors();
            if errors.count == 0 {
                if number > 1 {
                    log::error!("Attempt {number}/{runs} succeeded");
                }
                return Ok(());
            }
            if errors.fatal {
                log::error!("Fatal error received - not attempting retries");
                return Ok(());
            }
            if !errors.retryable {
                log::error!("Can't retry any of the errors - not attempting retries");
                return Ok(());
            }
            let last = errors.last.unwrap_or_default();
            log::error!("Attempt {number}/{runs} failed with {} errors and: {last}", errors.count);
            if number < runs {
                stats.forget_errors();
                cancel.or_stop(pace::sleep(self.pause).map(Ok)).await?;
                cancel.check()?;
            }
        }
        Ok(())
    }

    /// Does `work`, and again over a new connection each time one was lost. It must do no harm to what an earlier try
    /// may have done.
    ///
    /// # Errors
    /// What a new connection does not mend, or the last failure.
    pub(super) async fn insist<T, F>(&self, object: &RelPath, mut work: impl FnMut() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let mut attempt = 1;
        loop {
            let error = match work().await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            let Some(pause) = self.pause_after(&error, attempt) else { return Err(error) };
            log::warn!("{object}: attempt {attempt} of {}: {error}", self.attempts);
            pace::sleep(pause).await;
            attempt = attempt.saturating_add(1);
        }
    }

    /// The wait before a file is tried again after its `attempt`-th try failed like this; `None` if it is not.
    fn pause_after(&self, error: &Error, attempt: u32) -> Option<Duration> {
        let most = match error.kind() {
            Kind::TimedOut => self.attempts.min(SILENT_ATTEMPTS),
            _ => self.attempts,
        };
        if error.retry() != Retry::AfterReconnect || attempt >= most {
            return None;
        }
        let doublings = attempt.checked_sub(2);
        Some(doublings.map_or(Duration::ZERO, |doublings| {
            FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_PAUSE)
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_executor::block_on;

    use super::*;

    const RETRIES: Retries = Retries { runs: 3, pause: Duration::ZERO, attempts: 10 };

    fn failure(kind: Kind) -> Error {
        Error::new(kind, "write", "it failed")
    }

    #[test]
    fn only_what_may_be_mended_is_run_again() {
        for (kind, runs, errors) in [
            (None, 1, 0),
            (Some(Kind::ConnectionLost), 3, 1),
            (Some(Kind::Corrupted), 3, 1),
            (Some(Kind::PermissionDenied), 1, 1),
            (Some(Kind::NoSpace), 1, 1),
            (Some(Kind::Connect), 1, 1),
        ] {
            let (stats, count) = (Stats::new(), Cell::new(0));
            let run = || {
                count.set(count.get() + 1);
                std::future::ready(kind.map_or(Ok(()), |kind| Err(failure(kind))))
            };
            block_on(RETRIES.repeat(&stats, &Cancel::new(), run)).unwrap();
            assert_eq!((count.get(), stats.errors().count), (runs, errors), "{kind:?}");
        }
    }

    #[test]
    fn a_run_that_succeeds_at_last_has_no_errors() {
        let (stats, count) = (Stats::new(), Cell::new(0));
        let run = || {
            count.set(count.get() + 1);
            std::future::ready(if count.get() < 3 { Err(failure(Kind::TimedOut)) } else { Ok(()) })
        };
        block_on(RETRIES.repeat(&stats, &Cancel::new(), run)).unwrap();
        assert_eq!(stats.errors().count, 0);
    }

    #[test]
    fn a_stopped_run_is_not_repeated() {
        let cancel = Cancel::new();
        cancel.cancel();
        let run = || std::future::ready(Err(failure(Kind::ConnectionLost)));
        let stopped = block_on(RETRIES.repeat(&Stats::new(), &cancel, run));
        assert_eq!(stopped.unwrap_err().kind(), Kind::Cancelled);
    }

    #[test]
    fn a_lost_connection_is_made_again_at_once_and_then_more_patiently() {
        let pause = |kind, attempt| RETRIES.pause_after(&failure(kind), attempt);
        assert_eq!(pause(Kind::ConnectionLost, 1), Some(Duration::ZERO));
        assert_eq!(pause(Kind::ConnectionLost, 2), Some(FIRST_PAUSE));
        assert_eq!(pause(Kind::Connect, 4), Some(4 * FIRST_PAUSE));
        assert_eq!(pause(Kind::Connect, 9), Some(LONGEST_PAUSE));
        assert_eq!(pause(Kind::Connect, 10), None);
        assert_eq!((pause(Kind::TimedOut, 1), pause(Kind::TimedOut, 2)), (Some(Duration::ZERO), None));
        assert_eq!((pause(Kind::Corrupted, 1), pause(Kind::LoginRefused, 1)), (None, None));
    }
}
