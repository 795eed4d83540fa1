//! A bad network: a TCP proxy that cuts, stalls, slows, damages or pauses what passes, at an exact byte.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_linger;

/// How long a test waits for bytes to come to a gate.
const GATE_DEADLINE: Duration = Duration::from_secs(20);
/// How often a waiting thread looks whether the proxy is gone.
const TICK: Duration = Duration::from_millis(5);
/// The time between two bytes of a drip.
const DROP: Duration = Duration::from_millis(200);
/// Chunks under way in one direction: more than any window, so that latency does not become a rate.
const QUEUE: usize = 1024;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    ToServer,
    ToClient,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    /// Both sides see the other close (FIN).
    Close,
    /// Both sides see a reset (RST).
    Reset,
}

/// What is wrong with one direction of a connection. Positions count bytes of that direction from 0.
#[derive(Clone)]
pub(crate) enum Fault {
    /// Ends the connection, both ways, when exactly `after` bytes have passed.
    Cut { after: u64, ending: Ending },
    /// Lets exactly `after` bytes pass, and then nothing more.
    Stall { after: u64 },
    /// Lets `after` bytes pass at once, and then a byte now and then.
    Drip { after: u64 },
    /// Stops when exactly `after` bytes have passed, until the gate is opened.
    Pause { after: u64, gate: Gate },
    /// Changes one bit of the byte at this position.
    Flip { at: u64 },
    /// Delivers every byte this much later.
    Latency(Duration),
    /// Delivers at most this many bytes a second.
    Rate(u64),
}

/// A point where bytes wait for the test.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<GateState>, Condvar)>);

#[derive(Default)]
struct GateState {
    reached: bool,
    open: bool,
}

impl Gate {
    /// Waits until the bytes before the gate have passed.
    #[track_caller]
    pub(crate) fn wait_reached(&self) {
        let (state, changed) = &*self.0;
        let state = state.lock().unwrap();
        let (state, _) = changed.wait_timeout_while(state, GATE_DEADLINE, |state| !state.reached).unwrap();
        assert!(state.reached, "too few bytes passed to come to the gate");
    }

    /// Lets the bytes behind the gate go on.
    pub(crate) fn open(&self) {
        self.0.0.lock().unwrap().open = true;
        self.0.1.notify_all();
    }

    fn hold(&self, life: &Life) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        state.reached = true;
        changed.notify_all();
        while !state.open && !life.is_over() {
            state = changed.wait_timeout(state, TICK).unwrap().0;
        }
    }
}

/// A proxy about to be started.
pub(crate) struct ProxyBuilder {
    target: Option<u16>,
    faults: Vec<(Option<usize>, Direction, Fault)>,
}

impl ProxyBuilder {
    /// Adds a fault to every connection.
    pub(crate) fn fault(mut self, direction: Direction, fault: Fault) -> Self {
        self.faults.push((None, direction, fault));
        self
    }

    /// Adds a fault to one connection only; the first is 0.
    pub(crate) fn fault_on(mut self, connection: usize, direction: Direction, fault: Fault) -> Self {
        self.faults.push((Some(connection), direction, fault));
        self
    }

    /// Starts to accept connections.
    pub(crate) fn start(self) -> Proxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let closed = Arc::new(AtomicBool::new(false));
        let connections = Arc::new(AtomicUsize::new(0));
        let acceptor = std::thread::spawn({
            let (closed, connections) = (Arc::clone(&closed), Arc::clone(&connections));
            move || self.accept(&listener, &closed, &connections)
        });
        Proxy { port, closed, connections, acceptor: Some(acceptor) }
    }

    fn accept(&self, listener: &TcpListener, closed: &Arc<AtomicBool>, connections: &AtomicUsize) {
        let mut links = Vec::new();
        for client in listener.incoming() {
            let client = Arc::new(client.unwrap());
            if closed.load(Ordering::SeqCst) {
                break;
            }
            let number = connections.fetch_add(1, Ordering::SeqCst);
            links.push(match self.target {
                Some(target) => self.connect(number, &client, target, closed),
                None => Link { silent: Some(client), ..Link::default() },
            });
        }
        links.into_iter().for_each(Link::end);
    }

    fn connect(&self, number: usize, client: &Arc<TcpStream>, target: u16, closed: &Arc<AtomicBool>) -> Link {
        let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)) else {
            return Link::default();
        };
        let server = Arc::new(server);
        let life = Arc::new(Life { proxy_closed: Arc::clone(closed), over: AtomicBool::new(false) });
        let mut threads = Vec::new();
        for (direction, from, to) in
            [(Direction::ToServer, client, &server), (Direction::ToClient, &server, client)]
        {
            let faults = self.faults_of(number, direction);
            let (queue, arrived) = sync_channel(QUEUE);
            let source = Arc::clone(from);
            let pump = Pump::new(Arc::clone(from), Arc::clone(to), faults, Arc::clone(&life));
            threads.push(std::thread::spawn(move || receive(&source, &queue)));
            threads.push(std::thread::spawn(move || pump.run(&arrived)));
        }
        Link { sockets: vec![Arc::downgrade(client), Arc::downgrade(&server)], threads, silent: None }
    }

    fn faults_of(&self, number: usize, direction: Direction) -> Vec<Fault> {
        let applies =
            |on: &Option<usize>, way: &Direction| on.is_none_or(|on| on == number) && *way == direction;
        self.faults
            .iter()
            .filter(|(on, way, _)| applies(on, way))
            .map(|(_, _, fault)| fault.clone())
            .collect()
    }
}

/// A running proxy. Dropping it ends every connection.
pub(crate) struct Proxy {
    port: u16,
    closed: Arc<AtomicBool>,
    connections: Arc<AtomicUsize>,
    acceptor: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Begins a proxy before a port of this machine.
    pub(crate) fn to(port: u16) -> ProxyBuilder {
        ProxyBuilder { target: Some(port), faults: Vec::new() }
    }

    /// Starts a server that accepts every connection and never says a word.
    pub(crate) fn silent() -> Self {
        ProxyBuilder { target: None, faults: Vec::new() }.start()
    }

    /// The port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// How many connections were accepted so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
        // Wakes the acceptor.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
        if let Some(thread) = self.acceptor.take() {
            thread.join().ok();
        }
    }
}

/// One connection: the threads that pump, and their sockets, which close when the threads are done.
#[derive(Default)]
struct Link {
    sockets: Vec<Weak<TcpStream>>,
    threads: Vec<JoinHandle<()>>,
    /// The socket of a connection that nobody answers.
    silent: Option<Arc<TcpStream>>,
}

impl Link {
    fn end(self) {
        for socket in self.sockets.iter().filter_map(Weak::upgrade) {
            // The other side may have ended it already.
            socket.shutdown(Shutdown::Both).ok();
        }
        for thread in self.threads {
            thread.join().ok();
        }
        drop(self.silent);
    }
}

/// Whether a connection is still to be served.
struct Life {
    proxy_closed: Arc<AtomicBool>,
    /// This connection was cut.
    over: AtomicBool,
}

impl Life {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst) || self.proxy_closed.load(Ordering::SeqCst)
    }
}

/// Bytes and when they came; none at the end.
type Chunk = (Instant, Vec<u8>);

fn receive(mut source: &TcpStream, queue: &SyncSender<Chunk>) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = source.read(&mut buffer).unwrap_or(0);
        let sent = queue.send((Instant::now(), buffer[..count].to_vec()));
        if count == 0 || sent.is_err() {
            return;
        }
    }
}

/// Carries one direction and applies its faults.
struct Pump {
    from: Arc<TcpStream>,
    to: Arc<TcpStream>,
    life: Arc<Life>,
    passed: u64,
    flips: Vec<u64>,
    latency: Duration,
    rate: Option<u64>,
    drips: bool,
    /// What happens at which position, in order.
    stops: VecDeque<(u64, Fault)>,
}

/// The connection is over.
struct Over;

impl Pump {
    fn new(from: Arc<TcpStream>, to: Arc<TcpStream>, faults: Vec<Fault>, life: Arc<Life>) -> Self {
        let mut pump = Self {
            from,
            to,
            life,
            passed: 0,
            flips: Vec::new(),
            latency: Duration::ZERO,
            rate: None,
            drips: false,
            stops: VecDeque::new(),
        };
        for fault in faults {
            match fault {
                Fault::Flip { at } => pump.flips.push(at),
                Fault::Latency(delay) => pump.latency = delay,
                Fault::Rate(rate) => pump.rate = Some(rate),
                Fault::Cut { after, .. }
                | Fault::Stall { after }
                | Fault::Drip { after }
                | Fault::Pause { after, .. } => pump.stops.push_back((after, fault)),
            }
        }
        pump.stops.make_contiguous().sort_by_key(|(after, _)| *after);
        pump
    }

    fn run(mut self, arrived: &Receiver<Chunk>) {
        if self.stop().is_err() {
            return;
        }
        while let Ok((when, mut chunk)) = arrived.recv() {
            std::thread::sleep((when + self.latency).saturating_duration_since(Instant::now()));
            if self.life.is_over() {
                return;
            }
            if chunk.is_empty() {
                // The other direction may still be in use.
                self.to.shutdown(Shutdown::Write).ok();
                return;
            }
            self.flip(&mut chunk);
            if self.pass(&chunk).is_err() {
                return;
            }
        }
    }

    fn flip(&self, chunk: &mut [u8]) {
        for at in &self.flips {
            let index = at.checked_sub(self.passed).and_then(|index| usize::try_from(index).ok());
            if let Some(byte) = index.and_then(|index| chunk.get_mut(index)) {
                *byte ^= 1;
            }
        }
    }

    /// Writes a chunk in pieces that end where something is to happen.
    fn pass(&mut self, mut chunk: &[u8]) -> Result<(), Over> {
        while !chunk.is_empty() {
            let to_next = self.stops.front().map_or(u64::MAX, |(after, _)| after - self.passed);
            let room = if self.drips { 1 } else { to_next };
            let length = chunk.len().min(usize::try_from(room).unwrap_or(usize::MAX));
            let (piece, rest) = chunk.split_at(length);
            (&*self.to).write_all(piece).map_err(|_| Over)?;
            self.passed += piece.len() as u64;
            if let Some(rate) = self.rate {
                std::thread::sleep(Duration::from_micros(1_000_000 * piece.len() as u64 / rate));
            }
            if self.drips {
                std::thread::sleep(DROP);
            }
            if self.life.is_over() {
                return Err(Over);
            }
            self.stop()?;
            chunk = rest;
        }
        Ok(())
    }

    /// Does what is to happen at the present position.
    fn stop(&mut self) -> Result<(), Over> {
        while self.stops.front().is_some_and(|(after, _)| *after == self.passed) {
            match self.stops.pop_front() {
                Some((_, Fault::Cut { ending, .. })) => {
                    self.cut(ending);
                    return Err(Over);
                }
                Some((_, Fault::Stall { .. })) => Gate::default().hold(&self.life),
                Some((_, Fault::Pause { gate, .. })) => gate.hold(&self.life),
                Some((_, Fault::Drip { .. })) => self.drips = true,
                _ => {}
            }
        }
        Ok(())
    }

    fn cut(&self, ending: Ending) {
        self.life.over.store(true, Ordering::SeqCst);
        for socket in [&self.from, &self.to] {
            match ending {
                Ending::Close => socket.shutdown(Shutdown::Both),
                // With no time to linger the close sends RST; ending only the read side wakes its thread unseen.
                Ending::Reset => {
                    set_socket_linger(socket, Some(Duration::ZERO)).unwrap();
                    socket.shutdown(Shutdown::Read)
                }
            }
            // The other side may have ended it already.
            .ok();
        }
    }
}
