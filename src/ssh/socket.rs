//! The byte stream to a server, whatever carries it, shared by those who read it and those who end it.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown};

use super::deadline::Deadline;
use super::dial::command::Carrier;
use crate::error::{Error, Kind, Result};

/// A connected, non-blocking socket. Clones are the same socket; the last one closes it and ends the command that
/// carries it, if there is one.
#[derive(Clone)]
pub struct Socket(Arc<Inner>);

/// The fields are dropped in this order: a command that reads to its end is given the chance to see it.
struct Inner {
    fd: OwnedFd,
    carrier: Option<Carrier>,
}

impl Socket {
    /// A socket of its own.
    pub fn new(fd: OwnedFd) -> Self {
        Self(Arc::new(Inner { fd, carrier: None }))
    }

    /// A socket whose other end is held by a command.
    pub fn carried_by(fd: OwnedFd, carrier: Carrier) -> Self {
        Self(Arc::new(Inner { fd, carrier: Some(carrier) }))
    }

    /// Ends the connection for everyone who waits on it, at once.
    pub fn shut_down(&self) {
        if let Err(errno) = rustix::net::shutdown(&self.0.fd, Shutdown::Both) {
            log::debug!("socket already down: {errno}");
        }
    }

    /// The last line the carrying command wrote to its standard error that says why it ended, safe to show.
    pub fn last_words(&self) -> Option<String> {
        self.0.carrier.as_ref().and_then(Carrier::last_words)
    }

    /// Whether the carrying command wrote such a line to its standard error.
    pub(super) fn has_heard(&self, is_it: impl Fn(&str) -> bool) -> bool {
        self.0.carrier.as_ref().is_some_and(|carrier| carrier.has_said(is_it))
    }

    /// What has arrived and was not read yet, at most 255 bytes, without taking it. Empty if there is nothing.
    pub(super) fn peek(&self) -> Vec<u8> {
        let mut buffer = [0; 255];
        match rustix::net::recv(&self.0.fd, &mut buffer[..], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
            Ok((count, _)) => buffer.get(..count).unwrap_or_default().to_vec(),
            Err(_) => Vec::new(),
        }
    }

    /// Whether the other side has closed the stream and everything it sent was read.
    pub(super) fn is_closed(&self) -> bool {
        let received = rustix::net::recv(&self.0.fd, &mut [0][..], RecvFlags::PEEK | RecvFlags::DONTWAIT);
        !matches!(received, Ok((_, 1)) | Err(Errno::AGAIN | Errno::INTR))
    }

    /// Reads exactly `count` bytes and not one more: what follows is for the SSH library.
    ///
    /// # Errors
    /// The stream ended, the time is over, or the run was cancelled.
    pub(super) fn read_exact(&self, count: usize, deadline: &Deadline) -> Result<Vec<u8>> {
        let mut taken = vec![0; count];
        let mut filled = 0_usize;
        while let Some(space) = taken.get_mut(filled..).filter(|space| !space.is_empty()) {
            match rustix::net::recv(&self.0.fd, space, RecvFlags::empty()) {
                Ok((_, 0)) => return Err(lost("the connection was closed")),
                Ok((_, count)) => filled = filled.saturating_add(count),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => self.wait(PollFlags::IN, deadline)?,
                Err(errno) => return Err(Error::from_io("read", errno.into())),
            }
        }
        Ok(taken)
    }

    /// Writes everything.
    ///
    /// # Errors
    /// The stream ended, the time is over, or the run was cancelled.
    pub(super) fn write_all(&self, mut bytes: &[u8], deadline: &Deadline) -> Result<()> {
        while !bytes.is_empty() {
            match rustix::net::send(&self.0.fd, bytes, SendFlags::NOSIGNAL) {
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => self.wait(PollFlags::OUT, deadline)?,
                Err(errno) => return Err(Error::from_io("write", errno.into())),
            }
        }
        Ok(())
    }

    fn wait(&self, events: PollFlags, deadline: &Deadline) -> Result<()> {
        if deadline.wait(self, events)? {
            return Ok(());
        }
        let reason = format!("no answer within {}", deadline.bound());
        Err(Error::new(Kind::TimedOut, "read", reason))
    }
}

fn lost(reason: &'static str) -> Error {
    Error::new(Kind::ConnectionLost, "read", reason)
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.fd.as_fd()
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.0.fd.as_raw_fd()
    }
}
