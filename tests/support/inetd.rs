//! Servers that serve one connection over their standard streams, started as inetd starts them.
//!
//! The test itself accepts on a free port of 127.0.0.1 and starts one process for each connection with the socket as
//! its standard input and output: no race for a port, nothing to wait for.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::process::{die_with_parent, kill_tree};

/// A port and the processes behind it. Dropping it ends every session.
pub(crate) struct Inetd {
    port: u16,
    sessions: Arc<Mutex<Sessions>>,
    acceptor: Option<(JoinHandle<()>, Sender<()>)>,
}

#[derive(Default)]
struct Sessions {
    count: usize,
    closed: bool,
    running: Vec<Child>,
}

impl Inetd {
    /// Starts to accept connections; `command` makes the server of each.
    #[track_caller]
    pub(crate) fn start(command: impl Fn() -> Command + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let sessions = Arc::<Mutex<Sessions>>::default();
        let (end, ended) = channel();
        let acceptor = std::thread::spawn({
            let sessions = Arc::clone(&sessions);
            move || accept(listener, &command, &sessions, &ended)
        });
        Self { port, sessions, acceptor: Some((acceptor, end)) }
    }

    /// The port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// How many connections were accepted so far.
    pub(crate) fn connections(&self) -> usize {
        self.sessions().count
    }

    /// The process that serves each connection accepted so far and still open.
    pub(crate) fn session_ids(&self) -> Vec<u32> {
        let mut sessions = self.sessions();
        sessions.running.retain_mut(|child| child.try_wait().unwrap().is_none());
        sessions.running.iter().map(Child::id).collect()
    }

    /// Kills every session at once, as a crash of the server would. New connections are still accepted.
    pub(crate) fn kill_sessions(&self) {
        for mut child in std::mem::take(&mut self.sessions().running) {
            kill_tree(child.id());
            child.wait().unwrap();
        }
    }

    /// Refuses new connections from now on. Open ones stay.
    pub(crate) fn stop_accepting(&self) {
        self.sessions().closed = true;
        // Wakes the acceptor, which then closes the port; it may have done so already.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        lock(&self.sessions)
    }
}

impl Drop for Inetd {
    fn drop(&mut self) {
        self.stop_accepting();
        self.kill_sessions();
        if let Some((thread, end)) = self.acceptor.take() {
            drop(end);
            thread.join().ok();
        }
    }
}

/// Starts one server process for each connection until the server is closed. Then stays until `ended`, because the
/// kernel kills the processes as soon as the thread that started them is gone.
fn accept(
    listener: TcpListener,
    command: &impl Fn() -> Command,
    sessions: &Mutex<Sessions>,
    ended: &Receiver<()>,
) {
    for socket in listener.incoming() {
        let socket = socket.unwrap();
        let mut sessions = lock(sessions);
        if sessions.closed {
            break;
        }
        sessions.count += 1;
        sessions.running.push(serve(command(), socket));
    }
    drop(listener);
    ended.recv().ok();
}

fn serve(mut command: Command, socket: TcpStream) -> Child {
    let output = OwnedFd::from(socket.try_clone().unwrap());
    command.stdin(OwnedFd::from(socket)).stdout(output);
    die_with_parent(&mut command).spawn().unwrap()
}

fn lock(sessions: &Mutex<Sessions>) -> MutexGuard<'_, Sessions> {
    sessions.lock().unwrap_or_else(PoisonError::into_inner)
}
