//! Other SSH servers on the way (`proxy_jump`), passed by running the system's `ssh` with `-W`.
//!
//! `ssh` logs in to them as its own configuration says, but is told to let nobody pass whose key is not recorded: in
//! the files, and by the policy, of the server behind them. `-J` would keep that from all jumps but the last, so a
//! chain is written out as one `ProxyCommand` within the other.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::process::Command;

use rustix::event::PollFlags;

use super::command::{QUIET, carry};
use super::route::Target;
use crate::config::ssh_config::HostEntry;
use crate::error::{Error, Kind, Result};
use crate::path::escape;
use crate::ssh::deadline::Deadline;
use crate::ssh::host_key::{HostKeyPolicy, HostKeySettings};
use crate::ssh::last_words::refusal;
use crate::ssh::socket::Socket;

/// The servers on the way, in the order they are passed.
#[derive(Clone, Debug)]
pub struct Jump {
    hops: Vec<String>,
    /// The file `ssh` is to read instead of its own configuration; `none` for none.
    pub ssh_config: Option<PathBuf>,
    /// The files of each of them, where `ssh` would not find them by itself; else empty.
    pub entries: Vec<HostEntry>,
    /// Against what their keys are checked.
    pub host_keys: HostKeySettings,
    /// Whether the files are those that the configuration of `ssh` names for each server on the way.
    pub has_own_files: bool,
    /// Whether `ssh` may ask for passwords at the terminal.
    pub asks: bool,
}

impl Jump {
    /// Reads a list as OpenSSH's `ProxyJump` has it: `[user@]host[:port]` or `ssh://` URLs, separated by commas.
    ///
    /// # Errors
    /// [`Kind::Config`]: a server's name is empty or looks like an option.
    pub fn parse(hosts: &str, host_keys: HostKeySettings) -> Result<Self> {
        let url = |hop: &str| if hop.contains("://") { hop.to_owned() } else { format!("ssh://{hop}") };
        let hops: Vec<&str> = hosts.split(',').map(str::trim).collect();
        if hops.iter().any(|hop| hop.is_empty() || hop.starts_with('-') || hop.contains(char::is_whitespace))
        {
            let reason = "it is not a list of [user@]host[:port]";
            return Err(Error::new(Kind::Config, "read proxy_jump", reason).on(hosts));
        }
        let hops = hops.into_iter().map(url).collect();
        Ok(Self { hops, ssh_config: None, entries: Vec::new(), host_keys, has_own_files: false, asks: false })
    }

    /// The servers as URLs.
    pub fn hops(&self) -> &[String] {
        &self.hops
    }

    /// The way to the server number `index` of these; `None` for the first, which nothing stands before.
    pub fn before(&self, index: usize) -> Option<Self> {
        let hops = self.hops.get(..index).filter(|hops| !hops.is_empty())?.to_vec();
        Some(Self { hops, ..self.clone() })
    }

    /// Connects to `target`, which has said something when this returns, or has had the time to.
    ///
    /// # Errors
    /// [`Kind::HostKey`]: `ssh` does not trust one of the servers on the way. It cannot be started, or the run was
    /// cancelled.
    pub fn dial(&self, target: &Target, deadline: &Deadline) -> Result<Socket> {
        log::debug!("connecting through {}", escape(self.hops.join(", ").as_bytes()));
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(format!("{QUIET}\"$@\"")).arg("sh").args(self.words(target));
        let socket = carry(command, log::Level::Info).map_err(|error| error.on(target.address()))?;
        let is_closed = deadline.wait(&socket, PollFlags::IN)? && socket.is_closed();
        if is_closed && socket.has_heard(|line| refusal(line) == Some(Kind::HostKey)) {
            let reason = "ssh does not trust the host key of a server on the way";
            return Err(Error::new(Kind::HostKey, "connect to", reason)
                .on(target.address())
                .advice(format!("the servers are: {}; -v shows what ssh says", self.hops.join(", "))));
        }
        Ok(socket)
    }

    /// The whole command: the last server is logged in to, by way of those before it.
    fn words(&self, target: &Target) -> Vec<OsString> {
        let address = format!("[{}]:{}", target.bare_host(), target.port);
        let mut way: Option<OsString> = None;
        let last = self.hops.len().saturating_sub(1);
        for index in 0..last {
            way = Some(shell_line(&self.step(index, way, "[%h]:%p"), |word| word == "[%h]:%p"));
        }
        self.step(last, way, &address)
    }

    /// The command that logs in to server number `index`, on the `way` another command makes, and goes on to `address`.
    fn step(&self, index: usize, way: Option<OsString>, address: &str) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec!["ssh".into()];
        if let Some(file) = &self.ssh_config {
            words.extend(["-F".into(), file.as_os_str().to_owned()]);
        }
        let entry = self.entries.get(index);
        for option in self.options(entry, way) {
            words.extend(["-o".into(), option]);
        }
        let hop = self.hops.get(index).map_or("", String::as_str);
        words.extend(["-W".into(), address.into(), "--".into(), hop.into()]);
        words
    }

    /// How keys are checked. A connection that `ssh` shares was checked in another way, so none is.
    fn options(&self, entry: Option<&HostEntry>, way: Option<OsString>) -> Vec<OsString> {
        let unchecked = self.host_keys.policy == HostKeyPolicy::Off;
        let files = |key: &str, files: &[PathBuf]| {
            let mut option = OsString::from(format!("{key}="));
            if unchecked || files.is_empty() {
                option.push("/dev/null");
            }
            for file in files.iter().filter(|_| !unchecked) {
                option.push(quoted(file.as_os_str()));
                option.push(" ");
            }
            option
        };
        let strict = if unchecked { "no" } else { "yes" };
        let mut options: Vec<OsString> = vec![format!("StrictHostKeyChecking={strict}").into()];
        if unchecked || !self.has_own_files {
            options.push(files("UserKnownHostsFile", &self.host_keys.user_files));
            options.push(files("GlobalKnownHostsFile", &self.host_keys.global_files));
        } else if let Some(own) = entry.and_then(|entry| entry.user_known_hosts.as_deref()) {
            options.push(files("UserKnownHostsFile", own));
        }
        options.extend(entry.into_iter().flat_map(identities));
        options.push(format!("BatchMode={}", if self.asks { "no" } else { "yes" }).into());
        options.extend(["ControlPath=none".into(), "UpdateHostKeys=no".into()]);
        options.extend(way.map(|way| {
            let mut option = OsString::from("ProxyCommand=");
            option.push(way);
            option
        }));
        options
    }
}

/// The keys and certificates to log in with.
fn identities(entry: &HostEntry) -> impl Iterator<Item = OsString> {
    let option = |key: &str, path: &PathBuf| {
        let mut option = OsString::from(format!("{key}="));
        option.push(quoted(path.as_os_str()));
        option
    };
    let keys = entry.identity_files.paths().iter().filter(|path| path.exists());
    let certificates = entry.certificate_files.iter();
    keys.map(move |path| option("IdentityFile", path))
        .chain(certificates.map(move |path| option("CertificateFile", path)))
}

/// A file's name as one word of an option that takes several: `%` begins a token there.
fn quoted(name: &OsStr) -> OsString {
    let mut quoted = vec![b'"'];
    for &byte in name.as_bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend([b'\\', byte]),
            b'%' => quoted.extend(b"%%"),
            _ => quoted.push(byte),
        }
    }
    quoted.push(b'"');
    OsString::from_vec(quoted)
}

/// The words as a line for `ProxyCommand`: a shell takes them as they are, and `ssh` fills in only those `with_tokens`.
fn shell_line(words: &[OsString], with_tokens: impl Fn(&OsStr) -> bool) -> OsString {
    let mut line = Vec::new();
    for word in words {
        line.extend(b" '");
        for &byte in word.as_bytes() {
            match byte {
                b'\'' => line.extend(b"'\\''"),
                b'%' if !with_tokens(word) => line.extend(b"%%"),
                _ => line.push(byte),
            }
        }
        line.push(b'\'');
    }
    OsString::from_vec(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jump(hosts: &str, policy: HostKeyPolicy) -> Result<Jump> {
        let files = vec!["/k/a b".into(), "/k/100%".into()];
        Jump::parse(hosts, HostKeySettings { policy, user_files: files, ..HostKeySettings::default() })
    }

    fn words(jump: &Jump) -> String {
        let target = Target { host: "inner".into(), port: 2222, user: "me".into(), alias: None };
        let words: Vec<_> = jump.words(&target).into_iter().map(|word| word.into_string().unwrap()).collect();
        words.join("\n")
    }

    #[test]
    fn one_server() {
        let mut jump = jump("me@gate:22", HostKeyPolicy::Ask).unwrap();
        jump.ssh_config = Some("/cfg".into());
        assert_eq!(
            words(&jump),
            "ssh\n-F\n/cfg\n-o\nStrictHostKeyChecking=yes\n-o\nUserKnownHostsFile=\"/k/a b\" \"/k/100%%\" \n\
             -o\nGlobalKnownHostsFile=/dev/null\n-o\nBatchMode=yes\n-o\nControlPath=none\n-o\n\
             UpdateHostKeys=no\n-W\n[inner]:2222\n--\nssh://me@gate:22"
        );
    }

    #[test]
    fn nothing_is_looked_up_where_nothing_is_checked() {
        let text = words(&jump("gate", HostKeyPolicy::Off).unwrap());
        assert!(text.contains("StrictHostKeyChecking=no\n-o\nUserKnownHostsFile=/dev/null\n"), "{text}");
    }

    #[test]
    fn a_chain_tells_every_server_the_same() {
        let chain = jump("a, ssh://b:23,it's", HostKeyPolicy::Strict).unwrap();
        let text = words(&chain);
        assert_eq!(text.matches("StrictHostKeyChecking=yes").count(), 3, "{text}");
        assert!(text.ends_with("-W\n[inner]:2222\n--\nssh://it's"), "{text}");
        // What the outer shell and the outer `ssh` make of it, the inner ones still have to read.
        assert!(text.contains("'-W' '[%h]:%p' '--' 'ssh://b:23'"), "{text}");
        assert!(text.contains("'\\''-W'\\'' '\\''[%%h]:%%p'\\'' '\\''--'\\'' '\\''ssh://a'\\'''"), "{text}");
        assert_eq!(chain.before(2).unwrap().hops(), ["ssh://a", "ssh://b:23"]);
        assert!(chain.before(0).is_none());
    }

    #[test]
    fn lists_that_are_none() {
        for bad in ["", "a,,b", "-oProxyCommand=x", "a b"] {
            assert!(jump(bad, HostKeyPolicy::Ask).is_err(), "{bad}");
        }
    }
}
