//! What of a folder the filter lets a walk see.

use futures_util::stream::{self, StreamExt as _};

use crate::error::{Error, Kind, Result};
use crate::filter::Filter;
use crate::fs::{Details, Entry, FileType, Fs, Listing};
use crate::path::RelPath;

/// Files and folders asked at once for what the filter has to know.
const PROBES: usize = 64;

/// Takes out of a listing what the filter leaves out: everything, if a file stands there that excludes its folder.
pub(crate) async fn select(tree: &dyn Fs, filter: &Filter, folder: &RelPath, listing: Listing) -> Listing {
    if !filter.is_active() {
        return listing;
    }
    if listing.entries.iter().any(|entry| is_marker(filter, entry)) {
        log::debug!(object:% = folder; "Excluded");
        return Listing::default();
    }
    let Listing { mut entries, mut refused } = listing;
    entries.retain(|entry| {
        let path = folder.join(&entry.name);
        if is_dir(entry) { filter.enter(&path) } else { filter.keep(&path, &entry.metadata) }
    });
    if filter.asks_for_details() {
        entries = kept_by_details(tree, filter, folder, entries, &mut refused).await;
    }
    if !filter.markers().is_empty() {
        entries = without_marked(tree, filter, folder, entries).await;
    }
    Listing { entries, refused }
}

/// Takes out the files that their details leave out. Those that cannot be asked for them are refused.
async fn kept_by_details(
    tree: &dyn Fs,
    filter: &Filter,
    folder: &RelPath,
    entries: Vec<Entry>,
    refused: &mut Vec<Error>,
) -> Vec<Entry> {
    let probe = async |entry: Entry| {
        if is_dir(&entry) {
            return Ok(Some(entry));
        }
        let is_kept = keeps_details(tree, filter, &folder.join(&entry.name)).await?;
        Ok(is_kept.then_some(entry))
    };
    let mut probing = stream::iter(entries.into_iter().map(probe)).buffered(PROBES);
    let mut kept = Vec::new();
    while let Some(probed) = probing.next().await {
        match probed {
            Ok(entry) => kept.extend(entry),
            Err(error) => refused.push(error),
        }
    }
    kept
}

/// Whether what the tree knows of a file beyond its listing lets it be seen.
///
/// # Errors
/// The tree cannot be asked.
pub(super) async fn keeps_details(tree: &dyn Fs, filter: &Filter, path: &RelPath) -> Result<bool> {
    if !filter.asks_for_details() {
        return Ok(true);
    }
    let details = match tree.details(path).await {
        // A link that leads nowhere, or gone meanwhile: nothing is known of it.
        Err(error) if error.kind() == Kind::NotFound => Details::default(),
        details => details?,
    };
    Ok(filter.keep_details(path, &details))
}

/// Takes out the folders that hold a marker: they are not shown, so it must be known before they are read.
async fn without_marked(tree: &dyn Fs, filter: &Filter, folder: &RelPath, entries: Vec<Entry>) -> Vec<Entry> {
    let probe = async |entry: Entry| {
        let is_marked = is_dir(&entry) && has_marker(tree, filter, &folder.join(&entry.name)).await;
        (!is_marked).then_some(entry)
    };
    stream::iter(entries.into_iter().map(probe))
        .buffered(PROBES)
        .filter_map(std::future::ready)
        .collect()
        .await
}

/// Whether one of the files that exclude a folder is in it. What cannot be told shows when the folder is read.
async fn has_marker(tree: &dyn Fs, filter: &Filter, folder: &RelPath) -> bool {
    for name in filter.markers() {
        let found = tree.stat(&folder.join(name)).await;
        if found.is_ok_and(|found| found.file_type == FileType::File) {
            log::debug!(object:% = folder; "Excluded");
            return true;
        }
    }
    false
}

fn is_marker(filter: &Filter, entry: &Entry) -> bool {
    entry.metadata.file_type == FileType::File && filter.markers().contains(&entry.name)
}

fn is_dir(entry: &Entry) -> bool {
    entry.metadata.file_type == FileType::Directory
}
