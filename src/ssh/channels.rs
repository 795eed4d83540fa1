//! The channels of a libssh2 session as byte streams.

use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};

use ssh2::{BlockDirections, Channel, ErrorCode, Session};

use super::socket::Socket;
use crate::error::{Error, Kind, Result};

/// The receive window of a channel: what may be on its way to us unread. It bounds a download to window per round trip.
const WINDOW: u32 = 16 * 1024 * 1024;
/// The longest SSH packet payload we accept; libssh2 reads no more than about 40,000 bytes a packet.
const PACKET: u32 = 32_768;
/// How much of what the server prints beside the protocol is kept, in bytes.
const LONGEST_COMPLAINT: usize = 512;
/// libssh2's `LIBSSH2_ERROR_CHANNEL_FAILURE`, and `LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED`.
const CHANNEL_REFUSED: [i32; 2] = [-21, -22];

/// What runs at the far end of each channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    /// A subsystem by name, ordinarily `sftp`.
    Subsystem(String),
    /// A command that speaks SFTP on its standard streams.
    Command(String),
}

/// A logged-in session and its channels. The session is non-blocking except while a channel is opened.
pub struct Channels {
    session: Session,
    socket: Socket,
    service: Service,
    environment: Vec<(String, String)>,
    open: Vec<Channel>,
    clogged: bool,
    /// Whether something half sent waits for the socket: content, a window, a key exchange.
    wants_output: bool,
    /// The beginning of what the server printed beside the protocol.
    printed: Vec<u8>,
    suspicion: Option<Error>,
}

impl Channels {
    /// Takes over a logged-in session and opens its first channel. `socket` is the session's own.
    ///
    /// # Errors
    /// The server refuses the channel, a variable or the service.
    pub fn open(
        session: Session,
        socket: Socket,
        service: Service,
        environment: Vec<(String, String)>,
    ) -> Result<Self> {
        let mut this = Self {
            session,
            socket,
            service,
            environment,
            open: Vec::new(),
            clogged: false,
            wants_output: false,
            printed: Vec::new(),
            suspicion: None,
        };
        super::Streams::open(&mut this)?;
        Ok(this)
    }

    /// The same, with a reason to doubt that an SFTP server answers.
    #[must_use]
    pub fn suspecting(self, suspicion: Option<Error>) -> Self {
        Self { suspicion, ..self }
    }

    fn start(&self) -> Result<Channel> {
        let mut channel = self.session.channel_open("session", WINDOW, PACKET, None).map_err(|error| {
            refused("open a channel", &error, "the server allows no further channel (MaxSessions)")
        })?;
        for (name, value) in &self.environment {
            channel.setenv(name, value).map_err(|error| {
                refused("set variable", &error, "the server accepts no such variable (AcceptEnv)").on(name)
            })?;
        }
        match &self.service {
            Service::Subsystem(name) => channel.subsystem(name).map_err(|error| {
                refused("start subsystem", &error, "the server does not offer this subsystem").on(name)
            })?,
            Service::Command(command) => channel
                .exec(command)
                .map_err(|error| refused("run", &error, "the server does not run commands").on(command))?,
        }
        Ok(channel)
    }

    fn channel(&mut self, stream: usize) -> io::Result<&mut Channel> {
        self.open.get_mut(stream).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn is_half_sent(&self) -> bool {
        matches!(self.session.block_directions(), BlockDirections::Outbound | BlockDirections::Both)
    }
}

/// Takes what came in on a channel's standard error and keeps the beginning of it.
fn take_printed(channel: &Channel, printed: &mut Vec<u8>) {
    let mut text = [0; LONGEST_COMPLAINT];
    while let Ok(count @ 1..) = channel.stderr().read(&mut text) {
        let room = LONGEST_COMPLAINT.saturating_sub(printed.len());
        printed.extend_from_slice(text.get(..count.min(room)).unwrap_or_default());
    }
}

fn would_block(result: &io::Result<usize>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

fn refused(operation: &'static str, error: &ssh2::Error, reason: &'static str) -> Error {
    match error.code() {
        ErrorCode::Session(code) if CHANNEL_REFUSED.contains(&code) => {
            Error::new(Kind::Unsupported, operation, reason)
        }
        ErrorCode::Session(-9) => Error::new(Kind::TimedOut, operation, "no answer from the server"),
        _ => Error::new(Kind::ConnectionLost, operation, error.message().to_owned()),
    }
}

impl super::Streams for Channels {
    fn count(&self) -> usize {
        self.open.len()
    }

    fn read(&mut self, stream: usize, buffer: &mut [u8]) -> io::Result<usize> {
        let received = self.channel(stream)?.read(buffer);
        if would_block(&received) {
            self.wants_output = self.is_half_sent();
        }
        received
    }

    fn write(&mut self, stream: usize, data: &[u8]) -> io::Result<usize> {
        let channel = self.channel(stream)?;
        let written = channel.write(data);
        // Without a window the library has not begun; with one it insists on the same bytes, sent in part or held up
        // by an exchange of keys.
        let has_begun = would_block(&written) && channel.write_window().remaining > 0;
        self.clogged = has_begun;
        if has_begun {
            self.wants_output = self.is_half_sent();
        }
        written
    }

    fn wants_output(&self) -> bool {
        self.wants_output
    }

    fn has_unread(&mut self) -> bool {
        self.open.iter().any(|channel| {
            if channel.read_window().available > 0 {
                take_printed(channel, &mut self.printed);
            }
            channel.read_window().available > 0 || channel.eof()
        })
    }

    fn is_clogged(&self) -> bool {
        self.clogged
    }

    fn open(&mut self) -> Result<()> {
        self.session.set_blocking(true);
        let channel = self.start();
        self.session.set_blocking(false);
        self.open.push(channel?);
        Ok(())
    }

    fn descriptors(&self) -> (BorrowedFd<'_>, BorrowedFd<'_>) {
        (self.socket.as_fd(), self.socket.as_fd())
    }

    fn complaint(&mut self) -> Option<String> {
        for channel in &self.open {
            take_printed(channel, &mut self.printed);
        }
        let text = self.printed.trim_ascii();
        (!text.is_empty()).then(|| crate::path::escape(text).into_owned())
    }

    fn suspicion(&self) -> Option<Error> {
        self.suspicion.as_ref().map(Error::share)
    }

    fn shut_down(&mut self) {
        // Dropping a channel or session waits for the server unless the socket is gone.
        if let Err(error) = self.session.disconnect(None, "done", None) {
            log::debug!("the server was not told of the end of the connection: {error}");
        }
        self.socket.shut_down();
    }
}
