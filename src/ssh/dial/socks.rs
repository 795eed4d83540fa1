//! SOCKS5 proxies (RFC 1928), with a user and password where they are given (RFC 1929). The proxy resolves the name.

use super::route::{Target, direct};
use crate::error::{Error, Kind, Result};
use crate::ssh::deadline::Deadline;
use crate::ssh::socket::Socket;
use zeroize::Zeroizing;

/// The port where none is given.
const DEFAULT_PORT: u16 = 1080;
const VERSION: u8 = 5;
const NO_LOGIN: u8 = 0;
const PASSWORD: u8 = 2;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// `[user[:password]@]host:port`, the value of `socks_proxy`.
#[derive(Clone, PartialEq, Eq)]
pub struct SocksProxy {
    host: String,
    port: u16,
    login: Option<(String, Zeroizing<String>)>,
}

impl std::fmt::Debug for SocksProxy {
    /// Without the login.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "socks5://{}:{}", self.host, self.port)
    }
}

impl SocksProxy {
    /// Reads the value of `socks_proxy`.
    ///
    /// # Errors
    /// [`Kind::Config`] when it has no host or no valid port. The message never holds the value: it may hold a password.
    pub fn parse(value: &str) -> Result<Self> {
        let (login, place) = match value.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, value),
        };
        let (host, port) = split_place(place, DEFAULT_PORT).ok_or_else(|| {
            Error::new(Kind::Config, "read socks_proxy", "it is not [user[:password]@]host:port")
        })?;
        let login = login.map(|login| {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            (user.to_owned(), Zeroizing::new(password.to_owned()))
        });
        Ok(Self { host, port, login })
    }

    /// Connects to the proxy, and through it to the server.
    ///
    /// # Errors
    /// The proxy cannot be reached, refuses, or does not answer in time.
    pub fn dial(&self, target: &Target, deadline: &Deadline) -> Result<Socket> {
        let place = format!("{}:{}", self.host, self.port);
        let socket = direct(&self.host, self.port, deadline).map_err(|error| {
            error.on(format!("SOCKS proxy {place}")).advice("check socks_proxy, and that the proxy runs")
        })?;
        self.greet(&socket, deadline)
            .and_then(|()| ask(&socket, target, deadline))
            .map_err(|error| error.on(format!("{} through SOCKS proxy {place}", target.address())))?;
        Ok(socket)
    }

    fn greet(&self, socket: &Socket, deadline: &Deadline) -> Result<()> {
        let methods: &[u8] = if self.login.is_some() { &[NO_LOGIN, PASSWORD] } else { &[NO_LOGIN] };
        let count = u8::try_from(methods.len()).unwrap_or(0);
        socket.write_all(&[&[VERSION, count], methods].concat(), deadline)?;
        match (socket.read_exact(2, deadline)?.as_slice(), &self.login) {
            ([VERSION, NO_LOGIN], _) => Ok(()),
            ([VERSION, PASSWORD], Some((user, password))) => log_in(socket, user, password, deadline),
            ([VERSION, _], _) => Err(refused("the proxy wants another login than socks_proxy has")),
            _ => Err(refused("it is not a SOCKS5 proxy")),
        }
    }
}

/// `host:port`, with or without brackets around an IPv6 address.
pub(super) fn split_place(place: &str, default_port: u16) -> Option<(String, u16)> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (host, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
        }
        None => match place.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    let port = port.map_or(Some(default_port), |port| port.parse().ok().filter(|port| *port != 0))?;
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

fn log_in(socket: &Socket, user: &str, password: &str, deadline: &Deadline) -> Result<()> {
    let mut request = Zeroizing::new(vec![1]);
    for field in [user, password] {
        let length = u8::try_from(field.len())
            .map_err(|_too_long| refused("user or password is longer than 255 bytes"))?;
        request.push(length);
        request.extend_from_slice(field.as_bytes());
    }
    socket.write_all(&request, deadline)?;
    match socket.read_exact(2, deadline)?.as_slice() {
        [_, 0] => Ok(()),
        _ => Err(refused("the proxy refuses the user and password of socks_proxy")),
    }
}

fn ask(socket: &Socket, target: &Target, deadline: &Deadline) -> Result<()> {
    let host = target.bare_host();
    let mut request = vec![VERSION, CONNECT, 0];
    match host.parse() {
        Ok(std::net::IpAddr::V4(address)) => request.extend([&[IPV4][..], &address.octets()].concat()),
        Ok(std::net::IpAddr::V6(address)) => request.extend([&[IPV6][..], &address.octets()].concat()),
        Err(_not_an_address) => {
            let length = u8::try_from(host.len())
                .map_err(|_too_long| refused("the host name is longer than 255 bytes"))?;
            request.extend([&[NAME, length][..], host.as_bytes()].concat());
        }
    }
    request.extend(target.port.to_be_bytes());
    socket.write_all(&request, deadline)?;
    let reply = socket.read_exact(4, deadline)?;
    let &[VERSION, code, _, kind] = reply.as_slice() else {
        return Err(refused("the proxy's answer is malformed"));
    };
    if code != 0 {
        return Err(refused(meaning(code)));
    }
    let address = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => usize::from(socket.read_exact(1, deadline)?.first().copied().unwrap_or(0)),
        _ => return Err(refused("the proxy's answer is malformed")),
    };
    socket.read_exact(address, deadline)?;
    socket.read_exact(2, deadline).map(drop)
}

/// The reply codes of RFC 1928 section 6.
fn meaning(code: u8) -> &'static str {
    match code {
        2 => "the proxy's rules forbid it",
        3 => "the proxy cannot reach the network",
        4 => "the proxy cannot reach the host",
        5 => "the connection from the proxy to the server was refused",
        6 => "the server did not answer the proxy in time",
        7 | 8 => "the proxy does not support this request",
        _ => "the proxy failed",
    }
}

fn refused(reason: &'static str) -> Error {
    Error::new(Kind::Connect, "connect to", reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let full = SocksProxy::parse("me:a:b@c@[::1]:9050").unwrap();
        assert_eq!((full.host.as_str(), full.port), ("::1", 9050));
        let (user, password) = full.login.unwrap();
        assert_eq!((user.as_str(), password.as_str()), ("me", "a:b@c"));
        assert_eq!(SocksProxy::parse("proxy").unwrap().port, 1080);
        for bad in ["", "host:0", "host:x", "u:secret@", "[::1", "[::1]x"] {
            let error = SocksProxy::parse(bad).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
