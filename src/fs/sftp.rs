//! A tree of files behind SFTP.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;

use super::attributes::{details_of, metadata_of, times_of};
use super::blocking;
use super::check_file::check_files;
use super::compound::{flush_dir, make_dir, make_dirs, real_path, remove_dir};
use super::contract::{Dates, Features, Fs, Listing, Metadata, ReadFile, Settling, Task, Usage, WriteFile};
use super::details::Details;
use super::explanation::explain;
use super::lister::Lister;
use super::remote_file::RemoteFile;
use super::replacement::Replacements;
use super::shell::Shell;
use crate::error::{Error, Kind, Result};
use crate::hash::{Digest, HashType};
use crate::path::RelPath;
use crate::sftp::{Access, Attributes, Handle, Pool};

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
    lister: Lister,
    tuning: Tuning,
    replacements: Replacements,
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
            lister: Lister::default(),
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
        self.lister.skips_links = true;
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
        Box::pin(async { self.lister.list(&self.pool, &self.full(path)).await })
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
                    make_dirs(&client, &full).await
                }
                Err(error) => Err(self.explain(error, &full).await),
                Ok(()) => Ok(()),
            }
        })
    }

    fn sync_dir<'a>(&'a self, path: &'a RelPath) -> Task<'a, ()> {
        Box::pin(async { flush_dir(&self.pool.client().await?, &self.full(path)).await })
    }

    fn remove_dir<'a>(&'a self, path: &'a RelPath) -> Task<'a, ()> {
        Box::pin(async { remove_dir(&self.pool.client().await?, &self.full(path)).await })
    }
}
