//! SIGINT, SIGTERM and SIGHUP: the first stops the run in good order, within some seconds; the second ends the process
//! at once. SIGUSR2 switches the bandwidth limit off and on, as in rclone.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread::{Builder, sleep};
use std::time::Duration;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR2};
use signal_hook::iterator::Signals;

use super::exit_code::ExitCode;
use super::prompts;
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::transfer::Bandwidth;

/// The time a run has to clean up behind itself.
const GRACE: Duration = Duration::from_secs(5);

/// Remembers which signal ended the run.
#[derive(Clone, Default)]
pub struct Received(Arc<AtomicI32>);

impl Received {
    /// The code to end with, if a signal has come.
    pub fn exit_code(&self) -> Option<ExitCode> {
        code_of(self.0.load(Ordering::SeqCst))
    }
}

fn code_of(signal: i32) -> Option<ExitCode> {
    match signal {
        SIGHUP => Some(ExitCode::HungUp),
        SIGINT => Some(ExitCode::Interrupted),
        SIGTERM => Some(ExitCode::Terminated),
        _ => None,
    }
}

/// From now on signals cancel the run instead of ending the process, and SIGUSR2 switches `bandwidth`. Started by `nohup`,
/// the process goes on to ignore SIGHUP.
///
/// # Errors
/// The system refuses the handlers or the thread that waits for signals.
pub fn watch(cancel: &Cancel, bandwidth: Option<Arc<Bandwidth>>) -> Result<Received> {
    let failed = |error| Error::from_io("watch for signals", error);
    let hangup = (!ignores_hangup()).then_some(SIGHUP);
    let all = hangup.into_iter().chain([SIGINT, SIGTERM, SIGUSR2]);
    let mut signals = Signals::new(all).map_err(failed)?;
    let (received, cancel) = (Received::default(), cancel.clone());
    let (first, terminal) = (Arc::clone(&received.0), Arc::new(Terminal::remember()));
    let watcher = move || {
        for signal in signals.forever() {
            if signal == SIGUSR2 {
                toggle(bandwidth.as_deref());
                continue;
            }
            let earlier = first.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst).err();
            cancel.cancel();
            if earlier.is_some() || prompts::is_waiting() {
                terminal.restore();
                end(earlier.unwrap_or(signal));
            }
            end_after_grace(signal, Arc::clone(&terminal));
        }
    };
    Builder::new().name("signals".into()).spawn(watcher).map_err(failed)?;
    Ok(received)
}

fn toggle(bandwidth: Option<&Bandwidth>) {
    match bandwidth {
        Some(bandwidth) => bandwidth.toggle(),
        None => log::debug!("SIGUSR2 received but no bandwidth limit configured right now, ignoring"),
    }
}

/// Whether the process was started to ignore that its terminal goes away, as far as the system tells
/// (`proc_pid_status(5)`).
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

/// Ends the process if it has not ended by itself: something it waits for does not come.
fn end_after_grace(signal: i32, terminal: Arc<Terminal>) {
    let watcher = move || {
        sleep(GRACE);
        log::error!("Stopped by a signal, before everything was cleaned up");
        terminal.restore();
        end(signal);
    };
    // Without a thread to spare a second signal is needed.
    Builder::new().name("grace".into()).spawn(watcher).ok();
}

#[expect(clippy::exit, reason = "there is nothing left to wait for")]
fn end(signal: i32) {
    std::process::exit(code_of(signal).map_or(1, |code| i32::from(code as u8)));
}

/// The terminal as it was before a question switched its echo off.
struct Terminal(Option<(File, Termios)>);

impl Terminal {
    fn remember() -> Self {
        let terminal = File::open("/dev/tty").ok();
        Self(terminal.and_then(|terminal| tcgetattr(&terminal).ok().map(|state| (terminal, state))))
    }

    fn restore(&self) {
        if let Some((terminal, state)) = &self.0 {
            // The process ends now; there is nothing to do about a terminal that is gone.
            tcsetattr(terminal, OptionalActions::Now, state).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_signal_has_its_code() {
        assert_eq!(code_of(SIGHUP).map(|code| code as u8), Some(129));
        assert_eq!(code_of(SIGINT).map(|code| code as u8), Some(130));
        assert_eq!(code_of(SIGTERM).map(|code| code as u8), Some(143));
        assert_eq!(Received::default().exit_code(), None);
    }
}
