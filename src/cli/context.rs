//! What every command is given.

use std::io::IsTerminal;
use std::sync::Arc;

use log::Level;

use super::prompts::{StandardInput, Terminal};
use super::settings::Settings;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::fs::Fs;
use crate::output::progress::{Options, Progress, Style};
use crate::output::stdout::Stdout;
use crate::pace::Rate;
use crate::questions::Questions;
use crate::transfer::{Bandwidth, FileOptions, Gate, JobLock, Preservation, Stats, Verify};
use crate::units::Interval;

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
    /// Limits operations on servers (`--tpslimit`).
    pub pace: Option<Arc<Rate>>,
    /// Limits how fast content is carried (`--bwlimit`).
    pub bandwidth: Option<Arc<Bandwidth>>,
}

impl Ctx {
    /// Surroundings of this process.
    pub fn new(settings: Settings, cancel: Cancel) -> Self {
        let questions = Arc::new(Terminal::new(settings.ask_password, cancel.clone()));
        let bandwidth = settings.job.bwlimit.clone().map(|table| Arc::new(Bandwidth::new(table)));
        if let Some(bandwidth) = &bandwidth {
            log::info!("Starting bandwidth limiter at {} Byte/s", bandwidth.rates());
        }
        let stdout = Arc::new(Stdout::new());
        let answers = StandardInput::or_terminal(Arc::clone(&stdout), cancel.clone());
        let gate = Arc::new(Gate::new(settings.caution, answers));
        Self {
            pace: settings.job.pace().map(Arc::new),
            bandwidth,
            settings,
            cancel,
            stats: Stats::new(),
            stdout,
            questions,
            gate,
            umask: umask(),
        }
    }

    /// How files are carried that get this of their sources besides, between remotes that say this about comparing what
    /// has arrived.
    pub fn file_options(
        &self,
        metadata: Option<Arc<Preservation>>,
        verify: [Option<Verify>; 2],
    ) -> FileOptions {
        let settings = &self.settings;
        FileOptions {
            streams: settings.streams,
            umask: self.umask,
            metadata,
            fsync: settings.fsync,
            tolerates_change: settings.job.local_no_check_updated,
            verify: settings.verify.between(verify),
            partial_suffix: settings.job.partial_suffix.clone(),
            in_place: settings.job.inplace,
            bandwidth: self.bandwidth.clone(),
            file_bandwidth: settings.job.bwlimit_file.clone(),
            journals: settings.cache_folder.as_ref().map(|folder| folder.join("runs")),
        }
    }

    /// With `--lock` the lock on this job, which another run may hold.
    ///
    /// # Errors
    /// [`Kind::Locked`] if it does so for longer than `--lock-wait`.
    pub async fn lock_job(&self, source: &dyn Fs, destination: &dyn Fs) -> Result<Option<JobLock>> {
        let job = &self.settings.job;
        if !job.lock && job.lock_wait.is_none() {
            return Ok(None);
        }
        let environment = &self.settings.environment;
        let folder = self.settings.cache_folder.as_ref().ok_or_else(|| {
            Error::new(Kind::Config, "lock", "there is no folder to keep locks in")
                .advice("set HOME or XDG_CACHE_HOME, or give --cache-dir")
        })?;
        let user = environment.user().unwrap_or("somebody");
        let patience = job.lock_wait.and_then(Interval::duration).unwrap_or_default();
        let folder = folder.join("locks");
        let lock = JobLock::acquire(&folder, source, destination, user, patience, &self.cancel);
        lock.await.map(Some)
    }

    /// Does `work` and shows its progress meanwhile, its statistics at the end. A failure is counted there.
    pub fn with_progress(&self, work: impl FnOnce() -> Result<()>) {
        let progress = Progress::start(&self.stats, self.progress_options());
        match work() {
            Err(error) if error.kind() != Kind::Quit => self.stats.failed(&error),
            _ => {}
        }
        self.log_verified();
        progress.finish();
    }

    /// Says how files were compared after they had arrived.
    fn log_verified(&self) {
        let verified = self.stats.snapshot().verified;
        let hashes = verified.by_hash.iter().map(|(hash, count)| format!("{count} by {hash}"));
        let size = (verified.by_size > 0).then(|| format!("{} by size", verified.by_size));
        let all: Vec<_> = hashes.chain(size).collect();
        if !all.is_empty() {
            log::info!("Checked after transfer: {}", all.join(", "));
        }
    }

    /// With `-P` and under `--dry-run` statistics are shown without being asked for by `-v`.
    fn progress_options(&self) -> Options {
        let settings = &self.settings;
        let bars = settings.progress && !settings.log.json && std::io::stderr().is_terminal();
        let style = match settings.stats_interval {
            _ if bars => Style::Bars,
            Some(interval) => Style::Lines(interval),
            None => Style::Silent,
        };
        let asked = settings.progress || settings.dry_run;
        let level = match settings.stats_level.to_level() {
            Some(level) if asked => level.min(Level::Warn),
            Some(level) => level,
            None => Level::Trace,
        };
        Options {
            style,
            level,
            form: settings.stats_form.clone(),
            look: settings.stats_look,
            title: settings.progress_title,
        }
    }
}

/// The umask of this process. It can be read only by setting it; no other thread creates files yet.
fn umask() -> u32 {
    let umask = rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    rustix::process::umask(umask);
    umask.bits() & 0o777
}
