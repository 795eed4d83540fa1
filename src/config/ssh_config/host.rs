//! What is known of one host in the end: values for the options of a remote, and what no option can say.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::keyword::Keyword;
use super::reading::{Place, Reading, Value};
use super::tokens::{Tokens, fill_host_name, home_path};
use crate::error::{Error, Result};

/// The key files that `ssh` tries where no `IdentityFile` is named, in `~/.ssh`.
const DEFAULT_IDENTITIES: [&str; 5] = ["id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"];

/// The keywords that set no option of a remote.
pub const BEYOND_OPTIONS: [Keyword; 7] = [
    Keyword::CertificateFile,
    Keyword::GlobalKnownHostsFile,
    Keyword::HostKeyAlias,
    Keyword::IdentitiesOnly,
    Keyword::IdentityAgent,
    Keyword::IdentityFile,
    Keyword::UserKnownHostsFile,
];

/// Which agent is asked (`IdentityAgent`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Agent {
    /// That of `SSH_AUTH_SOCK`.
    #[default]
    Environment,
    /// None.
    Off,
    /// The one behind this socket.
    Socket(PathBuf),
}

/// The private key files to try, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityFiles {
    /// Those of `IdentityFile`; empty for `none`.
    Named(Vec<PathBuf>),
    /// Those `ssh` looks for by itself.
    Usual(Vec<PathBuf>),
}

impl IdentityFiles {
    /// The files.
    pub fn paths(&self) -> &[PathBuf] {
        match self {
            Self::Named(paths) | Self::Usual(paths) => paths,
        }
    }

    /// Whether somebody named them.
    pub const fn are_named(&self) -> bool {
        matches!(self, Self::Named(_))
    }
}

/// A host, with every token filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostEntry {
    /// The name it was asked for by.
    pub name: String,
    /// The private keys.
    pub identity_files: IdentityFiles,
    /// The certificates; empty to look beside the keys.
    pub certificate_files: Vec<PathBuf>,
    /// Whether the agent's keys that no file names are left alone.
    pub identities_only: bool,
    /// The agent.
    pub agent: Agent,
    /// The user's files of known host keys, if they are not the usual ones; empty for none.
    pub user_known_hosts: Option<Vec<PathBuf>>,
    /// The files of all users, if they are not the usual ones.
    pub global_known_hosts: Option<Vec<PathBuf>>,
    /// The name that the host key is looked up by.
    pub host_key_alias: Option<String>,
}

/// The values of a remote's options that the host sets, by option name, with their places.
///
/// # Errors
/// `HostName` has a token that makes no sense there.
pub fn options(name: &str, reading: &Reading) -> Result<BTreeMap<&'static str, (String, Place)>> {
    let mut options = BTreeMap::new();
    let plain = [
        ("user", Keyword::User),
        ("port", Keyword::Port),
        ("host_key_policy", Keyword::StrictHostKeyChecking),
    ];
    for (option, keyword) in plain {
        if let Some(value) = reading.value(keyword) {
            options.insert(option, (value.text.clone(), value.place.clone()));
        }
    }
    if let Some(value) = reading.value(Keyword::HostName) {
        let host = fill_host_name(&value.text, name).map_err(|error| at(error, value))?;
        options.insert("host", (host, value.place.clone()));
    }
    if let Some((option, value)) = proxy(reading) {
        options.insert(option, (value.text.clone(), value.place.clone()));
    }
    Ok(options)
}

/// `ProxyJump` or `ProxyCommand`, of which one at most says more than `none`.
fn proxy(reading: &Reading) -> Option<(&'static str, &Value)> {
    let jump = reading.value(Keyword::ProxyJump).map(|value| ("proxy_jump", value));
    let command = reading.value(Keyword::ProxyCommand).map(|value| ("proxy_command", value));
    jump.into_iter().chain(command).find(|(_, value)| !value.is_none())
}

impl HostEntry {
    /// Fills in what the host says.
    ///
    /// # Errors
    /// A path has a token that is not known, or a variable that is not set; the error names the line.
    pub fn new(reading: &Reading, tokens: Tokens<'_>) -> Result<Self> {
        let alias = reading.value(Keyword::HostKeyAlias).map(|value| value.text.to_lowercase());
        let tokens = Tokens { key_alias: alias.as_deref().unwrap_or(tokens.key_alias), ..tokens };
        let home = tokens.environment.home();
        let identity_files = match paths(reading, Keyword::IdentityFile, &tokens)? {
            Some(paths) => IdentityFiles::Named(paths),
            None => IdentityFiles::Usual(home.map_or_else(Vec::new, |home| {
                DEFAULT_IDENTITIES.map(|name| home.join(".ssh").join(name)).to_vec()
            })),
        };
        Ok(Self {
            name: tokens.original_host.to_owned(),
            identity_files,
            certificate_files: paths(reading, Keyword::CertificateFile, &tokens)?.unwrap_or_default(),
            identities_only: reading.value(Keyword::IdentitiesOnly).is_some_and(|value| value.text == "yes"),
            agent: agent(reading, &tokens)?,
            user_known_hosts: paths(reading, Keyword::UserKnownHostsFile, &tokens)?,
            global_known_hosts: global(reading, &tokens)?,
            host_key_alias: alias,
        })
    }
}

/// The paths of a keyword, with every token filled in.
fn paths(reading: &Reading, keyword: Keyword, tokens: &Tokens<'_>) -> Result<Option<Vec<PathBuf>>> {
    named(reading, keyword, |text| tokens.path(text))
}

/// The files of all users, in which `~` alone stands for something.
fn global(reading: &Reading, tokens: &Tokens<'_>) -> Result<Option<Vec<PathBuf>>> {
    named(reading, Keyword::GlobalKnownHostsFile, |text| home_path(text, tokens.environment))
}

/// The values of a keyword as `path` reads them, without those that are `none`; `None` if it is not set.
fn named(
    reading: &Reading,
    keyword: Keyword,
    path: impl Fn(&str) -> Result<PathBuf>,
) -> Result<Option<Vec<PathBuf>>> {
    let values = reading.values(keyword);
    if values.is_empty() {
        return Ok(None);
    }
    let named = values.iter().filter(|value| !value.is_none());
    named.map(|value| path(&value.text).map_err(|error| at(error, value))).collect::<Result<_>>().map(Some)
}

fn agent(reading: &Reading, tokens: &Tokens<'_>) -> Result<Agent> {
    let Some(value) = reading.value(Keyword::IdentityAgent) else { return Ok(Agent::Environment) };
    let of_variable = |name: &str| match tokens.environment.os(name) {
        Some(path) => Agent::Socket(PathBuf::from(path)),
        None => Agent::Off,
    };
    match value.text.strip_prefix('$') {
        _ if value.is_none() => Ok(Agent::Off),
        _ if value.text == "SSH_AUTH_SOCK" => Ok(Agent::Environment),
        Some(name) if !name.starts_with('{') => Ok(of_variable(name)),
        _ => tokens.path(&value.text).map(Agent::Socket).map_err(|error| at(error, value)),
    }
}

fn at(error: Error, value: &Value) -> Error {
    error.on(value.place.to_string())
}
