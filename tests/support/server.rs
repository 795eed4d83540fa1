//! A real OpenSSH server.
//!
//! One `sshd -i` serves each connection. It runs as whoever runs the test, root or not, and lets that same user in.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::ca::{Key, KeyType};
use super::inetd::Inetd;
use super::process::{find, run_tool};

/// How long a line may take to reach the server's log.
const LOG_DEADLINE: Duration = Duration::from_secs(10);

/// A server about to be started. Without anything else said it lets nobody in.
pub(crate) struct ServerBuilder {
    folder: TempDir,
    host_key: Key,
    settings: String,
    subsystem: String,
    authorized_keys: String,
    trusted_authorities: String,
}

impl ServerBuilder {
    /// Shows these host keys instead of one of its own; the first is the one it is known by.
    pub(crate) fn host_keys(mut self, keys: &[Key]) -> Self {
        self.host_key = keys[0].clone();
        let add = |builder: Self, key: &Key| builder.setting(&format!("HostKey {}", key.path().display()));
        keys[1..].iter().fold(self, add)
    }

    /// Trusts a certificate authority for every user (`TrustedUserCAKeys`).
    pub(crate) fn trust(mut self, authority: &Key) -> Self {
        self.trusted_authorities += &format!("{}\n", authority.public_line());
        self
    }

    /// Adds one line to the user's `authorized_keys`.
    pub(crate) fn authorized_key(mut self, line: &str) -> Self {
        self.authorized_keys += &format!("{line}\n");
        self
    }

    /// Trusts a certificate authority by a `cert-authority` line in the user's `authorized_keys`.
    pub(crate) fn cert_authority(self, authority: &Key) -> Self {
        let line = format!("cert-authority {}", authority.public_line());
        self.authorized_key(&line)
    }

    /// Shows a host certificate for `principals`, signed by `authority`.
    pub(crate) fn host_certificate(self, authority: &Key, principals: &[&str]) -> Self {
        let path = authority.sign(&self.host_key).for_host().principals(principals).write();
        self.setting(&format!("HostCertificate {}", path.display()))
    }

    /// Adds one line to the server's configuration; it goes before every line set here, so it holds.
    pub(crate) fn setting(mut self, line: &str) -> Self {
        self.settings += &format!("{line}\n");
        self
    }

    /// Serves SFTP by another command than OpenSSH's built-in server.
    pub(crate) fn subsystem(mut self, command: &str) -> Self {
        command.clone_into(&mut self.subsystem);
        self
    }

    /// Where the server keeps its files.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts to accept connections.
    #[track_caller]
    pub(crate) fn start(self) -> Server {
        let program = find("sshd", "openssh-server");
        let folder = self.folder.path();
        std::fs::write(folder.join("authorized_keys"), &self.authorized_keys).unwrap();
        std::fs::write(folder.join("trusted_authorities"), &self.trusted_authorities).unwrap();
        std::fs::write(folder.join("sshd_config"), self.configuration()).unwrap();
        File::create(folder.join("log")).unwrap();
        prepare_privilege_separation();

        let folder = folder.to_owned();
        let inetd = Inetd::start(move || {
            let mut command = Command::new(&program);
            let log = OpenOptions::new().append(true).open(folder.join("log")).unwrap();
            command.args(["-i", "-e", "-f"]).arg(folder.join("sshd_config")).stderr(log);
            command
        });
        Server { inetd, folder: self.folder, host_key: self.host_key }
    }

    fn configuration(&self) -> String {
        let Self { settings, subsystem, .. } = self;
        let folder = self.folder.path().display();
        let host_key = self.host_key.path().display();
        // Commands run by the server start without the user's own start-up files, which may be slow or print.
        let pam = if is_locked(&current_user()) { "yes" } else { "no" };
        format!(
            "{settings}\
             HostKey {host_key}\n\
             AuthorizedKeysFile {folder}/authorized_keys\n\
             TrustedUserCAKeys {folder}/trusted_authorities\n\
             PermitRootLogin yes\n\
             PasswordAuthentication no\n\
             KbdInteractiveAuthentication no\n\
             StrictModes no\n\
             UsePAM {pam}\n\
             PidFile none\n\
             SetEnv HOME={folder}\n\
             LogLevel VERBOSE\n\
             Subsystem sftp {subsystem}\n"
        )
    }
}

/// A running server. Dropping it ends every session.
pub(crate) struct Server {
    // Ends before its files do.
    inetd: Inetd,
    folder: TempDir,
    host_key: Key,
}

impl Server {
    /// Begins a server with an Ed25519 host key.
    #[track_caller]
    pub(crate) fn builder() -> ServerBuilder {
        Self::builder_with_host_key(KeyType::Ed25519)
    }

    /// Begins a server with a host key of another kind.
    #[track_caller]
    pub(crate) fn builder_with_host_key(kind: KeyType) -> ServerBuilder {
        let folder = TempDir::with_prefix("sclone-sshd-").unwrap();
        let host_key = Key::generate(folder.path(), "host_key", kind);
        ServerBuilder {
            folder,
            host_key,
            settings: String::new(),
            subsystem: "internal-sftp".into(),
            authorized_keys: String::new(),
            trusted_authorities: String::new(),
        }
    }

    /// Where the server keeps its files.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its configuration, for one more `sshd -i`.
    pub(crate) fn configuration_path(&self) -> PathBuf {
        self.folder.path().join("sshd_config")
    }

    /// The port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.inetd.port()
    }

    /// The key that says who the server is.
    pub(crate) fn host_key(&self) -> &Key {
        &self.host_key
    }

    /// A `known_hosts` file that holds this server's key and nothing else.
    pub(crate) fn known_hosts(&self) -> PathBuf {
        let path = self.folder.path().join("known_hosts");
        let line = format!("[127.0.0.1]:{} {}\n", self.port(), self.host_key.public_line());
        std::fs::write(&path, line).unwrap();
        path
    }

    /// How many connections were accepted so far.
    pub(crate) fn connections(&self) -> usize {
        self.inetd.connections()
    }

    /// Everything the server logged so far.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.folder.path().join("log")).unwrap()).into_owned()
    }

    /// Waits for a log line that contains `text` and returns the line.
    #[track_caller]
    pub(crate) fn logged(&self, text: &str) -> String {
        self.logged_all(&[text])
    }

    /// The same for a line that contains each of these.
    #[track_caller]
    pub(crate) fn logged_all(&self, texts: &[&str]) -> String {
        let end = Instant::now() + LOG_DEADLINE;
        loop {
            let log = self.log();
            if let Some(line) = log.lines().find(|line| texts.iter().all(|text| line.contains(text))) {
                return line.trim_end().to_owned();
            }
            assert!(Instant::now() < end, "the server never logged {texts:?}, but:\n{log}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The process that serves each connection accepted so far and still open.
    pub(crate) fn session_ids(&self) -> Vec<u32> {
        self.inetd.session_ids()
    }

    /// Kills every session at once, as a crash of the server would. New connections are still accepted.
    pub(crate) fn kill_sessions(&self) {
        self.inetd.kill_sessions();
    }

    /// Refuses new connections from now on. Open ones stay.
    pub(crate) fn stop_accepting(&self) {
        self.inetd.stop_accepting();
    }
}

/// The user who runs the tests, and whom the server lets in.
pub(crate) fn current_user() -> String {
    static NAME: LazyLock<String> =
        LazyLock::new(|| run_tool(Command::new("id").arg("-un")).trim_end().to_owned());
    NAME.clone()
}

/// sshd run by root insists on this folder, which the service's start script makes at boot.
fn prepare_privilege_separation() {
    if rustix::process::geteuid().is_root() {
        std::fs::create_dir_all("/run/sshd").unwrap();
    }
}

/// Whether the account has no password at all (`!`). Without PAM, sshd keeps such an account out.
fn is_locked(user: &str) -> bool {
    let shadow = std::fs::read_to_string("/etc/shadow").unwrap_or_default();
    shadow
        .lines()
        .any(|line| line.split_once(':').is_some_and(|(name, rest)| name == user && rest.starts_with('!')))
}
