//! The connections to one server.
//!
//! One connection carries everything until it is lost; then the next request dials again. A large transfer may ask for
//! more ways: further channels on that connection, each with a window of its own, and further connections, each with a
//! processor core of its own at both ends. A way that the server refuses is not asked for again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use futures_channel::oneshot;
use futures_util::future::{BoxFuture, FutureExt as _, Shared};

use super::client::Client;
use crate::error::{Error, Kind, Result, Retry};
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
    further: Mutex<HashMap<usize, Dial>>,
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
            further: Mutex::default(),
        }
    }

    /// A live client; dials if there is none.
    ///
    /// # Errors
    /// What dialling or logging in says. A permanent refusal is given to all who ask, and never tried again; a
    /// connection that could not be made is tried again for whoever asks next.
    pub async fn client(&self) -> Result<Client> {
        let dial = lock(&self.dial).get_or_insert_with(|| self.start_dial()).clone();
        match dial.clone().await {
            Ok(client) if client.is_alive() => Ok(client),
            Ok(_) => self.redial(&dial).await,
            Err(error) => {
                if error.retry() != Retry::Never {
                    self.give_up(&dial);
                }
                Err(error.share())
            }
        }
    }

    /// Whoever asks next may try again to make a connection that could not be made.
    fn give_up(&self, failed: &Dial) {
        let mut current = lock(&self.dial);
        if current.as_ref().is_some_and(|dial| dial.ptr_eq(failed)) {
            *current = None;
        }
    }

    /// A further way to the server, the `index`-th beside the client everybody uses; it may be in use by others too.
    ///
    /// # Errors
    /// It cannot be had. It is not tried again before the connection it depends on was lost.
    pub async fn further(&self, index: usize) -> Result<Client> {
        let first = self.client().await?;
        let way = self.way(index, &first);
        match way.clone().await {
            Ok(client) if client.is_alive() => Ok(client),
            Ok(_) => {
                self.forget(index, &way);
                self.way(index, &first).await.map_err(|error| error.share())
            }
            Err(error) => {
                log::debug!("going on without a further way to the server: {error}");
                Err(error.share())
            }
        }
    }

    /// Every other way is a new connection while there may be more; the others are channels on those there are.
    fn way(&self, index: usize, first: &Client) -> Dial {
        if let Some(way) = lock(&self.further).get(&index) {
            return way.clone();
        }
        let number = index.div_ceil(2);
        let way = if index % 2 == 1 && number < self.most {
            self.start_dial()
        } else {
            let base = match number % self.most {
                0 => std::future::ready(Ok(first.clone())).boxed().shared(),
                connection => self.way(connection.saturating_mul(2).saturating_sub(1), first),
            };
            async move { base.await?.another().await.map_err(Arc::new) }.boxed().shared()
        };
        lock(&self.further).entry(index).or_insert(way).clone()
    }

    fn forget(&self, index: usize, way: &Dial) {
        let mut further = lock(&self.further);
        if further.get(&index).is_some_and(|current| current.ptr_eq(way)) {
            further.remove(&index);
        }
    }

    /// Replaces a connection that is lost, once, whoever notices first.
    async fn redial(&self, lost: &Dial) -> Result<Client> {
        let dial = {
            let mut current = lock(&self.dial);
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
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
