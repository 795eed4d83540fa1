//! Runs the command that renews a certificate: bounded in time, heard, and stopped with everything it started.

use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use super::deadline::Deadline;
use crate::error::{Error, Kind, Result};
use crate::path::escape;

/// How long the output of a command that has ended is waited for.
const LAST_WORDS: Duration = Duration::from_millis(300);
/// The most lines of standard error that an error repeats.
const MOST_LINES: usize = 4;
/// The longest line that is shown at once, in bytes.
const LONGEST_LINE: u64 = 1024;

/// Runs a program to its end. What it prints is logged at `-v`.
///
/// # Errors
/// [`Kind::CertificateUnusable`] with what it said: it cannot be started, fails, or is not done by `deadline`.
pub(super) fn run(command_line: &[String], deadline: &Deadline) -> Result<()> {
    let failed = |reason: String, said: &[String]| {
        let advice = if said.is_empty() {
            "run it by hand to see what is wrong; a shell's > and | need sh -c".to_owned()
        } else {
            format!("it said: {}", said.join("\n"))
        };
        Error::new(Kind::CertificateUnusable, "renew certificate with", reason)
            .on(shown(command_line))
            .advice(advice)
    };
    let [program, arguments @ ..] = command_line else {
        return Err(Error::new(Kind::Config, "renew certificate", "cert_command is not set"));
    };
    let start = |error: std::io::Error| failed(Error::from_io("start", error).reason().to_owned(), &[]);
    // Dropped after the command, on whatever thread it runs: a run that is stopped must not leave it behind.
    let _clean_up = deadline.cancel().clean_up_later();
    let mut running = Running::start(program, arguments).map_err(start)?;
    let (sender, said) = channel();
    running.listen(&sender).map_err(start)?;
    drop(sender);
    let status = running.wait(deadline)?;
    let said = last_lines(&said);
    match status {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(failed(ended(status), &said)),
        None => Err(failed(format!("it was not done within {} and was stopped", deadline.bound()), &said)),
    }
}

/// The program alone: its arguments may hold a secret, and whoever may read them finds them in the configuration.
pub(super) fn shown(command_line: &[String]) -> String {
    format!("cert_command ({})", command_line.first().map_or("", String::as_str))
}

fn ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it ended with exit code {code}"),
        (None, Some(signal)) => format!("signal {signal} ended it"),
        (None, None) => "it ended".into(),
    }
}

/// The command. Dropping it stops it.
struct Running {
    child: Child,
    /// Without a terminal it leads a process group, which can be stopped as a whole. With one it stays in ours, so
    /// that it can ask a person something.
    leads_group: bool,
}

impl Running {
    fn start(program: &str, arguments: &[String]) -> std::io::Result<Self> {
        let has_terminal = std::io::stdin().is_terminal();
        let mut command = Command::new(program);
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        if !has_terminal {
            command.stdin(Stdio::null()).process_group(0);
        }
        Ok(Self { child: command.spawn()?, leads_group: !has_terminal })
    }

    /// Logs what it prints, and sends on what it prints as errors.
    fn listen(&mut self, errors: &Sender<String>) -> std::io::Result<()> {
        let (stdout, stderr) = (self.child.stdout.take(), self.child.stderr.take());
        if let Some(stdout) = stdout {
            thread::Builder::new().name("renewal".into()).spawn(move || relay(stdout, None))?;
        }
        if let Some(stderr) = stderr {
            let errors = errors.clone();
            thread::Builder::new().name("renewal".into()).spawn(move || relay(stderr, Some(&errors)))?;
        }
        Ok(())
    }

    /// Waits for its end: `None` if that does not come in time.
    fn wait(&mut self, deadline: &Deadline) -> Result<Option<ExitStatus>> {
        loop {
            let ended = self.child.try_wait();
            match ended.map_err(|error| Error::from_io("wait for cert_command", error))? {
                Some(status) => return Ok(Some(status)),
                None if deadline.is_over() => return Ok(None),
                None => thread::sleep(deadline.slice()?.min(Duration::from_millis(10))),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).filter(|_| self.leads_group);
        // What it started may run on after its own end.
        if let Some(Err(error)) = group.map(|group| kill_process_group(group, Signal::KILL)) {
            log::debug!("nothing of cert_command is left to stop: {error}");
        }
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            log::debug!("cert_command not stopped: {error}");
        }
    }
}

fn relay(stream: impl Read, errors: Option<&Sender<String>>) {
    let mut lines = BufReader::new(stream);
    loop {
        let mut line = Vec::new();
        match lines.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let shown = escape(line.trim_ascii_end()).into_owned();
        if !shown.is_empty() {
            log::info!("cert_command: {shown}");
            if errors.is_some_and(|errors| errors.send(shown).is_err()) {
                return;
            }
        }
    }
}

/// The last lines of standard error, once it is closed or nothing more comes.
fn last_lines(said: &Receiver<String>) -> Vec<String> {
    let mut lines = std::collections::VecDeque::new();
    while let Ok(line) = said.recv_timeout(LAST_WORDS) {
        if lines.len() == MOST_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }
    lines.into()
}
