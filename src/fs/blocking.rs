//! A few threads for reads and writes that may wait for a disk, so that no other transfer waits with them.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use futures_channel::oneshot;

use crate::error::{Error, Kind, Result};

/// Disks do little better with more requests at once, and each thread holds one chunk.
const THREADS: usize = 4;

type Job = Box<dyn FnOnce() + Send>;

/// Runs `work` on one of the threads. If the future is dropped the work may still be done.
pub(super) async fn run<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    static THREAD_QUEUE: OnceLock<Sender<Job>> = OnceLock::new();
    let (sender, receiver) = oneshot::channel();
    let job = Box::new(move || {
        // Nobody may be waiting any more.
        drop(sender.send(work()));
    });
    let gone = || Error::new(Kind::Io, "use the disk", "its thread is gone");
    THREAD_QUEUE.get_or_init(start).send(job).map_err(|_| gone())?;
    receiver.await.unwrap_or_else(|_| Err(gone()))
}

fn start() -> Sender<Job> {
    let (sender, receiver) = channel();
    let receiver = Arc::new(Mutex::new(receiver));
    for number in 0..THREADS {
        let jobs = Arc::clone(&receiver);
        let started = thread::Builder::new().name(format!("disk-{number}")).spawn(move || work_off(&jobs));
        if let Err(error) = started {
            log::debug!("disk thread {number}: {error}");
        }
    }
    sender
}

fn work_off(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}
