//! Greeting and key exchange, and what it means when they fail.

use std::time::Duration;

use rustix::event::PollFlags;
use ssh2::{BlockDirections, ErrorCode, Session};

use super::algorithms::Offer;
use super::deadline::Deadline;
use super::dial::{Target, dial};
use super::host_key::Accepted;
use super::last_words;
use super::server_offer;
use super::session::{Connected, IDENTIFICATION, SessionSettings};
use super::socket::Socket;
use crate::error::{Error, Kind, Result};
use crate::path::escape;

/// How long a server is asked again for its lists after no algorithm was found in common.
const SECOND_LOOK: Duration = Duration::from_secs(5);

/// What OpenSSH says when too many connections are starting, in place of an identification.
const TOO_MANY: &str = "Exceeded MaxStartups";

/// How much of a server's first line is kept for messages, in bytes.
const LONGEST_GREETING: usize = 255;

/// Error numbers of libssh2.
mod code {
    pub(super) const BANNER_RECEIVE: i32 = -2;
    pub(super) const BANNER_SEND: i32 = -3;
    pub(super) const KEX_FAILURE: i32 = -5;
    pub(super) const SOCKET_SEND: i32 = -7;
    pub(super) const KEY_EXCHANGE_FAILURE: i32 = -8;
    pub(super) const TIMEOUT: i32 = -9;
    pub(super) const DISCONNECT: i32 = -13;
    pub(super) const EAGAIN: i32 = -37;
    pub(super) const SOCKET_RECEIVE: i32 = -43;
}

/// A connection on its way to a session.
pub(super) struct Handshake<'a> {
    pub(super) target: &'a Target,
    pub(super) settings: &'a SessionSettings,
    pub(super) session: Session,
    pub(super) socket: Socket,
    pub(super) offer: Offer,
    pub(super) greeting: Vec<u8>,
}

impl Handshake<'_> {
    pub(super) fn run(&mut self, deadline: &Deadline) -> Result<()> {
        self.session.set_blocking(false);
        self.session.set_tcp_stream(self.socket.clone());
        loop {
            self.overhear();
            match self.session.handshake() {
                Ok(()) => return Ok(()),
                Err(error) if error.code() == ErrorCode::Session(code::EAGAIN) => {}
                Err(error) => return Err(self.explain(&error, deadline)),
            }
            let events = match self.session.block_directions() {
                BlockDirections::None | BlockDirections::Inbound => PollFlags::IN,
                BlockDirections::Outbound => PollFlags::OUT,
                BlockDirections::Both => PollFlags::IN | PollFlags::OUT,
            };
            if !deadline.wait(&self.socket, events)? {
                return Err(self.too_slow(deadline));
            }
        }
    }

    /// Keeps the beginning of what the server says, which the handshake is about to take off the socket.
    fn overhear(&mut self) {
        if self.greeting.len() < LONGEST_GREETING && !self.greeting.contains(&b'\n') {
            self.greeting.extend(self.socket.peek());
        }
    }

    /// The server's key or certificate as it was sent.
    pub(super) fn host_key(&self) -> Result<Vec<u8>> {
        let shown = self.session.host_key().map(|(shown, _)| shown.to_vec());
        shown.ok_or_else(|| self.failed(Kind::HostKey, "the server showed no host key"))
    }

    pub(super) fn finish(self, host_key: Accepted) -> Connected {
        let milliseconds = u32::try_from(self.settings.timeout.as_millis()).unwrap_or(u32::MAX);
        self.session.set_timeout(milliseconds);
        self.session.set_blocking(true);
        Connected { session: self.session, socket: self.socket, host_key }
    }

    /// Says what a failed handshake means.
    fn explain(&self, error: &ssh2::Error, deadline: &Deadline) -> Error {
        let ErrorCode::Session(number) = error.code() else {
            return unexpected(error).on(self.target.address());
        };
        log::debug!("handshake with {}: libssh2 error {number}: {}", self.target.address(), error.message());
        match number {
            code::TIMEOUT => self.too_slow(deadline),
            code::BANNER_RECEIVE
            | code::BANNER_SEND
            | code::DISCONNECT
            | code::SOCKET_SEND
            | code::SOCKET_RECEIVE => self.closed(),
            code::KEX_FAILURE | code::KEY_EXCHANGE_FAILURE => self.no_agreement(error, deadline),
            _ => self.failed(Kind::Protocol, format!("the key exchange failed ({})", words(error))),
        }
    }

    /// The time is over.
    fn too_slow(&self, deadline: &Deadline) -> Error {
        let bound = deadline.bound();
        match self.stranger() {
            Some(text) => self.not_ssh(&text),
            None if self.heard().is_empty() => self
                .failed(Kind::TimedOut, format!("it accepts connections but said nothing within {bound}"))
                .advice("the server is overloaded, or something that is not an SSH server listens there"),
            None => self
                .failed(Kind::TimedOut, format!("the key exchange was not done within {bound}"))
                .advice("the server is overloaded or the line is slow; --contimeout gives it more time"),
        }
    }

    /// The server, or something in between, ended the connection.
    fn closed(&self) -> Error {
        if let Some(text) = self.stranger() {
            return self.not_ssh(&text);
        }
        if let Some(words) = self.socket.last_words() {
            return self.carrier_ended(&words);
        }
        if self.heard().is_empty() {
            return self
                .failed(Kind::Connect, "the connection was closed before the server said anything")
                .advice("too many connections may be starting at once (MaxStartups), or this address is blocked there");
        }
        self.failed(Kind::ConnectionLost, "the connection was closed during the key exchange")
            .advice("the server's log says why; it may be too busy, or refuse this address")
    }

    /// The command that carries the connection has ended; most often it is `ssh`, which says why.
    fn carrier_ended(&self, words: &str) -> Error {
        if last_words::refusal(words) == Some(Kind::LoginRefused) {
            return self
                .failed(Kind::LoginRefused, format!("a server on the way refused the login: {words}"))
                .advice("ssh logs in to it by its own configuration and keys: see what `ssh -v` says to it");
        }
        self.failed(Kind::Connect, format!("the command that carries the connection ended: {words}"))
    }

    fn not_ssh(&self, text: &str) -> Error {
        if text.starts_with(TOO_MANY) {
            return self
                .failed(Kind::Busy, "the server takes no more connections at the moment (MaxStartups)")
                .advice("try again later, or have fewer logins begin at the same time");
        }
        self.failed(Kind::Connect, format!("no SSH server answers there; it says \"{text}\""))
            .advice("check the port")
    }

    /// What the server said first, as far as it is known: what came between a look at the socket and the handshake's
    /// reading is known only to the library.
    pub(super) fn heard(&self) -> &[u8] {
        match self.session.banner_bytes() {
            Some(line) if self.greeting.is_empty() || line.starts_with(b"SSH-") => line,
            _ => &self.greeting,
        }
    }

    /// The first line of something that does not begin as an SSH server does, safe to show.
    fn stranger(&self) -> Option<String> {
        let heard = self.heard();
        if may_be_ssh(heard) {
            return None;
        }
        let line = heard.split(|&byte| byte == b'\r' || byte == b'\n').next().unwrap_or_default();
        Some(escape(line).into_owned())
    }

    /// The two sides have some kind of algorithm not in common; the server is asked again for its lists to say which.
    fn no_agreement(&self, error: &ssh2::Error, deadline: &Deadline) -> Error {
        let deadline = deadline.again(SECOND_LOOK);
        let theirs = dial(self.target, &self.settings.route, &deadline)
            .and_then(|socket| server_offer::read(&socket, IDENTIFICATION, &deadline));
        let difference = match theirs {
            Ok(theirs) => server_offer::disagreement(&self.offer, &theirs),
            Err(again) => {
                log::debug!("the server's lists could not be read: {again}");
                None
            }
        };
        match difference {
            Some((kind, ours, theirs)) => self
                .failed(Kind::Unsupported, format!("no {kind} in common"))
                .advice(format!("the server offers {theirs}\nthis side offers {ours}")),
            None if self.socket.is_closed() => self.closed(),
            None => self.failed(Kind::Protocol, format!("the key exchange failed ({})", words(error))),
        }
    }

    fn failed(&self, kind: Kind, reason: impl Into<std::borrow::Cow<'static, str>>) -> Error {
        Error::new(kind, "connect to", reason).on(self.target.address())
    }
}

/// Whether what was heard may be the beginning of an SSH server's identification (RFC 4253 section 4.2). Its first bytes
/// may be missing: where they arrive one at a time, the handshake can take them before they were overheard.
fn may_be_ssh(heard: &[u8]) -> bool {
    let begins = b"SSH-";
    (0..begins.len())
        .any(|lost| heard.iter().zip(begins.iter().skip(lost)).all(|(said, expected)| said == expected))
}

/// The library's own words, safe to show.
fn words(error: &ssh2::Error) -> String {
    escape(error.message().as_bytes()).to_lowercase()
}

pub(super) fn unexpected(error: &ssh2::Error) -> Error {
    Error::new(Kind::Protocol, "connect to", words(error))
}

#[cfg(test)]
mod tests {
    use super::may_be_ssh;

    #[test]
    fn what_may_be_an_ssh_server() {
        for heard in ["", "S", "SSH-2.0-OpenSSH_10.0", "SH-2.0-sl", "H-2.0-sl", "-2.0-sl"] {
            assert!(may_be_ssh(heard.as_bytes()), "{heard}");
        }
        for heard in
            ["hi", "Hi", "HTTP/1.1 400 Bad Request", "SIP/2.0", "220 mail.example.org ESMTP", "login: "]
        {
            assert!(!may_be_ssh(heard.as_bytes()), "{heard}");
        }
    }
}
