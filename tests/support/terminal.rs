//! The program under test at a terminal: a person's answers typed in, and all that the screen got.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Instant;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::process::{die_with_parent, kill_tree, take_terminal};
use super::sandbox::Invocation;

/// What a run at a terminal did.
pub(crate) struct Screen {
    /// The exit code, if the program was not killed by a signal.
    pub(crate) code: Option<i32>,
    /// Everything the terminal was told to show, line ends as CR LF.
    pub(crate) text: String,
}

impl Invocation {
    /// Runs the program with a terminal of 100 columns and 30 lines. For each pair it waits until the screen shows
    /// the prompt and then types the answer; an answer wants its own `\n`.
    #[track_caller]
    pub(crate) fn run_at_terminal(mut self, answers: &[(&str, &str)]) -> Screen {
        let end = Instant::now() + self.limit;
        let (keyboard, terminal) = open_terminal();
        let mut screen = Reader { stream: read_screen(keyboard.try_clone().unwrap()), seen: Vec::new(), end };
        let copy = || terminal.try_clone().unwrap();
        self.command.env("TERM", "xterm").stdin(copy()).stdout(copy()).stderr(copy());
        let mut child = die_with_parent(take_terminal(&mut self.command)).spawn().unwrap();
        // The screen ends when nobody has the terminal open any more.
        drop((self, terminal));

        let talk = screen.converse(keyboard, answers);
        if talk.is_err() {
            kill_tree(child.id());
        }
        let status = child.wait().unwrap();
        let text = String::from_utf8_lossy(&screen.seen).into_owned();
        if let Err(complaint) = talk {
            panic!("{complaint}; the screen shows:\n{text}");
        }
        Screen { code: status.code(), text }
    }
}

/// Follows what a screen shows.
struct Reader {
    stream: Receiver<Vec<u8>>,
    seen: Vec<u8>,
    end: Instant,
}

impl Reader {
    /// Types each answer as soon as its prompt is shown, then reads to the end of the program.
    fn converse(&mut self, mut keyboard: File, answers: &[(&str, &str)]) -> Result<(), String> {
        let mut read = 0;
        for (prompt, answer) in answers {
            read = self.wait_for(read, prompt).ok_or_else(|| format!("{prompt:?} was not asked"))?;
            keyboard.write_all(answer.as_bytes()).map_err(|error| error.to_string())?;
        }
        loop {
            match self.more() {
                Ok(()) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Err(RecvTimeoutError::Timeout) => return Err("the program did not end in time".into()),
            }
        }
    }

    /// Reads until `prompt` is shown after the position `from`, and returns where it ends.
    fn wait_for(&mut self, from: usize, prompt: &str) -> Option<usize> {
        loop {
            let found = self.seen[from..].windows(prompt.len()).position(|shown| shown == prompt.as_bytes());
            match found {
                Some(position) => return Some(from + position + prompt.len()),
                None => self.more().ok()?,
            }
        }
    }

    fn more(&mut self) -> Result<(), RecvTimeoutError> {
        let bytes = self.stream.recv_timeout(self.end.saturating_duration_since(Instant::now()))?;
        self.seen.extend(bytes);
        Ok(())
    }
}

/// The two ends of a new terminal: the one a person sits at, and the one a program gets.
fn open_terminal() -> (File, OwnedFd) {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&person).unwrap();
    unlockpt(&person).unwrap();
    let name = ptsname(&person, Vec::new()).unwrap();
    let program =
        rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap();
    tcsetwinsize(&program, Winsize { ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    (File::from(person), program)
}

fn read_screen(mut terminal: File) -> Receiver<Vec<u8>> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        // Linux reports the end of a terminal as an I/O error.
        while let Ok(count @ 1..) = terminal.read(&mut buffer) {
            if send.send(buffer[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    receive
}
