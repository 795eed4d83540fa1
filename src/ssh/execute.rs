//! Running one command on the server, with a standard input and a bounded wait.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use ssh2::{BlockDirections, Channel, Session};

use super::deadline::Deadline;
use super::socket::Socket;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};

/// The most output kept, in bytes: no answer of a command this program runs is longer.
const MOST_OUTPUT: usize = 16 * 1024 * 1024;
/// How often a server that is silent while it works is shown that somebody is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Runs `command` on a logged-in session, feeds it `input` and returns its standard output, whatever its exit status.
/// The wait is bounded by `cancel` alone while the server answers keep-alives: hashing a large file takes long.
///
/// # Errors
/// The server runs no commands, the connection ends, or the run is cancelled.
pub(super) fn execute(
    session: &Session,
    socket: &Socket,
    command: &str,
    input: &[u8],
    cancel: &Cancel,
) -> Result<Vec<u8>> {
    let refused = |error: ssh2::Error| {
        Error::new(Kind::Unsupported, "run", format!("the server runs no command: {}", error.message()))
            .on(command)
    };
    let mut channel = session.channel_session().map_err(refused)?;
    channel.exec(command).map_err(refused)?;
    session.set_keepalive(true, 30);
    session.set_blocking(false);
    let exchanged = Exchange { session, socket, channel, output: Vec::new() }.run(command, input, cancel);
    session.set_blocking(true);
    exchanged
}

struct Exchange<'a> {
    session: &'a Session,
    socket: &'a Socket,
    channel: Channel,
    output: Vec<u8>,
}

impl Exchange<'_> {
    fn run(mut self, command: &str, input: &[u8], cancel: &Cancel) -> Result<Vec<u8>> {
        let broken = |error: std::io::Error| {
            Error::new(Kind::ConnectionLost, "run", format!("the connection broke: {error}")).on(command)
        };
        let deadline = Deadline::after(Duration::ZERO, cancel);
        let (mut rest, mut is_ended) = (input, false);
        let mut alive = Instant::now();
        loop {
            let mut moved = self.read().map_err(broken)?;
            if !rest.is_empty() {
                let count = would_block(self.channel.write(rest)).map_err(broken)?;
                moved |= count > 0;
                rest = rest.get(count..).unwrap_or_default();
            } else if !is_ended {
                match self.channel.send_eof() {
                    Ok(()) => is_ended = true,
                    Err(error) => {
                        would_block::<usize>(Err(error.into())).map_err(broken)?;
                    }
                }
            }
            if self.channel.eof() {
                return Ok(self.output);
            }
            if self.output.len() > MOST_OUTPUT {
                return Err(Error::new(Kind::Protocol, "run", "the command printed too much").on(command));
            }
            if !moved {
                self.wait(&deadline)?;
                if alive.elapsed() >= KEEPALIVE {
                    alive = Instant::now();
                    self.session.keepalive_send().map_err(|error| broken(error.into()))?;
                }
            }
        }
    }

    /// Takes what has arrived, standard error too: a full window would stop the command.
    fn read(&mut self) -> std::io::Result<bool> {
        let mut buffer = [0; 16 * 1024];
        let mut moved = false;
        loop {
            let count = would_block(self.channel.read(&mut buffer))?;
            self.output.extend(buffer.get(..count).unwrap_or_default());
            let complaint = would_block(self.channel.stderr().read(&mut buffer))?;
            if count == 0 && complaint == 0 {
                return Ok(moved);
            }
            moved = true;
        }
    }

    fn wait(&self, deadline: &Deadline) -> Result<()> {
        let events = match self.session.block_directions() {
            BlockDirections::Outbound | BlockDirections::Both => PollFlags::IN | PollFlags::OUT,
            BlockDirections::None | BlockDirections::Inbound => PollFlags::IN,
        };
        deadline.again(Duration::from_secs(1)).wait(self.socket, events).map(|_| ())
    }
}

fn would_block<T: Default>(moved: std::io::Result<T>) -> std::io::Result<T> {
    match moved {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(T::default()),
        other => other,
    }
}
