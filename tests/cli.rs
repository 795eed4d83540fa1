//! The binary as a user meets it: exit codes, both streams, the environment and signals.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::process;

/// A home folder of its own, and nothing else in the environment.
pub(crate) struct Home {
    pub(crate) folder: TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sclone"));
        command.args(arguments).env_clear().env("HOME", self.folder.path()).current_dir(self.folder.path());
        command.stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join(".config/rclone/rclone.conf")
    }

    pub(crate) fn write_config(&self, text: &str) {
        fs::create_dir_all(self.config().parent().unwrap()).unwrap();
        fs::write(self.config(), text).unwrap();
        fs::set_permissions(self.config(), PermissionsExt::from_mode(0o600)).unwrap();
    }

    pub(crate) fn read_config(&self) -> String {
        fs::read_to_string(self.config()).unwrap()
    }
}

pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Log lines without their dates.
    pub(crate) fn log(&self) -> Vec<&str> {
        self.err.lines().map(|line| line.get(20..).unwrap_or(line)).collect()
    }
}

#[test]
fn usage_errors_go_to_stderr_with_code_2() {
    let home = Home::new();
    for (arguments, expected) in [
        (&[][..], "Usage: sclone"),
        (&["nosuch"], "unrecognized subcommand 'nosuch'"),
        (&["lsdd"], "'lsd'"),
        (&["ls"], "<REMOTE:PATH>"),
        (&["ls", "a", "b"], "unexpected argument 'b'"),
        (&["ls", "--bad", "a"], "unexpected argument '--bad'"),
        (&["ls", "--transfer=3", "a"], "'--transfers'"),
        (&["ls", "--transfers=x", "a"], "'x' for '--transfers"),
        (&["ls", "--transfers"], "--transfers"),
        (&["ls", "--stats=soon", "a"], "not a duration"),
        (&["ls", "--dry-run=maybe", "a"], "'maybe' for '--dry-run"),
        (&["ls", "--log-level=LOUD", "a"], "possible values: ERROR, NOTICE, INFO, DEBUG, OFF"),
        (&["config"], "there is nobody to ask"),
        (&["config", "create", "a"], "<TYPE>"),
    ] {
        let ran = home.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.err.contains(expected), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn help_and_versions_go_to_stdout() {
    let home = Home::new();
    for command in [&["ls"][..], &["copy"], &["config", "encryption", "set"], &["version"]] {
        let ran = home.run(&[command, &["--help"]].concat());
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{command:?}");
        assert!(ran.out.contains(&format!("\nExample: `sclone {}", command.join(" "))), "{}", ran.out);
        assert!(ran.out.contains("\nExit codes:\n  0  ") && !ran.out.contains("BOOL"), "{}", ran.out);
        assert!(ran.out.contains("sclone help flags") && !ran.out.contains("--sftp-"), "{}", ran.out);
        let asked = home.run(&[&["help"], command].concat());
        assert_eq!((asked.code, asked.out), (0, ran.out), "{command:?}");
    }
    let flags = home.run(&["help", "flags"]).out;
    assert!(flags.contains("--sftp-key-file <VALUE>") && flags.contains("--dry-run"), "{flags}");
    assert_eq!(home.run(&["help", "nonsense"]).code, 2);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(home.run(&["--version"]).out, format!("sclone {version}\n"));
    assert!(home.run(&["version"]).out.starts_with(&format!("sclone v{version}\n- os/type: ")));
}

#[test]
fn contradicting_levels_are_refused() {
    let home = Home::new();
    for (arguments, pair) in [
        (&["-v", "-q", "version"][..], "-v and -q"),
        (&["version", "-v", "--log-level", "INFO"], "-v and --log-level"),
        (&["-q", "version", "--log-level=INFO"], "-q and --log-level"),
    ] {
        let ran = home.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""));
        assert_eq!(ran.log(), [format!("ERROR : Failed to version: read flags: can't set {pair}")]);
    }
}

#[test]
fn flags_have_their_defaults_in_the_environment() {
    let home = Home::new();
    let run = |name, value| Ran::of(home.command(&["version"]).env(name, value).output().unwrap());
    for name in ["SCLONE_TRANSFERS", "RCLONE_TRANSFERS"] {
        let ran = run(name, "many");
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        assert!(ran.err.contains("'many' for '--transfers") && ran.err.contains(name), "{}", ran.err);
        assert_eq!(run(name, "7").code, 0);
    }
    let config = home.folder.path().join("other.conf");
    fs::write(&config, "[other]\ntype = local\n").unwrap();
    let listed = home.command(&["listremotes"]).env("RCLONE_CONFIG", &config).output().unwrap();
    assert_eq!(Ran::of(listed).out, "other:\n");
    let given = home
        .command(&["listremotes", "--config", "/dev/null"])
        .env("RCLONE_CONFIG", &config)
        .output()
        .unwrap();
    assert_eq!(Ran::of(given).out, "");
}

#[test]
fn a_settings_file_gives_defaults_by_command() {
    let home = Home::new();
    let file = home.folder.path().join(".config/sclone/settings.toml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    home.write_config("[a]\ntype = sftp\n");
    fs::write(&file, "quiet = false\n[listremotes]\nlong = true\nsftp-host = 'h'\n[reveal]\nquiet = true\n")
        .unwrap();
    assert_eq!(home.run(&["listremotes"]).out, "a: sftp \n");
    assert_eq!(home.run(&["listremotes", "--long=false"]).out, "a:\n");

    fs::write(&file, "[listremotes]\nlogn = true\n").unwrap();
    let ran = home.run(&["listremotes"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(
        ran.err.contains("settings.toml: line 2") && ran.err.contains("did you mean long?"),
        "{}",
        ran.err
    );
    assert_eq!(home.run(&["listremotes", "--help"]).code, 0);

    fs::write(&file, "transfers = 0\n").unwrap();
    let ran = home.run(&["listremotes"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("the value comes from settings.toml"), "{}", ran.err);
}

#[test]
fn the_log_goes_where_it_is_sent() {
    let home = Home::new();
    let ran = home.run(&["reveal", "abc", "--log-file", "log"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (1, "", ""));
    let log = fs::read_to_string(home.folder.path().join("log")).unwrap();
    assert!(log.contains(" ERROR : Failed to reveal: "), "{log}");

    let ran = home.run(&["reveal", "abc", "--use-json-log"]);
    let record: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!(record["level"], "error");

    assert_eq!(home.run(&["reveal", "abc", "--log-level", "OFF"]).err, "");
    let ran = home.run(&["version", "--log-file", "none/log"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert_eq!(ran.log(), ["ERROR : Failed to version: open log file none/log: no such file or directory"]);
}

#[test]
fn a_full_disk_is_an_error_and_a_lost_reader_is_not() {
    let home = Home::new();
    for arguments in [&["version"][..], &["completion", "bash"], &["--help"], &["obscure", "x"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = home.command(arguments).stdout(full).output().unwrap();
        let ran = Ran::of(output);
        assert_eq!(ran.code, 24, "{arguments:?}");
        assert!(ran.err.contains("write to standard output: no space left on device"), "{}", ran.err);
    }
    let full = File::options().write(true).open("/dev/full").unwrap();
    let ran = Ran::of(home.command(&["version"]).stdout(full).output().unwrap());
    assert_eq!(ran.code, 24);
    assert_eq!(ran.log(), ["ERROR : Failed to version: write to standard output: no space left on device"]);

    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ran = Ran::of(home.command(&["completion", "bash"]).stdout(writer).output().unwrap());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn a_slow_reader_behind_a_non_blocking_pipe_gets_everything() {
    use rustix::fs::{OFlags, fcntl_setfl};
    let home = Home::new();
    let expected = home.run(&["help", "flags"]).out;
    assert!(expected.len() > 8192);
    let (mut reader, writer) = std::io::pipe().unwrap();
    rustix::pipe::fcntl_setpipe_size(&writer, 4096).unwrap();
    fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
    let mut child = home.command(&["help", "flags"]).stdout(writer).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    let mut read = String::new();
    reader.read_to_string(&mut read).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(read, expected);
}

/// Waits until the process has its handlers for SIGHUP, SIGINT and SIGTERM.
fn wait_for_handlers(process: u32) {
    process::wait_for_handlers(process, &[Signal::INT, Signal::TERM, Signal::USR2]);
}

fn send(child: &Child, signal: Signal) {
    let process = rustix::process::Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    rustix::process::kill_process(process, signal).unwrap();
}

#[test]
fn a_signal_ends_a_wait_for_input_with_its_code() {
    let home = Home::new();
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        if signal == Signal::HUP && process::ignores_hangup() {
            continue;
        }
        let mut command = home.command(&["obscure", "-"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take();
        wait_for_handlers(child.id());
        send(&child, signal);
        assert_eq!(child.wait().unwrap().code(), Some(code));
        drop(input);
    }
}

#[test]
fn a_signal_ends_a_run_that_hangs() {
    let home = Home::new();
    assert!(Command::new("mkfifo").arg(home.folder.path().join("pipe")).status().unwrap().success());
    let child = home.command(&["completion", "bash", "pipe"]).stderr(Stdio::piped()).spawn().unwrap();
    wait_for_handlers(child.id());
    send(&child, Signal::TERM);
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 143);
    assert_eq!(ran.log(), ["ERROR : Stopped by a signal, before everything was cleaned up"]);

    let mut child = home.command(&["completion", "bash", "pipe"]).spawn().unwrap();
    wait_for_handlers(child.id());
    let started = std::time::Instant::now();
    send(&child, Signal::INT);
    while child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(100));
        send(&child, Signal::TERM);
    }
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(started.elapsed() < std::time::Duration::from_secs(4));
}

#[test]
fn a_completion_script_goes_to_a_file_on_request() {
    let home = Home::new();
    assert_eq!(home.run(&["completion", "bash", "file"]).out, "");
    let script = home.run(&["completion", "bash"]).out;
    assert_eq!(fs::read_to_string(home.folder.path().join("file")).unwrap(), script);
}
