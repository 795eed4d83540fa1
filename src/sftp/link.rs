//! One connection as its users see it: requests go in, futures of their replies come out.
//!
//! A thread ([`super::driver`]) owns the connection. When it ends, every outstanding request ends with the same error.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use futures_channel::oneshot;

use super::driver::Driver;
use super::wire::{Packet, Reply};
use crate::error::{Error, Kind, Result};
use crate::ssh::Streams;

/// A handle on a running connection. The connection ends when the last handle is dropped.
#[derive(Clone)]
pub(crate) struct Link(Arc<Owner>);

struct Owner(Arc<Shared>);

/// What callers and the thread of a connection share.
pub(super) struct Shared {
    queue: Mutex<Queue>,
    wake: OwnedFd,
    /// Whether the thread is about to wait, or waits, in `poll`.
    pub(super) asleep: AtomicBool,
}

/// What callers hand to the thread.
#[derive(Default)]
pub(super) struct Queue {
    pub(super) requests: Vec<Request>,
    pub(super) opening: Vec<oneshot::Sender<Result<usize>>>,
    pub(super) closing: bool,
    pub(super) ended: Option<Error>,
}

/// A request on its way to the thread.
pub(super) struct Request {
    pub(super) stream: usize,
    pub(super) packet: Packet,
    /// `None` for a request whose answer nobody waits for.
    pub(super) reply: Option<Waiter>,
    pub(super) is_init: bool,
}

/// Whoever waits for a reply.
pub(super) type Waiter = oneshot::Sender<Result<Reply>>;

impl Link {
    /// Starts the thread that drives `streams`. An answer must come within `timeout` of the last progress.
    pub(crate) fn start(streams: Box<dyn Streams>, timeout: Duration) -> Result<Self> {
        let (wake_read, wake) =
            rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC | rustix::pipe::PipeFlags::NONBLOCK)
                .map_err(|error| Error::from_io("start connection", error.into()))?;
        let shared = Arc::new(Shared { queue: Mutex::default(), wake, asleep: AtomicBool::new(false) });
        let driver = Driver::new(streams, Arc::clone(&shared), wake_read, timeout);
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
    pub(super) fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the thread's sleep, if it sleeps.
    fn wake(&self) {
        if self.asleep.swap(false, Ordering::SeqCst)
            && let Err(error) = rustix::io::write(&self.wake, &[1])
        {
            log::debug!("waking the connection: {error}");
        }
    }
}

/// The connection is gone, and nobody knows more.
pub(super) fn lost() -> Error {
    Error::new(Kind::ConnectionLost, "talk to the server", "the connection ended")
}
