//! Places in a local tree, reached without following a symbolic link.
//!
//! Whatever creates, renames or removes a file goes through a [`Place`]: the folder that holds it is opened first,
//! link by link refused, and the change is then made in that open folder. A link that somebody plants in the tree,
//! before or meanwhile, leads nowhere. The root itself is the user's word and may be a link.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Timespec, Timestamps};
use rustix::io::Errno;

use crate::path::RelPath;

/// How a folder is opened that is only passed through.
#[cfg(target_os = "linux")]
const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// A name in an open folder.
pub(super) struct Place {
    folder: OwnedFd,
    name: OsString,
}

impl Place {
    /// The place of `path` in the tree below `root`. Its folder must exist; the name may be free.
    pub(super) fn find(root: &Path, path: &RelPath) -> io::Result<Self> {
        let Some(name) = path.file_name() else { return Self::of_root(root) };
        let root = rustix::fs::open(root, FOLDER, Mode::empty())?;
        let folder = match path.parent().filter(|parent| !parent.is_root()) {
            Some(parent) => enter(root, Path::new(OsStr::from_bytes(parent.as_bytes())))?,
            None => root,
        };
        Ok(Self { folder, name: OsStr::from_bytes(name.as_bytes()).to_owned() })
    }

    fn of_root(root: &Path) -> io::Result<Self> {
        let name = root.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
        let folder = root.parent().filter(|parent| !parent.as_os_str().is_empty());
        let folder = rustix::fs::open(folder.unwrap_or(Path::new(".")), FOLDER, Mode::empty())?;
        Ok(Self { folder, name })
    }

    /// Creates a file that must not exist yet.
    pub(super) fn create(&self, mode: u32) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&self.folder, &self.name, flags, Mode::from_raw_mode(mode))?.into())
    }

    /// Opens a file for writing, and no link to one.
    pub(super) fn reopen(&self) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&self.folder, &self.name, flags, Mode::empty())?.into())
    }

    /// Gives what stands here the name `to`, in place of what stood there.
    pub(super) fn rename(&self, to: &Self) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.folder, &self.name, &to.folder, &to.name)?)
    }

    /// Moves what stands at `origin`, wherever that is, here, in place of what stood here.
    pub(super) fn take(&self, origin: &Path) -> io::Result<()> {
        Ok(rustix::fs::renameat(rustix::fs::CWD, origin, &self.folder, &self.name)?)
    }

    /// Sets both times of what stands here, of a link itself.
    pub(super) fn set_times(&self, times: &Timestamps) -> io::Result<()> {
        Ok(rustix::fs::utimensat(&self.folder, &self.name, times, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Opens the file or folder that stands here, and no link to one, without waiting for whoever writes into a pipe.
    pub(super) fn open(&self) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&self.folder, &self.name, flags, Mode::empty())?.into())
    }

    /// Puts a link at `to` that leads where the file here says, with its time, and removes the file. Only a link may
    /// stand there already.
    pub(super) fn replace_by_link(&self, to: &Self) -> io::Result<()> {
        if to.file_type().is_some_and(|found| found != FileType::Symlink) {
            let reason = "something that is no link stands there";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, reason));
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(rustix::fs::openat(&self.folder, &self.name, flags, Mode::empty())?);
        let mut target = Vec::new();
        file.read_to_end(&mut target)?;
        let found = rustix::fs::fstat(&file)?;
        let time =
            Timespec { tv_sec: found.st_mtime, tv_nsec: i64::try_from(found.st_mtime_nsec).unwrap_or(0) };
        let mut fresh = Self { folder: self.folder.try_clone()?, name: self.name.clone() };
        fresh.name.push(".link");
        rustix::fs::symlinkat(OsStr::from_bytes(&target), &fresh.folder, &fresh.name)?;
        let placed = fresh
            .set_times(&Timestamps { last_access: time, last_modification: time })
            .and_then(|()| fresh.rename(to))
            .and_then(|()| self.remove_file());
        placed.inspect_err(|_| {
            // What failed is told; what is left of it is not worth another message.
            fresh.remove_file().ok();
        })
    }

    /// Removes a file or a link.
    pub(super) fn remove_file(&self) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.folder, &self.name, AtFlags::empty())?)
    }

    /// Removes an empty folder.
    pub(super) fn remove_dir(&self) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.folder, &self.name, AtFlags::REMOVEDIR)?)
    }

    /// Makes a folder, unless there is one.
    pub(super) fn make_dir(&self) -> io::Result<()> {
        match rustix::fs::mkdirat(&self.folder, &self.name, Mode::from_raw_mode(0o777)) {
            Err(Errno::EXIST) if self.file_type() == Some(FileType::Directory) => Ok(()),
            other => Ok(other?),
        }
    }

    /// What stands here; a link is a link.
    fn file_type(&self) -> Option<FileType> {
        let found = rustix::fs::statat(&self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        Some(FileType::from_raw_mode(found.st_mode))
    }
}

/// Opens the folder `path` below `root`.
fn enter(root: OwnedFd, path: &Path) -> io::Result<OwnedFd> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::ResolveFlags;
        let rules = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        match rustix::fs::openat2(&root, path, FOLDER, Mode::empty(), rules) {
            // Kernels before 5.6, and sandboxes that do not know the call.
            Err(Errno::NOSYS | Errno::PERM) => {}
            Err(Errno::LOOP) => return Err(link_in_the_way()),
            other => return Ok(other?),
        }
    }
    walk(root, path)
}

/// Opens the folder `path` below `root`, one name after the other.
fn walk(root: OwnedFd, path: &Path) -> io::Result<OwnedFd> {
    path.components().try_fold(root, |folder, component| {
        let Component::Normal(name) = component else { return Err(io::ErrorKind::InvalidInput.into()) };
        match rustix::fs::openat(&folder, name, FOLDER | OFlags::NOFOLLOW, Mode::empty()) {
            Err(Errno::LOOP) => Err(link_in_the_way()),
            Err(Errno::NOTDIR) if is_link(&folder, name) => Err(link_in_the_way()),
            other => Ok(other?),
        }
    })
}

fn is_link(folder: &OwnedFd, name: &OsStr) -> bool {
    rustix::fs::readlinkat(folder, name, Vec::new()).is_ok()
}

fn link_in_the_way() -> io::Error {
    let reason = "a symbolic link stands on the way, and nothing is changed through one";
    io::Error::new(io::ErrorKind::NotADirectory, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::sync::atomic::{AtomicBool, Ordering};

    fn place(root: &Path, path: &str) -> io::Result<Place> {
        Place::find(root, &RelPath::parse(path.as_bytes()).unwrap())
    }

    fn try_everything(root: &Path) {
        // Every outcome is fine but one: that something outside the tree changes.
        drop(place(root, "d/e/new").and_then(|place| place.create(0o600)));
        drop(place(root, "d/e/folder").and_then(|place| place.make_dir()));
        drop(place(root, "d/e/kept").and_then(|place| place.remove_file()));
        drop(place(root, "d/e/empty").and_then(|place| place.remove_dir()));
        drop(place(root, "x").and_then(|from| from.replace_by_link(&place(root, "d/e/link")?)));
        let moved = place(root, "x").and_then(|from| from.rename(&place(root, "d/e/kept")?));
        if moved.is_ok() || !root.join("x").exists() {
            drop(fs::write(root.join("x"), "x"));
        }
    }

    #[test]
    fn both_ways_to_a_folder_refuse_links_and_say_so() {
        let base = tempfile::tempdir().unwrap();
        fs::create_dir_all(base.path().join("a/b")).unwrap();
        symlink("a", base.path().join("link")).unwrap();
        fs::write(base.path().join("file"), "").unwrap();
        let open = || rustix::fs::open(base.path(), FOLDER, Mode::empty()).unwrap();
        for way in [enter, walk] {
            assert!(way(open(), Path::new("a/b")).is_ok());
            for link in ["link", "link/b"] {
                let error = way(open(), Path::new(link)).unwrap_err();
                assert!(error.to_string().contains("symbolic link"), "{error}");
            }
            let kind = |path: &str| way(open(), Path::new(path)).unwrap_err().kind();
            assert_eq!(kind("a/none"), io::ErrorKind::NotFound);
            assert_eq!(kind("file"), io::ErrorKind::NotADirectory);
        }
    }

    #[test]
    fn a_folder_that_is_swapped_for_a_link_leads_nowhere() {
        let base = tempfile::tempdir().unwrap();
        let (root, outside) = (base.path().join("root"), base.path().join("outside"));
        let (folder, aside) = (root.join("d"), root.join("aside"));
        fs::create_dir_all(folder.join("e")).unwrap();
        fs::create_dir_all(outside.join("e/empty")).unwrap();
        fs::write(outside.join("e/kept"), "kept").unwrap();
        fs::write(root.join("x"), "x").unwrap();
        let over = AtomicBool::new(false);
        let swaps = std::thread::scope(|scope| {
            let swapping = scope.spawn(|| {
                let mut swaps = 0;
                while !over.load(Ordering::Relaxed) || swaps < 100 {
                    fs::rename(&folder, &aside).unwrap();
                    symlink(&outside, &folder).unwrap();
                    fs::remove_file(&folder).unwrap();
                    fs::rename(&aside, &folder).unwrap();
                    swaps += 1;
                }
                swaps
            });
            (0..20_000).for_each(|_| try_everything(&root));
            over.store(true, Ordering::Relaxed);
            swapping.join().unwrap()
        });
        let mut left: Vec<_> =
            fs::read_dir(outside.join("e")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["empty", "kept"], "{swaps} swaps");
        assert_eq!(fs::read(outside.join("e/kept")).unwrap(), b"kept");
    }
}
