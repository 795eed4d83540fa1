//! A folder of keys and certificates as `ssh-keygen` makes them, and logins with them by the library itself.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::Command;

use sclone::error::Result;
use sclone::questions::Questions;
use sclone::ssh::auth::log_in;
use sclone::ssh::login::Login;
use ssh2::Session;
use tempfile::TempDir;

use super::agent::Agent;
use super::ca::{Key, KeyType};
use super::process::{find, run_tool};
use super::server::{Server, current_user};

/// Keys by name, and the certificate authority `ca` that the servers trust.
pub(crate) struct Lab {
    dir: TempDir,
    user: String,
}

impl Lab {
    /// A lab with the authority alone.
    pub(crate) fn new() -> Self {
        let lab = Self { dir: TempDir::with_prefix("sclone-lab-").unwrap(), user: current_user() };
        Key::generate(lab.dir.path(), "ca", KeyType::Ed25519);
        lab.write("trusted", "");
        lab.write("authorized_keys", "");
        lab.trust("ca");
        lab
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Makes a key as these arguments of `ssh-keygen` say; without a passphrase unless they give one.
    #[track_caller]
    pub(crate) fn key(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let path = self.path(name);
        let mut command = Command::new(find("ssh-keygen", "openssh-client"));
        command.args(["-q", "-C", name, "-f"]).arg(&path).args(arguments);
        if !arguments.contains(&"-N") {
            command.args(["-N", ""]);
        }
        run_tool(&mut command);
        path
    }

    /// Signs the key `name` with the authority `ca`, as these arguments of `ssh-keygen` say; the certificate lies beside
    /// the key.
    #[track_caller]
    pub(crate) fn sign(&self, ca: &str, name: &str, arguments: &[&str]) -> PathBuf {
        let public = self.path(&format!("{name}.pub"));
        let mut command = Command::new(find("ssh-keygen", "openssh-client"));
        run_tool(command.arg("-q").arg("-s").arg(self.path(ca)).args(arguments).arg(public));
        self.path(&format!("{name}-cert.pub"))
    }

    /// An Ed25519 key with a certificate of `ca` for the user of this process.
    #[track_caller]
    pub(crate) fn certified(&self, name: &str) -> PathBuf {
        let path = self.key(name, &["-t", "ed25519"]);
        self.sign("ca", name, &["-I", name, "-n", &self.user]);
        path
    }

    /// The fingerprint of a key.
    pub(crate) fn fingerprint(&self, name: &str) -> String {
        Key::at(self.path(name)).fingerprint()
    }

    /// Makes servers trust an authority, also those that run.
    pub(crate) fn trust(&self, ca: &str) {
        self.append("trusted", &self.read(&format!("{ca}.pub")));
    }

    /// Lets a plain key log in.
    pub(crate) fn authorize(&self, name: &str) {
        self.append("authorized_keys", &self.read(&format!("{name}.pub")));
    }

    fn append(&self, name: &str, line: &str) {
        let file = fs::OpenOptions::new().append(true).open(self.path(name));
        file.unwrap().write_all(line.as_bytes()).unwrap();
    }

    /// Starts a server with more lines of configuration.
    #[track_caller]
    pub(crate) fn server(&self, extra: &str) -> Server {
        let dir = self.dir.path().display();
        Server::builder()
            .setting(extra)
            .setting(&format!("AuthorizedKeysFile {dir}/authorized_keys"))
            .setting(&format!("TrustedUserCAKeys {dir}/trusted"))
            .start()
    }

    /// What this lab's user would say without any way to log in.
    pub(crate) fn login(&self) -> Login {
        Login { server: "lab".into(), user: self.user.clone(), ..Login::default() }
    }

    #[track_caller]
    pub(crate) fn agent(&self) -> Agent {
        Agent::start(self.path("agent_socket"))
    }
}

impl Server {
    /// Plans and logs in on a connection of its own.
    pub(crate) fn log_in(&self, login: &Login, questions: &dyn Questions) -> Result<Session> {
        let plan = login.plan(questions, jiff::Timestamp::now())?;
        let session = self.session();
        log_in(&session, login, plan, questions)?;
        assert!(session.authenticated());
        Ok(session)
    }

    /// A session after its handshake.
    fn session(&self) -> Session {
        let mut session = Session::new().unwrap();
        session.set_tcp_stream(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port())).unwrap());
        session.set_timeout(30_000);
        session.handshake().unwrap();
        session
    }

    /// How many attempts the server has refused so far.
    pub(crate) fn refused(&self) -> usize {
        self.log().lines().filter(|line| line.contains("Failed publickey")).count()
    }
}
