//! Running one command through a program that reaches the server by itself.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};

/// How long a cancelled run may go unnoticed.
const SLICE: Duration = Duration::from_millis(50);

/// Runs `command_line` to its end, feeds it `input` and returns its standard output, whatever its exit status.
///
/// # Errors
/// It cannot be started, or the run is cancelled.
pub(super) fn execute(command_line: &[String], input: &[u8], cancel: &Cancel) -> Result<Vec<u8>> {
    let [program, arguments @ ..] = command_line else {
        return Err(Error::new(Kind::Config, "start ssh program", "the option ssh is empty"));
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| Error::from_io("start", error).on(program))?;
    let finished = exchange(&mut child, input, cancel);
    if finished.is_err()
        && let Err(error) = child.kill()
    {
        log::debug!("the external ssh program had ended: {error}");
    }
    child.wait().map_err(|error| Error::from_io("wait for", error).on(program))?;
    finished
}

fn exchange(child: &mut Child, input: &[u8], cancel: &Cancel) -> Result<Vec<u8>> {
    let (Some(mut stdin), Some(mut stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(Error::new(Kind::Io, "start ssh program", "its standard streams are missing"));
    };
    let input = input.to_vec();
    // It may end without having read everything. That shows in what it printed.
    thread::spawn(move || stdin.write_all(&input).is_ok());
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut output = Vec::new();
        let read = stdout.read_to_end(&mut output).map(|_| output);
        sender.send(read).is_ok()
    });
    loop {
        cancel.check()?;
        match receiver.recv_timeout(SLICE) {
            Ok(output) => return output.map_err(|error| Error::from_io("read from the ssh program", error)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error::new(Kind::Io, "read from the ssh program", "its output was lost"));
            }
        }
    }
}
