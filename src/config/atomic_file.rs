//! Replaces a small file as a whole: whoever reads it sees the old bytes or the new ones, whatever happens.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Uid};

use crate::error::{Error, Result};

/// Writes `bytes` to the file at `path` by way of a temporary file in the same folder.
///
/// A new file is readable by its owner alone; an old one keeps its mode, owner and group. A symbolic link stays one:
/// its target is replaced. Folder and file are flushed to the disk before this returns.
///
/// # Errors
/// Names the step that failed; the old file is then untouched.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let target = resolve(path)?;
    let failed =
        |step: &'static str| move |error| Error::from_io(step, error).on(path.as_os_str().as_encoded_bytes());
    let folder = folder_of(&target);
    let mut prefix = OsString::from(".");
    prefix.push(target.file_name().unwrap_or_default());
    prefix.push(".");
    let mut temporary = tempfile::Builder::new()
        .prefix(&prefix)
        .suffix(".tmp")
        .tempfile_in(folder)
        .map_err(failed("create a temporary file to save"))?;
    temporary.write_all(bytes).map_err(failed("save"))?;
    match std::fs::metadata(&target) {
        Ok(old) => keep_access(temporary.as_file(), &old).map_err(failed("set the mode of"))?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed("look at")(error)),
    }
    temporary.as_file().sync_all().map_err(failed("flush"))?;
    temporary.persist(&target).map_err(|error| failed("replace")(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("flush the folder of"))
}

/// The file that `path` stands for: symbolic links are followed, also to a file that does not exist yet.
pub(super) fn resolve(path: &Path) -> Result<PathBuf> {
    let failed = |error| Error::from_io("follow", error).on(path.as_os_str().as_encoded_bytes());
    match std::fs::canonicalize(path) {
        Ok(target) => Ok(target),
        Err(error) if error.kind() == ErrorKind::NotFound => match std::fs::read_link(path) {
            Ok(target) => Ok(folder_of(path).join(target)),
            Err(_) => Ok(path.to_owned()),
        },
        Err(error) => Err(failed(error)),
    }
}

/// The folder that holds a file; `.` for a bare name.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Gives a new file the owner, group and mode of the old one. Where the owner cannot be kept, nobody else may read it.
fn keep_access(file: &File, old: &Metadata) -> std::io::Result<()> {
    let new = file.metadata()?;
    let mut mode = old.mode() & 0o7777;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        let kept = rustix::fs::fchown(file, Some(Uid::from_raw(old.uid())), Some(Gid::from_raw(old.gid())));
        if kept.is_err() {
            log::info!("the owner of a file that is replaced could not be kept");
            mode &= 0o700;
        }
    }
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn a_new_file_is_private_and_an_old_one_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rclone.conf");
        replace(&path, b"one").unwrap();
        assert_eq!((mode(&path), std::fs::read(&path).unwrap()), (0o600, b"one".to_vec()));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!((mode(&path), std::fs::read(&path).unwrap()), (0o640, b"two".to_vec()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn a_symbolic_link_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("real")).unwrap();
        let link = folder.path().join("rclone.conf");
        std::os::unix::fs::symlink("real/rclone.conf", &link).unwrap();
        for text in [b"made", b"kept"] {
            replace(&link, text).unwrap();
            assert!(link.is_symlink());
            assert_eq!(std::fs::read(folder.path().join("real/rclone.conf")).unwrap(), text);
        }
    }

    #[test]
    fn a_failure_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let error = replace(&folder.path().join("missing/rclone.conf"), b"x").unwrap_err();
        assert!(error.to_string().contains("missing/rclone.conf"), "{error}");
        std::fs::create_dir(folder.path().join("taken")).unwrap();
        assert!(replace(&folder.path().join("taken"), b"x").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
