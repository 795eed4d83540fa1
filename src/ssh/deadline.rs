//! One bound for everything that happens until a connection stands, and one signal that ends it early.

use std::os::fd::AsFd;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::cancel::Cancel;
use crate::error::{Error, Result};

/// How long a cancelled run may go unnoticed.
const SLICE: Duration = Duration::from_millis(50);

/// A point in time after which nothing is waited for any more.
#[derive(Clone)]
pub struct Deadline {
    end: Option<Instant>,
    bound: Duration,
    cancel: Cancel,
}

impl Deadline {
    /// A deadline `bound` from now; zero means none.
    pub fn after(bound: Duration, cancel: &Cancel) -> Self {
        let end = if bound.is_zero() { None } else { Instant::now().checked_add(bound) };
        Self { end, bound, cancel: cancel.clone() }
    }

    /// Another deadline, `bound` from now, for the same run.
    #[must_use]
    pub fn again(&self, bound: Duration) -> Self {
        Self::after(bound, &self.cancel)
    }

    /// A deadline for one of `parts` equal shares of the time that is left.
    #[must_use]
    pub fn share(&self, parts: usize) -> Self {
        let parts = u32::try_from(parts).unwrap_or(u32::MAX).max(1);
        match self.remaining() {
            None => self.clone(),
            Some(left) => {
                let bound = left.checked_div(parts).unwrap_or(left);
                Self { end: Instant::now().checked_add(bound), bound, cancel: self.cancel.clone() }
            }
        }
    }

    /// The time between the making of the deadline and its end, for messages.
    pub fn bound(&self) -> String {
        format!("{:.3}", self.bound.as_secs_f64()).trim_end_matches('0').trim_end_matches('.').to_owned()
            + "s"
    }

    /// Whether the time is over.
    pub fn is_over(&self) -> bool {
        self.remaining().is_some_and(|left| left.is_zero())
    }

    /// What ends a wait before its time.
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// How long to wait before looking at the deadline and the cancellation again.
    ///
    /// # Errors
    /// [`Kind::Cancelled`](crate::error::Kind::Cancelled).
    pub fn slice(&self) -> Result<Duration> {
        self.cancel.check()?;
        Ok(self.remaining().map_or(SLICE, |left| left.min(SLICE)))
    }

    /// Waits until `socket` is ready for one of `events`: true, or false once the time is over.
    ///
    /// # Errors
    /// The run was cancelled, or the system cannot wait.
    pub fn wait(&self, socket: &impl AsFd, events: PollFlags) -> Result<bool> {
        loop {
            let slice = self.slice()?;
            let timeout = Timespec {
                tv_sec: i64::try_from(slice.as_secs()).unwrap_or(0),
                tv_nsec: slice.subsec_nanos().into(),
            };
            match poll(&mut [PollFd::new(socket, events)], Some(&timeout)) {
                Ok(0) | Err(Errno::INTR) if self.is_over() => return Ok(false),
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => return Ok(true),
                Err(errno) => return Err(Error::from_io("wait for the server", errno.into())),
            }
        }
    }

    /// Lets this much time go by: true, or false once the deadline's is over.
    ///
    /// # Errors
    /// The run was cancelled.
    pub fn pause(&self, time: Duration) -> Result<bool> {
        let pause = self.again(time);
        while !pause.is_over() {
            if self.is_over() {
                return Ok(false);
            }
            thread::sleep(pause.slice()?);
        }
        Ok(!self.is_over())
    }

    fn remaining(&self) -> Option<Duration> {
        self.end.map(|end| end.saturating_duration_since(Instant::now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn waits_end_by_data_by_time_and_by_cancellation() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let cancel = Cancel::new();
        let start = Instant::now();
        let short = Deadline::after(Duration::from_millis(120), &cancel);
        assert!(!short.wait(&ours, PollFlags::IN).unwrap());
        assert!(start.elapsed() >= Duration::from_millis(120) && start.elapsed() < Duration::from_secs(2));
        assert!(short.is_over());
        let long = Deadline::after(Duration::from_secs(60), &cancel);
        std::io::Write::write_all(&mut theirs, b"x").unwrap();
        assert!(long.wait(&ours, PollFlags::IN).unwrap());
        let (silent, _peer) = UnixStream::pair().unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(100));
                cancel.cancel();
            });
            assert!(long.wait(&silent, PollFlags::IN).is_err());
        });
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn bounds_are_shown_short() {
        let cancel = Cancel::new();
        assert_eq!(Deadline::after(Duration::from_secs(60), &cancel).bound(), "60s");
        assert_eq!(Deadline::after(Duration::from_millis(1500), &cancel).bound(), "1.5s");
        assert!(!Deadline::after(Duration::ZERO, &cancel).is_over());
    }
}
