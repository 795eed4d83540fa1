//! Questions to the person at the terminal, and other waits that only a person ends.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::path_prompt;
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::output::logger;
use crate::output::stdout::Stdout;
use crate::questions::Questions;

/// Whether the process waits for a person.
static WAITING: AtomicBool = AtomicBool::new(false);

/// One question at a time, whoever asks.
static TERMINAL: Mutex<()> = Mutex::new(());

/// Whether the process waits for a person. A signal then ends it, as nothing else would end the wait.
pub fn is_waiting() -> bool {
    WAITING.load(Ordering::SeqCst)
}

/// Waits for a person in `input`.
///
/// # Errors
/// The run is cancelled.
pub fn wait<T>(cancel: &Cancel, input: impl FnOnce() -> T) -> Result<T> {
    WAITING.store(true, Ordering::SeqCst);
    // After the store: a signal either sees that this waits, or was here first.
    let answer = cancel.check().map(|()| input());
    WAITING.store(false, Ordering::SeqCst);
    answer
}

/// The terminal that controls this process, even where stdin and stdout are pipes.
pub struct Terminal {
    allowed: bool,
    cancel: Cancel,
}

impl Terminal {
    /// Asks only if `allowed`: `--ask-password=false` forbids it.
    pub const fn new(allowed: bool, cancel: Cancel) -> Self {
        Self { allowed, cancel }
    }

    /// Asks on the terminal; `None` if there is none or it has been closed.
    fn ask<T>(&self, question: impl FnOnce() -> std::io::Result<T>) -> Result<Option<T>> {
        if !self.has_terminal() {
            return Ok(None);
        }
        let _one_at_a_time = TERMINAL.lock().unwrap_or_else(PoisonError::into_inner);
        match wait(&self.cancel, || logger::without_bars(question))? {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(Error::cancelled()),
            Err(error) => Err(Error::from_io("ask on the terminal", error)),
        }
    }
}

/// The terminal shows nothing of what is typed for as long as this lives.
struct Silent {
    terminal: File,
    before: Termios,
}

impl Silent {
    fn begin() -> std::io::Result<Self> {
        let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
        let before = tcgetattr(&terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&terminal, OptionalActions::Now, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        if let Err(error) = tcsetattr(&self.terminal, OptionalActions::Now, &self.before) {
            log::debug!("the terminal stays silent: {error}");
        }
    }
}

impl Questions for Terminal {
    fn secret(&self, prompt: &str) -> Result<Option<Zeroizing<String>>> {
        self.ask(|| {
            // Before the prompt: an answer typed at once must not be shown either.
            let _silent = Silent::begin()?;
            rpassword::prompt_password(prompt).map(Zeroizing::new)
        })
    }

    fn line(&self, prompt: &str) -> Result<Option<String>> {
        self.ask(|| {
            let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
            terminal.write_all(prompt.as_bytes())?;
            let mut line = String::new();
            if BufReader::new(terminal).read_line(&mut line)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            Ok(line.trim_end_matches(['\r', '\n']).to_owned())
        })
    }

    fn confirm(&self, prompt: &str) -> Result<Option<bool>> {
        Ok(self.line(prompt)?.map(|answer| is_yes(&answer)))
    }

    fn path(&self, prompt: &str) -> Result<Option<String>> {
        self.ask(|| path_prompt::ask(prompt, dirs::home_dir().as_deref()))
    }

    fn has_terminal(&self) -> bool {
        self.allowed && OpenOptions::new().read(true).write(true).open("/dev/tty").is_ok()
    }
}

/// Whoever feeds the standard input, where that is no terminal: `yes | sclone --interactive ...`.
pub struct StandardInput {
    stdout: Arc<Stdout>,
    cancel: Cancel,
}

impl StandardInput {
    /// Asks at the terminal if standard input is one, else by standard output and standard input.
    pub fn or_terminal(stdout: Arc<Stdout>, cancel: Cancel) -> Arc<dyn Questions> {
        if std::io::stdin().is_terminal() {
            Arc::new(Terminal::new(true, cancel))
        } else {
            Arc::new(Self { stdout, cancel })
        }
    }
}

impl Questions for StandardInput {
    fn secret(&self, _prompt: &str) -> Result<Option<Zeroizing<String>>> {
        Ok(None)
    }

    fn line(&self, prompt: &str) -> Result<Option<String>> {
        self.stdout.write(prompt)?;
        self.stdout.flush()?;
        let mut line = String::new();
        let read = wait(&self.cancel, || std::io::stdin().read_line(&mut line))?;
        let count = read.map_err(|error| Error::from_io("read standard input", error))?;
        Ok((count > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
    }

    fn confirm(&self, prompt: &str) -> Result<Option<bool>> {
        Ok(self.line(prompt)?.map(|answer| is_yes(&answer)))
    }
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_asked_where_asking_is_forbidden() {
        let terminal = Terminal::new(false, Cancel::new());
        assert!(terminal.secret("password: ").unwrap().is_none());
        assert!(terminal.line("name: ").unwrap().is_none());
        assert!(terminal.confirm("really? ").unwrap().is_none());
    }

    #[test]
    fn a_cancelled_run_waits_for_nobody() {
        let cancel = Cancel::new();
        assert!(wait(&cancel, is_waiting).unwrap());
        cancel.cancel();
        assert!(wait(&cancel, || ()).is_err());
        assert!(!is_waiting());
    }
}
