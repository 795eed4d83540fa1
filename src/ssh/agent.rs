//! A client of `ssh-agent` over its Unix socket (draft-miller-ssh-agent): lists keys and has them sign.
//!
//! libssh2's own client cannot name the signature algorithm for an RSA certificate and cannot pair a certificate on
//! disk with a key in the agent, so the protocol is spoken here.

use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use super::certificate::Certificate;
use super::public_key::PublicKey;
use super::wire::{Reader, put_string};
use crate::error::{Error, Kind, Result};
use crate::path::escape;

const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
/// OpenSSH's bound on one message.
const MAX_MESSAGE: usize = 256 * 1024;
/// How long an agent may take to list its keys.
const LIST_LIMIT: Duration = Duration::from_secs(10);
/// How long it may take to sign: its owner may have to confirm, or to touch a token.
const SIGN_LIMIT: Duration = Duration::from_secs(90);

/// One key or certificate that an agent holds.
#[derive(Clone, Debug)]
pub struct Identity {
    /// As the agent knows it, a key or a certificate.
    pub blob: Vec<u8>,
    /// The agent's comment, mostly the file it was added from.
    pub comment: String,
    /// The certificate, if it is one.
    pub certificate: Option<Certificate>,
    /// The plain key, inside the certificate if it is one.
    pub key: PublicKey,
}

/// An agent's signature: the algorithm it used and the bytes that follow its name.
#[derive(Debug)]
pub struct Signature {
    /// `rsa-sha2-512` for example.
    pub algorithm: String,
    /// The rest of the signature blob: one `string`, and for security keys what follows it.
    pub rest: Vec<u8>,
}

/// Where an agent listens. Every request makes its own connection.
#[derive(Clone, Debug)]
pub struct Agent {
    socket: PathBuf,
}

impl Agent {
    /// Names the agent's socket, `$SSH_AUTH_SOCK` as a rule.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into() }
    }

    /// The socket's path.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The keys and certificates of a type that is known, in the agent's order.
    ///
    /// # Errors
    /// The agent cannot be reached, does not answer within ten seconds, or answers nonsense.
    pub fn identities(&self) -> Result<Vec<Identity>> {
        let answer = self.ask(&[REQUEST_IDENTITIES], LIST_LIMIT)?;
        let mut reader = Reader::new(&answer);
        if reader.byte() != Some(IDENTITIES_ANSWER) {
            return Err(self.error(Kind::Protocol, "the agent refuses to list its keys"));
        }
        let count = reader.u32().unwrap_or(0);
        let mut identities = Vec::new();
        for _ in 0..count {
            let (Some(blob), Some(comment)) = (reader.string(), reader.text()) else {
                return Err(self.error(Kind::Protocol, "the agent's answer is cut short"));
            };
            identities.extend(Identity::new(blob, comment));
        }
        Ok(identities)
    }

    /// Has the agent sign `data` with the key of `blob`; `flags` choose the RSA hash.
    ///
    /// # Errors
    /// As [`Agent::identities`], with 90 seconds for its owner to confirm; or the agent refuses.
    pub fn sign(&self, blob: &[u8], data: &[u8], flags: u32) -> Result<Signature> {
        let mut request = vec![SIGN_REQUEST];
        put_string(&mut request, blob);
        put_string(&mut request, data);
        request.extend_from_slice(&flags.to_be_bytes());
        let answer = self.ask(&request, SIGN_LIMIT)?;
        let mut reader = Reader::new(&answer);
        if reader.byte() != Some(SIGN_RESPONSE) {
            let error = self.error(Kind::LoginRefused, "the agent refuses to sign with this key");
            return Err(error.advice("it may be locked, or its owner declined: check with ssh-add -l"));
        }
        let mut signature = Reader::new(reader.string().unwrap_or_default());
        match signature.text() {
            Some(algorithm) => Ok(Signature { algorithm, rest: signature.rest().to_vec() }),
            None => Err(self.error(Kind::Protocol, "the agent's signature is cut short")),
        }
    }

    fn ask(&self, request: &[u8], limit: Duration) -> Result<Vec<u8>> {
        let fail = |error| {
            Error::from_io("ask ssh-agent", error)
                .with_kind(Kind::Config)
                .on(self.socket.as_os_str().as_bytes())
                .advice("check SSH_AUTH_SOCK and that the agent runs: ssh-add -l")
        };
        let deadline =
            Deadline { stream: self.connect(limit).map_err(fail)?, end: Instant::now().checked_add(limit) };
        deadline.exchange(request).map_err(fail)
    }

    /// Connects with a bound: a full backlog would block for ever.
    fn connect(&self, limit: Duration) -> io::Result<UnixStream> {
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        set_socket_timeout(&socket, Timeout::Send, Some(limit))?;
        connect(&socket, &SocketAddrUnix::new(&self.socket)?)?;
        Ok(UnixStream::from(socket))
    }

    fn error(&self, kind: Kind, reason: &'static str) -> Error {
        Error::new(kind, "ask ssh-agent", reason).on(self.socket.as_os_str().as_bytes())
    }
}

impl Identity {
    fn new(blob: &[u8], comment: String) -> Option<Self> {
        let certificate = Certificate::from_blob(blob);
        let key = match &certificate {
            Some(certificate) => certificate.public_key.clone(),
            None => PublicKey::from_blob(blob)?,
        };
        Some(Self { blob: blob.to_vec(), comment, certificate, key })
    }

    /// The comment as messages show it, or the fingerprint where there is none.
    pub(crate) fn shown(&self) -> String {
        if self.comment.is_empty() {
            self.key.fingerprint()
        } else {
            escape(self.comment.as_bytes()).into_owned()
        }
    }
}

/// A connection all of whose reads and writes together must end in time.
struct Deadline {
    stream: UnixStream,
    end: Option<Instant>,
}

impl Deadline {
    fn exchange(mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        let mut message = Vec::new();
        put_string(&mut message, request);
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write_all(&message).map_err(timed_out)?;
        let mut length = [0; 4];
        self.read_exact(&mut length)?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > MAX_MESSAGE {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the answer is too long"));
        }
        let mut answer = vec![0; length];
        self.read_exact(&mut answer)?;
        Ok(answer)
    }

    fn read_exact(&mut self, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            self.stream.set_read_timeout(Some(self.left()?))?;
            match self.stream.read(buffer) {
                Ok(0) => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the agent hung up")),
                Ok(count) => buffer = buffer.get_mut(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(timed_out(error)),
            }
        }
        Ok(())
    }

    fn left(&self) -> io::Result<Duration> {
        let left = self.end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

/// A socket's timeout shows as "would block".
fn timed_out(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::WouldBlock { io::ErrorKind::TimedOut.into() } else { error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(answer: &[u8]) -> io::Result<Vec<u8>> {
        let (stream, mut agent) = UnixStream::pair().unwrap();
        agent.write_all(answer).unwrap();
        let end = Instant::now().checked_add(Duration::from_millis(50));
        Deadline { stream, end }.exchange(&[REQUEST_IDENTITIES])
    }

    #[test]
    fn an_agent_that_falls_silent_times_out() {
        for answer in [&b""[..], &[0, 0], &[0, 0, 0, 5, 12, 0]] {
            assert_eq!(exchange(answer).unwrap_err().kind(), io::ErrorKind::TimedOut, "{answer:?}");
        }
    }

    #[test]
    fn an_answer_has_a_bound() {
        assert_eq!(exchange(&[0, 0, 0, 1, 5]).unwrap(), [5]);
        assert_eq!(exchange(&[0xff; 4]).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
