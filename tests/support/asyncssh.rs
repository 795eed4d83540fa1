//! A real server that is not OpenSSH: `asyncssh`, run by Debian's own Python.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::ca::{Key, KeyType};
use super::process::die_with_parent;

/// The interpreter for which `apt-get install python3-asyncssh` installs the module.
const PYTHON: &str = "/usr/bin/python3";

/// How long it may take to start, and a line to appear.
const LIMIT: Duration = Duration::from_secs(60);

/// A running server. Dropping it ends it.
pub(crate) struct AsyncSsh {
    folder: TempDir,
    host_key: Key,
    process: Child,
    port: u16,
    lines: Arc<Mutex<Vec<String>>>,
}

impl AsyncSsh {
    /// Starts a server. `settings` may have `passwords`, `questions` and `ca`, as the program itself describes them.
    #[track_caller]
    pub(crate) fn start(mut settings: Value) -> Self {
        let folder = TempDir::with_prefix("sclone-asyncssh-").unwrap();
        let host_key = Key::generate(folder.path(), "host_key", KeyType::Ed25519);
        std::fs::create_dir(folder.path().join("tree")).unwrap();
        settings["folder"] = json!(folder.path().join("tree"));
        settings["host_key"] = json!(host_key.path());
        let mut command = Command::new(PYTHON);
        command.arg("-c").arg(include_str!("asyncssh_server.py")).arg(settings.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = die_with_parent(&mut command).spawn().expect("/usr/bin/python3: install python3");
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut first = String::new();
        output.read_line(&mut first).unwrap();
        let Ok(port) = first.trim().parse() else {
            let mut stderr = String::new();
            std::io::Read::read_to_string(&mut process.stderr.take().unwrap(), &mut stderr).unwrap();
            panic!("the server does not start (apt-get install python3-asyncssh brings it): {stderr}");
        };
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&lines);
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        });
        Self { folder, host_key, process, port, lines }
    }

    /// The port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The folder it serves as `/`.
    pub(crate) fn tree(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    /// A `known_hosts` file that holds its key.
    pub(crate) fn known_hosts(&self) -> PathBuf {
        let path: &Path = self.folder.path();
        let line = format!("[127.0.0.1]:{} {}\n", self.port, self.host_key.public_line());
        std::fs::write(path.join("known_hosts"), line).unwrap();
        path.join("known_hosts")
    }

    /// Waits until it has said exactly this.
    #[track_caller]
    pub(crate) fn said(&self, line: &str) {
        let end = Instant::now() + LIMIT;
        loop {
            let lines = self.lines.lock().unwrap().clone();
            if lines.iter().any(|said| said == line) {
                return;
            }
            assert!(Instant::now() < end, "the server never said {line:?}, but {lines:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for AsyncSsh {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}
