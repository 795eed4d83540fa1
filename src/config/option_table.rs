//! Every option a remote of type `sftp` may carry, as data: names, meanings and defaults.
//!
//! Names, kinds and defaults are those of rclone's sftp backend (<https://rclone.org/sftp/>); the last group is ours.
//! Flags (`--sftp-key-file`), environment variables (`RCLONE_SFTP_KEY_FILE`), connection strings and the questions of
//! `sclone config` are all made from this table.

use super::option_value::{self as value, Parsed};

/// One option of a remote: what it is called, what it means and which values it takes.
#[derive(Clone, Copy, Debug)]
pub struct OptionSpec {
    /// The key in the configuration file, in lower case with underscores.
    pub name: &'static str,
    /// One sentence for a person who has to choose a value.
    pub help: &'static str,
    /// The value when none is given, in the same grammar as a given one. Empty means none.
    pub default: &'static str,
    /// The grammar of the value.
    pub kind: OptionKind,
    /// Whether the value should not be posted in public, though it is not obscured.
    pub sensitive: bool,
    /// Whether the option is asked for only on request.
    pub advanced: bool,
    /// Whether there is nothing to be done without a value.
    pub required: bool,
}

/// The grammar of an option's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionKind {
    /// Any text.
    Text,
    /// A path on this machine; `~` and `$VAR` are expanded.
    Path,
    /// A secret, stored obscured.
    Password,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Integer,
    /// A size in rclone's grammar; a bare number counts KiB.
    Size,
    /// A duration in rclone's grammar; a bare number counts seconds, `off` is none.
    Duration,
    /// Items separated by commas, `"quoted"` where an item holds one.
    CommaList,
    /// Items separated by blanks, `"quoted"` where an item holds one.
    SpaceList,
    /// One of a few words.
    Choice(&'static [&'static str]),
}

impl OptionSpec {
    /// Looks up an option of the sftp type by its exact name.
    pub fn find(name: &str) -> Option<&'static Self> {
        OPTIONS.iter().find(|option| option.name == name)
    }

    /// Whether the value is a secret that is stored obscured.
    pub fn is_password(&self) -> bool {
        matches!(self.kind, Password)
    }

    /// Whether a text is a value of this option.
    ///
    /// # Errors
    /// What is accepted instead, in a few words.
    pub fn check(&self, text: &str) -> Parsed<()> {
        match self.kind {
            Bool => value::boolean(text).map(drop),
            Integer if self.name == "port" => value::port(text).map(drop),
            Integer => value::count(text).map(drop),
            Size => value::size(text).map(drop),
            Duration => value::interval(text).map(drop),
            CommaList => value::list(text, ',').map(drop),
            SpaceList => value::list(text, ' ').map(drop),
            Choice(words) if !words.contains(&text) => Err("one of the words to choose from"),
            _ if text.contains(['\n', '\r']) => Err("one line"),
            Text | Path | Password | Choice(_) => Ok(()),
        }
    }

    /// Whether a value says what is so without it: `60s` is `1m`.
    pub fn is_default(&self, text: &str) -> bool {
        fn same<T: PartialEq>(parse: fn(&str) -> Parsed<T>, a: &str, b: &str) -> bool {
            matches!((parse(a), parse(b)), (Ok(a), Ok(b)) if a == b)
        }
        match self.kind {
            Bool => same(value::boolean, text, self.default),
            Integer => same(value::count, text, self.default),
            Size => same(value::size, text, self.default),
            Duration => same(value::interval, text, self.default),
            _ => text == self.default,
        }
    }

    /// The command-line flag without its dashes: `sftp-key-file`.
    pub fn flag(&self) -> String {
        format!("sftp-{}", self.name.replace('_', "-"))
    }

    const fn advanced(mut self) -> Self {
        self.advanced = true;
        self
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }
}

const fn option(
    name: &'static str,
    kind: OptionKind,
    default: &'static str,
    help: &'static str,
) -> OptionSpec {
    OptionSpec { name, help, default, kind, sensitive: false, advanced: false, required: false }
}

use OptionKind::{Bool, Choice, CommaList, Duration, Integer, Password, Path, Size, SpaceList, Text};

/// The options of type `sftp`, in the order a person is asked for them.
pub const OPTIONS: &[OptionSpec] = &[
    // Where, and as whom.
    option("host", Text, "", "Host to connect to: a name or an address").sensitive().required(),
    option("user", Text, "", "User to log in as; the name of the current user if empty").sensitive(),
    option("port", Integer, "22", "Port the server listens on"),
    // Logging in.
    option("pass", Password, "", "Password; leave empty to log in with a key or an agent"),
    option("key_pem", Text, "", "Private key itself, on one line with \\n between its lines").sensitive(),
    option("key_file", Path, "", "File with the private key; empty to ask the agent"),
    option("key_file_pass", Password, "", "Passphrase of the private key").sensitive(),
    option("pubkey", Text, "", "Certificate itself, as the one line of its file"),
    option("pubkey_file", Path, "", "File with the certificate; found beside key_file if empty"),
    option("known_hosts_file", Path, "", "File of known host keys; none switches the check off").advanced(),
    option("pin_host_key", Bool, "false", "Trust the first host key seen and store it in host_keys")
        .advanced(),
    option("host_keys", CommaList, "", "Host keys to accept, each as its type and its base64 text")
        .advanced(),
    option(
        "key_use_agent",
        Bool,
        "false",
        "Log in through the agent, with the key of key_file if that is set",
    ),
    option(
        "use_insecure_cipher",
        Bool,
        "false",
        "Offer old ciphers and key exchanges that are known to be weak",
    ),
    option("disable_hashcheck", Bool, "false", "Never run a hash command on the server"),
    option("ask_password", Bool, "false", "Ask for the password when the server wants one").advanced(),
    // What runs at the other end.
    option("path_override", Text, "", "Path shell commands see; @/prefix replaces the root alone").advanced(),
    option("encoding", Text, "Slash,Del,Ctl,Dot", "Characters that are replaced in names").advanced(),
    option("set_modtime", Bool, "true", "Set the modification time of what is written").advanced(),
    option(
        "shell_type",
        Choice(&["none", "unix", "powershell", "cmd"]),
        "",
        "Shell of the server; found out if empty",
    )
    .advanced(),
    option("hashes", CommaList, "", "Hashes the server can compute").advanced(),
    option("md5sum_command", Text, "", "Command that computes MD5; none if there is none").advanced(),
    option("sha1sum_command", Text, "", "Command that computes SHA-1; none if there is none").advanced(),
    option("crc32sum_command", Text, "", "Command that computes CRC-32; none if there is none").advanced(),
    option("sha256sum_command", Text, "", "Command that computes SHA-256; none if there is none").advanced(),
    option("blake3sum_command", Text, "", "Command that computes BLAKE3; none if there is none").advanced(),
    option("xxh3sum_command", Text, "", "Command that computes XXH3; none if there is none").advanced(),
    option("xxh128sum_command", Text, "", "Command that computes XXH128; none if there is none").advanced(),
    option("skip_links", Bool, "false", "Leave out links and whatever else is neither file nor folder")
        .advanced(),
    option("subsystem", Text, "sftp", "Subsystem that speaks SFTP on the server").advanced(),
    option("server_command", Text, "", "Command that speaks SFTP on the server, instead of a subsystem")
        .advanced(),
    option("use_fstat", Bool, "false", "Ask for the size of an open file by its handle, not by its name")
        .advanced(),
    option("disable_concurrent_reads", Bool, "false", "Keep one read request in flight at a time").advanced(),
    option("disable_concurrent_writes", Bool, "false", "Keep one write request in flight at a time")
        .advanced(),
    // How the bytes travel.
    option("idle_timeout", Duration, "1m", "Close connections that were idle for so long; 0 for never")
        .advanced(),
    option("chunk_size", Size, "32Ki", "Bytes asked for or sent in one request").advanced(),
    option("concurrency", Integer, "64", "Requests in flight for one file").advanced(),
    option("connections", Integer, "0", "Connections at one time; 0 for no limit").advanced(),
    option("set_env", SpaceList, "", "Variables to set at the other end, each as NAME=value").advanced(),
    option("ciphers", SpaceList, "", "Ciphers to offer, best first").advanced(),
    option("key_exchange", SpaceList, "", "Key exchange methods to offer, best first").advanced(),
    option("macs", SpaceList, "", "Message authentication codes to offer, best first").advanced(),
    option("host_key_algorithms", SpaceList, "", "Host key types to accept, best first").advanced(),
    option("ssh", SpaceList, "", "External ssh program and its arguments, used for every connection"),
    option("socks_proxy", Text, "", "SOCKS5 proxy as [user[:password]@]host:port").advanced().sensitive(),
    option("http_proxy", Text, "", "HTTP proxy that allows CONNECT, as a URL").advanced().sensitive(),
    option("copy_is_hardlink", Bool, "false", "Copy on the server by making hard links").advanced(),
    option("description", Text, "", "What this remote is for").advanced(),
    // Beyond rclone.
    option(
        "cert_command",
        SpaceList,
        "",
        "Command that renews the certificate, run when it has ended or is about to",
    )
    .advanced()
    .sensitive(),
    option("cert_renew_before", Duration, "5m", "How long before its end a certificate is renewed")
        .advanced(),
    option(
        "host_key_policy",
        Choice(&["ask", "accept-new", "strict", "off"]),
        "ask",
        "What to do with unknown host keys",
    )
    .advanced(),
    option("ssh_config", Path, "~/.ssh/config", "OpenSSH client configuration to read; none for none")
        .advanced(),
    option("proxy_jump", Text, "", "Hosts to go through, as ssh -J takes them").advanced().sensitive(),
    option("proxy_command", Text, "", "Command whose input and output are the connection")
        .advanced()
        .sensitive(),
    option(
        "verify",
        Choice(&["hash", "size"]),
        "",
        "What is compared once a file has arrived; if empty the hash of what was resumed or went over several ways",
    )
    .advanced(),
];

/// The options of type `alias`.
pub(super) const ALIAS_OPTIONS: &[OptionSpec] = &[
    option("remote", Text, "", "Remote or path to stand for: name:path, name: or /path").required(),
    option("description", Text, "", "What this remote is for").advanced(),
];

/// The options of type `local`.
pub(super) const LOCAL_OPTIONS: &[OptionSpec] =
    &[option("description", Text, "", "What this remote is for").advanced()];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_every_option_explains_itself() {
        for (index, option) in OPTIONS.iter().enumerate() {
            assert!(OPTIONS[..index].iter().all(|other| other.name != option.name), "{}", option.name);
            assert!(option.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
            assert!(!option.help.is_empty() && !option.help.ends_with('.'), "{}", option.name);
            assert!(option.default.is_empty() || option.check(option.default).is_ok(), "{}", option.name);
        }
    }
}
