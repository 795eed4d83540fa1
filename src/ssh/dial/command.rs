//! Commands whose standard streams carry the connection, such as `ProxyCommand`.
//!
//! The command gets one end of a socket pair as its standard input and output, so it sees the end of the stream when
//! this process ends, however it ends; when the connection is dropped it is killed. It ignores SIGINT, which a terminal
//! sends to both: what remains to be cleaned up on the server is still reached after Ctrl-C.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::route::Target;
use crate::error::{Error, Kind, Result};
use crate::path::escape;
use crate::ssh::socket::Socket;

/// The longest line of a command's standard error that is shown at once, in bytes.
const LONGEST_LINE: u64 = 4096;

/// How many of the last lines are kept: more than `ssh` says about one key.
const MOST_LINES: usize = 40;

/// How long the end of a command's standard error is waited for.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What the shell runs before the command: from then on SIGINT is ignored.
pub(super) const QUIET: &str = "trap '' INT; exec ";

/// The command that carries a connection. Dropping it ends it.
pub struct Carrier {
    child: Child,
    complaints: Arc<Complaints>,
}

/// What a command said on its standard error.
#[derive(Default)]
struct Complaints {
    state: Mutex<Heard>,
    ended: Condvar,
}

#[derive(Default)]
struct Heard {
    latest: VecDeque<String>,
    ended: bool,
}

impl Heard {
    fn keep(&mut self, line: String) {
        self.latest.push_back(line);
        while self.latest.len() > MOST_LINES {
            self.latest.pop_front();
        }
    }

    /// The last line that says why. In a chain of commands each but the first only sees its way end, and `ssh -W` says why
    /// before it says that.
    fn reason(&self) -> Option<&String> {
        let is_echo = |line: &&String| {
            line.contains(": Connection closed by ")
                || line.contains(" UNKNOWN port 65535")
                || *line == "stdio forwarding failed"
                || line.starts_with("Disconnected from ")
        };
        self.latest.iter().rfind(|line| !is_echo(line)).or(self.latest.back())
    }
}

impl Carrier {
    /// The last line it wrote to its standard error that says why it ended, safe to show. A command that has just ended
    /// is heard out.
    pub fn last_words(&self) -> Option<String> {
        self.heard_out().reason().cloned()
    }

    /// Whether one of the last lines it wrote to its standard error is such a one. It is heard out as well.
    pub fn has_said(&self, is_it: impl Fn(&str) -> bool) -> bool {
        self.heard_out().latest.iter().any(|said| is_it(said))
    }

    fn heard_out(&self) -> MutexGuard<'_, Heard> {
        let state = self.complaints.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.complaints.ended.wait_timeout_while(state, LAST_WORDS, |heard| !heard.ended);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        let ended = self.child.kill().and_then(|()| self.child.wait());
        if let Err(error) = ended {
            log::debug!("proxy command not ended: {error}");
        }
    }
}

/// Connects through the shell command `line`.
///
/// # Errors
/// The command has an unknown `%` sequence, the host or user holds characters a shell would act on, or it cannot start.
pub fn dial(target: &Target, line: &str) -> Result<Socket> {
    let line = expand(line, target)?;
    log::debug!("connecting through a command");
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!("{QUIET}{line}"));
    carry(command, log::Level::Warn).map_err(|error| error.on(target.address()))
}

/// Replaces `%h` (host), `%n` (host as given), `%p` (port), `%r` (user) and `%%`, as in `ssh_config`(5).
fn expand(line: &str, target: &Target) -> Result<String> {
    let refused = |reason: String| Error::new(Kind::Config, "read proxy_command", reason);
    let mut expanded = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            expanded.push(c);
            continue;
        }
        match rest.next() {
            Some('%') => expanded.push('%'),
            Some('h') => expanded.push_str(harmless(target.bare_host())?),
            Some('n') => {
                expanded.push_str(harmless(target.alias.as_deref().unwrap_or(target.bare_host()))?);
            }
            Some('p') => expanded.push_str(&target.port.to_string()),
            Some('r') => expanded.push_str(harmless(&target.user)?),
            Some(other) => {
                return Err(refused(format!(
                    "%{} is not one of %h %n %p %r %%",
                    escape(other.to_string().as_bytes())
                )));
            }
            None => return Err(refused("it ends in a single %".into())),
        }
    }
    Ok(expanded)
}

/// Refuses what a shell would take for more than a word, or a command for an option.
fn harmless(word: &str) -> Result<&str> {
    let allowed = |c: char| c.is_alphanumeric() || "._-:@%+/=~,".contains(c);
    if word.starts_with('-') || !word.chars().all(allowed) {
        return Err(Error::new(
            Kind::Config,
            "fill in proxy_command",
            "the name holds characters a shell would act on",
        )
        .on(word));
    }
    Ok(word)
}

/// Starts the command on one end of a socket pair. What it says is shown at `level`.
pub(super) fn carry(mut command: Command, level: log::Level) -> Result<Socket> {
    let failed = |error| Error::from_io("start the proxy command for", error);
    let (ours, theirs) = UnixStream::pair().map_err(failed)?;
    ours.set_nonblocking(true).map_err(failed)?;
    let input = OwnedFd::from(theirs.try_clone().map_err(failed)?);
    command.stdin(input).stdout(OwnedFd::from(theirs)).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    // The command keeps the last copies of its end only once these are gone.
    drop(command);
    let complaints = Arc::<Complaints>::default();
    let stderr = child.stderr.take();
    let carrier = Carrier { child, complaints: Arc::clone(&complaints) };
    if let Some(stderr) = stderr {
        let listen = move || {
            relay(stderr, &complaints, level);
            complaints.state.lock().unwrap_or_else(PoisonError::into_inner).ended = true;
            complaints.ended.notify_all();
        };
        thread::Builder::new().name("proxy-stderr".into()).spawn(listen).map_err(failed)?;
    }
    Ok(Socket::carried_by(ours.into(), carrier))
}

/// Passes what the command says on to the user.
fn relay(stderr: ChildStderr, complaints: &Complaints, level: log::Level) {
    let mut lines = BufReader::new(stderr);
    loop {
        let mut line = Vec::new();
        match lines.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let shown = escape(line.trim_ascii_end()).into_owned();
        if !shown.is_empty() {
            log::log!(level, "proxy command: {shown}");
            complaints.state.lock().unwrap_or_else(PoisonError::into_inner).keep(shown);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(host: &str) -> Target {
        Target { host: host.into(), port: 2222, user: "me".into(), alias: None }
    }

    #[test]
    fn sequences() {
        assert_eq!(expand("nc %h %p # %r%%", &target("[::1]")).unwrap(), "nc ::1 2222 # me%");
        let aliased = Target { alias: Some("web1".into()), ..target("10.0.0.1") };
        assert_eq!(expand("nc %h %n", &aliased).unwrap(), "nc 10.0.0.1 web1");
        assert_eq!(expand("nc %n", &target("h")).unwrap(), "nc h");
        for (line, host) in
            [("%x", "h"), ("%", "h"), ("nc %h", "$(id)"), ("nc %h", "-oProxy"), ("nc %h", "a;b")]
        {
            assert_eq!(expand(line, &target(host)).unwrap_err().kind(), Kind::Config, "{line} {host}");
        }
        assert!(expand("fixed", &target("$(id)")).is_ok(), "a name that is not filled in does no harm");
    }
}
