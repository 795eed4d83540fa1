//! What becomes of the symbolic links of a local tree (`--links`, `--copy-links`, `--skip-links`; rclone's local
//! backend).

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use super::contract::{Entry, FileType, Listing, Metadata, ReadFile, Task, WideningTask};
use super::local_folder::metadata_of;
use crate::error::{Error, Kind, Result};
use crate::path::{Name, RelPath};

/// What a link is shown as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Links {
    /// As a link.
    #[default]
    Shown,
    /// As what it leads to.
    Followed,
    /// Not at all.
    Hidden,
    /// As a file `NAME.rclonelink` that holds where it leads. A file of such a name becomes a link.
    Translated,
}

/// What stands behind the name of a link that is shown as a file.
pub(super) const SUFFIX: &[u8] = b".rclonelink";

/// The path of the link itself, if `path` is that of a link shown as a file.
pub(super) fn behind(path: &RelPath) -> Option<RelPath> {
    let name = path.file_name()?;
    let name = Name::new(name.as_bytes().strip_suffix(SUFFIX)?).ok()?;
    Some(path.parent().unwrap_or_default().join(&name))
}

/// The path of the link itself, if `path` is that of a link of this machine shown as a file.
pub(super) fn behind_path(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.as_bytes().strip_suffix(SUFFIX)?;
    let link = path.with_file_name(OsStr::from_bytes(name));
    fs::symlink_metadata(&link).is_ok_and(|found| found.is_symlink()).then_some(link)
}

/// Shows the links of a folder as they are to be shown.
pub(super) fn show(links: Links, folder: &Path, mut listing: Listing) -> Listing {
    match links {
        Links::Shown => {}
        Links::Hidden => listing.entries.retain(|entry| !entry.is_link),
        Links::Translated => {
            listing.entries.iter_mut().filter(|entry| entry.is_link).for_each(translate);
        }
        Links::Followed => {
            let Listing { entries, refused } = &mut listing;
            entries.retain_mut(|entry| match follow(folder, entry) {
                Ok(()) => true,
                Err(error) => {
                    refused.push(error);
                    false
                }
            });
        }
    }
    listing
}

fn follow(folder: &Path, entry: &mut Entry) -> Result<()> {
    if entry.is_link {
        let path = folder.join(OsStr::from_bytes(entry.name.as_bytes()));
        let found = fs::metadata(&path).map_err(|error| {
            Error::from_io("follow link", error).with_kind(Kind::Io).on(path.as_os_str().as_bytes())
        })?;
        entry.metadata = metadata_of(&found);
    }
    Ok(())
}

fn translate(entry: &mut Entry) {
    if let Ok(name) = Name::new(&[entry.name.as_bytes(), SUFFIX].concat()) {
        entry.name = name;
        entry.metadata.file_type = FileType::File;
        entry.is_link = false;
    }
}

/// A link as the file it is shown as.
pub(super) struct LinkFile {
    target: Vec<u8>,
    metadata: Metadata,
}

impl LinkFile {
    /// Reads the link at `path`; `None` if something else stands there.
    pub(super) fn read(path: &Path) -> io::Result<Option<Self>> {
        let found = fs::symlink_metadata(path)?;
        if !found.file_type().is_symlink() {
            return Ok(None);
        }
        let target = fs::read_link(path)?.into_os_string().into_vec();
        let metadata = Metadata { file_type: FileType::File, ..metadata_of(&found) };
        Ok(Some(Self { target, metadata }))
    }

    /// Where the link leads.
    pub(super) fn target(&self) -> &[u8] {
        &self.target
    }

    /// The link as a file.
    pub(super) fn metadata(&self) -> Metadata {
        self.metadata
    }
}

impl ReadFile for LinkFile {
    fn metadata(&self) -> Task<'_, Metadata> {
        Box::pin(std::future::ready(Ok(self.metadata)))
    }

    fn read_at(&self, offset: u64, length: usize) -> Task<'_, Vec<u8>> {
        let rest =
            usize::try_from(offset).ok().and_then(|offset| self.target.get(offset..)).unwrap_or_default();
        Box::pin(std::future::ready(Ok(rest.get(..length).unwrap_or(rest).to_vec())))
    }

    fn chunk_size(&self) -> usize {
        super::contract::SMALL
    }

    fn depth(&self) -> usize {
        1
    }

    fn widen(&self, _ways: usize) -> WideningTask<'_> {
        Box::pin(std::future::ready(()))
    }

    fn is_widened(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_the_suffix_stand_for_links() {
        let behind =
            |path: &str| behind(&RelPath::parse(path.as_bytes()).unwrap()).map(|path| path.to_string());
        assert_eq!(behind("a/b.rclonelink").as_deref(), Some("a/b"));
        assert_eq!(behind("b.rclonelink.rclonelink").as_deref(), Some("b.rclonelink"));
        for path in ["b", "b.rclonelink/c", ".rclonelink", "...rclonelink"] {
            assert_eq!(behind(path), None, "{path}");
        }
    }
}
