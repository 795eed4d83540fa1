//! The program under test, in a home of its own: nothing of this machine's configuration, agent or environment.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::process::{die_with_parent, find, kill_tree, leave_terminal, wait_within};
use super::server::{Server, current_user};

/// How long a run may take unless a test says otherwise.
const DEFAULT_LIMIT: Duration = Duration::from_secs(60);

/// The program under test.
pub(crate) const SCLONE: &str = env!("CARGO_BIN_EXE_sclone");

/// The words before a command that make its system calls fail.
pub(crate) fn injected(injections: &[&str]) -> Vec<String> {
    let strace = find("strace", "strace").display().to_string();
    let each = injections.iter().flat_map(|injection| ["-e".to_owned(), format!("inject={injection}")]);
    [strace, "-f".into(), "-o".into(), "/dev/null".into()].into_iter().chain(each).collect()
}

/// A home folder with an `rclone.conf`.
pub(crate) struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    /// An empty home. The configuration file is there and has no remotes.
    pub(crate) fn new() -> Self {
        let folder = TempDir::with_prefix("sclone-test-").unwrap();
        for name in ["home/.config/rclone", "tmp"] {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let sandbox = Self { folder };
        std::fs::write(sandbox.config_path(), "").unwrap();
        sandbox
    }

    /// A path in the sandbox; nothing is made.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the sandbox and returns its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Where the program finds its `rclone.conf`.
    pub(crate) fn config_path(&self) -> PathBuf {
        self.path("home/.config/rclone/rclone.conf")
    }

    /// Adds an sftp remote for a port of 127.0.0.1 to the configuration. Of options given twice the last holds.
    pub(crate) fn remote_at(&self, name: &str, port: u16, options: &[(&str, &str)]) {
        let (user, port) = (current_user(), port.to_string());
        let mut all =
            vec![("type", "sftp"), ("host", "127.0.0.1"), ("user", user.as_str()), ("port", port.as_str())];
        for option in options {
            all.retain(|(key, _)| *key != option.0);
            all.push(*option);
        }
        let mut config = std::fs::read_to_string(self.config_path()).unwrap() + &format!("[{name}]\n");
        for (key, value) in all {
            config += &format!("{key} = {value}\n");
        }
        std::fs::write(self.config_path(), config).unwrap();
    }

    /// Adds an sftp remote for a server and its host key.
    pub(crate) fn remote(&self, name: &str, server: &Server, options: &[(&str, &str)]) {
        let known_hosts = server.known_hosts();
        let known_hosts = [("known_hosts_file", known_hosts.to_str().unwrap())];
        self.remote_at(name, server.port(), &[&known_hosts, options].concat());
    }

    /// Begins a run of the program under test.
    pub(crate) fn sclone<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Invocation {
        self.program(Path::new(SCLONE), arguments)
    }

    /// Begins a run of the program under test whose system calls fail as `injections` say, in the words of `strace -e
    /// inject`.
    pub(crate) fn sclone_injected<A: AsRef<OsStr>>(
        &self,
        injections: &[&str],
        arguments: impl IntoIterator<Item = A>,
    ) -> Invocation {
        let own = arguments.into_iter().map(|argument| argument.as_ref().to_owned());
        let all = injected(injections).into_iter().map(OsString::from).chain([SCLONE.into()]).chain(own);
        let mut all = all.collect::<Vec<_>>().into_iter();
        let program = all.next().unwrap();
        self.program(Path::new(&program), all)
    }

    /// Begins a run of any other program in the same surroundings.
    pub(crate) fn program<A: AsRef<OsStr>>(
        &self,
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
    ) -> Invocation {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"))
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC");
        Invocation { command, input: Vec::new(), limit: DEFAULT_LIMIT }
    }
}

/// A run about to begin. It has no terminal and an empty standard input.
#[must_use]
pub(crate) struct Invocation {
    pub(super) command: Command,
    input: Vec<u8>,
    pub(super) limit: Duration,
}

impl Invocation {
    /// Sets a variable of the environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Feeds the standard input.
    pub(crate) fn input(mut self, input: impl AsRef<[u8]>) -> Self {
        self.input = input.as_ref().to_vec();
        self
    }

    /// Fails the test if the run takes longer.
    pub(crate) fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs the program to its end.
    #[track_caller]
    pub(crate) fn run(self) -> Outcome {
        self.run_while(|_| ())
    }

    /// Runs the program to its end; `meanwhile` is given its process number once it has started.
    #[track_caller]
    pub(crate) fn run_while(mut self, meanwhile: impl FnOnce(u32)) -> Outcome {
        // A session of its own has no terminal to ask at.
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = die_with_parent(leave_terminal(&mut self.command)).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = self.input;
        // The program may end without having read its input.
        let feeder = std::thread::spawn(move || stdin.write_all(&input).ok());
        let stdout = collect(child.stdout.take().unwrap());
        let stderr = collect(child.stderr.take().unwrap());
        meanwhile(child.id());
        let status = wait_within(&mut child, self.limit);
        if status.is_none() {
            kill_tree(child.id());
            child.wait().unwrap();
        }
        feeder.join().unwrap();
        let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
        let Some(status) = status else {
            let (out, err) = (stdout.escape_ascii(), String::from_utf8_lossy(&stderr));
            panic!("{:?} did not end within {:?}; stdout: {out}\nstderr: {err}", self.command, self.limit);
        };
        Outcome { shown: format!("{:?}", self.command), code: status.code(), stdout, stderr }
    }
}

fn collect(mut stream: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        all
    })
}

/// What a run did. Every check returns the outcome for the next.
pub(crate) struct Outcome {
    shown: String,
    code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Outcome {
    /// The exit code.
    #[track_caller]
    pub(crate) fn exit_code(&self) -> i32 {
        self.code.unwrap_or_else(|| panic!("a signal ended it: {self}"))
    }

    /// Checks the exit code.
    #[track_caller]
    pub(crate) fn code(&self, expected: i32) -> &Self {
        assert_eq!(self.code, Some(expected), "{self}");
        self
    }

    /// Whether the exit code says that everything was done.
    pub(crate) fn succeeded(&self) -> bool {
        self.code == Some(0)
    }

    /// Checks that the run failed, and by no crash: the code is one of those that are documented.
    #[track_caller]
    pub(crate) fn fails(&self) -> &Self {
        assert!(matches!(self.code, Some(1..=10 | 20..=25)), "{self}");
        self
    }

    /// Checks that standard output is exactly this.
    #[track_caller]
    pub(crate) fn stdout(&self, expected: impl AsRef<[u8]>) -> &Self {
        let expected = expected.as_ref();
        assert!(
            self.stdout == expected,
            "expected on stdout:\n{}\n{self}",
            String::from_utf8_lossy(expected)
        );
        self
    }

    /// Checks that standard error is exactly this.
    #[track_caller]
    pub(crate) fn stderr(&self, expected: &str) -> &Self {
        assert!(self.stderr == expected.as_bytes(), "expected on stderr:\n{expected}\n{self}");
        self
    }

    /// Checks that standard error contains every one of these.
    #[track_caller]
    pub(crate) fn stderr_has(&self, parts: &[&str]) -> &Self {
        let text = String::from_utf8_lossy(&self.stderr);
        for part in parts {
            assert!(text.contains(part), "{part:?} is not on stderr:\n{self}");
        }
        self
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (out, err) = (String::from_utf8_lossy(&self.stdout), String::from_utf8_lossy(&self.stderr));
        write!(f, "{}\nexit code {:?}\nstdout:\n{out}\nstderr:\n{err}", self.shown, self.code)
    }
}
