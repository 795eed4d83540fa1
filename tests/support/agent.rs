//! A real `ssh-agent`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::ca::Key;
use super::process::{die_with_parent, find, run_tool};

/// A running agent. Dropping it ends it.
pub(crate) struct Agent {
    process: Child,
    socket: PathBuf,
}

impl Agent {
    /// An agent without keys that listens at `socket`.
    #[track_caller]
    pub(crate) fn start(socket: PathBuf) -> Self {
        let mut command = Command::new(find("ssh-agent", "openssh-client"));
        command.arg("-D").arg("-a").arg(&socket).stdout(Stdio::null());
        let process = die_with_parent(&mut command).spawn().unwrap();
        let end = Instant::now() + Duration::from_secs(20);
        while !socket.exists() {
            assert!(Instant::now() < end, "ssh-agent does not start");
            std::thread::sleep(Duration::from_millis(5));
        }
        Self { process, socket }
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Adds a private key, and the certificate beside it if there is one.
    #[track_caller]
    pub(crate) fn add(&self, key: &Key) {
        self.add_file(key.path());
    }

    /// The same for any file that holds one.
    #[track_caller]
    pub(crate) fn add_file(&self, path: &Path) {
        run_tool(Command::new("ssh-add").arg("-q").arg(path).env("SSH_AUTH_SOCK", &self.socket));
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        // Another one may listen there; its folder may be gone already.
        std::fs::remove_file(&self.socket).ok();
    }
}
