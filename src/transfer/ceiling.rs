//! How much a run may transfer, and for how long (`--max-transfer`, `--max-duration`, `--cutoff-mode`).

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use futures_channel::oneshot;
use futures_util::future::{Either, select};

use crate::error::{Error, Kind, Result};

/// What happens at the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cutoff {
    /// The run stops, and what is under way with it.
    #[default]
    Hard,
    /// What is under way is completed.
    Soft,
    /// Nothing is begun that would go beyond the limit.
    Cautious,
}

/// The limits of a run.
#[derive(Debug, Default)]
pub struct Ceiling {
    /// The most bytes.
    pub bytes: Option<u64>,
    /// The most time.
    pub duration: Option<Duration>,
    /// What happens there.
    pub cutoff: Cutoff,
    /// Bytes of the files that were let through.
    admitted: AtomicU64,
}

/// A file that was let through. Dropped without [`keep`](Self::keep) it does not count.
pub(super) struct Admission<'a> {
    ceiling: &'a Ceiling,
    size: u64,
}

impl Ceiling {
    /// Limits a run.
    pub fn new(bytes: Option<u64>, duration: Option<Duration>, cutoff: Cutoff) -> Self {
        Self { bytes, duration, cutoff, admitted: AtomicU64::new(0) }
    }

    /// Whether the run ends as soon as a limit is met, instead of leaving out what is beyond it.
    pub(super) fn ends_run(&self) -> bool {
        self.cutoff == Cutoff::Hard
    }

    /// Lets a file through that is about to be transferred.
    pub(super) fn admit(&self, size: u64, started: Instant) -> Result<Admission<'_>> {
        if self.duration.is_some_and(|most| started.elapsed() >= most) {
            return Err(out_of_time());
        }
        let before = self.admitted.fetch_add(size, Ordering::Relaxed);
        let admission = Admission { ceiling: self, size };
        let after = before.saturating_add(size);
        let is_beyond = self.bytes.is_some_and(|most| match self.cutoff {
            Cutoff::Hard => after > most,
            Cutoff::Soft => before >= most,
            Cutoff::Cautious => after >= most,
        });
        if is_beyond {
            let reason = "max transfer limit reached as set by --max-transfer";
            return Err(Error::new(Kind::TransferLimit, "transfer", reason));
        }
        Ok(admission)
    }

    /// Does `work`, but no longer than a hard limit allows.
    pub(super) async fn or_end<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let Some(most) = self.duration.filter(|_| self.ends_run()) else { return work.await };
        let (sender, receiver) = oneshot::channel::<()>();
        let timer = thread::spawn(move || {
            thread::park_timeout(most);
            drop(sender);
        });
        let done = match select(pin!(work), receiver).await {
            Either::Left((done, _)) => done,
            Either::Right(_) => Err(out_of_time()),
        };
        timer.thread().unpark();
        done
    }
}

fn out_of_time() -> Error {
    Error::new(Kind::TimeLimit, "transfer", "max transfer duration reached as set by --max-duration")
}

impl Admission<'_> {
    /// The file is transferred.
    pub(super) fn keep(mut self) {
        self.size = 0;
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        self.ceiling.admitted.fetch_sub(self.size, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of the files get through, one after the other.
    fn admitted(most: u64, cutoff: Cutoff, sizes: &[u64]) -> Vec<bool> {
        let ceiling = Ceiling::new(Some(most), None, cutoff);
        let admit = |size: &u64| ceiling.admit(*size, Instant::now()).map(Admission::keep).is_ok();
        sizes.iter().map(admit).collect()
    }

    #[test]
    fn each_mode_draws_the_line_where_it_says() {
        assert_eq!(admitted(10, Cutoff::Hard, &[6, 4, 1]), [true, true, false]);
        assert_eq!(admitted(10, Cutoff::Soft, &[6, 7, 1]), [true, true, false]);
        assert_eq!(admitted(10, Cutoff::Cautious, &[6, 7, 3]), [true, false, true]);
    }

    #[test]
    fn what_failed_does_not_count_and_time_is_bounded() {
        let ceiling = Ceiling::new(Some(10), None, Cutoff::Hard);
        drop(ceiling.admit(10, Instant::now()).unwrap());
        assert!(ceiling.admit(10, Instant::now()).is_ok());
        let ceiling = Ceiling::new(None, Some(Duration::ZERO), Cutoff::Soft);
        assert_eq!(ceiling.admit(0, Instant::now()).err().unwrap().kind(), Kind::TimeLimit);
    }
}
