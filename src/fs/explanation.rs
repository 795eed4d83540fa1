//! Why an SFTP server failed: protocol version 3 has one code for a full disk, a folder in the way and much else.

use super::attributes::metadata_of;
use super::contract::FileType;
use crate::error::{Error, Kind};
use crate::sftp::Pool;

/// A bare `SSH_FX_FAILURE` says nothing; asks whether the disk is full, or what stands at `path`.
pub(super) async fn explain(pool: &Pool, error: Error, path: &[u8]) -> Error {
    if error.kind() != Kind::Failure {
        return error;
    }
    let Ok(client) = pool.client().await else { return error };
    if let Ok(space) = client.space(parent_of(path)).await
        && space.available == 0
    {
        return Error::new(Kind::NoSpace, "write", "no space left on the server").on(path).caused_by(error);
    }
    match client.lstat(path).await.map(|found| metadata_of(&found).file_type) {
        Ok(FileType::Directory) => Error::new(Kind::IsADirectory, "write", "a folder stands there").on(path),
        _ => error,
    }
}

fn parent_of(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(0) => b"/",
        Some(cut) => path.get(..cut).unwrap_or_default(),
        None => b".",
    }
}
