//! A tree of files behind SFTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join;

use super::attributes::{details_of, metadata_of, times_of};
use super::blocking;
use super::check_file::check_files;
use super::contract::{
    Dates, Features, FileType, Fs, Listing, Metadata, ReadFile, Settling, Task, Usage, WriteFile,
};
use super::details::Details;
use super::explanation::explain;
use super::remote_file::RemoteFile;
use super::remote_folder::{describe, follow_links, read_all, sort_out};
use super::replacement::Replacements;
use super::shell::Shell;
use crate::error::{Error, Kind, Result, Retry};
use crate::hash::{Digest, HashType};
use crate::path::RelPath;
use crate::sftp::{Access, Attributes, Client, Handle, NamedAttributes, Pool};

/// Folders up to this many are read by one server process: a login would take longer.
const FEW_FOLDERS: usize = 64;
/// Server processes that read folders when there are more.
const LISTERS: usize = 4;

/// What a user may set of how files are carried.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tuning {
    /// The most bytes in one request (`chunk_size`), where that is less than the server's own limit.
    pub chunk_size: Option<u32>,
    /// The most reads in flight for one file (`concurrency`, `disable_concurrent_reads`).
    pub reads: Option<usize>,
    /// The most writes in flight for one file (`concurrency`, `disable_concurrent_writes`).
    pub writes: Option<usize>,
}

/// Looks up under which addresses a server is reached, each with the user.
pub type LookUp = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// A folder of an SFTP server as the root of a tree. Symbolic links in it are followed.
pub struct Sftp {
    pool: Arc<Pool>,
    root: Vec<u8>,
    name: String,
    system: String,
    addresses: Option<LookUp>,
    shell: Option<Shell>,
    may_hash: bool,
    skips_links: bool,
    tuning: Tuning,
    replacements: Replacements,
    /// How many folders were read or are being read.
    listed: AtomicUsize,
    /// Whether the server ever listed a folder with its `.`; then every complete listing has one.
    lists_dot: AtomicBool,
}

impl Sftp {
    /// A tree below `root`: absolute, or relative to the folder the server logs in to. `name` is for log lines, for
    /// example `sftp://user@host:22`. No connection is made yet.
    pub fn new(pool: Arc<Pool>, root: &[u8], name: String, tuning: Tuning) -> Self {
        Self {
            pool,
            root: root.to_vec(),
            system: name.clone(),
            addresses: None,
            name,
            tuning,
            replacements: Replacements::default(),
            shell: None,
            may_hash: true,
            skips_links: false,
            listed: AtomicUsize::new(0),
            lists_dot: AtomicBool::new(false),
        }
    }

    /// The same tree with a way to run commands beside SFTP.
    #[must_use]
    pub fn with_shell(mut self, shell: Shell) -> Self {
        self.shell = Some(shell);
        self
    }

    /// The same tree, of which the server hashes no file (`disable_hashcheck`).
    #[must_use]
    pub fn without_hashes(mut self) -> Self {
        self.may_hash = false;
        self
    }

    /// The same tree without symbolic links and whatever else is neither file nor folder (`skip_links`).
    #[must_use]
    pub fn without_links(mut self) -> Self {
        self.skips_links = true;
        self
    }

    /// The same tree under another name of its system: by whatever, beside its address, it is reached.
    #[must_use]
    pub fn in_system(mut self, system: String) -> Self {
        self.system = system;
        self
    }

    /// The same tree of a server that others may know by another name.
    #[must_use]
    pub fn at_addresses(mut self, look_up: LookUp) -> Self {
        self.addresses = Some(look_up);
        self
    }

    fn full(&self, path: &RelPath) -> Vec<u8> {
        match (self.root.as_slice(), path.as_bytes()) {
            (b"", b"") => b".".to_vec(),
            (root, b"") => root.to_vec(),
            (b"", path) => path.to_vec(),
            (root, path) if root.ends_with(b"/") => [root, path].concat(),
            (root, path) => [root, b"/", path].concat(),
        }
    }

    fn file(&self, handle: Handle, path: Vec<u8>, access: Access, limit: u32) -> RemoteFile {
        let chunk = self.tuning.chunk_size.map_or(limit, |chunk| chunk.min(limit));
        RemoteFile::new(handle, path, access, chunk, self.tuning, Arc::clone(&self.pool))
    }

    async fn list_folder(&self, path: &[u8]) -> Result<Listing> {
        let client = self.lister().await?;
        let handle = client.open_dir(path).await.map_err(missing_folder)?;
        let names = read_all(&handle).await.map_err(|error| error.on(path))?;
        drop(handle);
        self.check_complete(&client, path, &names).await?;
        let names = describe(&client, path, names).await?;
        let (mut entries, refused) = sort_out(names, path);
        if self.skips_links {
            entries.retain(|entry| matches!(entry.metadata.file_type, FileType::File | FileType::Directory));
        }
        Ok(Listing { entries: follow_links(&client, path, entries).await?, refused })
    }

    /// The client to read the next folder with: beyond a few folders several take turns, because reading a folder
    /// keeps a server process busy.
    async fn lister(&self) -> Result<Client> {
        let number = self.listed.fetch_add(1, Ordering::Relaxed);
        let further = match (number % LISTERS).checked_sub(1) {
            Some(way) if number >= FEW_FOLDERS => self.pool.further(way).await.ok(),
            _ => None,
        };
        match further {
            Some(client) => Ok(client),
            None => self.pool.client().await,
        }
    }

    /// OpenSSH lists a folder that may be read but not searched as empty, without an error, and leaves out even `.`.
    async fn check_complete(&self, client: &Client, path: &[u8], names: &[NamedAttributes]) -> Result<()> {
        if names.iter().any(|entry| entry.name == b".") {
            self.lists_dot.store(true, Ordering::Relaxed);
            return Ok(());
        }
        client.lstat(&[path, b"/."].concat()).await.map_err(|error| {
            let reason = format!("the server listed it without its entries: {}", error.reason());
            Error::new(error.kind(), "list", reason).on(path)
        })?;
        if self.lists_dot.load(Ordering::Relaxed) {
            return Err(Error::new(Kind::Failure, "list", "the server ended the listing early").on(path));
        }
        Ok(())
    }

    /// Renames, and tells whether the old name is gone: some servers say that they did what they did not.
    async fn rename(&self, from: &[u8], to: &[u8]) -> Result<bool> {
        // Both are asked at once to save a round trip, so the answer may be from before the rename.
        let (renamed, left) = join(self.replacements.rename(&self.pool, from, to), self.look(from)).await;
        match renamed {
            Err(error) if error.kind() == Kind::PermissionDenied => Err(error.advice(
                "this user may rename nothing here, or not replace what stands there; --inplace needs no renaming",
            )),
            Err(error) => Err(self.explain(error, to).await),
            Ok(()) => Ok(left.is_err() || self.look(from).await.is_err()),
        }
    }

    async fn look(&self, path: &[u8]) -> Result<Metadata> {
        Ok(metadata_of(&self.pool.client().await?.lstat(path).await?))
    }

    /// A bare `FAILURE` says nothing; asks what stands there, or whether the disk is full.
    async fn explain(&self, error: Error, path: &[u8]) -> Error {
        explain(&self.pool, error, path).await
    }
}

fn missing_folder(error: Error) -> Error {
    if error.kind() == Kind::NotFound { error.with_kind(Kind::DirectoryNotFound) } else { error }
}

fn not_renamed(to: &[u8]) -> Error {
    let reason = "the server says that it did, but the file still has its old name";
    Error::new(Kind::Failure, "rename to", reason).on(to)
}

fn no_hash(hash: HashType) -> Error {
    Error::new(Kind::Unsupported, "hash", format!("the server cannot compute {hash}"))
        .advice("with --download the files are read and hashed here")
}

impl Fs for Sftp {
    fn describe(&self) -> String {
        let root = match self.root.as_slice() {
            [folder @ .., b'/'] if !folder.is_empty() => folder,
            root => root,
        };
        format!("{}/{}", self.name.trim_end_matches('/'), crate::path::escape(root))
    }

    fn system(&self) -> &str {
        &self.system
    }

    fn addresses(&self) -> Task<'_, Vec<String>> {
        match self.addresses.clone() {
            Some(look_up) => Box::pin(blocking::run(move || Ok(look_up()))),
            None => Box::pin(std::future::ready(Ok(Vec::new()))),
        }
    }

    fn full_path(&self, path: &RelPath) -> Vec<u8> {
        self.full(path)
    }

    fn precision(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn features(&self) -> Features {
        Features {
            lists_everything: true,
            folder_sizes: false,
            is_remote: true,
            user_attributes: false,
            skips_specials: false,
            leaves_out_mounts: false,
        }
    }

    fn hashes(&self) -> Vec<HashType> {
        match &self.shell {
            _ if !self.may_hash => Vec::new(),
            Some(shell) => shell.hashes(),
            // The server may offer `check-file`, which is known only once it is connected to.
            None => vec![HashType::Md5, HashType::Sha1],
        }
    }

    fn hash<'a>(&'a self, paths: &'a [RelPath], hash: HashType) -> Task<'a, Vec<Result<Digest>>> {
        Box::pin(async move {
            if !self.may_hash {
                return Err(no_hash(hash));
            }
            let full: Vec<_> = paths.iter().map(|path| self.full(path)).collect();
            if let Some(found) = check_files(&self.pool.client().await?, &full, hash).await? {
                return Ok(found);
            }
            let shell = self.shell.as_ref().ok_or_else(|| no_hash(hash))?;
            let found = shell.hash(&full, &self.root, hash).await?.ok_or_else(|| no_hash(hash))?;
            let unread =
                |path: &Vec<u8>| Error::new(Kind::Failure, "hash", "the server could not read it").on(path);
            Ok(found
                .into_iter()
                .zip(&full)
                .map(|(digest, path)| digest.ok_or_else(|| unread(path)))
                .collect())
        })
    }

    fn hash_beginning<'a>(&'a self, path: &'a RelPath, length: u64, hash: HashType) -> Task<'a, Digest> {
        Box::pin(async move {
            let shell = self.shell.as_ref().ok_or_else(|| no_hash(hash))?;
            let found = shell.hash_beginning(&self.full(path), length, &self.root, hash).await?;
            found.ok_or_else(|| no_hash(hash))
        })
    }

    fn usage(&self) -> Task<'_, Usage> {
        Box::pin(async {
            let path = self.full(&RelPath::root());
            let space = self.pool.client().await?.space(&path).await;
            match (space, &self.shell) {
                (Ok(space), _) => Ok(Usage {
                    total: space.total,
                    used: space.total.saturating_sub(space.free),
                    free: space.free,
                }),
                (Err(error), Some(shell)) if error.kind() == Kind::Unsupported => {
                    shell.usage(&path, &self.root).await?.ok_or(error)
                }
                (Err(error), _) => Err(error),
            }
        })
    }

    fn stat<'a>(&'a self, path: &'a RelPath) -> Task<'a, Metadata> {
        Box::pin(async { Ok(metadata_of(&self.pool.client().await?.stat(&self.full(path)).await?)) })
    }

    fn look_up<'a>(&'a self, path: &'a RelPath) -> Task<'a, Metadata> {
        Box::pin(async { self.look(&self.full(path)).await })
    }

    fn details<'a>(&'a self, path: &'a RelPath) -> Task<'a, Details> {
        Box::pin(async { Ok(details_of(&self.pool.client().await?.stat(&self.full(path)).await?)) })
    }

    fn real_path<'a>(&'a self, path: &'a RelPath) -> Task<'a, Vec<u8>> {
        Box::pin(async { real_path(&self.pool.client().await?, &self.full(path)).await })
    }

    fn list<'a>(&'a self, path: &'a RelPath) -> Task<'a, Listing> {
        Box::pin(async { self.list_folder(&self.full(path)).await })
    }

    fn open<'a>(&'a self, path: &'a RelPath) -> Task<'a, Box<dyn ReadFile>> {
        Box::pin(async {
            let client = self.pool.client().await?;
            let path = self.full(path);
            let chunk = client.limits().await?.read;
            let handle = client.open(&path, Access::Read, &Attributes::default()).await?;
            Ok(Box::new(self.file(handle, path, Access::Read, chunk)) as Box<dyn ReadFile>)
        })
    }

    fn create<'a>(&'a self, path: &'a RelPath, mode: u32) -> Task<'a, Box<dyn WriteFile>> {
        Box::pin(async move {
            let client = self.pool.client().await?;
            let path = self.full(path);
            let chunk = client.limits().await?.write;
            let attributes = Attributes { permissions: Some(mode), ..Attributes::default() };
            match client.open(&path, Access::CreateNew, &attributes).await {
                Ok(handle) => {
                    Ok(Box::new(self.file(handle, path, Access::Write, chunk)) as Box<dyn WriteFile>)
                }
                Err(error) => Err(self.explain(error, &path).await),
            }
        })
    }

    fn reopen<'a>(&'a self, path: &'a RelPath) -> Task<'a, Box<dyn WriteFile>> {
        Box::pin(async {
            let client = self.pool.client().await?;
            let path = self.full(path);
            let chunk = client.limits().await?.write;
            let handle = client.open(&path, Access::Write, &Attributes::default()).await?;
            Ok(Box::new(self.file(handle, path, Access::Write, chunk)) as Box<dyn WriteFile>)
        })
    }

    fn replace<'a>(&'a self, from: &'a RelPath, to: &'a RelPath) -> Task<'a, ()> {
        Box::pin(async {
            let (from, to) = (self.full(from), self.full(to));
            if self.rename(&from, &to).await? { Ok(()) } else { Err(not_renamed(&to)) }
        })
    }

    fn settle(&self) -> Settling<'_> {
        Box::pin(self.replacements.settle(&self.pool))
    }

    fn take<'a>(&'a self, origin: &'a [u8], to: &'a RelPath) -> Task<'a, ()> {
        Box::pin(async {
            let to = self.full(to);
            // Two names of one file both stay, as POSIX has it.
            let is_done =
                self.rename(origin, &to).await? || self.look(origin).await? == self.look(&to).await?;
            if is_done { Ok(()) } else { Err(not_renamed(&to)) }
        })
    }

    fn set_modified<'a>(&'a self, path: &'a RelPath, dates: Dates) -> Task<'a, ()> {
        Box::pin(async move {
            let full = self.full(path);
            let times = times_of(dates).map_err(|error| error.on(&full))?;
            let attributes = Attributes { times: Some(times), ..Attributes::default() };
            self.pool.client().await?.set_stat(&full, &attributes).await
        })
    }

    fn set_details<'a>(&'a self, path: &'a RelPath, details: Details) -> Task<'a, ()> {
        Box::pin(async move {
            let full = self.full(path);
            let client = self.pool.client().await?;
            let owner = details.owner.map(|owner| (owner.user, owner.group));
            let dates = details.modified.map(|modified| Dates { modified, accessed: details.accessed });
            let times = dates.map(times_of).transpose().map_err(|error| error.on(&full))?;
            let permissions = details.mode.map(|mode| mode & 0o777);
            let given = match owner {
                Some(_) => client.set_stat(&full, &Attributes { owner, ..Attributes::default() }).await,
                None => Ok(()),
            };
            let rest = Attributes { permissions, times, ..Attributes::default() };
            client.set_stat(&full, &rest).await.and(given)
        })
    }

    fn remove_file<'a>(&'a self, path: &'a RelPath) -> Task<'a, ()> {
        Box::pin(async { self.pool.client().await?.remove(&self.full(path)).await })
    }

    fn make_dir<'a>(&'a self, path: &'a RelPath) -> Task<'a, ()> {
        Box::pin(async {
            let client = self.pool.client().await?;
            let full = self.full(path);
            match make_dir(&client, &full).await {
                Err(error) if error.kind() == Kind::NotFound && path.is_root() => {
                    for ancestor in ancestors(&full) {
                        make_dir(&client, ancestor).await?;
                    }
                    make_dir(&client, &full).await
                }
                Err(error) => Err(self.explain(error, &full).await),
                Ok(()) => Ok(()),
            }
        })
    }

    fn sync_dir<'a>(&'a self, path: &'a RelPath) -> Task<'a, ()> {
        Box::pin(async {
            let client = self.pool.client().await?;
            // OpenSSH opens a folder as it opens a file, and flushes it as one.
            let flushed = async {
                let folder = client.open(&self.full(path), Access::Read, &Attributes::default()).await?;
                folder.sync().await
            };
            match flushed.await {
                Err(error) if error.retry() == Retry::Never => {
                    log::debug!("a folder is flushed to the server's disk when the server sees fit: {error}");
                    Ok(())
                }
                other => other,
            }
        })
    }

    fn remove_dir<'a>(&'a self, path: &'a RelPath) -> Task<'a, ()> {
        Box::pin(async {
            let client = self.pool.client().await?;
            let full = self.full(path);
            match client.remove_dir(&full).await {
                // The protocol has no "not empty"; look.
                Err(error) if error.kind() == Kind::Failure => match client.open_dir(&full).await {
                    Ok(handle) if read_all(&handle).await.is_ok_and(|names| has_entries(&names)) => {
                        Err(Error::new(Kind::NotEmpty, "remove folder", "directory not empty").on(&full))
                    }
                    _ => Err(error),
                },
                removed => removed,
            }
        })
    }
}

fn has_entries(names: &[NamedAttributes]) -> bool {
    names.iter().any(|entry| entry.name != b"." && entry.name != b"..")
}

/// The path with every link resolved as far as there is anything: servers resolve nothing that is missing.
async fn real_path(client: &Client, path: &[u8]) -> Result<Vec<u8>> {
    let cuts = path.iter().enumerate().rev().filter(|(_, byte)| **byte == b'/').map(|(cut, _)| cut);
    for end in std::iter::once(path.len()).chain(cuts) {
        let (known, missing) = path.split_at_checked(end).unwrap_or((path, b""));
        match client.real_path(if end == 0 { b"/" } else { known }).await {
            Ok(real) if missing.is_empty() => return Ok(real),
            Ok(real) => return Ok([real.strip_suffix(b"/").unwrap_or(&real), missing].concat()),
            Err(error) if error.kind() == Kind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok([&*client.real_path(b".").await?, b"/", path].concat())
}

async fn make_dir(client: &Client, path: &[u8]) -> Result<()> {
    let Err(error) = client.make_dir(path).await else { return Ok(()) };
    // The protocol has no "exists"; look.
    match client.stat(path).await.map(|found| metadata_of(&found).file_type) {
        Ok(FileType::Directory) => Ok(()),
        Ok(_) => Err(Error::new(Kind::NotADirectory, "make folder", "a file stands there").on(path)),
        Err(_) => Err(error),
    }
}

/// The folders that hold `path`, outermost first.
fn ancestors(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let cuts = path.iter().enumerate().filter(|(cut, byte)| **byte == b'/' && *cut > 0);
    cuts.filter_map(|(cut, _)| path.get(..cut))
}
