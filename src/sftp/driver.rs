//! The thread of one connection.
//!
//! It owns the byte streams, queues requests as callers submit them, writes and reads without blocking, and hands each
//! reply to the future that waits for it. It blocks only in `poll`, with a deadline while an answer is due.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};

use super::lane::Lane;
use super::link::{Shared, lost};
use crate::error::{Error, Kind, Result};
use crate::ssh::Streams;

/// Bytes read from a stream in one go.
const READ_SIZE: usize = 64 * 1024;
/// Bytes taken off the connection before writing gets its turn again.
const READ_TURN: usize = 1024 * 1024;
/// Bytes that must arrive to count as progress when no packet was completed: a drip is not progress.
const PROGRESS: usize = 512;
/// Turns in a row that may bring nothing although a descriptor was ready, as when input cannot be taken in before
/// something is sent; then the thread rests.
const VAIN_TURNS: u32 = 3;
/// How long it rests.
const REST: Duration = Duration::from_millis(5);

/// The thread's own state.
pub(super) struct Driver {
    streams: Box<dyn Streams>,
    lanes: Vec<Lane>,
    shared: Arc<Shared>,
    wake: OwnedFd,
    timeout: Duration,
    /// The stream whose write must be repeated before any other may write.
    clogged: Option<usize>,
    buffer: Vec<u8>,
    progressed: Instant,
    trickle: usize,
}

impl Driver {
    pub(super) fn new(
        streams: Box<dyn Streams>,
        shared: Arc<Shared>,
        wake: OwnedFd,
        timeout: Duration,
    ) -> Self {
        Self {
            lanes: (0..streams.count()).map(|_| Lane::default()).collect(),
            streams,
            shared,
            wake,
            timeout,
            clogged: None,
            buffer: vec![0; READ_SIZE],
            progressed: Instant::now(),
            trickle: 0,
        }
    }

    /// Drives the connection to its end, then tells everyone who waits.
    pub(super) fn run(mut self) {
        let error = match self.drive() {
            Ok(()) => lost(),
            Err(error) => match self.streams.complaint() {
                Some(text) if error.kind() == Kind::ConnectionLost => self.explain_end(&text),
                _ => error,
            },
        };
        let mut queue = self.shared.lock();
        let requests = std::mem::take(&mut queue.requests);
        let waiting = self.lanes.iter_mut().flat_map(Lane::abandon);
        for waiter in waiting.chain(requests.into_iter().filter_map(|request| request.reply)) {
            drop(waiter.send(Err(error.share())));
        }
        for waiter in queue.opening.drain(..) {
            drop(waiter.send(Err(error.share())));
        }
        queue.ended = Some(error);
        drop(queue);
        self.streams.shut_down();
    }

    /// Why the connection ended, by what was said beside the protocol.
    fn explain_end(&self, complaint: &str) -> Error {
        match self.streams.refusal(complaint) {
            Some(kind) => Error::new(kind, "connect by the option ssh", format!("it said: {complaint}"))
                .advice("run that program by hand until it connects: it knows its own keys and known hosts"),
            None => Error::new(
                Kind::ConnectionLost,
                "talk SFTP",
                format!("the server ended the session and said: {complaint}"),
            ),
        }
    }

    fn drive(&mut self) -> Result<()> {
        let mut vain_turns = 0;
        loop {
            let closing = self.take_requests();
            let moved = self.read_turn()? | self.write_turn()?;
            if closing && self.lanes.iter().all(Lane::is_flushed) {
                return Ok(());
            }
            if moved {
                vain_turns = 0;
            } else if vain_turns > 0 || !self.streams.has_unread() {
                self.wait(vain_turns >= VAIN_TURNS)?;
                vain_turns = if vain_turns >= VAIN_TURNS { 0 } else { vain_turns.saturating_add(1) };
            } else {
                vain_turns = 1;
            }
        }
    }

    /// Moves what callers submitted into the lanes; true once nobody can submit any more.
    fn take_requests(&mut self) -> bool {
        let (requests, opening, closing) = {
            let mut queue = self.shared.lock();
            let opening = if self.may_open() { std::mem::take(&mut queue.opening) } else { Vec::new() };
            (std::mem::take(&mut queue.requests), opening, queue.closing)
        };
        if !requests.is_empty() && self.is_idle() {
            self.progressed = Instant::now();
        }
        for request in requests {
            match self.lanes.get_mut(request.stream) {
                Some(lane) => lane.push(request),
                None => drop(request),
            }
        }
        for waiter in opening {
            drop(waiter.send(self.open_stream()));
        }
        closing
    }

    /// A packet that is half sent must be finished before the session can open anything.
    fn may_open(&self) -> bool {
        self.clogged.is_none() && !self.streams.wants_output()
    }

    fn is_idle(&self) -> bool {
        self.lanes.iter().all(Lane::is_idle)
    }

    fn open_stream(&mut self) -> Result<usize> {
        self.streams.open()?;
        self.lanes.push(Lane::default());
        Ok(self.lanes.len().saturating_sub(1))
    }

    fn read_turn(&mut self) -> Result<bool> {
        let mut total = 0_usize;
        for (stream, lane) in self.lanes.iter_mut().enumerate() {
            let mut received = 0_usize;
            while received < READ_TURN {
                match self.streams.read(stream, &mut self.buffer) {
                    Ok(0) => return Err(lost()),
                    Ok(count) => {
                        received = received.saturating_add(count);
                        lane.received(self.buffer.get(..count).unwrap_or_default());
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) => return Err(broken(error)),
                }
            }
            if received > 0 {
                self.trickle = self.trickle.saturating_add(received);
                if lane.deliver()? > 0 || self.trickle >= PROGRESS {
                    self.progressed = Instant::now();
                    self.trickle = 0;
                }
            }
            total = total.saturating_add(received);
        }
        Ok(total > 0)
    }

    fn write_turn(&mut self) -> Result<bool> {
        let mut moved = false;
        let order =
            self.clogged.into_iter().chain((0..self.lanes.len()).filter(|lane| Some(*lane) != self.clogged));
        for stream in order.collect::<Vec<_>>() {
            let Some(lane) = self.lanes.get_mut(stream) else { continue };
            while let Some(rest) = lane.next_output(self.clogged == Some(stream)) {
                match self.streams.write(stream, rest) {
                    Ok(0) => break,
                    Ok(count) => {
                        self.clogged = None;
                        lane.sent(count);
                        moved = true;
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) => return Err(broken(error)),
                }
            }
            self.clogged = (!lane.is_flushed() && self.streams.is_clogged()).then_some(stream);
            if self.clogged.is_some() {
                break;
            }
        }
        if moved {
            self.progressed = Instant::now();
        }
        Ok(moved)
    }

    /// Sleeps until a descriptor is ready, a request is queued, or an answer is overdue. A `rest` is short and not ended
    /// by input.
    fn wait(&mut self, rest: bool) -> Result<()> {
        let due = (!self.is_idle()).then(|| self.timeout.saturating_sub(self.progressed.elapsed()));
        if due == Some(Duration::ZERO) {
            let reason = format!("no answer from the server for {:?}", self.timeout);
            return Err(Error::new(Kind::TimedOut, "talk to the server", reason));
        }
        self.shared.asleep.store(true, Ordering::SeqCst);
        let is_quiet = {
            let queue = self.shared.lock();
            queue.requests.is_empty() && (queue.opening.is_empty() || !self.may_open()) && !queue.closing
        };
        if is_quiet {
            self.poll(due, rest)?;
        }
        self.shared.asleep.store(false, Ordering::SeqCst);
        while rustix::io::read(&self.wake, &mut [0; 64]).is_ok_and(|count| count > 0) {}
        Ok(())
    }

    fn poll(&self, due: Option<Duration>, rest: bool) -> Result<()> {
        let (input, output) = self.streams.descriptors();
        let mut descriptors = vec![PollFd::from_borrowed_fd(self.wake.as_fd(), PollFlags::IN)];
        if !rest {
            descriptors.push(PollFd::from_borrowed_fd(input, PollFlags::IN));
        }
        if self.streams.wants_output() {
            descriptors.push(PollFd::from_borrowed_fd(output, PollFlags::OUT));
        }
        let longest = if rest { Some(due.map_or(REST, |due| due.min(REST))) } else { due };
        let timeout = longest.and_then(|longest| Timespec::try_from(longest).ok());
        match rustix::event::poll(&mut descriptors, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(Error::from_io("wait for the server", error.into())),
        }
    }
}

fn broken(error: io::Error) -> Error {
    Error::new(Kind::ConnectionLost, "talk to the server", format!("the connection broke: {error}"))
        .caused_by(error)
}
