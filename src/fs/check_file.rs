//! Hashes by the server's own SFTP extension `check-file` (draft-ietf-secsh-filexfer-extensions-00, section 3), where
//! it is offered: no shell is needed, and nothing is carried.

use std::pin::pin;

use futures_util::stream::{self, StreamExt as _};

use crate::error::{Error, Kind, Result, Retry};
use crate::hash::{Digest, HashType};
use crate::sftp::Client;

/// Files asked about at once.
const IN_FLIGHT: usize = 16;

/// The hashes that the draft and this program know, but for CRC-32, of which the draft does not tell the byte order.
fn algorithm(hash: HashType) -> Option<&'static str> {
    match hash {
        HashType::Md5 | HashType::Sha1 | HashType::Sha256 | HashType::Sha512 => Some(hash.name()),
        _ => None,
    }
}

/// Hashes files by their full paths, one result for each, in order; `None` if the server does not offer it for this
/// hash.
pub(super) async fn check_files(
    client: &Client,
    paths: &[Vec<u8>],
    hash: HashType,
) -> Result<Option<Vec<Result<Digest>>>> {
    let Some(algorithm) = algorithm(hash).filter(|_| client.extensions().check_file) else { return Ok(None) };
    let ask = |path: Vec<u8>| async move { client.check_file(&path, algorithm).await };
    let asking = paths.iter().cloned().map(ask);
    let mut answers = pin!(stream::iter(asking).buffered(IN_FLIGHT));
    let mut found = Vec::with_capacity(paths.len());
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(digest) if digest.len() == hash.size() => found.push(Ok(Digest::new(digest))),
            Ok(_) => return Ok(None),
            Err(error) if is_of_this_file(&error) => found.push(Err(error)),
            Err(error) if error.retry() != Retry::Never || error.is_fatal() => return Err(error),
            Err(error) => {
                log::debug!("no hash by check-file: {error}");
                return Ok(None);
            }
        }
    }
    Ok(Some(found))
}

/// Whether another file may fare better. A server that does not know the hash answers with anything else.
fn is_of_this_file(error: &Error) -> bool {
    matches!(error.kind(), Kind::NotFound | Kind::PermissionDenied | Kind::IsADirectory)
}
