//! Child processes that never outlive the test that started them.
#![expect(unsafe_code, reason = "a hook between fork and exec is the only way to set up a child")]

use std::collections::HashMap;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Where a program is. Looks beyond `PATH` into the folders of system daemons.
#[track_caller]
pub(crate) fn find(program: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| panic!("{program} is missing: install the package {package}"))
}

/// Runs a tool to its end and returns what it printed. A failure of the tool fails the test.
#[track_caller]
pub(crate) fn run_tool(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Makes the kernel kill the child as soon as the thread that starts it is gone.
pub(crate) fn die_with_parent(command: &mut Command) -> &mut Command {
    // SAFETY: the hook makes one system call and allocates nothing, so it is safe between fork and exec.
    unsafe { command.pre_exec(|| Ok(rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?)) }
}

/// Puts the child in a session of its own, without a terminal.
pub(crate) fn leave_terminal(command: &mut Command) -> &mut Command {
    // SAFETY: the hook makes one system call and allocates nothing, so it is safe between fork and exec.
    unsafe { command.pre_exec(|| rustix::process::setsid().map(drop).map_err(io::Error::from)) }
}

/// Puts the child in a session of its own whose controlling terminal is its standard input.
pub(crate) fn take_terminal(command: &mut Command) -> &mut Command {
    let hook = || -> io::Result<()> {
        rustix::process::setsid()?;
        Ok(rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?)
    };
    // SAFETY: the hook makes two system calls and allocates nothing, so it is safe between fork and exec.
    unsafe { command.pre_exec(hook) }
}

/// Waits for the child, but no longer than `limit`.
pub(crate) fn wait_within(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let end = Instant::now() + limit;
    loop {
        match child.try_wait().unwrap() {
            None if Instant::now() < end => std::thread::sleep(Duration::from_millis(3)),
            status => return status,
        }
    }
}

/// Kills a process and everything it started.
pub(crate) fn kill_tree(root: u32) {
    for id in descendants(root).into_iter().chain([root]) {
        // One that ended by itself in the meantime is as good as killed.
        kill_process(pid(id), Signal::KILL).ok();
    }
}

/// Waits for the end of a process and tells the most memory it held, in KiB.
pub(crate) fn peak_memory(id: u32) -> u64 {
    let mut peak = 0;
    while let Some(now) = memory_held(id) {
        peak = now;
        std::thread::sleep(Duration::from_millis(3));
    }
    peak
}

/// The most memory a process has held so far; none once it has ended.
fn memory_held(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Sends a signal to a process.
pub(crate) fn signal(id: u32, signal: Signal) {
    kill_process(pid(id), signal).unwrap();
}

/// Whether the tests were started by `nohup` or the like.
pub(crate) fn ignores_hangup() -> bool {
    mask(std::process::id(), "SigIgn:") & 1 == 1
}

/// Waits until a process has handlers for these signals.
pub(crate) fn wait_for_handlers(id: u32, signals: &[Signal]) {
    let wanted = signals.iter().fold(0_u64, |mask, signal| mask | (1 << (signal.as_raw() - 1)));
    while mask(id, "SigCgt:") & wanted != wanted {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The signals of one line of `proc_pid_status(5)`.
fn mask(id: u32, line: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let mask = status.lines().find_map(|found| found.strip_prefix(line)).unwrap();
    u64::from_str_radix(mask.trim(), 16).unwrap()
}

fn pid(id: u32) -> Pid {
    Pid::from_raw(i32::try_from(id).unwrap()).unwrap()
}

/// The children of a process, their children, and so on; children first.
pub(crate) fn descendants(root: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if let Some(parent) = parent_of(&entry.path()) {
            children.entry(parent).or_default().push(id);
        }
    }
    let mut found = vec![root];
    let mut next = 0;
    while let Some(id) = found.get(next) {
        found.extend(children.remove(id).unwrap_or_default());
        next += 1;
    }
    found.split_off(1)
}

/// The parent's number from `/proc/PID/stat`; the name before it may hold blanks and parentheses.
fn parent_of(process: &Path) -> Option<u32> {
    let stat = std::fs::read_to_string(process.join("stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
