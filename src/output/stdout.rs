//! Standard output: buffered, checked, and quiet once nobody reads it.

use std::borrow::Cow;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, poll};

use crate::error::{Error, Kind, Result};
use crate::path::{escape, is_hostile};

/// The one writer of standard output.
///
/// Writing fails once the reader is gone, so that a long listing stops. The failure is of [`Kind::Quit`]: no news to
/// anybody.
pub struct Stdout {
    writer: Mutex<BufWriter<Box<dyn Write + Send>>>,
    terminal: bool,
}

impl Stdout {
    /// The standard output of this process.
    pub fn new() -> Self {
        Self::to(Box::new(Descriptor), io::stdout().is_terminal())
    }

    /// Writes to `sink` as if it were standard output, on a terminal or not.
    pub fn to(sink: Box<dyn Write + Send>, terminal: bool) -> Self {
        Self { writer: Mutex::new(BufWriter::with_capacity(64 * 1024, sink)), terminal }
    }

    /// Whether a person reads it.
    pub const fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// A name as it may be written here: raw, or escaped if a terminal would act on it.
    pub fn name<'a>(&self, name: &'a [u8]) -> Cow<'a, [u8]> {
        if !self.terminal {
            return Cow::Borrowed(name);
        }
        match escape(name) {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        }
    }

    /// JSON as it may be written here: on a terminal, what that would act on is escaped as JSON has it.
    pub fn json<'a>(&self, json: &'a str) -> Cow<'a, str> {
        let acts = |c: char| is_hostile(c) && !matches!(c, '\n' | '\t');
        if !self.terminal || !json.contains(acts) {
            return Cow::Borrowed(json);
        }
        let escaped = |c: char| if acts(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
        Cow::Owned(json.chars().map(escaped).collect())
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// The write failed: the reader is gone, the disk is full.
    pub fn write(&self, bytes: impl AsRef<[u8]>) -> Result<()> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let written = writer.write_all(bytes.as_ref());
        Self::checked(written.and_then(|()| if self.terminal { writer.flush() } else { Ok(()) }))
    }

    /// Writes one line; the line feed is added.
    ///
    /// # Errors
    /// As [`Stdout::write`].
    pub fn line(&self, bytes: impl AsRef<[u8]>) -> Result<()> {
        let mut line = bytes.as_ref().to_vec();
        line.push(b'\n');
        self.write(line)
    }

    /// Writes out what is buffered. A result is complete only after this.
    ///
    /// # Errors
    /// As [`Stdout::write`].
    pub fn flush(&self) -> Result<()> {
        let flushed = self.writer.lock().unwrap_or_else(PoisonError::into_inner).flush();
        Self::checked(flushed)
    }

    fn checked(written: io::Result<()>) -> Result<()> {
        written.map_err(|error| {
            let is_unread = error.kind() == io::ErrorKind::BrokenPipe;
            let failed = Error::from_io("write to standard output", error);
            if is_unread { failed.with_kind(Kind::Quit) } else { failed }
        })
    }
}

impl Default for Stdout {
    fn default() -> Self {
        Self::new()
    }
}

/// File descriptor 1. Waits where another process has made it non-blocking.
struct Descriptor;

impl Write for Descriptor {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let stdout = io::stdout();
        loop {
            match rustix::io::write(&stdout, bytes) {
                Err(rustix::io::Errno::WOULDBLOCK) => {
                    poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], None)?;
                }
                written => return Ok(written?),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Failing(i32);

    impl Write for Failing {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(io::Error::from_raw_os_error(self.0))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_lost_reader_is_no_failure_and_a_full_disk_is_one() {
        let closed = Stdout::to(Box::new(Failing(32)), false);
        closed.line("x").unwrap();
        assert_eq!(closed.flush().unwrap_err().kind(), Kind::Quit);

        let full = Stdout::to(Box::new(Failing(28)), false);
        full.line("x").unwrap();
        assert_eq!(full.flush().unwrap_err().kind(), Kind::NoSpace);
    }

    #[test]
    fn names_are_escaped_only_on_a_terminal() {
        let name = b"a\x1b\xff";
        assert_eq!(Stdout::to(Box::new(io::sink()), false).name(name).as_ref(), name);
        let terminal = Stdout::to(Box::new(io::sink()), true);
        assert_eq!(terminal.name(name).as_ref(), b"a\\x1b\\xff");
        assert_eq!(
            terminal.json("{\n\t\"a\u{7f}\u{9b}\u{202e}\": \"\u{e9}\"}"),
            "{\n\t\"a\\u007f\\u009b\\u202e\": \"\u{e9}\"}"
        );
    }
}
