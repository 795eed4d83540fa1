//! HTTP proxies: the `CONNECT` method (RFC 9110 section 9.3.6) with basic authentication.

use openssl::base64;
use zeroize::Zeroizing;

use super::route::{Target, direct};
use super::socks::split_place;
use crate::error::{Error, Kind, Result};
use crate::path::escape;
use crate::ssh::deadline::Deadline;
use crate::ssh::socket::Socket;

/// The port where the URL has none.
const DEFAULT_PORT: u16 = 80;
/// The longest answer a proxy may give before the stream begins, in bytes.
const LONGEST_ANSWER: usize = 16 * 1024;

/// `http://[user[:password]@]host[:port]`, the value of `http_proxy`.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpProxy {
    host: String,
    port: u16,
    login: Option<Zeroizing<String>>,
}

impl std::fmt::Debug for HttpProxy {
    /// Without the login.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "http://{}:{}", self.host, self.port)
    }
}

impl HttpProxy {
    /// Reads the value of `http_proxy`. Percent-encoded bytes in user and password are decoded.
    ///
    /// # Errors
    /// [`Kind::Config`] when it is no such URL. The message never holds the value: it may hold a password.
    pub fn parse(value: &str) -> Result<Self> {
        let refused = |reason| Error::new(Kind::Config, "read http_proxy", reason);
        if value.starts_with("https://") {
            return Err(refused("a proxy that is itself reached by TLS is not supported")
                .advice("use an http:// proxy, or proxy_command with a program that speaks TLS"));
        }
        let rest = value.strip_prefix("http://").unwrap_or(value);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (login, place) = match authority.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, authority),
        };
        let malformed = || refused("it is not http://[user[:password]@]host[:port]");
        let (host, port) = split_place(place, DEFAULT_PORT).ok_or_else(malformed)?;
        let login = login.map(|login| decoded(login).ok_or_else(malformed)).transpose()?;
        Ok(Self { host, port, login })
    }

    /// Connects to the proxy, and through it to the server.
    ///
    /// # Errors
    /// The proxy cannot be reached, refuses, or does not answer in time.
    pub fn dial(&self, target: &Target, deadline: &Deadline) -> Result<Socket> {
        let place = format!("{}:{}", self.host, self.port);
        let socket = direct(&self.host, self.port, deadline).map_err(|error| {
            error.on(format!("HTTP proxy {place}")).advice("check http_proxy, and that the proxy runs")
        })?;
        self.ask(&socket, target, deadline)
            .map_err(|error| error.on(format!("{} through HTTP proxy {place}", target.address())))?;
        Ok(socket)
    }

    fn ask(&self, socket: &Socket, target: &Target, deadline: &Deadline) -> Result<()> {
        let address = target.address();
        if address.contains(|c: char| c.is_control() || c == ' ') {
            return Err(Error::new(
                Kind::Config,
                "connect to",
                "the host name has spaces or control characters",
            ));
        }
        let mut request = Zeroizing::new(format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n"));
        if let Some(login) = &self.login {
            let encoded = Zeroizing::new(base64::encode_block(login.as_bytes()));
            request.push_str("Proxy-Authorization: Basic ");
            request.push_str(&encoded);
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        socket.write_all(request.as_bytes(), deadline)?;
        let answer = head(socket, deadline)?;
        let line = answer.split(|&byte| byte == b'\r' || byte == b'\n').next().unwrap_or_default();
        match status(line) {
            Some(200..=299) => Ok(()),
            Some(407) => {
                Err(Error::new(Kind::Connect, "connect to", "the proxy wants a login, or refuses this one")
                    .advice("set http_proxy = http://user:password@host:port"))
            }
            Some(_) => Err(refused(format!("the proxy answers \"{}\"", escape(line)))),
            None => Err(refused("it does not answer as an HTTP proxy does".into())),
        }
    }
}

/// Everything up to the empty line that ends the head of an answer, one byte at a time: what follows it belongs to SSH.
fn head(socket: &Socket, deadline: &Deadline) -> Result<Vec<u8>> {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") && !answer.ends_with(b"\n\n") {
        if answer.len() >= LONGEST_ANSWER {
            return Err(refused("the proxy's answer does not end".into()));
        }
        answer.extend(socket.read_exact(1, deadline)?);
    }
    Ok(answer)
}

fn status(line: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(line).ok()?;
    text.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()
}

/// Undoes percent-encoding.
fn decoded(text: &str) -> Option<Zeroizing<String>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    String::from_utf8(bytes).ok().map(Zeroizing::new)
}

fn refused(reason: String) -> Error {
    Error::new(Kind::Connect, "connect to", reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let full = HttpProxy::parse("http://me:p%40ss@[::1]:3128/").unwrap();
        assert_eq!((full.host.as_str(), full.port), ("::1", 3128));
        assert_eq!(full.login.unwrap().as_str(), "me:p@ss");
        assert_eq!(HttpProxy::parse("proxy").unwrap().port, 80);
        for bad in ["", "http://", "https://h", "http://u:secret%zz@h", "http://u:secret@h:99999"] {
            let error = HttpProxy::parse(bad).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
        assert!(!format!("{:?}", HttpProxy::parse("http://u:secret@h").unwrap()).contains("secret"));
    }

    #[test]
    fn status_lines() {
        assert_eq!(status(b"HTTP/1.1 200 Connection established"), Some(200));
        assert_eq!(status(b"HTTP/1.0 407"), Some(407));
        assert_eq!(status(b"SSH-2.0-x"), None);
        assert_eq!(status(b"\xff"), None);
    }
}
