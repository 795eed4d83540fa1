//! A real sshd for the tests of host keys and dialling: one process per connection, made on the spot.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use tempfile::TempDir;

/// Runs a program that must succeed.
pub(crate) fn run(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).current_dir(folder).args(arguments).output().expect(program);
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A folder with keys and certificates by name. A key is made when it is first asked for; the end of its name says
/// which type it has (`rsa`, `ecdsa`, else ed25519).
pub(crate) struct Keys(pub(crate) TempDir);

impl Keys {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The private key of this name.
    pub(crate) fn key(&self, name: &str) -> PathBuf {
        let file = self.path(name);
        let (kind, bits) = match name {
            _ if name.ends_with("rsa") => ("rsa", "2048"),
            _ if name.ends_with("ecdsa") => ("ecdsa", "256"),
            _ => ("ed25519", "256"),
        };
        if !file.exists() {
            run(self.0.path(), "ssh-keygen", &["-q", "-N", "", "-t", kind, "-b", bits, "-f", name]);
        }
        file
    }

    /// The full path of a file of the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The two words of a public key.
    pub(crate) fn words(&self, name: &str) -> String {
        let line = fs::read_to_string(self.key(name).with_extension("pub")).unwrap();
        line.split(' ').take(2).collect::<Vec<_>>().join(" ").trim().to_owned()
    }

    /// Writes an sshd configuration that uses these host keys, and says where it is.
    pub(crate) fn sshd_config(&self, host_keys: &[&str], extra: &str) -> PathBuf {
        let mut config = String::from("UsePAM no\nPidFile none\nStrictModes no\n");
        for name in host_keys {
            config += &format!("HostKey {}\n", self.key(name).display());
        }
        config += extra;
        // The first value counts: a test may ask for more.
        config += "LogLevel ERROR\n";
        let file = self.path("sshd_config");
        fs::write(&file, config).unwrap();
        file
    }
}

/// An sshd on a port of its own.
pub(crate) struct Server {
    pub(crate) port: u16,
}

impl Server {
    /// Starts one connection's sshd after the other, for as long as the test process lives. Each logs to the
    /// configuration's name with `.log` after it.
    pub(crate) fn start(config: &Path) -> Self {
        // Root's sshd wants its empty folder; other users' does not look.
        drop(fs::create_dir_all("/run/sshd"));
        let config = config.to_owned();
        Self::serve(move |stream| {
            let output = OwnedFd::from(stream.try_clone().unwrap());
            let mut sshd = Command::new("/usr/sbin/sshd");
            sshd.arg("-i")
                .arg("-f")
                .arg(&config)
                .arg("-E")
                .arg(config.with_extension("log"))
                .stderr(Stdio::null());
            sshd.stdin(OwnedFd::from(stream)).stdout(output);
            let mut child = sshd.spawn().expect("sshd");
            thread::spawn(move || child.wait());
        })
    }

    /// A server that does to each connection what `treat` does.
    pub(crate) fn serve(mut treat: impl FnMut(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming() {
                treat(stream.unwrap());
            }
        });
        Self { port }
    }
}
