//! Hashes of the same files in two trees.

use std::sync::Arc;

use futures_util::future::try_join;

use super::content::{Where, hash};
use crate::error::Result;
use crate::fs::Fs;
use crate::hash::{Digest, HashType};
use crate::path::RelPath;

/// Files of one tree.
pub(super) type Files<'a> = (&'a Arc<dyn Fs>, &'a [RelPath]);

/// The hashes that both trees may be able to compute, best first.
pub(super) fn common_hashes(source: &dyn Fs, destination: &dyn Fs) -> Vec<HashType> {
    let theirs = destination.hashes();
    source.hashes().into_iter().filter(|hash| theirs.contains(hash)).collect()
}

/// Asks both trees for a hash of no file: what the one reads for a hash is read in vain if the other has none.
///
/// # Errors
/// [`Kind::Unsupported`](crate::error::Kind) if one of them knows that it cannot compute it; the connection cannot be made.
pub(super) async fn ask_both(source: &dyn Fs, destination: &dyn Fs, kind: HashType) -> Result<()> {
    try_join(source.hash(&[], kind), destination.hash(&[], kind)).await.map(drop)
}

/// Hashes files in two trees at once: two results for each file, in order.
///
/// # Errors
/// One of the trees cannot compute this hash, or the connection cannot be made.
pub(super) async fn hash_both(
    (source, from): Files<'_>,
    (destination, to): Files<'_>,
    kind: HashType,
    place: Where,
) -> Result<Vec<(Result<Digest>, Result<Digest>)>> {
    if place == Where::There {
        ask_both(&**source, &**destination, kind).await?;
    }
    let (ours, theirs) =
        try_join(hash(source, from, kind, place), hash(destination, to, kind, place)).await?;
    Ok(ours.into_iter().zip(theirs).collect())
}
