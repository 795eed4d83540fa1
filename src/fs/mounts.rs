//! Staying on the file system of a root (`--one-file-system`). Only folders tell where another one begins: of a file some
//! file systems name another device than that of its folder.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::contract::{FileType, Listing, Metadata};

/// Leaves out folders on other file systems than the root's, links to them included.
pub(super) fn leave_out(root: &Path, folder: &Path, listing: &mut Listing) -> io::Result<()> {
    let device = fs::metadata(root)?.dev();
    listing.entries.retain(|entry| {
        let path = || folder.join(OsStr::from_bytes(entry.name.as_bytes()));
        entry.metadata.file_type != FileType::Directory
            || fs::metadata(path()).is_ok_and(|found| found.dev() == device)
    });
    Ok(())
}

/// Whether what was found at `path` is such a folder, or in one.
pub(super) fn is_beyond(root: &Path, path: &Path, found: &Metadata) -> io::Result<bool> {
    if path == root {
        return Ok(false);
    }
    let folder = if found.file_type == FileType::Directory { Some(path) } else { path.parent() };
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(fs::metadata(folder)?.dev() != fs::metadata(root)?.dev())
}
