//! A certificate authority, keys, an agent and an OpenSSH server, all made on the spot in one temporary folder.

use std::fs::{self, File};
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use sclone::cancel::Cancel;
use sclone::error::Result;
use sclone::questions::Questions;
use sclone::ssh::auth::log_in;
use sclone::ssh::login::Login;
use ssh2::Session;
use tempfile::TempDir;
use zeroize::Zeroizing;

/// A folder with keys in it.
pub(crate) struct Lab {
    dir: TempDir,
    user: String,
}

impl Lab {
    /// An empty lab with a host key, and a CA `ca` that servers trust.
    pub(crate) fn new() -> Self {
        let lab = Self { dir: tempfile::tempdir().unwrap(), user: user() };
        lab.key("host", &["-t", "ed25519"]);
        lab.key("ca", &["-t", "ed25519"]);
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

    /// Makes a key without passphrase unless `args` give one.
    pub(crate) fn key(&self, name: &str, args: &[&str]) -> PathBuf {
        let path = self.path(name);
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-C", name, "-f"]).arg(&path).args(args);
        if !args.contains(&"-N") {
            command.args(["-N", ""]);
        }
        run(&mut command);
        path
    }

    /// Signs the key `name` with the CA `ca`; the certificate lies beside the key.
    pub(crate) fn sign(&self, ca: &str, name: &str, args: &[&str]) -> PathBuf {
        let public = self.path(&format!("{name}.pub"));
        run(Command::new("ssh-keygen").arg("-q").arg("-s").arg(self.path(ca)).args(args).arg(public));
        self.path(&format!("{name}-cert.pub"))
    }

    /// An Ed25519 key with a certificate of `ca` for the user of this process.
    pub(crate) fn certified(&self, name: &str) -> PathBuf {
        let path = self.key(name, &["-t", "ed25519"]);
        self.sign("ca", name, &["-I", name, "-n", &self.user]);
        path
    }

    /// Makes servers trust a CA.
    pub(crate) fn trust(&self, ca: &str) {
        self.append("trusted", &self.read(&format!("{ca}.pub")));
    }

    /// Lets a plain key log in.
    pub(crate) fn authorize(&self, name: &str) {
        self.append("authorized_keys", &self.read(&format!("{name}.pub")));
    }

    fn append(&self, name: &str, line: &str) {
        fs::OpenOptions::new()
            .append(true)
            .open(self.path(name))
            .unwrap()
            .write_all(line.as_bytes())
            .unwrap();
    }

    /// Starts a server with more configuration lines.
    pub(crate) fn server(&self, extra: &str) -> Server {
        let dir = self.dir.path().display();
        let config = format!(
            "{extra}\nHostKey {dir}/host\nAuthorizedKeysFile {dir}/authorized_keys\nTrustedUserCAKeys {dir}/trusted\n\
             PermitRootLogin yes\nStrictModes no\nUsePAM no\nPidFile none\nLogLevel VERBOSE\n\
             KbdInteractiveAuthentication no\nPasswordAuthentication no\n"
        );
        Server::start(self.write("sshd_config", config), self.path("sshd_log"))
    }

    /// What this lab's user would say without any way to log in.
    pub(crate) fn login(&self) -> Login {
        Login { server: "lab".into(), user: self.user.clone(), ..Login::default() }
    }

    pub(crate) fn agent(&self) -> TestAgent {
        TestAgent::start(self.path("agent_socket"))
    }
}

/// `sshd -i` for every connection; ends with the listener's thread.
pub(crate) struct Server {
    address: SocketAddr,
    log: PathBuf,
    stop: Cancel,
}

impl Server {
    fn start(config: PathBuf, log: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        File::create(&log).unwrap();
        let stop = Cancel::new();
        let (stopped, log_file) = (stop.clone(), log.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.is_cancelled() {
                    break;
                }
                serve(stream.unwrap(), &config, &log_file);
            }
        });
        Self { address, log, stop }
    }

    /// A session after its handshake.
    pub(crate) fn connect(&self) -> Session {
        let stream = TcpStream::connect(self.address).unwrap();
        let mut session = Session::new().unwrap();
        session.set_tcp_stream(stream);
        session.set_timeout(30_000);
        session.handshake().unwrap();
        session
    }

    /// Plans and logs in on a connection of its own.
    pub(crate) fn log_in(&self, login: &Login, questions: &dyn Questions) -> Result<Session> {
        let plan = login.plan(questions, jiff::Timestamp::now())?;
        let session = self.connect();
        log_in(&session, login, plan, questions)?;
        assert!(session.authenticated());
        Ok(session)
    }

    /// Waits for a line of the server's log that holds all of `parts`.
    #[track_caller]
    pub(crate) fn assert_logged(&self, parts: &[&str]) {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let log = fs::read_to_string(&self.log).unwrap();
            if log.lines().any(|line| parts.iter().all(|part| line.contains(part))) {
                return;
            }
            assert!(Instant::now() < end, "no line with {parts:?} in\n{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// How many attempts the server has refused so far.
    pub(crate) fn refused(&self) -> usize {
        let log = fs::read_to_string(&self.log).unwrap();
        log.lines().filter(|line| line.contains("Failed publickey")).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
        drop(TcpStream::connect(self.address));
    }
}

fn serve(stream: TcpStream, config: &Path, log: &Path) {
    let log = fs::OpenOptions::new().append(true).open(log).unwrap();
    let input = OwnedFd::from(stream.try_clone().unwrap());
    let mut child = Command::new("/usr/sbin/sshd")
        .args(["-i", "-e", "-f"])
        .arg(config)
        .stdin(Stdio::from(input))
        .stdout(Stdio::from(OwnedFd::from(stream)))
        .stderr(Stdio::from(log))
        .spawn()
        .unwrap();
    std::thread::spawn(move || child.wait());
}

/// An `ssh-agent` of its own.
pub(crate) struct TestAgent {
    child: Child,
    pub(crate) socket: PathBuf,
}

impl TestAgent {
    fn start(socket: PathBuf) -> Self {
        let child =
            Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn().unwrap();
        let end = Instant::now() + Duration::from_secs(10);
        while !socket.exists() {
            assert!(Instant::now() < end, "ssh-agent does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { child, socket }
    }

    /// Adds a key, and the certificate beside it if there is one.
    pub(crate) fn add(&self, key: &Path) {
        run(Command::new("ssh-add").arg("-q").arg(key).env("SSH_AUTH_SOCK", &self.socket));
    }
}

impl Drop for TestAgent {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        fs::remove_file(&self.socket).unwrap();
    }
}

/// Answers every secret with the same text and counts how often it was asked.
pub(crate) struct Answers {
    pub(crate) text: &'static str,
    pub(crate) asked: Mutex<Vec<String>>,
}

impl Answers {
    pub(crate) fn new(text: &'static str) -> Self {
        Self { text, asked: Mutex::default() }
    }
}

impl Questions for Answers {
    fn secret(&self, prompt: &str) -> Result<Option<Zeroizing<String>>> {
        self.asked.lock().unwrap().push(prompt.to_owned());
        Ok(Some(Zeroizing::new(self.text.to_owned())))
    }

    fn line(&self, prompt: &str) -> Result<Option<String>> {
        self.asked.lock().unwrap().push(prompt.to_owned());
        Ok(Some(self.text.to_owned()))
    }

    fn confirm(&self, _prompt: &str) -> Result<Option<bool>> {
        Ok(None)
    }
}

/// The user this process runs as, who is the one that can log in.
pub(crate) fn user() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[track_caller]
pub(crate) fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
