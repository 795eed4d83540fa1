//! From an argument, `remote:path` or a local path, to the tree it names.

use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::context::Ctx;
use super::pinning::save_pin;
use super::remote_name::RemoteName;
use super::{certificate_end, config_store};
use crate::config::resolve::{Resolved, resolve};
use crate::config::secret::Secret;
use crate::config::sftp_options::SftpOptions;
use crate::config::store::Store;
use crate::error::{Error, Kind, Result};
use crate::fs::{FileType, Fs, Links, Local, LookUp, Metadata, Sftp, Shell, ShellSettings, Tuning};
use crate::hash::HashType;
use crate::path::{Name, RelPath};
use crate::sftp::Pool;
use crate::ssh::dial::Route;
use crate::ssh::{Approach, Factory, Surroundings};
use crate::transfer::{Stats, Verify};

/// What an argument names: a tree, whose root may turn out to be a file.
pub struct Place {
    /// What programs are told it is called.
    pub name: RemoteName,
    /// The tree below the path.
    pub tree: Arc<dyn Fs>,
    /// The tree below the folder that holds the path, and the path's name in it; `None` where it can be no file.
    holder: Option<(Arc<dyn Fs>, Name)>,
    /// When the certificate of its remote ends, in seconds since 1970.
    certificate_end: Option<u64>,
    /// What its remote says about comparing files that have arrived.
    verify: Option<Verify>,
    /// Estimates how long the job takes.
    stats: Stats,
    /// The argument, if filters are set: they cannot choose within a single file.
    filtered: Option<String>,
}

impl Place {
    /// Warns if the job that begins now may outlive the certificate that logs in.
    pub fn warn_of_certificate_end(&self) {
        if let Some(end) = self.certificate_end {
            certificate_end::watch(&self.tree.describe(), end, &self.stats);
        }
    }

    /// What its remote says about comparing files that have arrived (`verify`).
    pub const fn verify(&self) -> Option<Verify> {
        self.verify
    }

    /// The name of the file and what it is, if the path names a file that a command is to read.
    ///
    /// # Errors
    /// The path cannot be looked up; [`Kind::Config`] if it names a file and filters are set.
    pub async fn as_file(&self) -> Result<Option<(Name, Metadata)>> {
        match (self.find_file().await?, &self.filtered) {
            (Some(_), Some(argument)) => {
                let reason = "can't limit to single files when using filters";
                Err(Error::new(Kind::Config, "read", reason).on(argument))
            }
            (found, _) => Ok(found),
        }
    }

    /// The name of the file and what it is, if the path names a file, whatever the filters say.
    ///
    /// # Errors
    /// The path cannot be looked up.
    pub async fn find_file(&self) -> Result<Option<(Name, Metadata)>> {
        let Some((_, name)) = &self.holder else { return Ok(None) };
        let found = self.tree.stat(&RelPath::root()).await?;
        Ok((found.file_type != FileType::Directory).then(|| (name.clone(), found)))
    }

    /// The tree below the folder that holds the path, and the path in it; `None` where the path can name no file.
    pub fn in_holder(&self) -> Option<(Arc<dyn Fs>, RelPath)> {
        self.holder.as_ref().map(|(holder, name)| (Arc::clone(holder), RelPath::root().join(name)))
    }

    /// Whether the path itself is a symbolic link. One that ends in a slash asks for what a link leads to.
    pub async fn is_link(&self) -> bool {
        let Some((holder, path)) = self.in_holder() else { return false };
        holder.look_up(&path).await.is_ok_and(|found| found.file_type == FileType::Symlink)
    }

    /// What a copy reads: the tree, or the folder that holds the one file to copy and that file's name.
    ///
    /// # Errors
    /// The path cannot be looked up; [`Kind::DirectoryNotFound`] if nothing is there.
    pub async fn as_source(&self) -> Result<(Arc<dyn Fs>, Option<Name>)> {
        match (self.as_file().await, &self.holder) {
            (Ok(Some(_)), Some((holder, name))) => Ok((Arc::clone(holder), Some(name.clone()))),
            (Ok(_), _) => Ok((Arc::clone(&self.tree), None)),
            (Err(error), _) if error.kind() == Kind::NotFound => {
                Err(error.with_kind(Kind::DirectoryNotFound))
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Where a file is to be written: the folder that holds it, and its name.
    ///
    /// # Errors
    /// The path can only be a folder.
    pub fn as_new_file(&self, argument: &[u8]) -> Result<(Arc<dyn Fs>, Name)> {
        match &self.holder {
            Some((holder, name)) if !argument.ends_with(b"/") => Ok((Arc::clone(holder), name.clone())),
            _ => Err(Error::new(Kind::IsADirectory, "write", "it is a directory")
                .on(argument)
                .advice("name the file, without a slash behind it")),
        }
    }

    /// What a copy writes into.
    ///
    /// # Errors
    /// A file stands there, or the path cannot be looked up.
    pub async fn as_destination(&self) -> Result<Arc<dyn Fs>> {
        match self.find_file().await {
            Ok(Some(_)) => Err(Error::new(Kind::NotADirectory, "write into", "is a file not a directory")
                .on(self.tree.describe())
                .advice("name the folder that holds it")),
            Err(error) if error.kind() != Kind::NotFound => Err(error),
            _ => Ok(Arc::clone(&self.tree)),
        }
    }
}

/// Opens what `argument` names. No connection is made yet.
///
/// # Errors
/// The argument cannot be read, the remote is not known, or one of its options is wrong.
pub fn open(ctx: &Ctx, argument: &OsStr) -> Result<Place> {
    open_seeing(ctx, argument, Some(ctx.settings.links))
}

/// Opens what `argument` names with everything in it shown as it is, whatever is set for links.
///
/// # Errors
/// As for [`open`].
pub fn open_as_it_is(ctx: &Ctx, argument: &OsStr) -> Result<Place> {
    open_seeing(ctx, argument, None)
}

/// `links` are those of this machine; without a word about them nothing is hidden on servers either.
fn open_seeing(ctx: &Ctx, argument: &OsStr, links: Option<Links>) -> Result<Place> {
    let store = config_store::open(ctx)?;
    let is_filtered = ctx.settings.filter.is_active();
    let filtered = is_filtered.then(|| argument.to_string_lossy().into_owned());
    let place = match resolve(argument.as_bytes(), &config_store::sources(ctx, &store))? {
        Resolved::Local { path } => open_local(ctx, &path, links.unwrap_or_default()),
        Resolved::Sftp { name: remote, options, path, .. } => {
            let (tuning, verify) = (tuning(&options), options.verify.as_deref().map(verify));
            let connections = options.connections.and_then(|most| usize::try_from(most).ok());
            let factory = Arc::new(pinning_factory(ctx, &remote, *options, store)?);
            let shell = shell(&factory)?;
            let skips_links = links.is_some() && factory.options().skip_links;
            let may_hash = !factory.options().disable_hashcheck;
            let (address, end) = (factory.address(), factory.certificate_end());
            let system = format!("{address}{}", way_to(factory.options()));
            let look_up: LookUp = {
                let factory = Arc::clone(&factory);
                Arc::new(move || addresses(&factory))
            };
            let pool = Pool::new(Arc::new(move || factory.connect()), ctx.settings.timeout, connections);
            let pool = Arc::new(pool.with_pace(ctx.pace.clone()));
            let tree = |root: &[u8]| {
                let tree = Sftp::new(Arc::clone(&pool), root, address.clone(), tuning);
                let tree = tree.in_system(system.clone()).at_addresses(Arc::clone(&look_up));
                let tree = if skips_links { tree.without_links() } else { tree };
                let tree = if may_hash { tree } else { tree.without_hashes() };
                Arc::new(match &shell {
                    Some(shell) => tree.with_shell(shell.clone()),
                    None => tree,
                }) as Arc<dyn Fs>
            };
            Place { certificate_end: end, verify, ..place(RemoteName::sftp(&remote, &path), &path, tree) }
        }
    };
    Ok(Place { filtered, stats: ctx.stats.clone(), ..place })
}

/// What makes connections to the server that `argument` names.
///
/// # Errors
/// As for [`open`]; [`Kind::Usage`] for a path of this machine.
pub fn factory(ctx: &Ctx, argument: &OsStr) -> Result<Factory> {
    let store = config_store::open(ctx)?;
    match resolve(argument.as_bytes(), &config_store::sources(ctx, &store))? {
        Resolved::Sftp { name, options, .. } => Factory::new(&name, *options, surroundings(ctx)),
        Resolved::Local { .. } => Err(Error::new(Kind::Usage, "use remote", "it is no SFTP server")
            .on(argument.as_bytes())
            .advice("name a remote of type sftp, with a colon behind it")),
    }
}

/// What makes connections to a server and keeps its key where that is wanted.
pub(super) fn pinning_factory(ctx: &Ctx, name: &str, options: SftpOptions, store: Store) -> Result<Factory> {
    let factory = Factory::new(name, options, surroundings(ctx))?;
    Ok(match save_pin(name, store, ctx.settings.dry_run) {
        Some(save) => factory.on_new_pin(save),
        None => factory,
    })
}

fn open_local(ctx: &Ctx, path: &Path, links: Links) -> Place {
    let settings = &ctx.settings;
    let path = without_slash_of_file(path.as_os_str().as_bytes());
    place(RemoteName::local(path), path, |root| {
        let root: &[u8] = if root.is_empty() { b"." } else { root };
        let tree = Local::new(OsStr::from_bytes(root)).with_links(links);
        let tree = tree.on_one_file_system(settings.one_file_system);
        Arc::new(tree.skipping_specials(settings.skip_specials))
    })
}

/// The path without a slash at its end if a file stands there: as for rclone, `file/` is the file on this machine.
fn without_slash_of_file(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|&byte| byte != b'/').map_or(0, |last| last.saturating_add(1));
    let bare = path.get(..end).unwrap_or(path);
    let is_file = || std::fs::symlink_metadata(OsStr::from_bytes(bare)).is_ok_and(|found| found.is_file());
    if bare.len() < path.len() && is_file() { bare } else { path }
}

/// Under which addresses a server is reached, each with the user; none where something stands between, or if its name cannot
/// be looked up. Blocks meanwhile.
fn addresses(factory: &Factory) -> Vec<String> {
    let approach = Approach::new(factory);
    if !factory.options().ssh.is_empty() || !matches!(approach.route(), Route::Direct) {
        return Vec::new();
    }
    let found = approach.addresses().inspect_err(|error| log::debug!("{error}")).unwrap_or_default();
    found.iter().map(|address| format!("{}@{address}", approach.target().user)).collect()
}

/// What beside its address tells one server from another: behind another proxy the same address may mean another one.
fn way_to(options: &SftpOptions) -> String {
    let mut proxies = DefaultHasher::new();
    for proxy in [&options.socks_proxy, &options.http_proxy] {
        proxy.as_ref().map(Secret::expose).hash(&mut proxies);
    }
    (&options.ssh, &options.proxy_jump, &options.proxy_command).hash(&mut proxies);
    format!("{:x}", proxies.finish())
}

/// One of the two words of the option `verify`.
fn verify(what: &str) -> Verify {
    if what == "hash" { Verify::Hash } else { Verify::Size }
}

/// rclone's defaults for chunk size and concurrency are far below what servers take, so only what was set counts.
fn tuning(options: &SftpOptions) -> Tuning {
    let concurrency =
        options.is_set("concurrency").then(|| usize::try_from(options.concurrency).unwrap_or(usize::MAX));
    let chunk_size =
        options.is_set("chunk_size").then(|| u32::try_from(options.chunk_size).unwrap_or(u32::MAX));
    Tuning {
        chunk_size,
        reads: if options.disable_concurrent_reads { Some(1) } else { concurrency },
        writes: if options.disable_concurrent_writes { Some(1) } else { concurrency },
    }
}

/// The shell beside SFTP, unless the options say that there is none this program can speak to.
pub(super) fn shell(factory: &Arc<Factory>) -> Result<Option<Shell>> {
    let options = factory.options();
    if options.shell_type.as_deref().is_some_and(|shell| shell != "unix") {
        return Ok(None);
    }
    let hash = |name: &str| {
        name.parse::<HashType>()
            .map_err(|reason| Error::new(Kind::Config, "read option", reason).on("hashes"))
    };
    let settings = ShellSettings {
        hashes: options.hashes.iter().map(|name| hash(name)).collect::<Result<_>>()?,
        commands: options
            .hash_commands
            .iter()
            .map(|(name, command)| Ok((hash(name)?, command.clone())))
            .collect::<Result<_>>()?,
        path_override: options.path_override.clone(),
        no_hashes: options.disable_hashcheck,
    };
    let factory = Arc::clone(factory);
    Ok(Some(Shell::new(Arc::new(move |command, input| factory.execute(command, input)), settings)))
}

pub(super) fn surroundings(ctx: &Ctx) -> Surroundings {
    let environment = &ctx.settings.environment;
    Surroundings {
        home: environment.home().cloned(),
        config: ctx.settings.config.clone().map(PathBuf::from),
        agent_socket: environment.os("SSH_AUTH_SOCK").filter(|path| !path.is_empty()).map(PathBuf::from),
        connect_timeout: ctx.settings.connect_timeout,
        timeout: ctx.settings.timeout,
        questions: Arc::clone(&ctx.questions),
        cancel: ctx.cancel.clone(),
    }
}

/// A path that ends in a slash is a folder; so is the root, and `.` and `..` at the end.
fn place(name: RemoteName, path: &[u8], tree: impl Fn(&[u8]) -> Arc<dyn Fs>) -> Place {
    let cut = path.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash.saturating_add(1));
    let holder =
        path.split_at_checked(cut).and_then(|(folder, name)| Some((tree(folder), Name::new(name).ok()?)));
    Place {
        name,
        tree: tree(path),
        holder,
        certificate_end: None,
        verify: None,
        stats: Stats::new(),
        filtered: None,
    }
}
