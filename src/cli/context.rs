//! What every command is given.

use std::io::IsTerminal;
use std::sync::Arc;

use log::Level;

use super::prompts::{StandardInput, Terminal};
use super::settings::Settings;
use crate::cancel::Cancel;
use crate::error::{Kind, Result};
use crate::output::progress::{Options, Progress, Style};
use crate::output::stdout::Stdout;
use crate::questions::Questions;
use crate::transfer::{Gate, Stats};

/// The surroundings of a command.
pub struct Ctx {
    /// The settings.
    pub settings: Settings,
    /// Stops the run.
    pub cancel: Cancel,
    /// Counts what is done.
    pub stats: Stats,
    /// Takes the result.
    pub stdout: Arc<Stdout>,
    /// Asks the person at the terminal.
    pub questions: Arc<dyn Questions>,
    /// Lets changes pass, or not.
    pub gate: Arc<Gate>,
    /// Permission bits that new files do not get.
    pub umask: u32,
}

impl Ctx {
    /// Surroundings of this process.
    pub fn new(settings: Settings, cancel: Cancel) -> Self {
        let questions = Arc::new(Terminal::new(settings.ask_password, cancel.clone()));
        let stdout = Arc::new(Stdout::new());
        let answers = StandardInput::or_terminal(Arc::clone(&stdout), cancel.clone());
        let gate = Arc::new(Gate::new(settings.caution, answers));
        Self { settings, cancel, stats: Stats::new(), stdout, questions, gate, umask: umask() }
    }

    /// Does `work` and shows its progress meanwhile, its statistics at the end. A failure is counted there.
    pub fn with_progress(&self, work: impl FnOnce() -> Result<()>) {
        let progress = Progress::start(&self.stats, self.progress_options());
        match work() {
            Err(error) if error.kind() != Kind::Quit => self.stats.failed(&error),
            _ => {}
        }
        progress.finish();
    }

    /// With `-P` and under `--dry-run` statistics are shown without being asked for by `-v`.
    fn progress_options(&self) -> Options {
        let settings = &self.settings;
        let to_terminal = settings.log.file.is_none() && !settings.log.json;
        let bars = settings.progress && to_terminal && std::io::stderr().is_terminal();
        let style = match settings.stats_interval {
            _ if bars => Style::Bars,
            Some(interval) => Style::Lines(interval),
            None => Style::Silent,
        };
        let level = if settings.progress || settings.dry_run { Level::Warn } else { Level::Info };
        Options { style, level, one_line: settings.stats_one_line }
    }
}

/// The umask of this process. It can be read only by setting it; no other thread creates files yet.
fn umask() -> u32 {
    let umask = rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    rustix::process::umask(umask);
    umask.bits() & 0o777
}
