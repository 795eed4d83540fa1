//! Other places that may have a file already (`--compare-dest`, `--copy-dest`).

use std::slice;
use std::sync::Arc;

use super::compare::{Comparison, Decision};
use super::content::Where;
use super::hashes::{common_hashes, hash_both};
use super::plan::{CopyFile, present};
use crate::error::Result;
use crate::fs::{FileType, Fs, Metadata};

/// The places, in the order they are asked.
#[derive(Clone, Default)]
pub struct References {
    /// A file that one of them has is not transferred.
    pub compare: Vec<Arc<dyn Fs>>,
    /// A file that one of them has is copied from there.
    pub copy: Vec<Arc<dyn Fs>>,
}

/// What the places have.
pub(super) enum Found {
    /// Not this file.
    Nothing,
    /// The file, so that it is left out.
    Same,
    /// The file, to be copied from the place of this number.
    At(usize, Metadata),
}

impl References {
    /// Looks for a file of `source`.
    pub(super) async fn find(
        &self,
        source: &Arc<dyn Fs>,
        file: &CopyFile,
        comparison: Comparison,
    ) -> Result<Found> {
        for place in &self.compare {
            if same(source, place, file, comparison).await?.is_some() {
                return Ok(Found::Same);
            }
        }
        for (number, place) in self.copy.iter().enumerate() {
            if let Some(found) = same(source, place, file, comparison).await? {
                return Ok(Found::At(number, found));
            }
        }
        Ok(Found::Nothing)
    }
}

/// What `place` has under the name of a file, if it is the same.
async fn same(
    source: &Arc<dyn Fs>,
    place: &Arc<dyn Fs>,
    file: &CopyFile,
    comparison: Comparison,
) -> Result<Option<Metadata>> {
    let Some(found) = present(place.stat(&file.to).await)?.filter(|it| it.file_type == FileType::File) else {
        return Ok(None);
    };
    let coarser = source.precision().max(place.precision());
    let window = comparison.window.max(coarser);
    let comparison = Comparison { ignore_existing: false, ignore_times: false, window, ..comparison };
    let is_same = match comparison.decide(&file.source, &found) {
        Decision::Keep(_) => true,
        Decision::Transfer(_) => false,
        Decision::Hash(_) => hashes_match(source, place, file).await,
    };
    Ok(is_same.then_some(found))
}

/// Whether both have the same hash; a hash that cannot be had matches nothing.
async fn hashes_match(source: &Arc<dyn Fs>, place: &Arc<dyn Fs>, file: &CopyFile) -> bool {
    let Some(kind) = common_hashes(&**source, &**place).first().copied() else { return false };
    let (from, to) = (slice::from_ref(&file.from), slice::from_ref(&file.to));
    let hashed = hash_both((source, from), (place, to), kind, Where::There).await;
    matches!(hashed.as_deref(), Ok([(Ok(ours), Ok(theirs))]) if ours == theirs)
}
