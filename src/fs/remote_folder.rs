//! Reading a folder of an SFTP server: its names, which of them may be used, and what its links point to.

use std::collections::VecDeque;

use futures_util::stream::{FuturesOrdered, StreamExt as _};

use super::attributes::metadata_of;
use super::contract::{Entry, FileType};
use crate::error::{Error, Kind, Result};
use crate::path::Name;
use crate::sftp::{Client, Handle, NamedAttributes};

/// Names in an answer that make it likely that there are more; OpenSSH sends a hundred at a time.
const FULL: usize = 64;
/// The most `READDIR` requests kept in flight for one folder.
const READ_AHEAD: usize = 32;
/// The most names taken from one folder: a server that never ends a listing must not fill the memory.
const MOST_NAMES: usize = 4 * 1024 * 1024;
/// Symbolic links looked up at once.
const LINKS_AT_ONCE: usize = 64;

/// Reads a folder to its end with more and more requests in flight: most folders end within the first answer, long
/// ones would otherwise cost a round trip per hundred names.
pub(super) async fn read_all(handle: &Handle) -> Result<Vec<NamedAttributes>> {
    let mut names = Vec::new();
    let mut in_flight = FuturesOrdered::new();
    let mut depth = 2_usize;
    let mut at_end = false;
    loop {
        while !at_end && in_flight.len() < depth {
            in_flight.push_back(handle.read_dir());
        }
        match in_flight.next().await.transpose()? {
            Some(Some(batch)) => {
                depth = if batch.len() < FULL { 1 } else { depth.saturating_mul(2).min(READ_AHEAD) };
                names.extend(batch);
                if names.len() > MOST_NAMES {
                    let reason = format!("the server goes on after {MOST_NAMES} names in one folder");
                    return Err(Error::new(Kind::Protocol, "list", reason));
                }
            }
            Some(None) => at_end = true,
            None => return Ok(names),
        }
    }
}

pub(super) fn sort_out(names: Vec<NamedAttributes>, path: &[u8]) -> (Vec<Entry>, Vec<Error>) {
    let mut refused = Vec::new();
    let entries = names
        .into_iter()
        .filter(|entry| entry.name != b"." && entry.name != b"..")
        .filter_map(|entry| match Name::new(&entry.name) {
            Ok(name) => {
                let metadata = metadata_of(&entry.attributes);
                Some(Entry { name, metadata, is_link: metadata.file_type == FileType::Symlink })
            }
            Err(error) => {
                let reason = format!(
                    "the server sent the name \"{}\" in it: {}",
                    error.path().unwrap_or_default(),
                    error.reason()
                );
                refused.push(Error::new(Kind::InvalidName, "list", reason).on(path));
                None
            }
        })
        .collect();
    (entries, refused)
}

/// Describes links by what they point to, and entries the server sent without attributes by asking again.
pub(super) async fn follow_links(
    client: &Client,
    folder: &[u8],
    mut entries: Vec<Entry>,
) -> Result<Vec<Entry>> {
    let mut waiting: VecDeque<usize> =
        entries.iter().enumerate().filter(|(_, entry)| entry.is_link).map(|(index, _)| index).collect();
    let mut in_flight = FuturesOrdered::new();
    loop {
        while in_flight.len() < LINKS_AT_ONCE
            && let Some(index) = waiting.pop_front()
        {
            let Some(entry) = entries.get(index) else { continue };
            let path = [folder, b"/", entry.name.as_bytes()].concat();
            in_flight.push_back(async move { (index, client.stat(&path).await) });
        }
        let Some((index, target)) = in_flight.next().await else { return Ok(entries) };
        match target {
            Ok(target) => {
                if let Some(entry) = entries.get_mut(index) {
                    entry.metadata = metadata_of(&target);
                }
            }
            // A dangling link, or one into a place this user may not see, stays a link.
            Err(error) if error.retry() == crate::error::Retry::Never => {}
            Err(error) => return Err(error),
        }
    }
}
