//! Whether one file begins with the same bytes as another, as far as that can be told without carrying them.

use futures_util::future::try_join;

use super::content::whole;
use crate::error::Result;
use crate::fs::{Fs, ReadFile};
use crate::hash::HashType;
use crate::path::RelPath;

/// Bytes compared at the very beginning and in one step.
const BLOCK: u64 = 64 * 1024;
/// Bytes compared before the end.
const TAIL: u64 = 1024 * 1024;

/// One of the two files.
#[derive(Clone, Copy)]
pub(super) struct End<'a> {
    pub(super) tree: &'a dyn Fs,
    pub(super) path: &'a RelPath,
}

/// What was compared, in words, if the first `length` bytes of both are the same; `None` if they are not.
///
/// All of them count if both trees can tell a hash of them, `hashes` being tried in turn. Else the first block and the
/// last ones are read and compared.
///
/// # Errors
/// A file cannot be read.
pub(super) async fn compare(
    one: End<'_>,
    other: End<'_>,
    length: u64,
    hashes: &[HashType],
) -> Result<Option<String>> {
    for hash in hashes {
        let first = one.tree.hash_beginning(one.path, length, *hash);
        match try_join(first, other.tree.hash_beginning(other.path, length, *hash)).await {
            Ok((first, second)) => return Ok((first == second).then(|| hash.to_string())),
            Err(error) => log::debug!("{error}"),
        }
    }
    let (one, other) = try_join(one.tree.open(one.path), other.tree.open(other.path)).await?;
    let is_same = blocks_agree(&*one, &*other, length).await?;
    Ok(is_same.then(|| "its last blocks".to_owned()))
}

async fn blocks_agree(one: &dyn ReadFile, other: &dyn ReadFile, length: u64) -> Result<bool> {
    let mut at = 0_u64;
    while at < length {
        let step = usize::try_from(length.saturating_sub(at).min(BLOCK)).unwrap_or(usize::MAX);
        let (first, second) = try_join(whole(one, at, step), whole(other, at, step)).await?;
        if first != second {
            return Ok(false);
        }
        at = at.saturating_add(BLOCK).max(length.saturating_sub(TAIL) / BLOCK * BLOCK);
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use futures_executor::block_on;

    use super::*;
    use crate::fs::Local;

    #[test]
    fn a_difference_at_either_end_is_seen_and_by_a_hash_everywhere() {
        let folder = tempfile::tempdir().unwrap();
        let tree = Local::new(folder.path());
        let length = 5_000_000;
        let content = vec![7_u8; 6_000_000];
        fs::write(folder.path().join("a"), &content).unwrap();
        for (at, by_blocks, by_hash) in [
            (None, true, true),
            (Some(0), false, false),
            (Some(length - 1), false, false),
            (Some(length - 1_000_000), false, false),
            (Some(length), true, true),
            (Some(2_000_000), true, false),
        ] {
            let mut other = content.clone();
            if let Some(at) = at {
                other[at] = 8;
            }
            fs::write(folder.path().join("b"), other).unwrap();
            let paths = [b"a", b"b"].map(|name| RelPath::parse(name).unwrap());
            let [one, other] = [0, 1].map(|index: usize| End { tree: &tree, path: &paths[index] });
            for (hashes, expected) in [(&[][..], by_blocks), (&[HashType::Md5], by_hash)] {
                let found = block_on(compare(one, other, length as u64, hashes)).unwrap();
                assert_eq!(found.is_some(), expected, "{at:?} {hashes:?}");
            }
        }
    }
}
