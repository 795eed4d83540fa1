//! The content of files: reading it in order, and hashing it where it is or here.

use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};

use crate::error::{Error, Result};
use crate::fs::Fs;
use crate::hash::{Digest, HashType, Hasher};
use crate::path::RelPath;

/// Files to hash together: one command on a server serves them all.
pub const BATCH: usize = 500;
/// Files read at once.
const FILES: usize = 8;
/// Chunks of one file on their way at once.
const CHUNKS: usize = 8;

/// Whether the content is hashed where it is, or read and hashed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// By the tree itself.
    There,
    /// Here: `--download`.
    Here,
}

/// Hashes files: one result for each path, in order.
///
/// # Errors
/// The tree cannot compute this hash, or the connection cannot be made.
pub async fn hash(
    tree: &Arc<dyn Fs>,
    paths: &[RelPath],
    hash: HashType,
    place: Where,
) -> Result<Vec<Result<Digest>>> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    match place {
        Where::There => tree.hash(paths, hash).await,
        Where::Here => {
            let reading = paths.iter().map(|path| hash_here(&**tree, path, hash));
            Ok(stream::iter(reading).buffered(FILES).collect().await)
        }
    }
}

async fn hash_here(tree: &dyn Fs, path: &RelPath, hash: HashType) -> Result<Digest> {
    let mut hasher = Hasher::new(hash);
    read(tree, path, 0, u64::MAX, |data| {
        hasher.update(data);
        Ok(())
    })
    .await?;
    Ok(hasher.finish())
}

/// Reads a file from `offset` on, up to `length` bytes, and gives its content to `taken` in order.
///
/// # Errors
/// The file cannot be read, or `taken` fails.
pub async fn read(
    tree: &dyn Fs,
    path: &RelPath,
    offset: u64,
    length: u64,
    mut taken: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let file = tree.open(path).await?;
    let chunk = file.chunk_size().max(1);
    let step = u64::try_from(chunk).unwrap_or(u64::MAX);
    let end = offset.saturating_add(length).min(file.metadata().await?.size);
    let starts =
        stream::unfold(
            offset,
            |start| async move { (start < end).then(|| (start, start.saturating_add(step))) },
        );
    let file = &*file;
    let mut chunks = std::pin::pin!(
        starts
            .map(|start| async move {
                let wanted = usize::try_from(end.saturating_sub(start)).map_or(chunk, |left| left.min(chunk));
                whole(file, start, wanted).await
            })
            .buffered(CHUNKS)
    );
    while let Some(data) = chunks.next().await {
        taken(&data?)?;
    }
    Ok(())
}

/// Reads until `wanted` bytes are there: a server may answer with fewer than were asked for.
pub(super) async fn whole(file: &dyn crate::fs::ReadFile, start: u64, wanted: usize) -> Result<Vec<u8>> {
    let mut data = file.read_at(start, wanted).await?;
    while data.len() < wanted {
        let at = start.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
        let more = file.read_at(at, wanted.saturating_sub(data.len())).await?;
        if more.is_empty() {
            return Err(Error::new(
                crate::error::Kind::Corrupted,
                "read",
                "the file became shorter meanwhile",
            ));
        }
        data.extend(more);
    }
    Ok(data)
}
