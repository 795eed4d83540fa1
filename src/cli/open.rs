//! From an argument, `remote:path` or a local path, to the tree it names.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::config_store;
use super::context::Ctx;
use crate::config::resolve::{Resolved, resolve};
use crate::config::sources::Sources;
use crate::error::{Error, Kind, Result};
use crate::fs::{FileType, Fs, Local, Metadata, Sftp, Shell, ShellSettings};
use crate::hash::HashType;
use crate::path::{Name, RelPath};
use crate::sftp::Pool;
use crate::ssh::{Factory, Surroundings};

/// What an argument names: a tree, whose root may turn out to be a file.
pub struct Place {
    /// The tree below the path.
    pub tree: Arc<dyn Fs>,
    /// The tree below the folder that holds the path, and the path's name in it; `None` where it can be no file.
    holder: Option<(Arc<dyn Fs>, Name)>,
}

impl Place {
    /// The name of the file and what it is, if the path names a file.
    ///
    /// # Errors
    /// The path cannot be looked up.
    pub async fn as_file(&self) -> Result<Option<(Name, Metadata)>> {
        let Some((_, name)) = &self.holder else { return Ok(None) };
        let found = self.tree.stat(&RelPath::root()).await?;
        Ok((found.file_type != FileType::Directory).then(|| (name.clone(), found)))
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

    /// What a copy writes into.
    ///
    /// # Errors
    /// A file stands there, or the path cannot be looked up.
    pub async fn as_destination(&self) -> Result<Arc<dyn Fs>> {
        match self.as_file().await {
            Ok(Some(_)) => Err(Error::new(Kind::NotADirectory, "write into", "is a file not a directory")
                .on(self.tree.describe())
                .advice("name the folder that holds it")),
            Err(error) if error.kind() != Kind::NotFound => Err(error),
            _ => Ok(Arc::clone(&self.tree)),
        }
    }
}

/// Opens what `argument` names. Nothing is looked at and no connection made yet.
///
/// # Errors
/// The argument cannot be read, the remote is not known, or one of its options is wrong.
pub fn open(ctx: &Ctx, argument: &OsStr) -> Result<Place> {
    let store = config_store::open(ctx)?;
    let sources = Sources {
        store: &store,
        environment: &ctx.settings.environment,
        flags: &ctx.settings.backend_flags,
        defaults: &BTreeMap::new(),
    };
    match resolve(argument.as_bytes(), &sources)? {
        Resolved::Local { path } => Ok(open_local(&path)),
        Resolved::Sftp { name, options, path } => {
            let factory = Arc::new(Factory::new(&name, *options, surroundings(ctx))?);
            let address = factory.address();
            let shell = shell(&factory)?;
            let pool = Arc::new(Pool::new(Arc::new(move || factory.connect()), ctx.settings.timeout));
            let tree = |root: &[u8]| {
                let tree = Sftp::new(Arc::clone(&pool), root, address.clone());
                Arc::new(match &shell {
                    Some(shell) => tree.with_shell(shell.clone()),
                    None => tree,
                }) as Arc<dyn Fs>
            };
            Ok(place(&path, tree))
        }
    }
}

fn open_local(path: &Path) -> Place {
    place(path.as_os_str().as_bytes(), |root| {
        let root: &[u8] = if root.is_empty() { b"." } else { root };
        Arc::new(Local::new(OsStr::from_bytes(root)))
    })
}

/// The shell beside SFTP, unless the options say that there is none this program can speak to.
fn shell(factory: &Arc<Factory>) -> Result<Option<Shell>> {
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

fn surroundings(ctx: &Ctx) -> Surroundings {
    let environment = &ctx.settings.environment;
    Surroundings {
        home: environment.home().cloned(),
        agent_socket: environment.os("SSH_AUTH_SOCK").filter(|path| !path.is_empty()).map(PathBuf::from),
        connect_timeout: ctx.settings.connect_timeout,
        timeout: ctx.settings.timeout,
        questions: Arc::clone(&ctx.questions),
        cancel: ctx.cancel.clone(),
    }
}

/// A path that ends in a slash is a folder; so is the root, and `.` and `..` at the end.
fn place(path: &[u8], tree: impl Fn(&[u8]) -> Arc<dyn Fs>) -> Place {
    let cut = path.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash.saturating_add(1));
    let holder =
        path.split_at_checked(cut).and_then(|(folder, name)| Some((tree(folder), Name::new(name).ok()?)));
    Place { tree: tree(path), holder }
}
