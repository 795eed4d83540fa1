//! Which way to a server, and taking it.

use super::http::HttpProxy;
use super::jump::Jump;
use super::socks::SocksProxy;
use super::{command, resolve, tcp};
use crate::error::Result;
use crate::ssh::deadline::Deadline;
use crate::ssh::socket::Socket;

/// The server to reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// A name or an address; an IPv6 address with or without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// The user who will log in, for the `%r` of a command.
    pub user: String,
    /// The host as it was given, for the `%n` of a command, if it stands for another one.
    pub alias: Option<String>,
}

impl Target {
    /// The host without brackets.
    pub fn bare_host(&self) -> &str {
        let inner = self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        inner.unwrap_or(&self.host)
    }

    /// `host:port`, with brackets around an IPv6 address.
    pub fn address(&self) -> String {
        let (host, port) = (self.bare_host(), self.port);
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

/// The way to a server.
#[derive(Clone, Debug, Default)]
pub enum Route {
    /// A TCP connection.
    #[default]
    Direct,
    /// Through a SOCKS5 proxy (`socks_proxy`).
    Socks(SocksProxy),
    /// Through an HTTP proxy (`http_proxy`).
    Http(HttpProxy),
    /// Through the standard streams of a shell command (`proxy_command`); `%h`, `%n`, `%p`, `%r` and `%%` are replaced.
    Command(String),
    /// Through other SSH servers (`proxy_jump`).
    Jump(Box<Jump>),
}

/// Connects to the server.
///
/// # Errors
/// It cannot be reached within the deadline, or the run was cancelled. [`Kind::HostKey`](crate::error::Kind::HostKey)
/// says that a server on the way is not trusted, not that this one is not.
pub fn dial(target: &Target, route: &Route, deadline: &Deadline) -> Result<Socket> {
    match route {
        Route::Direct => {
            direct(target.bare_host(), target.port, deadline).map_err(|error| error.on(target.address()))
        }
        Route::Socks(proxy) => proxy.dial(target, deadline),
        Route::Http(proxy) => proxy.dial(target, deadline),
        Route::Command(line) => command::dial(target, line),
        Route::Jump(jump) => jump.dial(target, deadline),
    }
}

/// Connects to a host by TCP.
pub(super) fn direct(host: &str, port: u16, deadline: &Deadline) -> Result<Socket> {
    let addresses = resolve::addresses(host, port, deadline)?;
    Ok(tcp::connect(&addresses, deadline)?.socket)
}
