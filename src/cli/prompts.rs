//! Questions to the person at the terminal.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::output::logger;
use crate::questions::Questions;

/// Whether a question waits for its answer.
static WAITING: AtomicBool = AtomicBool::new(false);

/// One question at a time, whoever asks.
static TERMINAL: Mutex<()> = Mutex::new(());

/// Whether a question waits for its answer. A signal then ends the process, as nothing else would end the wait.
pub fn is_waiting() -> bool {
    WAITING.load(Ordering::SeqCst)
}

/// The terminal that controls this process, even where stdin and stdout are pipes.
pub struct Terminal {
    allowed: bool,
}

impl Terminal {
    /// Asks only if `allowed`: `--ask-password=false` forbids it.
    pub const fn new(allowed: bool) -> Self {
        Self { allowed }
    }

    /// Asks on the terminal; `None` if there is none or it has been closed.
    fn ask<T>(&self, question: impl FnOnce() -> std::io::Result<T>) -> Result<Option<T>> {
        if !self.allowed || OpenOptions::new().read(true).write(true).open("/dev/tty").is_err() {
            return Ok(None);
        }
        let _one_at_a_time = TERMINAL.lock().unwrap_or_else(PoisonError::into_inner);
        WAITING.store(true, Ordering::SeqCst);
        let answer = logger::without_bars(question);
        WAITING.store(false, Ordering::SeqCst);
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(Error::cancelled()),
            Err(error) => Err(Error::from_io("ask on the terminal", error)),
        }
    }
}

impl Questions for Terminal {
    fn secret(&self, prompt: &str) -> Result<Option<Zeroizing<String>>> {
        self.ask(|| rpassword::prompt_password(prompt).map(Zeroizing::new))
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
        Ok(self
            .line(prompt)?
            .map(|answer| matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_asked_where_asking_is_forbidden() {
        let terminal = Terminal::new(false);
        assert!(terminal.secret("password: ").unwrap().is_none());
        assert!(terminal.line("name: ").unwrap().is_none());
        assert!(terminal.confirm("really? ").unwrap().is_none());
        assert!(!is_waiting());
    }
}
