//! How much a run may transfer, and for how long (`--max-transfer`, `--max-duration`, `--cutoff-mode`).

use std::future::Future;
use std::pin::pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use futures_channel::oneshot;
use futures_util::future::{Either, select};

use crate::error::{Error, Kind, Result};

/// What happens at the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cutoff {
    /// Nothing goes beyond the limit; at one of time what is under way is stopped.
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
    /// The limit that kept a file back: nothing is let through any more.
    met: OnceLock<Kind>,
}

/// A file that was let through. Dropped without [`keep`](Self::keep) it does not count.
pub(super) struct Admission<'a> {
    ceiling: &'a Ceiling,
    size: u64,
}

impl Ceiling {
    /// Limits a run.
    pub fn new(bytes: Option<u64>, duration: Option<Duration>, cutoff: Cutoff) -> Self {
        Self { bytes, duration, cutoff, ..Self::default() }
    }

    /// Lets a file through that is about to be transferred.
    pub(super) fn admit(&self, size: u64, started: Instant) -> Result<Admission<'_>> {
        self.check()?;
        if self.duration.is_some_and(|most| started.elapsed() >= most) {
            return Err(self.meet(Kind::TimeLimit));
        }
        let before = self.admitted.fetch_add(size, Ordering::Relaxed);
        let admission = Admission { ceiling: self, size };
        let after = before.saturating_add(size);
        let is_beyond = self.bytes.is_some_and(|most| match self.cutoff {
            Cutoff::Hard => after > most,
            Cutoff::Soft => before >= most,
            Cutoff::Cautious => after >= most,
        });
        if is_beyond { Err(self.meet(Kind::TransferLimit)) } else { Ok(admission) }
    }

    fn meet(&self, limit: Kind) -> Error {
        met(*self.met.get_or_init(|| limit))
    }

    /// Whether a file was kept back, so that the run ends as soon as those under way are done.
    pub(super) fn is_met(&self) -> bool {
        self.met.get().is_some()
    }

    /// What ends the run then.
    ///
    /// # Errors
    /// A limit is met.
    pub(super) fn check(&self) -> Result<()> {
        self.met.get().map_or(Ok(()), |limit| Err(met(*limit)))
    }

    /// Does `work`, but no longer than a hard limit allows.
    pub(super) async fn or_end<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let Some(most) = self.duration.filter(|_| self.cutoff == Cutoff::Hard) else { return work.await };
        let (sender, receiver) = oneshot::channel::<()>();
        let timer = thread::spawn(move || {
            thread::park_timeout(most);
            drop(sender);
        });
        let done = match select(pin!(work), receiver).await {
            Either::Left((done, _)) => done,
            Either::Right(_) => Err(self.meet(Kind::TimeLimit)),
        };
        timer.thread().unpark();
        done
    }
}

fn met(limit: Kind) -> Error {
    let reason = match limit {
        Kind::TimeLimit => "max transfer duration reached as set by --max-duration",
        _ => "max transfer limit reached as set by --max-transfer",
    };
    Error::new(limit, "transfer", reason)
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
        assert_eq!(admitted(10, Cutoff::Hard, &[6, 3, 2, 1]), [true, true, false, false]);
        assert_eq!(admitted(10, Cutoff::Soft, &[6, 7, 1, 0]), [true, true, false, false]);
        assert_eq!(admitted(10, Cutoff::Cautious, &[6, 7, 3]), [true, false, false]);
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
