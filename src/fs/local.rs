//! The tree of files on this machine.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::lazy;
use rustix::fs::Timestamps;

use super::beneath::Place;
use super::blocking;
use super::contract::{Dates, Features, Fs, Listing, Metadata, ReadFile, Task, Usage, WriteFile};
use super::details::{Details, UserAttributes};
use super::links::{self, LinkFile, Links};
use super::local_details::{details_of, set_details, timespec};
use super::local_file::LocalFile;
use super::local_folder::{is_missing, list, metadata_of};
use super::mounts;
use super::user_attributes;
use crate::error::{Error, Kind, Result};
use crate::hash::{Digest, HashType, Hasher};
use crate::path::RelPath;

/// Bytes moved in one system call.
pub(super) const CHUNK: usize = 256 * 1024;

/// A folder of this machine as the root of a tree. Symbolic links in it are shown as links.
#[derive(Clone)]
pub struct Local {
    root: PathBuf,
    links: Links,
    /// Whether folders on other file systems than the root's are left out.
    one_file_system: bool,
    skips_specials: bool,
}

impl Local {
    /// A tree below `root`; nothing is looked at yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), links: Links::default(), one_file_system: false, skips_specials: false }
    }

    /// The same tree without folders on other file systems than that of its root (`--one-file-system`).
    #[must_use]
    pub fn on_one_file_system(mut self, is_so: bool) -> Self {
        self.one_file_system = is_so;
        self
    }

    /// The same tree, of which nobody is told that pipes, sockets and devices are left out (`--skip-specials`).
    #[must_use]
    pub fn skipping_specials(mut self, is_so: bool) -> Self {
        self.skips_specials = is_so;
        self
    }

    /// The place of what a path of the tree stands for.
    fn place(&self, path: &RelPath) -> io::Result<Place> {
        let link = if self.links == Links::Translated { links::behind(path) } else { None };
        match link {
            Some(link) if self.full(path) != self.join(path) => Place::find(&self.root, &link),
            _ => Place::find(&self.root, path),
        }
    }

    /// The same tree with its symbolic links shown otherwise.
    #[must_use]
    pub fn with_links(mut self, links: Links) -> Self {
        self.links = links;
        self
    }

    /// The path of what a path of the tree stands for: of the link itself, where links are shown as files.
    fn full(&self, path: &RelPath) -> PathBuf {
        let full = self.join(path);
        let link = if self.links == Links::Translated { links::behind_path(&full) } else { None };
        link.unwrap_or(full)
    }

    /// The link that is shown as this file.
    fn link_file(&self, path: &RelPath) -> io::Result<Option<LinkFile>> {
        let own = self.full(path);
        if own == self.join(path) { Ok(None) } else { LinkFile::read(&own) }
    }

    /// What a path stands for: a link that is shown as a file, or what `look` finds there.
    fn found(
        &self,
        path: &RelPath,
        look: impl FnOnce(&Path) -> io::Result<fs::Metadata>,
    ) -> Result<Metadata> {
        let full = self.full(path);
        let found = match self.link_file(path) {
            Ok(Some(link)) => Ok(link.metadata()),
            Ok(None) => look(&full).map(|found| metadata_of(&found)),
            Err(error) => Err(error),
        };
        let found = found.and_then(|found| {
            let is_beyond = self.one_file_system && mounts::is_beyond(&self.root, &full, &found)?;
            if is_beyond { Err(io::ErrorKind::NotFound.into()) } else { Ok(found) }
        });
        found.map_err(|error| {
            let is_missing = is_missing(&error);
            let error = failed("look up", &full)(error);
            if is_missing { error.with_kind(Kind::NotFound) } else { error }
        })
    }

    fn hash_one(&self, path: &RelPath, hash: HashType) -> Result<Digest> {
        let full = self.full(path);
        let Some(link) = self.link_file(path).map_err(failed("read", &full))? else {
            return hash_file(&full, u64::MAX, hash);
        };
        let mut hasher = Hasher::new(hash);
        hasher.update(link.target());
        Ok(hasher.finish())
    }

    fn join(&self, path: &RelPath) -> PathBuf {
        if path.is_root() { self.root.clone() } else { self.root.join(OsStr::from_bytes(path.as_bytes())) }
    }
}

/// Makes system calls when it is first polled; local files answer at once.
pub(super) fn task<'a, T: Send + 'a>(calls: impl FnOnce() -> Result<T> + Send + 'a) -> Task<'a, T> {
    Box::pin(lazy(|_| calls()))
}

pub(super) fn failed(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.as_os_str().as_bytes().to_vec();
    move |error| Error::from_io(operation, error).on(path)
}

/// Hashes up to `length` bytes of a file.
fn hash_file(path: &Path, length: u64, hash: HashType) -> Result<Digest> {
    let mut file = File::open(path).map_err(failed("open", path))?.take(length);
    let (mut hasher, mut buffer) = (Hasher::new(hash), vec![0; CHUNK]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(count) => hasher.update(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed("read", path)(error)),
        }
    }
}

impl Fs for Local {
    fn describe(&self) -> String {
        let root = std::path::absolute(&self.root);
        // A slash at its end says nothing here.
        let root = root.as_ref().unwrap_or(&self.root).components().as_path();
        format!("Local file system at {}", crate::path::escape(root.as_os_str().as_bytes()))
    }

    fn system(&self) -> &'static str {
        "this machine"
    }

    fn full_path(&self, path: &RelPath) -> Vec<u8> {
        self.full(path).into_os_string().into_vec()
    }

    fn precision(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn features(&self) -> Features {
        Features {
            lists_everything: false,
            folder_sizes: true,
            is_remote: false,
            user_attributes: true,
            skips_specials: self.skips_specials,
            leaves_out_mounts: self.one_file_system,
        }
    }

    fn hashes(&self) -> Vec<HashType> {
        HashType::ALL.to_vec()
    }

    fn hash<'a>(&'a self, paths: &'a [RelPath], hash: HashType) -> Task<'a, Vec<Result<Digest>>> {
        Box::pin(async move {
            let tree = self.clone();
            let paths = paths.to_vec();
            blocking::run(move || Ok(paths.iter().map(|path| tree.hash_one(path, hash)).collect())).await
        })
    }

    fn hash_beginning<'a>(&'a self, path: &'a RelPath, length: u64, hash: HashType) -> Task<'a, Digest> {
        let path = self.full(path);
        Box::pin(blocking::run(move || hash_file(&path, length, hash)))
    }

    fn usage(&self) -> Task<'_, Usage> {
        task(|| {
            let found = rustix::fs::statvfs(&self.root)
                .map_err(|error| failed("ask for free space", &self.root)(error.into()))?;
            let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
            Ok(Usage {
                total: bytes(found.f_blocks),
                used: bytes(found.f_blocks.saturating_sub(found.f_bfree)),
                free: bytes(found.f_bavail),
            })
        })
    }

    fn stat<'a>(&'a self, path: &'a RelPath) -> Task<'a, Metadata> {
        task(|| self.found(path, |full| fs::metadata(full)))
    }

    fn look_up<'a>(&'a self, path: &'a RelPath) -> Task<'a, Metadata> {
        task(|| self.found(path, |full| fs::symlink_metadata(full)))
    }

    fn details<'a>(&'a self, path: &'a RelPath) -> Task<'a, Details> {
        task(|| {
            let full = self.full(path);
            let is_link = full != self.join(path);
            let found = if is_link {
                // Users can give links no attributes.
                fs::symlink_metadata(&full).map(|found| details_of(&found, UserAttributes::new()))
            } else {
                fs::metadata(&full).and_then(|found| Ok(details_of(&found, user_attributes::read(&full)?)))
            };
            found.map_err(failed("look up", &full))
        })
    }

    fn real_path<'a>(&'a self, path: &'a RelPath) -> Task<'a, Vec<u8>> {
        task(|| {
            let full = self.full(path);
            real_path(&full).map(|real| real.into_os_string().into_vec()).map_err(failed("resolve", &full))
        })
    }

    fn list<'a>(&'a self, path: &'a RelPath) -> Task<'a, Listing> {
        task(|| {
            let full = self.full(path);
            let mut listing = links::show(self.links, &full, list(&full)?);
            if self.one_file_system {
                mounts::leave_out(&self.root, &full, &mut listing).map_err(failed("list", &full))?;
            }
            Ok(listing)
        })
    }

    fn open<'a>(&'a self, path: &'a RelPath) -> Task<'a, Box<dyn ReadFile>> {
        task(|| {
            if let Ok(Some(link)) = self.link_file(path) {
                return Ok(Box::new(link) as Box<dyn ReadFile>);
            }
            let path = self.full(path);
            let file = File::open(&path).map_err(failed("open", &path))?;
            Ok(Box::new(LocalFile::new(file, path)) as Box<dyn ReadFile>)
        })
    }

    fn create<'a>(&'a self, path: &'a RelPath, mode: u32) -> Task<'a, Box<dyn WriteFile>> {
        task(move || {
            let created = self.place(path).and_then(|place| place.create(mode));
            let path = self.full(path);
            let file = created.map_err(failed("create", &path))?;
            Ok(Box::new(LocalFile::new(file, path)) as Box<dyn WriteFile>)
        })
    }

    fn reopen<'a>(&'a self, path: &'a RelPath) -> Task<'a, Box<dyn WriteFile>> {
        task(|| {
            let opened = self.place(path).and_then(|place| place.reopen());
            let path = self.full(path);
            let file = opened.map_err(failed("open", &path))?;
            Ok(Box::new(LocalFile::new(file, path)) as Box<dyn WriteFile>)
        })
    }

    fn replace<'a>(&'a self, from: &'a RelPath, to: &'a RelPath) -> Task<'a, ()> {
        task(|| {
            if self.links == Links::Translated
                && let Some(link) = links::behind(to)
            {
                let to = self.join(&link);
                let placed =
                    self.place(from).and_then(|from| from.replace_by_link(&Place::find(&self.root, &link)?));
                return placed.map_err(failed("make link", &to));
            }
            let renamed = self.place(from).and_then(|from| from.rename(&self.place(to)?));
            renamed.map_err(failed("rename to", &self.full(to)))
        })
    }

    fn take<'a>(&'a self, origin: &'a [u8], to: &'a RelPath) -> Task<'a, ()> {
        task(|| {
            let origin = Path::new(OsStr::from_bytes(origin));
            let taken = self.place(to).and_then(|place| place.take(origin));
            taken.map_err(failed("rename to", &self.full(to)))
        })
    }

    fn set_modified<'a>(&'a self, path: &'a RelPath, dates: Dates) -> Task<'a, ()> {
        task(move || {
            let times = timestamps(dates);
            let set = if path.is_root() {
                set_times(&self.root, &times)
            } else {
                self.place(path).and_then(|place| place.set_times(&times))
            };
            set.map_err(failed("set time of", &self.full(path)))
        })
    }

    fn set_details<'a>(&'a self, path: &'a RelPath, details: Details) -> Task<'a, ()> {
        task(move || {
            let opened = self.place(path).and_then(|place| place.open());
            let set = opened.and_then(|opened| set_details(&opened, &details));
            set.map_err(failed("set attributes of", &self.full(path)))
        })
    }

    fn remove_file<'a>(&'a self, path: &'a RelPath) -> Task<'a, ()> {
        task(|| {
            let removed = self.place(path).and_then(|place| place.remove_file());
            removed.map_err(failed("remove", &self.full(path)))
        })
    }

    fn make_dir<'a>(&'a self, path: &'a RelPath) -> Task<'a, ()> {
        task(|| {
            let made = if path.is_root() {
                fs::create_dir_all(&self.root)
            } else {
                self.place(path).and_then(|place| place.make_dir())
            };
            made.map_err(failed("make folder", &self.full(path)))
        })
    }

    fn sync_dir<'a>(&'a self, path: &'a RelPath) -> Task<'a, ()> {
        Box::pin(async {
            let full = self.full(path);
            let folder = full.clone();
            let synced =
                blocking::run(move || Ok(File::open(folder).and_then(|folder| folder.sync_all()))).await?;
            synced.map_err(failed("flush", &full))
        })
    }

    fn remove_dir<'a>(&'a self, path: &'a RelPath) -> Task<'a, ()> {
        task(|| {
            let removed = if path.is_root() {
                fs::remove_dir(&self.root)
            } else {
                self.place(path).and_then(|place| place.remove_dir())
            };
            removed.map_err(failed("remove folder", &self.join(path)))
        })
    }
}

/// Sets the times of whatever stands at a path, links not followed.
fn set_times(path: &Path, times: &Timestamps) -> io::Result<()> {
    rustix::fs::utimensat(rustix::fs::CWD, path, times, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(())
}

/// The path with every link resolved as far as there is anything.
fn real_path(path: &Path) -> io::Result<PathBuf> {
    match (fs::canonicalize(path), path.parent(), path.file_name()) {
        (Err(error), Some(parent), Some(name)) if is_missing(&error) => {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            Ok(real_path(parent)?.join(name))
        }
        (real, ..) => real,
    }
}

pub(super) fn timestamps(dates: Dates) -> Timestamps {
    Timestamps {
        last_access: timespec(dates.accessed.unwrap_or(dates.modified)),
        last_modification: timespec(dates.modified),
    }
}
