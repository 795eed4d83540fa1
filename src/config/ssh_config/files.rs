//! Which files are read, and whether they may be.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::config::environment::Environment;
use crate::error::{Error, Kind, Result};

/// No file is larger.
const MAX_FILE_SIZE: u64 = 1024 * 1024;

/// Which files are read (the option `ssh_config`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Files {
    /// `~/.ssh/config`, then `/etc/ssh/ssh_config`.
    #[default]
    Default,
    /// This one alone, as with `ssh -F`.
    One(PathBuf),
    /// None.
    Off,
}

impl Files {
    /// The files in their order.
    pub fn paths(&self, environment: &Environment) -> Vec<(PathBuf, Owner)> {
        let own = environment.home().map(|home| (home.join(".ssh/config"), Owner::User));
        match self {
            Self::Default => own.into_iter().chain([(PathBuf::from(SYSTEM_FILE), Owner::System)]).collect(),
            Self::One(path) => vec![(path.clone(), Owner::Named)],
            Self::Off => Vec::new(),
        }
    }

    /// What `ssh -F` is to be given, so that it reads the same; `None` where it does so by itself.
    pub fn for_ssh(&self, environment: &Environment) -> Option<PathBuf> {
        match self {
            Self::Default => {
                let own = environment.moved_home().map(|home| home.join(".ssh/config"));
                own.filter(|path| path.exists())
            }
            Self::One(path) => Some(path.clone()),
            Self::Off => Some(PathBuf::from("none")),
        }
    }
}

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The user's.
    User,
    /// The user's, and named for this run: who else may write to it is their affair, as with `ssh -F`.
    Named,
    /// The machine's.
    System,
}

const SYSTEM_FILE: &str = "/etc/ssh/ssh_config";

/// The content of a file; `None` if there is none. The user's own must be such that nobody else can write commands into
/// it, as `ssh` insists.
pub(super) fn load(path: &Path, must_be_safe: bool) -> Result<Option<Vec<u8>>> {
    let failed = |error| Error::from_io("read", error).with_kind(Kind::Config);
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let metadata = file.metadata().map_err(failed)?;
    let owners = [0, rustix::process::getuid().as_raw()];
    if must_be_safe && (!owners.contains(&metadata.uid()) || metadata.mode() & 0o022 != 0) {
        return Err(Error::new(
            Kind::Config,
            "read",
            "others can write to it, and so could have any command run",
        )
        .advice("make it your own with chown, and run chmod go-w on it"));
    }
    let mut content = Vec::new();
    file.take(MAX_FILE_SIZE.saturating_add(1)).read_to_end(&mut content).map_err(failed)?;
    if u64::try_from(content.len()).is_ok_and(|length| length > MAX_FILE_SIZE) {
        return Err(Error::new(Kind::Config, "read", "it is larger than 1 MiB"));
    }
    Ok(Some(content))
}
