//! The connections to one server.
//!
//! One connection carries everything until it is lost; then the next request dials again. A dial runs on a thread of
//! its own, so that the run can be stopped meanwhile, and all who need a connection wait for the same one.

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

/// Connections to one server, made when they are needed.
pub struct Pool {
    connect: Connect,
    timeout: Duration,
    dial: Mutex<Option<Dial>>,
}

impl Pool {
    /// A pool without a connection yet. `timeout` bounds the wait for any answer.
    pub fn new(connect: Connect, timeout: Duration) -> Self {
        Self { connect, timeout, dial: Mutex::new(None) }
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
