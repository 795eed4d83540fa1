//! Reading a folder of an SFTP server: its names, which of them may be used, and what its links point to.

use std::collections::VecDeque;

use futures_util::stream::{self, FuturesOrdered, StreamExt as _, TryStreamExt as _};

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
/// Answers without a name that are taken for one folder. A server may send one now and then.
const MOST_VAIN_ANSWERS: usize = 100;
/// Symbolic links, and entries without attributes, looked up at once.
const LOOKUPS_AT_ONCE: usize = 64;

/// Reads a folder to its end with more and more requests in flight: most folders end within the first answer, long
/// ones would otherwise cost a round trip per hundred names.
pub(super) async fn read_all(handle: &Handle) -> Result<Vec<NamedAttributes>> {
    let mut names = Vec::new();
    let mut in_flight = FuturesOrdered::new();
    let mut depth = 2_usize;
    let mut at_end = false;
    let mut vain = 0_usize;
    loop {
        while !at_end && in_flight.len() < depth {
            in_flight.push_back(handle.read_dir());
        }
        match in_flight.next().await.transpose()? {
            Some(Some(batch)) => {
                depth = if batch.len() < FULL { 1 } else { depth.saturating_mul(2).min(READ_AHEAD) };
                vain = if batch.is_empty() { vain.saturating_add(1) } else { 0 };
                names.extend(batch);
                check_end(names.len(), vain)?;
            }
            Some(None) => at_end = true,
            None => return Ok(names),
        }
    }
}

/// Gives up a listing that does not end.
fn check_end(names: usize, vain: usize) -> Result<()> {
    let reason = if names > MOST_NAMES {
        format!("the server goes on after {MOST_NAMES} names in one folder")
    } else if vain > MOST_VAIN_ANSWERS {
        "the server answers without a name again and again".to_owned()
    } else {
        return Ok(());
    };
    Err(Error::new(Kind::Protocol, "list", reason))
}

/// Asks about each name that the server sent without a type; one that is gone by then is left out.
pub(super) async fn describe(
    client: &Client,
    folder: &[u8],
    names: Vec<NamedAttributes>,
) -> Result<Vec<NamedAttributes>> {
    if names.iter().all(|entry| entry.attributes.permissions.is_some()) {
        return Ok(names);
    }
    let described = names.into_iter().map(async |entry| {
        if entry.attributes.permissions.is_some() || Name::new(&entry.name).is_err() {
            return Ok(Some(entry));
        }
        match client.lstat(&[folder, b"/", &entry.name].concat()).await {
            Ok(attributes) => Ok(Some(NamedAttributes { attributes, ..entry })),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    });
    stream::iter(described)
        .buffered(LOOKUPS_AT_ONCE)
        .try_filter_map(async |entry| Ok(entry))
        .try_collect()
        .await
}

/// Takes the names that can be used, and says what is wrong with the others.
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

/// Describes links by what they point to.
pub(super) async fn follow_links(
    client: &Client,
    folder: &[u8],
    mut entries: Vec<Entry>,
) -> Result<Vec<Entry>> {
    let mut waiting: VecDeque<usize> =
        entries.iter().enumerate().filter(|(_, entry)| entry.is_link).map(|(index, _)| index).collect();
    let mut in_flight = FuturesOrdered::new();
    loop {
        while in_flight.len() < LOOKUPS_AT_ONCE
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
