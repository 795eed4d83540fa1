//! Names to addresses. The system's look-up has no time-out of its own, so it runs on a thread that may be left behind.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;

use crate::error::{Error, Kind, Result};
use crate::ssh::deadline::Deadline;

/// Every address of `host` in the system's order of preference.
///
/// # Errors
/// [`Kind::Connect`] when the name has no address, [`Kind::TimedOut`] when nobody says so in time.
pub fn addresses(host: &str, port: u16, deadline: &Deadline) -> Result<Vec<SocketAddr>> {
    let name = host.to_owned();
    let (answer, answers) = sync_channel(1);
    thread::Builder::new()
        .name("resolve".into())
        .spawn(move || {
            let found = (name.as_str(), port).to_socket_addrs().map(Vec::from_iter);
            // Nobody listens any more once the deadline has passed.
            drop(answer.send(found));
        })
        .map_err(|error| Error::from_io("look up", error))?;
    loop {
        match answers.recv_timeout(deadline.slice()?) {
            Ok(Ok(found)) if found.is_empty() => return Err(failed("the name has no address")),
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(error)) => return Err(failed(reason(&error)).caused_by(error)),
            Err(RecvTimeoutError::Timeout) if deadline.is_over() => {
                let reason = format!("the name service did not answer within {}", deadline.bound());
                return Err(Error::new(Kind::TimedOut, "look up", reason)
                    .advice("check the network and the name servers in /etc/resolv.conf"));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(failed("the look-up was given up")),
        }
    }
}

/// The system's words, without the library's words before them.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let cause = text.rsplit(": ").next().unwrap_or(&text);
    format!("the name cannot be resolved ({cause})")
}

fn failed(reason: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Kind::Connect, "look up", reason)
        .advice("check the host's spelling, and the network's name service")
}
