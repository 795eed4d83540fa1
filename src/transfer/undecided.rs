//! Files of which only a hash can tell whether they are the same, hashed many at once.

use std::sync::Arc;

use super::compare::{Comparison, IfSame};
use super::content::Where;
use super::hashes::{common_hashes, hash_both};
use super::plan::{Action, CopyFile, changed, fail};
use super::step::Side;
use crate::error::{Error, Kind, Result};
use crate::fs::Fs;
use crate::hash::{Digest, HashType};
use crate::path::RelPath;

/// Files that wait for their hashes.
pub(super) struct Undecided {
    source: Arc<dyn Fs>,
    destination: Arc<dyn Fs>,
    comparison: Comparison,
    /// Hashes that may work on both sides, best first. Those that turn out not to are dropped.
    hashes: Vec<HashType>,
    has_warned: bool,
    waiting: Vec<(CopyFile, IfSame)>,
}

type Hashed = Vec<(Result<Digest>, Result<Digest>)>;

impl Undecided {
    pub(super) fn new(source: Arc<dyn Fs>, destination: Arc<dyn Fs>, comparison: Comparison) -> Self {
        let hashes = common_hashes(&*source, &*destination);
        Self { source, destination, comparison, hashes, has_warned: false, waiting: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn push(&mut self, file: CopyFile, if_same: IfSame) {
        self.waiting.push((file, if_same));
    }

    /// Decides about all files that wait.
    pub(super) async fn decide(&mut self) -> Vec<Action> {
        let waiting = std::mem::take(&mut self.waiting);
        match self.hash(&waiting).await {
            Ok(Some(hashed)) => waiting
                .into_iter()
                .zip(hashed)
                .map(|((file, if_same), hashes)| self.judge(file, if_same, hashes))
                .collect(),
            Ok(None) => waiting.into_iter().map(|(file, if_same)| self.without_hash(file, if_same)).collect(),
            // One failure stands for all.
            Err(error) => vec![fail(Side::Destination, &RelPath::root(), error)],
        }
    }

    /// `None` if there is no hash that both sides can compute.
    async fn hash(&mut self, waiting: &[(CopyFile, IfSame)]) -> Result<Option<Hashed>> {
        let from: Vec<_> = waiting.iter().map(|(file, _)| file.from.clone()).collect();
        let to: Vec<_> = waiting.iter().map(|(file, _)| file.to.clone()).collect();
        while let Some(kind) = self.hashes.first().copied() {
            let (from, to) = ((&self.source, from.as_slice()), (&self.destination, to.as_slice()));
            match hash_both(from, to, kind, Where::There).await {
                Ok(hashed) => return Ok(Some(hashed)),
                Err(error) if error.is_fatal() => return Err(error),
                Err(error) => {
                    log::debug!("{kind}: {error}");
                    self.hashes.remove(0);
                }
            }
        }
        Ok(None)
    }

    fn judge(&self, file: CopyFile, if_same: IfSame, hashes: (Result<Digest>, Result<Digest>)) -> Action {
        match hashes {
            (Ok(ours), Ok(theirs)) if ours != theirs => {
                log::debug!(object:% = file.from; "Hashes differ");
                changed(file, &self.comparison)
            }
            (Ok(_), Ok(_)) => self.same(file, if_same),
            // Whoever copies it finds out whether it can be read at all.
            (Err(error), _) | (_, Err(error)) => {
                log::debug!(object:% = file.from; "{error}");
                changed(file, &self.comparison)
            }
        }
    }

    fn same(&self, file: CopyFile, if_same: IfSame) -> Action {
        match if_same {
            IfSame::Keep => Action::Keep(file, "Size and hash the same"),
            IfSame::SetTime if self.comparison.no_update_modtime => {
                Action::Keep(file, "The same but for its time, which is left")
            }
            IfSame::SetTime if self.comparison.immutable => {
                let reason = "Timestamp mismatch between immutable objects: immutable file modified";
                let error = Error::new(Kind::Immutable, "set time", reason).on(file.to.as_bytes());
                fail(Side::Destination, &file.to, error)
            }
            IfSame::SetTime => Action::SetTime(file),
        }
    }

    fn without_hash(&mut self, file: CopyFile, if_same: IfSame) -> Action {
        match if_same {
            IfSame::Keep => {
                if !std::mem::replace(&mut self.has_warned, true) {
                    log::warn!(
                        "--checksum is in use but the source and destination have no hashes in common; falling back to --size-only"
                    );
                }
                Action::Keep(file, "Sizes identical")
            }
            IfSame::SetTime if self.comparison.refresh_times => self.same(file, if_same),
            IfSame::SetTime => {
                log::debug!(object:% = file.from; "Modification times differ");
                changed(file, &self.comparison)
            }
        }
    }
}
