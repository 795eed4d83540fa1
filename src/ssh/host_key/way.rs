//! The host keys of the servers on the way (`proxy_jump`): checked, asked about and recorded like that of the last.
//!
//! `ssh` carries the connection and lets nobody pass who is not recorded, but it asks in its own way and cannot say
//! which command of this program records a key. So when it refuses, each server is looked at from here as well.

use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::cancel::Cancel;
use crate::config::remote::quoted;
use crate::error::{Error, Kind, Result};
use crate::questions::Questions;
use crate::ssh::dial::jump::Jump;
use crate::ssh::dial::{Route, Target};
use crate::ssh::session::{SessionSettings, connect};

/// Checks every server on the way, by the policy of the server behind them and against its files, or their own. Nobody is logged in
/// to the first one; the others are reached through those before them.
///
/// # Errors
/// [`Kind::HostKey`]: one is not to be trusted. One cannot be reached.
pub fn settle(
    jump: &Jump,
    settings: &SessionSettings,
    questions: &dyn Questions,
    cancel: &Cancel,
) -> Result<()> {
    for (index, url) in jump.hops().iter().enumerate() {
        let hop = Hop::look_up(url, jump)?;
        let mut jump = jump.clone();
        if jump.has_own_files {
            let own = jump.entries.get(index).and_then(|entry| entry.user_known_hosts.clone());
            jump.host_keys.user_files = own.unwrap_or_else(|| hop.user_files.clone());
            jump.host_keys.global_files.clone_from(&hop.global_files);
        }
        let mut settings = SessionSettings { host_keys: jump.host_keys.clone(), ..settings.clone() };
        settings.host_keys.remote = hop.remote(&jump, index);
        settings.host_keys.config = None;
        settings.host_keys.alias = hop.alias;
        settings.route = match (jump.before(index), hop.command) {
            (Some(before), _) => Route::Jump(Box::new(before)),
            (None, Some(command)) => Route::Command(command),
            (None, None) => Route::Direct,
        };
        let connected = connect(&hop.target, &settings, questions, cancel)?;
        connected.socket.shut_down();
    }
    Ok(())
}

/// What the configuration of `ssh` makes of the name of a server on the way.
struct Hop {
    target: Target,
    alias: Option<String>,
    command: Option<String>,
    user_files: Vec<PathBuf>,
    global_files: Vec<PathBuf>,
}

impl Hop {
    fn look_up(url: &str, jump: &Jump) -> Result<Self> {
        let failed = |error: io::Error| Error::from_io("read the ssh configuration of", error).on(url);
        let mut ssh = Command::new("ssh");
        if let Some(file) = &jump.ssh_config {
            ssh.arg("-F").arg(file);
        }
        let output = ssh.args(["-G", "--", url]).stdin(Stdio::null()).output().map_err(failed)?;
        Self::parse(&String::from_utf8_lossy(&output.stdout)).ok_or_else(|| {
            let reason = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
            Error::new(Kind::Config, "read the ssh configuration of", reason).on(url)
        })
    }

    /// Reads the output of `ssh -G`: one keyword in lower case and its value a line.
    fn parse(text: &str) -> Option<Self> {
        let value = |keyword: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once(' '));
            lines.find(|(name, _)| *name == keyword).map(|(_, value)| value.to_owned())
        };
        let target = Target {
            host: value("hostname")?,
            port: value("port")?.parse().ok()?,
            user: value("user")?,
            alias: None,
        };
        let command = value("proxycommand").filter(|command| command != "none");
        let files =
            |keyword| value(keyword).iter().flat_map(|all| all.split(' ')).map(PathBuf::from).collect();
        let (user_files, global_files) = (files("userknownhostsfile"), files("globalknownhostsfile"));
        Some(Self { target, alias: value("hostkeyalias"), command, user_files, global_files })
    }

    /// The server number `index` on the way as a remote of its own.
    fn remote(&self, jump: &Jump, index: usize) -> String {
        let (host, port) = (quoted(self.target.bare_host()), self.target.port);
        let mut remote = format!(":sftp,host={host},port={port}");
        if let Some(file) = jump.host_keys.user_files.first() {
            remote += &format!(",known_hosts_file={}", quoted(&file.to_string_lossy()));
        }
        if let Some(before) = jump.before(index) {
            remote += &format!(",proxy_jump={}", quoted(&before.hops().join(",")));
        }
        remote + ":"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssh::host_key::HostKeySettings;

    #[test]
    fn a_server_on_the_way_can_be_named() {
        let text = "user me\nhostname 10.0.0.1\nport 2222\nhostkeyalias gate\nproxycommand none\n\
                    userknownhostsfile /a /b\nglobalknownhostsfile /c\n";
        let hop = Hop::parse(text).unwrap();
        assert_eq!((hop.alias.as_deref(), hop.command.as_deref()), (Some("gate"), None));
        assert_eq!((hop.user_files.len(), &*hop.global_files), (2, &["/c".into()][..]));
        let files = vec!["/k,h".into()];
        let jump = Jump::parse("a,b", HostKeySettings { user_files: files, ..HostKeySettings::default() });
        assert_eq!(
            hop.remote(&jump.unwrap(), 1),
            ":sftp,host=10.0.0.1,port=2222,known_hosts_file=\"/k,h\",proxy_jump=\"ssh://a\":"
        );
        assert!(Hop::parse("hostname h\nport x\n").is_none());
    }
}
