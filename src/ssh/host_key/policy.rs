//! What the user wants checked, and against what.

use std::path::PathBuf;

use super::pins::Pins;
pub use crate::config::sftp_options::HostKeyPolicy;
use crate::path::escape;

/// The files every user of a machine shares, as OpenSSH's `GlobalKnownHostsFile` has them.
pub const GLOBAL_FILES: [&str; 2] = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"];

/// Everything the check of a server is made against.
#[derive(Clone, Debug, Default)]
pub struct HostKeySettings {
    /// The remote as it is named on the command line, `web1:`; empty where it has no name, with a leading colon and none
    /// behind it where only its beginning is known.
    pub remote: String,
    /// The configuration file, where the command line names it.
    pub config: Option<PathBuf>,
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

impl HostKeySettings {
    /// The command that shows and records the keys of this server, with `flags` at its end.
    pub fn trust_command(&self, flags: &str) -> String {
        let config = self.config.as_ref().map(|file| escape(file.as_os_str().as_encoded_bytes()));
        let config = config.map(|file| format!(" --config {}", word(&file))).unwrap_or_default();
        match self.remote.as_str() {
            "" => format!("sclone trust REMOTE:{flags}{config}"),
            remote if !remote.ends_with(':') => format!("sclone trust{flags}{config} {remote},...:"),
            remote if remote.starts_with(':') => format!("sclone trust {}{flags}{config}", quoted(remote)),
            remote => format!("sclone trust {}{flags}{config}", word(remote)),
        }
    }
}

/// One word of a command line.
fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-.+@,=/:".contains(c);
    if text.chars().all(is_plain) { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_can_be_typed_as_it_is_shown() {
        for (remote, command) in [
            ("web1:", "sclone trust web1: --replace"),
            ("web1,port=7024:", "sclone trust web1,port=7024: --replace"),
            ("my box:", "sclone trust 'my box:' --replace"),
            (":sftp", "sclone trust --replace :sftp,...:"),
            (":sftp,host=it's:", "sclone trust ':sftp,host=it'\\''s:' --replace"),
        ] {
            let settings = HostKeySettings { remote: remote.into(), ..HostKeySettings::default() };
            assert_eq!(settings.trust_command(" --replace"), command);
        }
        let config = Some("/etc/my conf".into());
        let settings = HostKeySettings { remote: "web1:".into(), config, ..HostKeySettings::default() };
        assert_eq!(settings.trust_command(""), "sclone trust web1: --config '/etc/my conf'");
    }
}
