//! What the user wants checked, and against what.

use std::path::PathBuf;
use std::str::FromStr;

use super::pins::Pins;
use crate::error::{Error, Kind};

/// The files every user of a machine shares, as OpenSSH's `GlobalKnownHostsFile` has them.
pub const GLOBAL_FILES: [&str; 2] = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"];

/// What happens when nothing is recorded about a host. A changed or revoked key is refused by all but `Off`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostKeyPolicy {
    /// Ask on a terminal, refuse without one.
    #[default]
    Ask,
    /// Record the key and go on.
    AcceptNew,
    /// Refuse.
    Strict,
    /// Look at nothing: any server will do.
    Off,
}

impl FromStr for HostKeyPolicy {
    type Err = Error;

    /// Reads the value of `host_key_policy`.
    fn from_str(value: &str) -> Result<Self, Error> {
        match value {
            "ask" => Ok(Self::Ask),
            "accept-new" => Ok(Self::AcceptNew),
            "strict" => Ok(Self::Strict),
            "off" => Ok(Self::Off),
            _ => Err(Error::new(Kind::Config, "read host_key_policy", "no such policy")
                .on(value)
                .advice("it is one of ask, accept-new, strict, off")),
        }
    }
}

/// Everything the check of a server is made against.
#[derive(Clone, Debug, Default)]
pub struct HostKeySettings {
    /// What to do with an unknown host.
    pub policy: HostKeyPolicy,
    /// The user's own files; a new key is added to the first.
    pub user_files: Vec<PathBuf>,
    /// Files that are read after them and never written.
    pub global_files: Vec<PathBuf>,
    /// The name to look the host up by, instead of the one dialled (`HostKeyAlias`).
    pub alias: Option<String>,
    /// rclone's pinned keys. Where they are given, they decide alone.
    pub pins: Option<Pins>,
    /// Host key algorithms in the order to ask for them (`host_key_algorithms`); empty for what is recorded.
    pub algorithms: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_by_name() {
        assert_eq!("ask".parse::<HostKeyPolicy>().unwrap(), HostKeyPolicy::default());
        assert_eq!("accept-new".parse::<HostKeyPolicy>().unwrap(), HostKeyPolicy::AcceptNew);
        let text = "yes".parse::<HostKeyPolicy>().unwrap_err().to_string();
        assert_eq!(
            text,
            "read host_key_policy yes: no such policy\nit is one of ask, accept-new, strict, off"
        );
    }
}
