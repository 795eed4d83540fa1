//! Going on with a file where an earlier try or an earlier run has stopped.
//!
//! A partial is gone on with only if the source has the size and time it had then, and only after what is there was
//! compared with the source: by a hash of that part where both sides can tell one, else by its first and last blocks.

use super::beginning::{End, compare};
use super::journal::{Journal, Record};
use super::partial;
use super::plan::CopyFile;
use crate::error::{Kind, Result};
use crate::fs::{Fs, Metadata};
use crate::hash::HashType;
use crate::path::RelPath;
use crate::units::size;

/// Smaller files are begun anew: what can be saved is not worth the look.
const LEAST: u64 = 4 * 1024 * 1024;

/// What is to be resumed, and with what.
pub(super) struct Resume<'a> {
    pub(super) source: &'a dyn Fs,
    pub(super) destination: &'a dyn Fs,
    pub(super) journal: &'a Journal,
    pub(super) suffix: &'a str,
    pub(super) hashes: Vec<HashType>,
}

/// Whether a file is worth going on with.
pub(super) const fn is_worthwhile(size: u64) -> bool {
    size >= LEAST
}

/// What is written down of a file of which so many bytes are whole.
pub(super) fn record_of(source: &Metadata, whole: u64) -> Record {
    Record { size: source.size, modified: source.modified.and_then(|at| i64::try_from(at).ok()), whole }
}

fn announce(file: &CopyFile, whole: u64, why: &str) {
    let (whole, size) = (size::short(whole), size::short(file.source.size));
    log::info!(object:% = file.to; "Resumed at {whole} of {size} ({why})");
}

impl Resume<'_> {
    /// How many bytes of `partial`, this run's own, are there already. What other runs left of the file is taken over
    /// under that name, or removed.
    pub(super) async fn start_of(&self, file: &CopyFile, partial: &RelPath) -> u64 {
        if let Some(record) = self.journal.recall(&file.to) {
            let is_ours = record == record_of(&file.source, record.whole);
            if record.whole == 0 || !is_ours || !self.reaches(file, partial, record.whole).await {
                return 0;
            }
            announce(file, record.whole, "this run wrote it");
            return record.whole;
        }
        for earlier in self.journal.earlier() {
            let Ok(left) = partial::beside(&file.to, earlier.tag, self.suffix) else { continue };
            let record = earlier.take(&file.to, self.journal);
            let whole = record.filter(|record| *record == record_of(&file.source, record.whole));
            let whole = whole.map_or(0, |record| record.whole);
            if whole > 0 && is_worthwhile(file.source.size) && self.adopt(file, &left, partial, whole).await {
                return whole;
            }
            self.remove(&left).await;
        }
        0
    }

    /// Removes what runs that died left of files that nobody has copied since.
    pub(super) async fn sweep(&self) {
        for earlier in self.journal.earlier() {
            for path in earlier.left() {
                if let Ok(left) = partial::beside(&path, earlier.tag, self.suffix) {
                    self.remove(&left).await;
                }
            }
            earlier.close();
        }
    }

    async fn adopt(&self, file: &CopyFile, left: &RelPath, partial: &RelPath, whole: u64) -> bool {
        let adopted = async {
            if !self.reaches(file, left, whole).await || !self.agrees(file, left, whole).await? {
                return Ok(false);
            }
            self.destination.replace(left, partial).await?;
            self.journal.note(&file.to, record_of(&file.source, whole));
            Ok::<_, crate::error::Error>(true)
        };
        adopted.await.unwrap_or_else(|error| {
            log::debug!("{}: begun anew: {error}", file.to);
            false
        })
    }

    /// Whether a partial has what was noted, and no more than the file will have.
    async fn reaches(&self, file: &CopyFile, partial: &RelPath, whole: u64) -> bool {
        let sizes = whole..=file.source.size;
        self.destination.stat(partial).await.is_ok_and(|found| sizes.contains(&found.size))
    }

    async fn agrees(&self, file: &CopyFile, left: &RelPath, whole: u64) -> Result<bool> {
        let source = End { tree: self.source, path: &file.from };
        let destination = End { tree: self.destination, path: left };
        let Some(by) = compare(source, destination, whole, &self.hashes).await? else {
            log::info!(object:% = file.to; "Begun anew: what an earlier run left is not how the source begins");
            return Ok(false);
        };
        announce(file, whole, &format!("compared by {by}"));
        Ok(true)
    }

    async fn remove(&self, left: &RelPath) {
        match self.destination.remove_file(left).await {
            Err(error) if error.kind() != Kind::NotFound => log::debug!("{error}"),
            _ => {}
        }
    }
}
