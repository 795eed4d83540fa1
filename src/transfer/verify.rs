//! Whether what arrived is what was sent, by the hash of both ends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join;

use super::hash_queue::HashQueue;
use super::hashes::{ask_both, common_hashes};
use crate::error::{Error, Kind, Result};
use crate::fs::{Fs, Metadata};
use crate::hash::{Digest, HashType};
use crate::path::RelPath;

/// What is compared once a file has arrived, beside its size (`--verify`); from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verify {
    /// Nothing (`--ignore-checksum`).
    Size,
    /// The hash of what was resumed, or went over several ways, where both ends can tell it.
    Risky,
    /// The hash of everything.
    Hash,
}

/// Compares hashes of the two ends of a copy.
pub(super) struct Verifier {
    source: HashQueue,
    destination: HashQueue,
    verify: Verify,
    /// The hashes both sides may be able to tell, best first. What turns out to be impossible is removed.
    candidates: Mutex<Vec<HashType>>,
    has_warned: AtomicBool,
}

impl Verifier {
    pub(super) fn new(source: &Arc<dyn Fs>, destination: &Arc<dyn Fs>, verify: Verify) -> Self {
        Self {
            source: HashQueue::new(Arc::clone(source)),
            destination: HashQueue::new(Arc::clone(destination)),
            verify,
            candidates: Mutex::new(common_hashes(&**source, &**destination)),
            has_warned: AtomicBool::new(false),
        }
    }

    /// The hashes both sides may be able to tell.
    pub(super) fn candidates(&self) -> Vec<HashType> {
        self.candidates.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Compares the hash of `from` in the source with that of `arrived` in the destination, and returns which; `None`
    /// if none was asked for or can be had. `is_risky` is what was resumed or went over several ways.
    ///
    /// # Errors
    /// [`Kind::Corrupted`] if they differ; with [`Verify::Hash`] also what keeps a file from being hashed.
    pub(super) async fn check(
        &self,
        from: &RelPath,
        arrived: &RelPath,
        is_risky: bool,
    ) -> Result<Option<HashType>> {
        if self.verify == Verify::Size || (self.verify == Verify::Risky && !is_risky) {
            return Ok(None);
        }
        for hash in self.candidates() {
            match self.hash(from, arrived, hash).await {
                Ok((sent, found)) if sent == found => return Ok(Some(hash)),
                Ok((sent, found)) => {
                    let reason = format!(
                        "corrupted on transfer: {hash} hashes differ, source {sent} and destination {found}"
                    );
                    return Err(Error::new(Kind::Corrupted, "copy", reason));
                }
                Err(error) if error.kind() == Kind::Unsupported => {
                    log::debug!("{error}");
                    self.rule_out(hash);
                }
                Err(error) if self.verify == Verify::Hash => return Err(error),
                Err(error) => {
                    log::debug!("{from}: not compared by hash: {error}");
                    return Ok(None);
                }
            }
        }
        self.warn();
        Ok(None)
    }

    /// The hashes of both sides.
    async fn hash(&self, from: &RelPath, arrived: &RelPath, hash: HashType) -> Result<(Digest, Digest)> {
        ask_both(self.source.tree(), self.destination.tree(), hash).await?;
        // Neither gives up before the other: it may be hashing for other files too.
        let (sent, found) = join(self.source.hash(from, hash), self.destination.hash(arrived, hash)).await;
        Ok((sent?, found?))
    }

    fn rule_out(&self, hash: HashType) {
        self.candidates.lock().unwrap_or_else(PoisonError::into_inner).retain(|other| *other != hash);
    }

    fn warn(&self) {
        if self.verify == Verify::Hash && !self.has_warned.swap(true, Ordering::Relaxed) {
            log::warn!("no hash can be had of both sides: what arrives is checked by its size alone");
        }
    }
}

/// That a file is still what it was when it was listed.
///
/// # Errors
/// [`Kind::SourceChanged`] if its size or its time is another.
pub(super) fn check_unchanged(listed: &Metadata, read: &Metadata) -> Result<()> {
    if listed.size == read.size && listed.modified == read.modified {
        return Ok(());
    }
    let reason = if listed.size == read.size {
        "source file changed while it was read: its time is another".to_owned()
    } else {
        format!("source file changed while it was read: its size went from {} to {}", listed.size, read.size)
    };
    Err(Error::new(Kind::SourceChanged, "copy", reason).advice("copy it again when nobody writes to it"))
}
