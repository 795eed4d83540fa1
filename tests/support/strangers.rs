//! Servers that are neither OpenSSH nor know certificates: Dropbear, and ProFTPD with `mod_sftp`. Like the tests' sshd they
//! serve the present user, root or not, and read nothing of this machine's configuration.

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::ca::{Key, KeyType};
use super::inetd::Inetd;
use super::process::{find, run_tool};
use super::server::current_user;

/// A running server. Dropping it ends every session.
pub(crate) struct Stranger {
    // Ends before its files do.
    inetd: Inetd,
    folder: TempDir,
    host_key: Key,
}

impl Stranger {
    /// Starts Dropbear, which leaves SFTP to OpenSSH's sftp-server. It lets `key` in.
    #[track_caller]
    pub(crate) fn dropbear(key: &Key) -> Self {
        let program = find("dropbear", "dropbear-bin");
        let wrapper = find_library("libnss_wrapper.so", "libnss-wrapper");
        Self::start(|folder, host_key| {
            let own_key = folder.join("dropbear_key");
            let mut convert = Command::new(find("dropbearconvert", "dropbear-bin"));
            run_tool(convert.args(["openssh", "dropbear"]).arg(host_key.path()).arg(&own_key));
            // It looks for keys nowhere but in the home that the system names, so it is told of another.
            fs::create_dir(folder.join(".ssh")).unwrap();
            fs::write(folder.join(".ssh/authorized_keys"), format!("{}\n", key.public_line())).unwrap();
            let [users, groups] = write_accounts(folder);
            move |log| {
                let mut command = Command::new(&program);
                command.arg("-i").arg("-r").arg(&own_key).stderr(log);
                command.env("LD_PRELOAD", &wrapper);
                command.env("NSS_WRAPPER_PASSWD", &users).env("NSS_WRAPPER_GROUP", &groups);
                command
            }
        })
    }

    /// Starts ProFTPD with `mod_sftp`, which has no shell. It lets `key` in.
    #[track_caller]
    pub(crate) fn proftpd(key: &Key) -> Self {
        let program = find("proftpd", "proftpd-core");
        find_library("proftpd/mod_sftp.so", "proftpd-mod-crypto");
        Self::start(|folder, host_key| {
            let authorized = run_tool(
                Command::new(find("ssh-keygen", "openssh-client")).args(["-e", "-f"]).arg(key.public_path()),
            );
            fs::write(folder.join("authorized"), authorized).unwrap();
            let [users, _] = write_accounts(folder);
            fs::set_permissions(users, Permissions::from_mode(0o600)).unwrap();
            let configuration = folder.join("proftpd.conf");
            fs::write(&configuration, proftpd_configuration(folder, host_key)).unwrap();
            move |log| {
                let mut command = Command::new(&program);
                command.arg("-c").arg(&configuration).stderr(log);
                command
            }
        })
    }

    /// `prepare` writes the server's files and returns what makes the command of one connection.
    #[track_caller]
    fn start<C>(prepare: impl FnOnce(&Path, &Key) -> C) -> Self
    where
        C: Fn(fs::File) -> Command + Send + 'static,
    {
        let folder = TempDir::with_prefix("sclone-stranger-").unwrap();
        let host_key = Key::generate(folder.path(), "host_key", KeyType::Ed25519);
        let command = prepare(folder.path(), &host_key);
        let log = folder.path().join("log");
        let inetd =
            Inetd::start(move || command(OpenOptions::new().create(true).append(true).open(&log).unwrap()));
        Self { inetd, folder, host_key }
    }

    /// The port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.inetd.port()
    }

    /// A `known_hosts` file that holds its key.
    pub(crate) fn known_hosts(&self) -> PathBuf {
        let path = self.folder.path().join("known_hosts");
        let line = format!("[127.0.0.1]:{} {}\n", self.port(), self.host_key.public_line());
        fs::write(&path, line).unwrap();
        path
    }
}

/// The present user, whose home is the server's folder, in files like `/etc/passwd` and `/etc/group`.
fn write_accounts(folder: &Path) -> [PathBuf; 2] {
    let [name, group] = names();
    let [user_id, group_id] = ids();
    let accounts = [folder.join("users"), folder.join("groups")];
    let home = folder.display();
    fs::write(&accounts[0], format!("{name}:*:{user_id}:{group_id}:{name}:{home}:/bin/sh\n")).unwrap();
    fs::write(&accounts[1], format!("{group}:x:{group_id}:\n")).unwrap();
    accounts
}

fn names() -> [String; 2] {
    [current_user(), run_tool(Command::new("id").arg("-gn")).trim_end().to_owned()]
}

fn ids() -> [u32; 2] {
    [rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw()]
}

fn proftpd_configuration(folder: &Path, host_key: &Key) -> String {
    let [name, group] = names();
    let (folder, host_key) = (folder.display(), host_key.path().display());
    // Without RootLogin and RootRevoke the tests' root would be kept out, or lose its rights.
    format!(
        "LoadModule mod_sftp.c\n\
         ServerType inetd\n\
         ServerName test\n\
         Port 0\n\
         User {name}\n\
         Group {group}\n\
         RootLogin on\n\
         RootRevoke off\n\
         UseFtpUsers off\n\
         UseIPv6 off\n\
         DelayEngine off\n\
         WtmpLog off\n\
         TransferLog none\n\
         SystemLog {folder}/system_log\n\
         ScoreboardFile {folder}/scoreboard\n\
         RequireValidShell off\n\
         AuthOrder mod_auth_file.c\n\
         AuthUserFile {folder}/users\n\
         AllowOverwrite on\n\
         SFTPEngine on\n\
         SFTPLog {folder}/log\n\
         SFTPHostKey {host_key}\n\
         SFTPAuthorizedUserKeys file:{folder}/authorized\n\
         SFTPAuthMethods publickey\n"
    )
}

/// Where a file of a package is below the folders of libraries.
#[track_caller]
fn find_library(name: &str, package: &str) -> PathBuf {
    let below = fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
    std::iter::once(PathBuf::from("/usr/lib"))
        .chain(below)
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| panic!("{name} is missing: install the package {package}"))
}
