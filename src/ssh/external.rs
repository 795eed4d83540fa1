//! The standard streams of a program that reaches the server by itself, such as OpenSSH's `ssh` (rclone's option `ssh`).

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};

use super::last_words;
use crate::error::{Error, Kind, Result};

/// Bytes that the pipes to and from the program hold: what an ordinary user may ask for.
#[cfg(target_os = "linux")]
const PIPE_SIZE: usize = 1024 * 1024;

/// A running program that carries one SFTP stream on its standard input and output. It is killed when dropped.
pub struct External {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    stderr: ChildStderr,
    /// Whether the pipe to the program took less than it was offered.
    clogged: bool,
}

impl External {
    /// Starts `program` with its arguments.
    ///
    /// # Errors
    /// The program cannot be started; an empty command line.
    pub fn spawn(command_line: &[String]) -> Result<Self> {
        let [program, arguments @ ..] = command_line else {
            return Err(Error::new(Kind::Config, "start ssh program", "the option ssh is empty"));
        };
        let broken = |error: io::Error| {
            Error::from_io("start", error)
                .with_kind(Kind::Connect)
                .on(program)
                .advice("the option ssh names a program with its arguments, for example: ssh = ssh user@host")
        };
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(broken)?;
        let (Some(input), Some(output), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(Error::new(Kind::Io, "start", "its standard streams are missing").on(program));
        };
        for descriptor in [input.as_fd(), output.as_fd(), stderr.as_fd()] {
            rustix::io::ioctl_fionbio(descriptor, true).map_err(|error| broken(error.into()))?;
        }
        for pipe in [input.as_fd(), output.as_fd()] {
            widen(pipe);
        }
        Ok(Self { child, input, output, stderr, clogged: false })
    }
}

/// Lets a pipe hold more, so that the two programs take turns less often.
#[cfg(target_os = "linux")]
fn widen(pipe: BorrowedFd<'_>) {
    if let Err(error) = rustix::pipe::fcntl_setpipe_size(pipe, PIPE_SIZE) {
        log::debug!("a pipe keeps its size: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
fn widen(_pipe: BorrowedFd<'_>) {}

impl super::Streams for External {
    fn count(&self) -> usize {
        1
    }

    fn read(&mut self, _stream: usize, buffer: &mut [u8]) -> io::Result<usize> {
        self.output.read(buffer)
    }

    fn write(&mut self, _stream: usize, data: &[u8]) -> io::Result<usize> {
        let written = self.input.write(data);
        self.clogged = written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
        written
    }

    fn is_clogged(&self) -> bool {
        self.clogged
    }

    fn wants_output(&self) -> bool {
        self.clogged
    }

    fn has_unread(&mut self) -> bool {
        false
    }

    fn open(&mut self) -> Result<()> {
        Err(Error::new(
            Kind::Unsupported,
            "open a channel",
            "an external ssh program carries one stream only",
        ))
    }

    fn descriptors(&self) -> (BorrowedFd<'_>, BorrowedFd<'_>) {
        (self.output.as_fd(), self.input.as_fd())
    }

    fn complaint(&mut self) -> Option<String> {
        let mut text = vec![0; 2048];
        let length = self.stderr.read(&mut text).ok()?;
        let text = text.get(..length)?.trim_ascii();
        (!text.is_empty()).then(|| crate::path::escape(text).into_owned())
    }

    fn refusal(&self, complaint: &str) -> Option<Kind> {
        last_words::refusal(complaint)
    }

    fn shut_down(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        if self.child.kill().is_ok() {
            log::debug!("the external ssh program was ended");
        }
        if let Err(error) = self.child.wait() {
            log::debug!("waiting for the external ssh program: {error}");
        }
    }
}
