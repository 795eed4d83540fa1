//! The connections to one server.
//!
//! One connection carries everything until it is lost; then the next request dials again. A large transfer may ask for
//! more ways: further channels on that connection, each with a window of its own, and further connections, each with a
//! processor core of its own at both ends. They are added one at a time, and no more once the server refuses one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use futures_channel::oneshot;
use futures_util::future::{BoxFuture, FutureExt as _, Shared};

use super::client::Client;
use crate::error::{Error, Kind, Result};
use crate::ssh::Streams;

/// Makes a logged-in connection; blocks while it does.
pub type Connect = Arc<dyn Fn() -> Result<Box<dyn Streams>> + Send + Sync>;

type Dial = Shared<BoxFuture<'static, std::result::Result<Client, Arc<Error>>>>;

/// Connections beyond this many share the cores of the two machines and bring nothing.
const USEFUL_CONNECTIONS: usize = 4;

/// Connections to one server, made when they are needed.
pub struct Pool {
    connect: Connect,
    timeout: Duration,
    most: usize,
    dial: Mutex<Option<Dial>>,
    further: futures_util::lock::Mutex<Vec<Client>>,
    is_exhausted: AtomicBool,
}

impl Pool {
    /// A pool without a connection yet. `timeout` bounds the wait for any answer; `most` is the number of connections
    /// never to go beyond (`connections`), `None` for as many as there are cores to use them.
    pub fn new(connect: Connect, timeout: Duration, most: Option<usize>) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            connect,
            timeout,
            most: most.unwrap_or_else(|| cores.clamp(1, USEFUL_CONNECTIONS)),
            dial: Mutex::new(None),
            further: futures_util::lock::Mutex::new(Vec::new()),
            is_exhausted: AtomicBool::new(false),
        }
    }

    /// A live client; dials if there is none.
    ///
    /// # Errors
    /// What dialling or logging in says. A permanent refusal is given to all who ask, and never tried again.
    pub async fn client(&self) -> Result<Client> {
        let dial = self.lock().get_or_insert_with(|| self.start_dial()).clone();
        match dial.clone().await {
            Ok(client) if client.is_alive() => Ok(client),
            Ok(_) => self.redial(&dial).await,
            Err(error) => Err(error.share()),
        }
    }

    /// Clients other than the one everybody uses, as many as can be had up to `count`. They may be in use by others too.
    pub async fn further_clients(&self, count: usize) -> Vec<Client> {
        let mut further = self.further.lock().await;
        further.retain(Client::is_alive);
        while further.len() < count && !self.is_exhausted.load(Ordering::Relaxed) {
            match self.one_more(&further).await {
                Ok(client) => further.push(client),
                Err(error) => {
                    log::debug!(
                        "going on with {} ways to the server: {error}",
                        further.len().saturating_add(1)
                    );
                    self.is_exhausted.store(true, Ordering::Relaxed);
                }
            }
        }
        further.iter().take(count).cloned().collect()
    }

    /// Connections first, then a further channel on the connection that has the fewest.
    async fn one_more(&self, further: &[Client]) -> Result<Client> {
        let first = self.client().await?;
        let mut connections = vec![(&first, 1_usize)];
        for client in further {
            match connections.iter_mut().find(|(other, _)| other.shares_connection_with(client)) {
                Some((_, channels)) => *channels = channels.saturating_add(1),
                None => connections.push((client, 1)),
            }
        }
        if connections.len() < self.most {
            return self.start_dial().await.map_err(|error| error.share());
        }
        match connections.iter().min_by_key(|(_, channels)| *channels) {
            Some((client, _)) => client.another().await,
            None => first.another().await,
        }
    }

    /// Replaces a connection that is lost, once, whoever notices first.
    async fn redial(&self, lost: &Dial) -> Result<Client> {
        let dial = {
            let mut current = self.lock();
            match &*current {
                Some(newer) if !newer.ptr_eq(lost) => newer.clone(),
                _ => current.insert(self.start_dial()).clone(),
            }
        };
        dial.await.map_err(|error| error.share())
    }

    fn start_dial(&self) -> Dial {
        let (sender, receiver) = oneshot::channel();
        let connect = Arc::clone(&self.connect);
        let timeout = self.timeout;
        // A thread of its own, so that the run can be stopped while it dials.
        let spawned = thread::Builder::new().name("dial".into()).spawn(move || {
            // The run may have been stopped meanwhile.
            drop(sender.send(connect()));
        });
        async move {
            spawned.map_err(|error| Error::from_io("start connection", error))?;
            let gone = || Error::new(Kind::Connect, "connect", "the connection attempt was abandoned");
            let streams = receiver.await.map_err(|_| gone())??;
            Client::start(streams, timeout).await
        }
        .map(|result: Result<Client>| result.map_err(Arc::new))
        .boxed()
        .shared()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Dial>> {
        self.dial.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
