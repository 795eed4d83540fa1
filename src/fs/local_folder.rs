//! Reading a folder of this machine, and describing what is in it.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::contract::{Entry, FileType, Listing, Metadata};
use super::local::failed;
use super::local_details::nanoseconds;
use crate::error::{Kind, Result};
use crate::path::Name;

pub(super) fn metadata_of(found: &fs::Metadata) -> Metadata {
    let file_type = found.file_type();
    Metadata {
        file_type: if file_type.is_file() {
            FileType::File
        } else if file_type.is_dir() {
            FileType::Directory
        } else if file_type.is_symlink() {
            FileType::Symlink
        } else {
            FileType::Special
        },
        size: found.len(),
        modified: Some(nanoseconds(found.mtime(), found.mtime_nsec())),
        mode: Some(found.mode() & 0o7777),
    }
}

fn entry_of(found: &fs::DirEntry) -> io::Result<Option<Entry>> {
    let Ok(name) = Name::new(&found.file_name().into_vec()) else { return Ok(None) };
    let own = match found.metadata() {
        // Removed between the two calls: no longer an entry.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    Ok(Some(Entry { name, metadata: metadata_of(&own), is_link: own.file_type().is_symlink() }))
}

/// Whether nothing has this path: below a file there is nothing either.
pub(super) fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The entries of a folder of this machine; those whose names no server could have are left out.
pub(super) fn list(path: &Path) -> Result<Listing> {
    let missing = |error: io::Error| {
        let is_missing = is_missing(&error) && fs::metadata(path).is_err_and(|it| is_missing(&it));
        let error = failed("list", path)(error);
        if is_missing { error.with_kind(Kind::DirectoryNotFound) } else { error }
    };
    let entries = fs::read_dir(path)
        .map_err(missing)?
        .filter_map(|found| found.and_then(|found| entry_of(&found)).transpose())
        .collect::<io::Result<Vec<_>>>()
        .map_err(failed("list", path))?;
    Ok(Listing { entries, refused: Vec::new() })
}
