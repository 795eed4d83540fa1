//! Does one thing: a file, a time, a folder. What fails is logged and counted here, once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::attributes::tolerate;
use super::budget::Budget;
use super::copy::Copy;
use super::copy_file::Copier;
use super::plan::{CopyFile, Surplus};
use super::reference::Found;
use super::surplus::Cleaner;
use crate::error::{Error, Kind, Result};
use crate::fs::Dates;
use crate::hash::HashType;
use crate::path::RelPath;

/// Files up to this many bytes are small: they take their turns on one connection beside all others.
const SMALL: u64 = 256 * 1024;

/// What a run works with.
pub(super) struct Tools<'a> {
    pub(super) copier: Copier,
    /// Copies from the places of `--copy-dest`.
    pub(super) references: Vec<Copier>,
    /// Permits for large files.
    pub(super) large: Budget,
    pub(super) cleaner: Option<Cleaner<'a>>,
    pub(super) started: Instant,
    /// Whether a file has failed for want of space.
    pub(super) was_full: AtomicBool,
}

impl Tools<'_> {
    /// Removes every partial of copies that were dropped half-way; those that can be resumed only if not `keep`.
    pub(super) async fn clean_up(&self, keep: bool) {
        let copiers = self.references.iter().chain([&self.copier]);
        copiers.map(|copier| copier.clean_up(keep)).collect::<FuturesUnordered<_>>().collect::<()>().await;
    }

    /// Whether a file failed because the disk is full. A server without a word for that is believed once another file
    /// has.
    fn is_short_of_space(&self, error: &Error) -> bool {
        let was_full = self.was_full.load(Ordering::Relaxed);
        error.kind() == Kind::NoSpace || was_full && error.kind() == Kind::Failure
    }

    /// The partials that were not removed.
    pub(super) fn unfinished(&self) -> Vec<RelPath> {
        let copiers = self.references.iter().chain([&self.copier]);
        copiers.flat_map(Copier::unfinished).map(|(partial, _)| partial).collect()
    }
}

/// Something to do once a folder is there.
pub(super) struct Work {
    /// Completes when the folder is made, and makes it when somebody waits.
    pub(super) made: BoxFuture<'static, Result<()>>,
    pub(super) what: What,
}

pub(super) enum What {
    /// Transfer a file into the folder.
    File(CopyFile),
    /// Rename what only the destination has to the name of a file that is the same.
    Rename(CopyFile, Surplus),
    /// Give the file its source's time.
    SetTime(CopyFile),
    /// Remove the source of a file that is moved and was there already.
    Source(CopyFile),
    /// Delete what only the destination has.
    Surplus(Surplus),
    /// Nothing more: the folder itself was wanted.
    Folder(RelPath),
}

impl Work {
    /// Work that needs no folder.
    pub(super) fn at_once(what: What) -> Self {
        Self { made: Box::pin(std::future::ready(Ok(()))), what }
    }

    /// The file that it is about, if it is about one to transfer.
    pub(super) fn file(&self) -> Option<&CopyFile> {
        match &self.what {
            What::File(file) | What::Rename(file, _) => Some(file),
            What::SetTime(_) | What::Source(_) | What::Surplus(_) | What::Folder(_) => None,
        }
    }

    /// The file to transfer that the destination does not have.
    pub(super) fn new_file(&self) -> Option<&CopyFile> {
        self.file().filter(|file| file.replaces.is_none())
    }

    /// Renames `old` instead of transferring the file.
    pub(super) fn rename_from(&mut self, old: Surplus) {
        if let What::File(file) = &self.what {
            self.what = What::Rename(file.clone(), old);
        }
    }

    fn path(&self) -> &RelPath {
        match &self.what {
            What::File(file) | What::Rename(file, _) | What::SetTime(file) => &file.to,
            What::Source(file) => &file.from,
            What::Surplus(item) => &item.path,
            What::Folder(path) => path,
        }
    }
}

/// Whether a failure ends the run. Where a large file does not fit, a smaller one may.
fn is_final(error: &Error, is_large: bool) -> bool {
    match error.kind() {
        Kind::NoSpace => !is_large,
        _ => error.is_fatal(),
    }
}

impl Copy {
    /// Deletions wait until the end where files may still be found to be renamed.
    pub(super) fn holds_back_deletion(&self) -> bool {
        self.rules.renames.is_some()
    }

    pub(super) async fn work(&self, tools: &Tools<'_>, work: Work) -> Result<()> {
        // Trees on this machine are never waited for, so nobody else would look.
        self.cancel.check()?;
        let path = work.path().clone();
        let is_large = work.file().is_some_and(|file| file.source.size > SMALL);
        match self.carry(tools, work).await {
            // Whoever gives out the work ends the run, when what is under way is done.
            Err(error) if matches!(error.kind(), Kind::TransferLimit | Kind::TimeLimit) => Ok(()),
            Err(error) if !is_final(&error, is_large) => {
                log::error!(object:% = path; "Failed to {}: {error}", if self.task.is_move() { "move" } else { "copy" });
                self.stats.failed_at(&path, &error);
                Ok(())
            }
            other => other,
        }
    }

    async fn carry(&self, tools: &Tools<'_>, Work { made, what }: Work) -> Result<()> {
        match what {
            What::File(file) => self.transfer(tools, made, &file).await,
            What::Rename(file, old) => self.rename(tools, made, file, &old).await,
            What::SetTime(file) => self.set_time(&file).await,
            What::Source(file) => self.remove_source(&file).await,
            What::Surplus(item) => match &tools.cleaner {
                Some(cleaner) => cleaner.delete_one(item).await,
                None => Ok(()),
            },
            What::Folder(path) => {
                if self.gate.allows("make directory", &path, None)? {
                    made.await?;
                    log::info!(object:% = path; "Making directory");
                }
                Ok(())
            }
        }
    }

    /// Copies or moves one file.
    pub(super) async fn transfer(
        &self,
        tools: &Tools<'_>,
        made: BoxFuture<'static, Result<()>>,
        file: &CopyFile,
    ) -> Result<()> {
        let (copier, job) =
            match self.rules.references.find(&self.source, file, self.rules.comparison).await? {
                Found::Nothing => (&tools.copier, file.clone()),
                Found::Same => {
                    log::debug!(object:% = file.from; "Destination found in --compare-dest, skipping");
                    return Ok(());
                }
                Found::At(number, source) => match tools.references.get(number) {
                    Some(copier) => (copier, CopyFile { from: file.to.clone(), source, ..file.clone() }),
                    None => (&tools.copier, file.clone()),
                },
            };
        let action = if self.task.is_move() { "move" } else { "copy" };
        if !self.gate.allows(action, &file.from, Some(file.source.size))? {
            self.count_done(file);
            return Ok(());
        }
        made.await?;
        let admission = self.rules.ceiling.admit(file.source.size, tools.started)?;
        if self.task.is_move() && self.move_within(file).await? {
            admission.keep();
            return Ok(());
        }
        let hash = self.in_turn(tools, copier, &job).await?;
        self.stats.verified(hash);
        admission.keep();
        let how = if file.replaces.is_some() { "replaced existing" } else { "new" };
        let name = if file.from == file.to { String::new() } else { format!(" to: {}", file.to) };
        log::info!(object:% = file.from; "Copied ({how}){name}");
        if self.task.is_move() { self.remove_source(file).await } else { Ok(()) }
    }

    /// Copies a large file when it has its turn, and a small one at once.
    async fn in_turn(&self, tools: &Tools<'_>, copier: &Copier, file: &CopyFile) -> Result<Option<HashType>> {
        if file.source.size > SMALL {
            let _turn = tools.large.take(1).await;
            return self.attempt(tools, copier, file).await;
        }
        match self.attempt(tools, copier, file).await {
            Err(error) if tools.is_short_of_space(&error) => {
                // What a large file has taken of a full disk is free again when that has failed.
                let _alone = tools.large.take(usize::MAX).await;
                self.attempt(tools, copier, file).await
            }
            other => other,
        }
    }

    /// Counts a file that nobody had to carry.
    pub(super) fn count_done(&self, file: &CopyFile) {
        let active = self.stats.start(&file.to, file.source.size);
        active.advance(file.source.size);
        active.finish();
    }

    /// Copies one file, again over a new connection when one was lost, and returns the hash it was compared by.
    async fn attempt(&self, tools: &Tools<'_>, copier: &Copier, file: &CopyFile) -> Result<Option<HashType>> {
        let copying = self.retries.insist(&file.to, || async {
            let active = self.stats.start(&file.to, file.source.size);
            let outcome = copier.copy(file, &active).await;
            let hash = outcome.inspect_err(|error| {
                tools.was_full.fetch_or(error.kind() == Kind::NoSpace, Ordering::Relaxed);
            })?;
            active.finish();
            Ok(hash)
        });
        copying.await
    }

    async fn set_time(&self, file: &CopyFile) -> Result<()> {
        let size = Some(file.source.size);
        if self.gate.allows("update modification time", &file.from, size)?
            && let Some(modified) = file.source.modified
        {
            let dates = Dates { modified, accessed: None };
            match self.retries.insist(&file.to, || self.destination.set_modified(&file.to, dates)).await {
                Ok(()) => log::info!(object:% = file.from; "Updated modification time in destination"),
                Err(error) => tolerate(error, |error| {
                    log::warn!("{}: the same, but its time could not be set: {error}", file.to);
                })?,
            }
        }
        if self.task.is_move() { self.remove_source(file).await } else { Ok(()) }
    }
}
