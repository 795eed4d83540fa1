//! The options of a remote of type `sftp`, parsed and checked once, before any connection is made.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Error, Kind, Result};

use super::environment::Environment;
use super::option_reader::{OptionReader, at_least_one};
pub use super::option_table::{OPTIONS, OptionKind, OptionSpec};
use super::option_value as value;
use super::secret::Secret;
use super::ssh_config::{Files, HostEntry};

/// Options that are read and checked, and that nothing acts upon yet. [`SftpOptions::refuse_not_yet`] refuses them.
///
/// Options that only say how hashes are computed on the server are not among them: leaving them unused changes
/// nothing that is transferred.
pub const NOT_YET: &[&str] = &["copy_is_hardlink", "encoding", "idle_timeout", "use_fstat"];

/// Where the keys of servers are recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnownHosts {
    /// `~/.ssh/known_hosts` and the file of the whole system.
    Default,
    /// This file.
    File(PathBuf),
    /// Host keys are not checked.
    Off,
}

/// What to do with a host key nobody has recorded.
/// A changed or revoked key is refused by all but [`HostKeyPolicy::Off`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostKeyPolicy {
    /// Ask a person; refuse without one.
    #[default]
    Ask,
    /// Record and accept it; refuse a changed one.
    AcceptNew,
    /// Refuse it.
    Strict,
    /// Accept everything.
    Off,
}

/// The typed options of one remote. Paths are expanded, secrets revealed. See [`OPTIONS`] for defaults.
#[derive(Clone, Debug)]
pub struct SftpOptions {
    /// Name or address to connect to; empty only if [`ssh`](Self::ssh) connects instead.
    pub host: String,
    /// User to log in as.
    pub user: String,
    /// Port the server listens on.
    pub port: u16,
    /// Password.
    pub pass: Option<Secret>,
    /// Text of the private key, several lines.
    pub key_pem: Option<Secret>,
    /// File with the private key.
    pub key_file: Option<PathBuf>,
    /// Passphrase of the private key.
    pub key_file_pass: Option<Secret>,
    /// The certificate itself, one line.
    pub pubkey: Option<String>,
    /// File with the certificate.
    pub pubkey_file: Option<PathBuf>,
    /// Where host keys are recorded.
    pub known_hosts_file: KnownHosts,
    /// Whether the first host key seen is stored in `host_keys`.
    pub pin_host_key: bool,
    /// Host keys to accept, each `TYPE BASE64`.
    pub host_keys: Vec<String>,
    /// Whether to log in through the agent although there is a key or a password.
    pub key_use_agent: bool,
    /// Whether weak ciphers and key exchanges are offered.
    pub use_insecure_cipher: bool,
    /// Whether no hash command may run on the server.
    pub disable_hashcheck: bool,
    /// Whether to ask for the password when the server wants one.
    pub ask_password: bool,
    /// Path that shell commands see in place of the one SFTP sees.
    pub path_override: Option<String>,
    /// Names of the characters to replace in file names.
    pub encoding: String,
    /// Whether modification times are set.
    pub set_modtime: bool,
    /// Shell of the server: `none`, `unix`, `powershell` or `cmd`.
    pub shell_type: Option<String>,
    /// Hashes the server can compute; empty to find out.
    pub hashes: Vec<String>,
    /// Hash commands by hash, `("md5", "md5sum")`, where one is set; `none` for one that must not run.
    pub hash_commands: Vec<(&'static str, String)>,
    /// Whether listings leave out what is neither file nor folder.
    pub skip_links: bool,
    /// Subsystem that speaks SFTP.
    pub subsystem: String,
    /// Command that speaks SFTP, instead of a subsystem.
    pub server_command: Option<String>,
    /// Whether the size of an open file is asked by its handle.
    pub use_fstat: bool,
    /// Whether one read at a time is in flight.
    pub disable_concurrent_reads: bool,
    /// Whether one write at a time is in flight.
    pub disable_concurrent_writes: bool,
    /// How long a connection may be idle; `None` for ever.
    pub idle_timeout: Option<Duration>,
    /// Bytes in one request.
    pub chunk_size: u64,
    /// Requests in flight for one file, at least 1.
    pub concurrency: u32,
    /// Most connections at one time; `None` for no limit.
    pub connections: Option<u32>,
    /// Variables to set at the other end, name and value.
    pub set_env: Vec<(String, String)>,
    /// Ciphers to offer; empty for the default list, as in the three below.
    pub ciphers: Vec<String>,
    /// Key exchange methods to offer.
    pub key_exchange: Vec<String>,
    /// Message authentication codes to offer.
    pub macs: Vec<String>,
    /// Host key types to accept.
    pub host_key_algorithms: Vec<String>,
    /// External ssh program and its arguments; empty for none.
    pub ssh: Vec<String>,
    /// SOCKS5 proxy, `[user[:password]@]host:port`.
    pub socks_proxy: Option<Secret>,
    /// HTTP proxy as a URL.
    pub http_proxy: Option<Secret>,
    /// Whether copies on the server are hard links.
    pub copy_is_hardlink: bool,
    /// What the remote is for.
    pub description: String,
    /// Command that renews the certificate; empty for none.
    pub cert_command: Vec<String>,
    /// How long before its end a certificate is renewed.
    pub cert_renew_before: Duration,
    /// What to do with unknown host keys.
    pub host_key_policy: HostKeyPolicy,
    /// OpenSSH's client configuration.
    pub ssh_config: Files,
    /// The file that `ssh` is told to read where it is run for [`proxy_jump`](Self::proxy_jump), if it would not by itself.
    pub jump_config: Option<PathBuf>,
    /// What that says about the host, if it names it.
    pub ssh_host: Option<HostEntry>,
    /// Hosts to go through.
    pub proxy_jump: Option<String>,
    /// What is to be told to `ssh` about each of them where it would look into another home; else empty.
    pub jump_hosts: Vec<HostEntry>,
    /// Command whose input and output are the connection.
    pub proxy_command: Option<String>,
    /// What is compared once a file has arrived there or from there: `hash` or `size`.
    pub verify: Option<String>,
    /// The remote as it can be typed to mean the same server; empty where nobody typed it.
    pub server: String,
    changed: Vec<&'static str>,
}

impl SftpOptions {
    /// Builds the options from a lookup by name; `None` or an empty text means the default.
    ///
    /// # Errors
    /// [`Kind::Config`] names the option, its value (never a secret's) and what is accepted.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>, environment: &Environment) -> Result<Self> {
        let given = OptionReader::new(&lookup, environment);
        let options = Self {
            host: given.string("host")?,
            user: given.user()?,
            port: given.parse("port", value::port)?,
            pass: given.password("pass")?,
            key_pem: given.key_text("key_pem")?,
            key_file: given.path("key_file")?,
            key_file_pass: given.password("key_file_pass")?,
            pubkey: given.optional("pubkey")?,
            pubkey_file: given.path("pubkey_file")?,
            known_hosts_file: given.known_hosts("known_hosts_file")?,
            pin_host_key: given.flag("pin_host_key")?,
            host_keys: given.list("host_keys", ',')?,
            key_use_agent: given.flag("key_use_agent")?,
            use_insecure_cipher: given.flag("use_insecure_cipher")?,
            disable_hashcheck: given.flag("disable_hashcheck")?,
            ask_password: given.flag("ask_password")?,
            path_override: given.optional("path_override")?,
            encoding: given.string("encoding")?,
            set_modtime: given.flag("set_modtime")?,
            shell_type: given.choice("shell_type")?,
            hashes: given.list("hashes", ',')?,
            hash_commands: given.hash_commands()?,
            skip_links: given.flag("skip_links")?,
            subsystem: given.string("subsystem")?,
            server_command: given.optional("server_command")?,
            use_fstat: given.flag("use_fstat")?,
            disable_concurrent_reads: given.flag("disable_concurrent_reads")?,
            disable_concurrent_writes: given.flag("disable_concurrent_writes")?,
            idle_timeout: given
                .parse("idle_timeout", value::interval)?
                .duration()
                .filter(|idle| !idle.is_zero()),
            chunk_size: given
                .parse("chunk_size", at_least_one(value::size, "a size of 1B or more, such as 32Ki"))?,
            concurrency: given
                .parse("concurrency", at_least_one(value::count, "a whole number from 1 up"))?,
            connections: Some(given.parse("connections", value::count)?).filter(|&limit| limit != 0),
            set_env: given.assignments("set_env")?,
            ciphers: given.list("ciphers", ' ')?,
            key_exchange: given.list("key_exchange", ' ')?,
            macs: given.list("macs", ' ')?,
            host_key_algorithms: given.list("host_key_algorithms", ' ')?,
            ssh: given.list("ssh", ' ')?,
            socks_proxy: given.optional("socks_proxy")?.map(Secret::new),
            http_proxy: given.optional("http_proxy")?.map(Secret::new),
            copy_is_hardlink: given.flag("copy_is_hardlink")?,
            description: given.string("description")?,
            cert_command: given.list("cert_command", ' ')?,
            cert_renew_before: given
                .parse("cert_renew_before", value::interval)?
                .duration()
                .unwrap_or_default(),
            host_key_policy: given.policy("host_key_policy")?,
            ssh_config: given.ssh_config("ssh_config")?,
            jump_config: given.ssh_config("ssh_config")?.for_ssh(environment),
            ssh_host: None,
            proxy_jump: given.optional("proxy_jump")?,
            jump_hosts: Vec::new(),
            proxy_command: given.optional("proxy_command")?,
            verify: given.choice("verify")?,
            server: String::new(),
            changed: given.changed(),
        };
        options.check_together()?;
        Ok(options)
    }

    /// Whether an option was set to something else than its default.
    pub fn is_set(&self, name: &str) -> bool {
        self.changed.contains(&name)
    }

    /// Refuses options that were set to something else than their default and that nothing acts upon yet.
    ///
    /// # Errors
    /// [`Kind::Unsupported`] names the option.
    pub fn refuse_not_yet(&self) -> Result<()> {
        match self.changed.iter().find(|name| NOT_YET.contains(name)) {
            None => Ok(()),
            Some(name) => {
                Err(Error::new(Kind::Unsupported, "use option", "this version cannot act upon it yet")
                    .on(name)
                    .advice(format!("remove {name} from the remote to go on without it")))
            }
        }
    }

    /// Checks what no option alone can tell.
    fn check_together(&self) -> Result<()> {
        let wrong = |option: &str, reason: &'static str| {
            Err(Error::new(Kind::Config, "read option", reason).on(option))
        };
        if self.host.is_empty() && self.ssh.is_empty() {
            return wrong("host", "it is not set, so there is nothing to connect to");
        }
        if self.use_insecure_cipher && !(self.ciphers.is_empty() && self.key_exchange.is_empty()) {
            return wrong("use_insecure_cipher", "it cannot be set together with ciphers or key_exchange");
        }
        let ways = [self.socks_proxy.is_some(), self.http_proxy.is_some(), self.proxy_jump.is_some()];
        if ways.into_iter().chain([self.proxy_command.is_some()]).filter(|&way| way).count() > 1 {
            return wrong(
                "proxy",
                "only one of socks_proxy, http_proxy, proxy_jump and proxy_command can be set",
            );
        }
        Ok(())
    }
}

/// The option whose name is most like a misspelt one, if any is at all like it.
pub fn nearest(name: &str) -> Option<&'static str> {
    super::nearest::nearest(name, OPTIONS.iter().map(|option| option.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(given: &[(&str, &str)]) -> Result<SftpOptions> {
        let environment = Environment::new([("HOME", "/home/ann"), ("USER", "ann")]);
        let given = given.to_vec();
        let lookup = move |name: &str| {
            let found = given.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned()).or_else(|| (name == "host").then(|| "h".into()))
        };
        SftpOptions::from_lookup(lookup, &environment)
    }

    #[test]
    fn defaults_are_rclones() {
        let options = build(&[]).unwrap();
        assert_eq!((options.user.as_str(), options.port), ("ann", 22));
        assert_eq!((options.chunk_size, options.concurrency, options.connections), (32768, 64, None));
        assert_eq!(options.idle_timeout, Some(Duration::from_secs(60)));
        assert_eq!(options.known_hosts_file, KnownHosts::Default);
        assert_eq!(options.host_key_policy, HostKeyPolicy::Ask);
        assert_eq!(options.cert_renew_before, Duration::from_secs(300));
        assert_eq!((&options.ssh_config, &options.ssh_host), (&Files::Default, &None));
        assert!(options.set_modtime && options.pass.is_none() && options.ssh.is_empty());
        options.refuse_not_yet().unwrap();
    }

    #[test]
    fn values_are_typed() {
        let options = build(&[
            ("key_file", "~/id"),
            ("pass", "YWFhYWFhYWFhYWFhYWFhYXMaGgIlEQ"),
            ("key_pem", r"-----BEGIN\nx"),
            ("known_hosts_file", "none"),
            ("ssh_config", "none"),
            ("idle_timeout", "off"),
            ("md5sum_command", "md5 -r"),
            ("set_env", r#"A=b "C=d e""#),
            ("host_key_policy", "accept-new"),
        ])
        .unwrap();
        assert_eq!(options.key_file, Some("/home/ann/id".into()));
        assert_eq!(options.pass.as_ref().unwrap().expose(), "potato");
        assert_eq!(options.key_pem.as_ref().unwrap().expose(), "-----BEGIN\nx");
        assert_eq!((&options.known_hosts_file, options.idle_timeout), (&KnownHosts::Off, None));
        assert_eq!(options.ssh_config, Files::Off);
        assert_eq!(options.hash_commands, [("md5", "md5 -r".into())]);
        assert_eq!(options.set_env, [("A".into(), "b".into()), ("C".into(), "d e".into())]);
        assert_eq!(options.host_key_policy, HostKeyPolicy::AcceptNew);
        let shown = format!("{options:?}");
        assert!(!shown.contains("potato") && !shown.contains("BEGIN"), "{shown}");
    }

    #[test]
    fn a_bad_value_names_option_value_and_what_is_accepted() {
        for (name, value, message) in [
            ("port", "abc", "read option port: \"abc\" is not a port number from 1 to 65535"),
            ("key_use_agent", "yes", "read option key_use_agent: \"yes\" is not true or false"),
            ("concurrency", "0", "read option concurrency: \"0\" is not a whole number from 1 up"),
            (
                "host_key_policy",
                "maybe",
                "read option host_key_policy: \"maybe\" is not one of ask, accept-new, strict, off",
            ),
            (
                "key_pem",
                "hunter2\\",
                "read option key_pem: the value is not one line of text with \\n between its lines",
            ),
        ] {
            assert_eq!(build(&[(name, value)]).unwrap_err().to_string(), message);
        }
        let message = build(&[("pass", "hunter2")]).unwrap_err().to_string();
        assert!(message.starts_with("reveal password pass: ") && !message.contains("hunter2"), "{message}");
    }

    #[test]
    fn options_that_contradict_each_other_are_refused() {
        assert!(build(&[("host", "")]).is_err_and(|error| error.path() == Some("host")));
        assert!(build(&[("host", ""), ("ssh", "ssh h")]).is_ok());
        assert!(build(&[("use_insecure_cipher", "true"), ("ciphers", "aes128-ctr")]).is_err());
        assert!(build(&[("proxy_jump", "a"), ("proxy_command", "b")]).is_err());
    }

    #[test]
    fn what_is_not_acted_upon_is_refused_not_ignored() {
        assert!(NOT_YET.iter().all(|name| OptionSpec::find(name).is_some()));
        let set = |value| build(&[("use_fstat", value)]).unwrap().refuse_not_yet();
        set("false").unwrap();
        set("F").unwrap();
        build(&[("idle_timeout", "1m0s")]).unwrap().refuse_not_yet().unwrap();
        assert_eq!(set("true").unwrap_err().path(), Some("use_fstat"));
    }

    #[test]
    fn misspelt_names_find_their_neighbour() {
        assert_eq!(nearest("pubkeyfile"), Some("pubkey_file"));
        assert_eq!(nearest("key-file"), Some("key_file"));
        assert_eq!(nearest("zzzzzzzz"), None);
    }
}
