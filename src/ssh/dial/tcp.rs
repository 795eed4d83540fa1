//! Connecting to one address after the other, each within its share of the time.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use crate::error::{Error, Kind, Result};
use crate::ssh::deadline::Deadline;
use crate::ssh::socket::Socket;

/// A connection, and what it took.
pub struct Reached {
    /// The connection.
    pub socket: Socket,
    /// Where it goes.
    pub address: SocketAddr,
    /// The addresses that were tried before in vain.
    pub failures: Vec<(SocketAddr, io::Error)>,
}

/// Connects to the first address that answers. Each gets an equal share of what is left of the time, so that one that
/// swallows packets does not keep the next from being tried.
///
/// Buffer sizes stay the system's: Linux grows them while data flows, and stops doing so once they are set.
///
/// # Errors
/// [`Kind::Connect`], or [`Kind::TimedOut`] when the last one did not answer; every address is named.
pub fn connect(addresses: &[SocketAddr], deadline: &Deadline) -> Result<Reached> {
    let mut failures = Vec::new();
    for (tried, address) in addresses.iter().enumerate() {
        let share = deadline.share(addresses.len().saturating_sub(tried));
        match attempt(*address, &share) {
            Ok(Attempt::Connected(fd)) => {
                log::debug!("connected to {address}");
                return Ok(Reached { socket: Socket::new(fd), address: *address, failures });
            }
            Ok(Attempt::Silent) => {
                let error =
                    io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {}", share.bound()));
                failures.push((*address, error));
            }
            Err(Failure::System(error)) => failures.push((*address, error)),
            Err(Failure::Stopped(error)) => return Err(error),
        }
        if let Some((address, error)) = failures.last() {
            log::debug!("cannot connect to {address}: {error}");
        }
    }
    Err(report(&failures))
}

enum Attempt {
    Connected(OwnedFd),
    Silent,
}

enum Failure {
    System(io::Error),
    Stopped(Error),
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Self::System(errno.into())
    }
}

fn attempt(address: SocketAddr, deadline: &Deadline) -> std::result::Result<Attempt, Failure> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let fd = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    match rustix::net::connect(&fd, &address) {
        Ok(()) | Err(Errno::INPROGRESS | Errno::INTR) => {}
        Err(errno) => return Err(errno.into()),
    }
    if !deadline.wait(&fd, PollFlags::OUT).map_err(Failure::Stopped)? {
        return Ok(Attempt::Silent);
    }
    sockopt::socket_error(&fd)??;
    sockopt::set_tcp_nodelay(&fd, true)?;
    sockopt::set_socket_keepalive(&fd, true)?;
    Ok(Attempt::Connected(fd))
}

/// One message for all addresses.
fn report(failures: &[(SocketAddr, io::Error)]) -> Error {
    let Some((_, last)) = failures.last() else {
        return Error::new(Kind::Connect, "connect to", "the host has no address");
    };
    let kind = if last.kind() == io::ErrorKind::TimedOut { Kind::TimedOut } else { Kind::Connect };
    let each = failures.iter().map(|(address, error)| match failures.len() {
        1 => words(error),
        _ => format!("{address}: {}", words(error)),
    });
    let reason = each.collect::<Vec<_>>().join("; ");
    let error = Error::new(kind, "connect to", reason);
    match last.kind() {
        io::ErrorKind::ConnectionRefused => {
            error.advice("nothing listens there: check host and port, and that sshd runs")
        }
        io::ErrorKind::TimedOut => {
            error.advice("check host and port, and that no firewall drops the packets")
        }
        _ => error.advice("check host, port and network"),
    }
}

fn words(error: &io::Error) -> String {
    Error::from_io("connect", io::Error::new(error.kind(), error.to_string())).reason().to_owned()
}
