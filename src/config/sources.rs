//! Where the options of a remote come from, and which source counts when several have one.

use std::collections::BTreeMap;
use std::fmt;

use crate::error::{Error, Kind, Result};

use super::environment::Environment;
use super::option_table::OPTIONS;
use super::remote::Spec;
use super::store::Store;

/// Everything a remote's options may come from besides the argument that names it.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The configuration file.
    pub store: &'a Store,
    /// The variables of the process.
    pub environment: &'a Environment,
    /// Flags of the command line by option name: `--sftp-key-file` is `key_file`.
    pub flags: &'a BTreeMap<String, String>,
    /// Values for options nothing else sets, by option name.
    pub defaults: &'a BTreeMap<String, String>,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag of the command line.
    Flag,
    /// This environment variable.
    Variable(String),
    /// The argument that names the remote.
    Argument,
    /// The configuration file.
    File,
    /// This line of OpenSSH's client configuration.
    SshConfig(String),
    /// The settings.
    Settings,
}

/// A remote that can be named: `name:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteEntry {
    /// Its name, without the colon.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Its `description`; empty if it has none.
    pub description: String,
    /// Whether it stands in the environment, not in the file.
    pub from_environment: bool,
}

impl Sources<'_> {
    /// The value that was given for one option and where it came from: flag, environment, argument, file, in this order.
    ///
    /// An empty value counts as one, except in the file, where it says nothing.
    ///
    /// # Errors
    /// [`Kind::Config`] for an environment variable that is not UTF-8.
    pub fn option(&self, remote: &Spec, key: &str) -> Result<Option<(String, Origin)>> {
        if let Some(value) = self.flags.get(key) {
            return Ok(Some((value.clone(), Origin::Flag)));
        }
        if let Some(found) = self.variable(remote, key)? {
            return Ok(Some(found));
        }
        if let Some(value) = remote.parameter(key) {
            return Ok(Some((value.to_owned(), Origin::Argument)));
        }
        Ok(self.file(remote, key).map(|value| (value, Origin::File)))
    }

    /// The value of an option that nothing gives.
    pub fn default(&self, key: &str) -> Option<(String, Origin)> {
        self.defaults.get(key).map(|value| (value.clone(), Origin::Settings))
    }

    /// The value of a key that belongs to one remote alone, such as its type: environment, argument or file.
    ///
    /// # Errors
    /// [`Kind::Config`] for an environment variable that is not UTF-8.
    pub fn key(&self, remote: &Spec, key: &str) -> Result<Option<String>> {
        let variable = self.remote_variable(remote, key)?.map(|(value, _)| value);
        let argument = || remote.parameter(key).map(str::to_owned);
        Ok(variable.or_else(argument).or_else(|| self.file(remote, key)))
    }

    /// All remotes: those of the environment, then those of the file in its order. One without a type is none.
    pub fn remotes(&self) -> Vec<RemoteEntry> {
        let mut entries: Vec<RemoteEntry> = Vec::new();
        let from_environment = self.environment.names().filter_map(environment_remote);
        let from_file = self.store.document().sections().into_iter().map(|name| (name.to_owned(), false));
        for (name, from_environment) in from_environment.map(|name| (name, true)).chain(from_file) {
            let spec = Spec { name, on_the_fly: false, parameters: Vec::new(), path: Vec::new() };
            let value = |key| self.key(&spec, key).ok().flatten().unwrap_or_default();
            let (kind, description) = (value("type"), value("description"));
            if !kind.is_empty() && entries.iter().all(|entry| entry.name != spec.name) {
                entries.push(RemoteEntry { name: spec.name, kind, description, from_environment });
            }
        }
        entries
    }

    /// Variables of this remote, then variables of all remotes of its type; ours before rclone's.
    fn variable(&self, remote: &Spec, key: &str) -> Result<Option<(String, Origin)>> {
        if let Some(found) = self.remote_variable(remote, key)? {
            return Ok(Some(found));
        }
        let names = PREFIXES.map(|prefix| format!("{prefix}_SFTP_{}", variable_part(key)));
        self.first_variable(names)
    }

    fn remote_variable(&self, remote: &Spec, key: &str) -> Result<Option<(String, Origin)>> {
        if remote.on_the_fly {
            return Ok(None);
        }
        let name = remote.name.to_uppercase();
        self.first_variable(PREFIXES.map(|prefix| format!("{prefix}_CONFIG_{name}_{}", variable_part(key))))
    }

    fn first_variable(&self, names: [String; 2]) -> Result<Option<(String, Origin)>> {
        for name in names {
            if let Some(value) = self.environment.raw(&name) {
                let text = value.to_str().ok_or_else(|| {
                    Error::new(Kind::Config, "read environment variable", "its value is not UTF-8").on(&name)
                })?;
                return Ok(Some((text.to_owned(), Origin::Variable(name))));
            }
        }
        Ok(None)
    }

    fn file(&self, remote: &Spec, key: &str) -> Option<String> {
        let value = self.store.document().get(&remote.name, key).filter(|_| !remote.on_the_fly);
        value.filter(|value| !value.is_empty())
    }
}

const PREFIXES: [&str; 2] = ["SCLONE", "RCLONE"];

fn variable_part(key: &str) -> String {
    key.to_uppercase().replace('-', "_")
}

/// The remote that `RCLONE_CONFIG_NAME_TYPE` makes, in lower case.
fn environment_remote(variable: &str) -> Option<String> {
    let rest = PREFIXES.iter().find_map(|prefix| variable.strip_prefix(prefix)?.strip_prefix("_CONFIG_"))?;
    rest.strip_suffix("_TYPE").filter(|name| !name.is_empty()).map(str::to_lowercase)
}

/// Refuses options that type `sftp` does not have, naming the nearest it has.
pub(super) fn check_option_names<'a>(names: impl IntoIterator<Item = &'a str>, place: &str) -> Result<()> {
    for name in names {
        if OPTIONS.iter().all(|option| option.name != name) {
            let error =
                Error::new(Kind::Config, "use option", format!("there is none of this name, in {place}"))
                    .on(name);
            return Err(match super::sftp_options::nearest(name) {
                Some(nearest) => error.advice(format!("did you mean {nearest}?")),
                None => error,
            });
        }
    }
    Ok(())
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("the command line"),
            Self::Variable(name) => write!(f, "${name}"),
            Self::Argument => f.write_str("the argument"),
            Self::File => f.write_str("the configuration file"),
            Self::SshConfig(place) => f.write_str(place),
            Self::Settings => f.write_str("the settings"),
        }
    }
}
