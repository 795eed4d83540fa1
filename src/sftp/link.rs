//! One connection, its thread, and the requests in flight on it.
//!
//! The thread owns the byte streams. It queues requests as callers submit them, writes and reads without blocking, and
//! hands each reply to the future that waits for it. It blocks only in `poll`, with a deadline while an answer is due,
//! and is woken through a pipe. When the connection ends, every outstanding request ends with the same error.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use futures_channel::oneshot;
use rustix::event::{PollFd, PollFlags, Timespec};

use super::wire::{MAX_PACKET, Packet, Reply, protocol_error};
use crate::error::{Error, Kind, Result};
use crate::ssh::Streams;

/// The most bytes of small packets that are sent as one piece.
const SHARED_CHUNK: usize = 32 * 1024;
/// Bytes read from a stream in one go.
const READ_SIZE: usize = 64 * 1024;
/// Bytes taken off the connection before writing gets its turn again.
const READ_TURN: usize = 1024 * 1024;
/// Bytes that must arrive to count as progress when no packet was completed: a drip is not progress.
const PROGRESS: usize = 512;

/// A handle on a running connection. The connection ends when the last handle is dropped.
#[derive(Clone)]
pub(crate) struct Link(Arc<Owner>);

struct Owner(Arc<Shared>);

struct Shared {
    queue: Mutex<Queue>,
    wake: OwnedFd,
    asleep: AtomicBool,
}

#[derive(Default)]
struct Queue {
    requests: Vec<Request>,
    opening: Vec<oneshot::Sender<Result<usize>>>,
    closing: bool,
    ended: Option<Error>,
}

struct Request {
    stream: usize,
    packet: Packet,
    /// `None` for a request whose answer nobody waits for.
    reply: Option<oneshot::Sender<Result<Reply>>>,
    is_init: bool,
}

impl Link {
    /// Starts the thread that drives `streams`. An answer must come within `timeout` of the last progress.
    pub(crate) fn start(streams: Box<dyn Streams>, timeout: Duration) -> Result<Self> {
        let (wake_read, wake) =
            rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC | rustix::pipe::PipeFlags::NONBLOCK)
                .map_err(|error| Error::from_io("start connection", error.into()))?;
        let shared = Arc::new(Shared { queue: Mutex::default(), wake, asleep: AtomicBool::new(false) });
        let driver = Driver {
            lanes: (0..streams.count()).map(|_| Lane::default()).collect(),
            streams,
            shared: Arc::clone(&shared),
            wake: wake_read,
            timeout,
            clogged: None,
            buffer: vec![0; READ_SIZE],
            progressed: Instant::now(),
            trickle: 0,
        };
        thread::Builder::new()
            .name("sftp-link".into())
            .spawn(move || driver.run())
            .map_err(|error| Error::from_io("start connection", error))?;
        Ok(Self(Arc::new(Owner(shared))))
    }

    /// Queues a request on `stream` and returns what will be its reply.
    pub(crate) fn request(
        &self,
        stream: usize,
        packet: Packet,
    ) -> impl Future<Output = Result<Reply>> + Send + use<> {
        self.submit(stream, packet, false)
    }

    /// Queues the opening request of a stream.
    pub(crate) fn init(&self, stream: usize) -> impl Future<Output = Result<Reply>> + Send + use<> {
        self.submit(stream, Packet::init(), true)
    }

    /// Queues a request whose answer does not matter.
    pub(crate) fn notify(&self, stream: usize, packet: Packet) {
        let mut queue = self.shared().lock();
        if queue.ended.is_none() {
            queue.requests.push(Request { stream, packet, reply: None, is_init: false });
            drop(queue);
            self.shared().wake();
        }
    }

    /// Opens one more stream on this connection and returns its number.
    pub(crate) async fn open_stream(&self) -> Result<usize> {
        let (sender, receiver) = oneshot::channel();
        {
            let mut queue = self.shared().lock();
            if let Some(error) = &queue.ended {
                return Err(error.share());
            }
            queue.opening.push(sender);
        }
        self.shared().wake();
        receiver.await.unwrap_or_else(|_| Err(self.ended()))
    }

    /// Whether requests can still be answered.
    pub(crate) fn is_alive(&self) -> bool {
        self.shared().lock().ended.is_none()
    }

    fn submit(
        &self,
        stream: usize,
        packet: Packet,
        is_init: bool,
    ) -> impl Future<Output = Result<Reply>> + Send + use<> {
        let (sender, receiver) = oneshot::channel();
        let shared = Arc::clone(self.shared());
        let refused = {
            let mut queue = shared.lock();
            let refused = queue.ended.as_ref().map(Error::share);
            if refused.is_none() {
                queue.requests.push(Request { stream, packet, reply: Some(sender), is_init });
            }
            refused
        };
        shared.wake();
        async move {
            match refused {
                Some(error) => Err(error),
                None => receiver
                    .await
                    .unwrap_or_else(|_| Err(shared.lock().ended.as_ref().map_or_else(lost, Error::share))),
            }
        }
    }

    fn ended(&self) -> Error {
        self.shared().lock().ended.as_ref().map_or_else(lost, Error::share)
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.0.0
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.lock().closing = true;
        self.0.wake();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the thread's sleep, if it sleeps.
    fn wake(&self) {
        if self.asleep.swap(false, Ordering::SeqCst) {
            if let Err(error) = rustix::io::write(&self.wake, &[1]) {
                log::debug!("waking the connection: {error}");
            }
        }
    }
}

fn lost() -> Error {
    Error::new(Kind::ConnectionLost, "talk to the server", "the connection ended")
}

/// One stream: bytes to send, bytes received, and who waits for what.
#[derive(Default)]
struct Lane {
    output: Output,
    input: Vec<u8>,
    waiting: HashMap<u32, Option<oneshot::Sender<Result<Reply>>>>,
    next_id: u32,
    has_version: bool,
}

impl Lane {
    fn push(&mut self, request: Request) {
        let id = if request.is_init {
            0
        } else {
            self.next_id = self.next_id.wrapping_add(1).max(1);
            self.next_id
        };
        self.waiting.insert(id, request.reply);
        self.output.push(request.packet.finish((!request.is_init).then_some(id)));
    }

    /// Hands out every complete packet received so far.
    fn deliver(&mut self) -> Result<usize> {
        let mut start = 0_usize;
        let mut delivered = 0_usize;
        while let Some((header, rest)) = self.input.get(start..).and_then(<[u8]>::split_first_chunk::<4>) {
            let length = usize::try_from(u32::from_be_bytes(*header)).unwrap_or(usize::MAX);
            if length == 0 || length > MAX_PACKET {
                return Err(self.bad_length(start, length));
            }
            let Some(packet) = rest.get(..length) else { break };
            let (id, reply) = Reply::parse(packet)?;
            let Some(waiter) = self.waiting.remove(&id) else {
                return Err(protocol_error(format!(
                    "the server answered request {id}, which was not asked or was answered before"
                )));
            };
            self.has_version = true;
            if let Some(waiter) = waiter {
                // The caller may have given up on it.
                drop(waiter.send(Ok(reply)));
            }
            start = start.saturating_add(4).saturating_add(length);
            delivered = delivered.saturating_add(1);
        }
        self.input.drain(..start);
        Ok(delivered)
    }

    fn bad_length(&self, start: usize, length: usize) -> Error {
        let text = self.input.get(start..).unwrap_or_default();
        let text = text.get(..text.len().min(80)).unwrap_or_default();
        if !self.has_version && text.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
        {
            return protocol_error(format!(
                "the server printed text before SFTP started: {}",
                crate::path::escape(text)
            ))
            .advice(
                "make the login shell silent for sessions without a terminal (look in .bashrc, .profile)",
            );
        }
        protocol_error(format!("the server announced a packet of {length} bytes"))
    }
}

/// Bytes waiting to be sent. Small packets share a chunk, so that many requests travel in one SSH packet.
#[derive(Default)]
struct Output {
    chunks: VecDeque<Vec<u8>>,
    /// Bytes of the first chunk that are gone already.
    sent: usize,
}

impl Output {
    fn push(&mut self, packet: Vec<u8>) {
        match self.chunks.back_mut() {
            Some(last) if last.len().saturating_add(packet.len()) <= SHARED_CHUNK => {
                last.extend_from_slice(&packet)
            }
            _ => self.chunks.push_back(packet),
        }
    }

    fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    fn front(&self) -> Option<&[u8]> {
        self.chunks.front()?.get(self.sent..)
    }

    fn advance(&mut self, count: usize) {
        self.sent = self.sent.saturating_add(count);
        if self.chunks.front().is_some_and(|chunk| chunk.len() <= self.sent) {
            self.chunks.pop_front();
            self.sent = 0;
        }
    }
}

/// The thread's own state.
struct Driver {
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
    fn run(mut self) {
        let error = match self.drive() {
            Ok(()) => lost(),
            Err(error) => match self.streams.complaint() {
                Some(text) if error.kind() == Kind::ConnectionLost => Error::new(
                    error.kind(),
                    "talk SFTP",
                    format!("the server ended the session and said: {text}"),
                ),
                _ => error,
            },
        };
        let mut queue = self.shared.lock();
        let requests = std::mem::take(&mut queue.requests);
        let waiting =
            self.lanes.iter_mut().flat_map(|lane| lane.waiting.drain().filter_map(|(_, waiter)| waiter));
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

    fn drive(&mut self) -> Result<()> {
        loop {
            let closing = self.take_requests();
            let moved = self.read_turn()? | self.write_turn()?;
            if closing && self.lanes.iter().all(|lane| lane.output.is_empty()) {
                return Ok(());
            }
            if !moved {
                self.wait()?;
            }
        }
    }

    /// Moves what callers submitted into the lanes; true once nobody can submit any more.
    fn take_requests(&mut self) -> bool {
        let (requests, opening, closing) = {
            let mut queue = self.shared.lock();
            (std::mem::take(&mut queue.requests), std::mem::take(&mut queue.opening), queue.closing)
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

    fn is_idle(&self) -> bool {
        self.lanes.iter().all(|lane| lane.waiting.is_empty() && lane.output.is_empty())
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
                        lane.input.extend_from_slice(self.buffer.get(..count).unwrap_or_default());
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
            while let Some(rest) = lane.output.front() {
                match self.streams.write(stream, rest) {
                    Ok(0) => break,
                    Ok(count) => {
                        lane.output.advance(count);
                        moved = true;
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) => return Err(broken(error)),
                }
            }
            self.clogged = (!lane.output.is_empty() && self.streams.is_clogged()).then_some(stream);
            if self.clogged.is_some() {
                break;
            }
        }
        if moved {
            self.progressed = Instant::now();
        }
        Ok(moved)
    }

    /// Sleeps until a descriptor is ready, a request is queued, or an answer is overdue.
    fn wait(&mut self) -> Result<()> {
        let due = (!self.is_idle()).then(|| self.timeout.saturating_sub(self.progressed.elapsed()));
        if due == Some(Duration::ZERO) {
            let reason = format!("no answer from the server for {:?}", self.timeout);
            return Err(Error::new(Kind::TimedOut, "talk to the server", reason));
        }
        self.shared.asleep.store(true, Ordering::SeqCst);
        let is_quiet = {
            let queue = self.shared.lock();
            queue.requests.is_empty() && queue.opening.is_empty() && !queue.closing
        };
        if is_quiet {
            self.poll(due)?;
        }
        self.shared.asleep.store(false, Ordering::SeqCst);
        while rustix::io::read(&self.wake, &mut [0; 64]).is_ok_and(|count| count > 0) {}
        Ok(())
    }

    fn poll(&self, due: Option<Duration>) -> Result<()> {
        let (input, output) = self.streams.descriptors();
        let mut descriptors = vec![
            PollFd::from_borrowed_fd(self.wake.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(input, PollFlags::IN),
        ];
        if self.clogged.is_some() {
            descriptors.push(PollFd::from_borrowed_fd(output, PollFlags::OUT));
        }
        let timeout = due.and_then(|due| Timespec::try_from(due).ok());
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
