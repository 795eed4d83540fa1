//! An OpenSSH server that listens by itself, for what only such a one knows: how many connections may be starting.

use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::process::{die_with_parent, find, kill_tree};
use super::server::{Server, ServerBuilder};

/// How long the server may take to listen.
const START: Duration = Duration::from_secs(20);

/// A listening server. Dropping it ends it and every session.
pub(crate) struct Daemon {
    /// Knows the host key and the log; nobody connects to it.
    pub(crate) server: Server,
    /// The port on 127.0.0.1 where the daemon listens.
    pub(crate) port: u16,
    process: Child,
}

impl ServerBuilder {
    /// Starts a server that accepts its connections itself.
    #[track_caller]
    pub(crate) fn listen(self) -> Daemon {
        let server = self.start();
        // Between a look for a free port and its use, somebody else may take it.
        let found = (0..5).find_map(|_| listen_once(&server));
        let (process, port) = found.unwrap_or_else(|| panic!("sshd does not listen:\n{}", server.log()));
        Daemon { server, port, process }
    }
}

fn listen_once(server: &Server) -> Option<(Child, u16)> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let folder = server.folder();
    let log = std::fs::OpenOptions::new().append(true).open(folder.join("log")).unwrap();
    let mut command = Command::new(find("sshd", "openssh-server"));
    command.args(["-D", "-e", "-o", "ListenAddress=127.0.0.1", "-p", &port.to_string(), "-f"]);
    command.arg(folder.join("sshd_config")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let mut process = die_with_parent(&mut command).spawn().unwrap();
    let end = Instant::now() + START;
    while !server.log().contains(&format!("listening on 127.0.0.1 port {port}.")) {
        if Instant::now() > end || process.try_wait().unwrap().is_some() {
            kill_tree(process.id());
            process.wait().unwrap();
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Some((process, port))
}

impl Drop for Daemon {
    fn drop(&mut self) {
        kill_tree(self.process.id());
        self.process.wait().unwrap();
    }
}
