//! From an argument of the command line to the place it means.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use crate::error::{Error, Kind, Result};
use crate::path::escape;

use super::jump_hosts;
use super::nearest::nearest;
use super::option_table::{OPTIONS, OptionSpec};
use super::remote::{Argument, Spec};
use super::sftp_options::SftpOptions;
use super::sources::{Origin, Sources, check_option_names};
use super::ssh_remote::{Lookup, Missing, SshRemote};

/// A place that can be opened.
#[derive(Debug)]
pub enum Resolved {
    /// A path on this machine.
    Local {
        /// The path; `.` where the argument had none.
        path: PathBuf,
    },
    /// A path on an SFTP server.
    Sftp {
        /// Name of the remote, as messages show it: `web1`, or `:sftp` for one made up on the spot.
        name: String,
        /// How to get there.
        options: Box<SftpOptions>,
        /// The path: absolute, or relative to where the login ends up; empty for there.
        path: Vec<u8>,
        /// Where all that was found.
        provenance: Provenance,
    },
}

/// Where a remote and its options were found.
#[derive(Debug, Default)]
pub struct Provenance {
    /// The aliases that led to it, first to last.
    pub aliases: Vec<String>,
    /// The options that are set, and by what.
    pub origins: Vec<(&'static str, Origin)>,
    /// The keys of its section that no option has, each with the option of the most similar name.
    pub unknown_keys: Vec<(String, Option<&'static str>)>,
}

/// Finds the place an argument means. Aliases are followed.
///
/// # Errors
/// [`Kind::Usage`] if the argument cannot be understood; [`Kind::Config`] if the remote is unknown, is of a type this
/// program does not have, or has a wrong option.
pub fn resolve(argument: &[u8], sources: &Sources<'_>) -> Result<Resolved> {
    check_option_names(sources.flags.keys().map(String::as_str), "the flags of type sftp")?;
    let mut argument = Argument::parse(argument)?;
    let mut aliases: Vec<String> = Vec::new();
    loop {
        let remote = match argument {
            Argument::Local { path } => {
                if aliases.is_empty() {
                    warn_of_namesake(&path, sources);
                }
                return Ok(local(path));
            }
            Argument::Remote(remote) => remote,
        };
        let Some(kind) = remote_type(&remote, sources)? else { return ssh_host(remote, aliases, sources) };
        match &*kind {
            "sftp" => return section(remote, aliases, sources),
            "local" => {
                check_parameters(&remote, "local", &[])?;
                return Ok(local(remote.path));
            }
            "alias" => {
                check_loop(&mut aliases, &remote)?;
                argument = follow_alias(&remote, sources)?;
            }
            other => return Err(unknown_type(&remote, other)),
        }
    }
}

fn local(path: Vec<u8>) -> Resolved {
    let path = if path.is_empty() { b".".to_vec() } else { path };
    Resolved::Local { path: PathBuf::from(OsString::from_vec(path)) }
}

/// A remote that is described. The host it names may be one of OpenSSH's client configuration.
fn section(remote: Spec, aliases: Vec<String>, sources: &Sources<'_>) -> Result<Resolved> {
    let mut provenance = Provenance { aliases, ..Provenance::default() };
    if !remote.on_the_fly {
        sources.store.document().check_text(&remote.name)?;
        provenance.unknown_keys = unknown_keys(&remote.name, sources);
    }
    let given = given(&remote, &mut provenance, sources)?;
    let ssh = match given.get("host").map(|host| SshRemote::find(host, &given, sources)).transpose()? {
        Some(Lookup::Found(ssh)) => Some(ssh),
        Some(Lookup::Missing(missing)) => {
            if let Some(fault) = missing.fault {
                log::info!("{}: goes without the hosts of ssh: {fault}", remote.name);
            }
            None
        }
        None => None,
    };
    sftp(remote, given, ssh, provenance, sources)
}

/// A remote that is described nowhere but in OpenSSH's client configuration.
fn ssh_host(remote: Spec, aliases: Vec<String>, sources: &Sources<'_>) -> Result<Resolved> {
    let mut provenance = Provenance { aliases, ..Provenance::default() };
    let given = given(&remote, &mut provenance, sources)?;
    match SshRemote::find(&remote.name, &given, sources)? {
        Lookup::Found(ssh) => sftp(remote, given, Some(ssh), provenance, sources),
        Lookup::Missing(missing) => Err(unknown_remote(&remote.name, &missing, sources)),
    }
}

/// The options that somebody gave.
fn given(
    remote: &Spec,
    provenance: &mut Provenance,
    sources: &Sources<'_>,
) -> Result<BTreeMap<&'static str, String>> {
    let name = shown_name(remote);
    let place = format!("the options of {name}");
    check_option_names(remote.parameters.iter().map(|(key, _)| key.as_str()), &place)?;
    let mut given = BTreeMap::new();
    for option in OPTIONS {
        if let Some((value, origin)) = sources.option(remote, option.name)? {
            log::debug!("{name}: {} from {origin}", option.name);
            given.insert(option.name, value);
            provenance.origins.push((option.name, origin));
        }
    }
    Ok(given)
}

/// The name of a remote in messages.
fn shown_name(remote: &Spec) -> String {
    if remote.on_the_fly { format!(":{}", remote.name) } else { remote.name.clone() }
}

fn sftp(
    remote: Spec,
    mut values: BTreeMap<&'static str, String>,
    ssh: Option<SshRemote>,
    mut provenance: Provenance,
    sources: &Sources<'_>,
) -> Result<Resolved> {
    let name = shown_name(&remote);
    let from_ssh = ssh.as_ref().map(|ssh| ssh.fill(&name, &mut values, &mut provenance)).transpose()?;
    for option in OPTIONS.iter().filter(|option| option.name != "host") {
        if let Some((value, origin)) =
            sources.default(option.name).filter(|_| !values.contains_key(option.name))
        {
            log::debug!("{name}: {} from {origin}", option.name);
            values.insert(option.name, value);
            provenance.origins.push((option.name, origin));
        }
    }
    let folder = sources.store.location().path().and_then(|path| path.parent());
    let environment = sources.environment.clone();
    let environment = match folder {
        Some(folder) => environment.with("RCLONE_CONFIG_DIR", folder.as_os_str()),
        None => environment,
    };
    let mut options = SftpOptions::from_lookup(|key| values.get(key).cloned(), &environment)
        .map_err(|error| in_remote(error, &name))?;
    options.server = remote.server(sources.flags);
    if let (Some(ssh), Some(filled)) = (ssh, from_ssh) {
        ssh.complete(&mut options, filled, sources.environment)?;
    }
    if let Some(hosts) = &options.proxy_jump {
        options.jump_hosts = jump_hosts::entries(hosts, &options.ssh_config, sources.environment)?;
    }
    Ok(Resolved::Sftp { name, options: Box::new(options), path: remote.path, provenance })
}

/// Names the remote as well as the option.
fn in_remote(error: Error, name: &str) -> Error {
    match error.path() {
        Some(option) => {
            let both = format!("{option} of {name}");
            error.on(both)
        }
        None => error.on(name),
    }
}

/// The type of a remote, from wherever it is described; `None` if it is nowhere.
fn remote_type(remote: &Spec, sources: &Sources<'_>) -> Result<Option<String>> {
    if remote.on_the_fly {
        return Ok(Some(remote.name.clone()));
    }
    match sources.key(remote, "type")? {
        Some(kind) => Ok(Some(kind)),
        None if sources.store.document().has_section(&remote.name) => {
            let reason = "its section has no type, so what it is cannot be told";
            Err(Error::new(Kind::Config, "find remote", reason)
                .on(&remote.name)
                .advice("add a line `type = sftp`"))
        }
        None => Ok(None),
    }
}

/// No message names more remotes.
const MOST_NAMES: usize = 20;

fn unknown_remote(name: &str, hosts: &Missing, sources: &Sources<'_>) -> Error {
    let place = match sources.store.location().path() {
        Some(path) => escape(path.as_os_str().as_encoded_bytes()).into_owned(),
        None => "the environment, and there is no configuration file".to_owned(),
    };
    let mut reason = format!("there is no section of this name in {place}");
    match &hosts.fault {
        Some(fault) => reason.push_str(&format!("; nor could all hosts of ssh be read: {fault}")),
        None if !hosts.names.is_empty() => reason.push_str(", nor a Host of ssh"),
        None => {}
    }
    let error = Error::new(Kind::Config, "find remote", reason).on(name);
    let remotes = sources.remotes();
    let sections = remotes.iter().map(|remote| remote.name.as_str());
    let names: Vec<&str> = sections.chain(hosts.names.iter().map(String::as_str)).collect();
    match nearest(name, names.iter().copied()) {
        Some(nearest) => error.advice(format!("did you mean {nearest}: ?")),
        None if names.is_empty() => {
            error.advice(format!("there are no remotes yet: run `sclone config create {name} sftp`"))
        }
        None => {
            let (shown, rest) = names.split_at_checked(MOST_NAMES).unwrap_or((&names, &[]));
            let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
            error.advice(format!("known remotes: {}{more}", escape(shown.join(", ").as_bytes())))
        }
    }
}

fn unknown_type(remote: &Spec, kind: &str) -> Error {
    let reason = format!("type {} is not one this program has", escape(kind.as_bytes()));
    Error::new(Kind::Config, "open remote", reason)
        .on(&remote.name)
        .advice("the types are sftp, local and alias")
}

/// The argument an alias stands for, with the path put below it. `..` cannot climb above it. A slash at the end stays:
/// only a folder has one.
fn follow_alias(remote: &Spec, sources: &Sources<'_>) -> Result<Argument> {
    const CHECK: &str = "check the value of its option `remote`";
    let failed = |reason| Error::new(Kind::Config, "follow alias", reason).on(&remote.name).advice(CHECK);
    if !remote.on_the_fly {
        sources.store.document().check_text(&remote.name)?;
    }
    check_parameters(remote, "alias", &["remote"])?;
    let target = sources.key(remote, "remote")?.unwrap_or_default();
    if target.is_empty() {
        return Err(failed("it can't point to an empty remote"));
    }
    let mut argument = Argument::parse(target.as_bytes()).map_err(|error| error.advice(CHECK))?;
    let base = match &mut argument {
        Argument::Local { path } => path,
        Argument::Remote(spec) => &mut spec.path,
    };
    let below = clean(&remote.path);
    if !base.is_empty() && !base.ends_with(b"/") && !below.is_empty() {
        base.push(b'/');
    }
    base.extend_from_slice(&below);
    if !below.is_empty() && remote.path.ends_with(b"/") {
        base.push(b'/');
    }
    Ok(argument)
}

/// Refuses options in the argument that a small type does not have.
fn check_parameters(remote: &Spec, kind: &str, known: &[&str]) -> Result<()> {
    match remote.parameters.iter().find(|(key, _)| !known.contains(&key.as_str()) && key != "description") {
        None => Ok(()),
        Some((key, _)) => {
            let reason = format!("type {kind} has no option {key} here");
            Err(Error::new(Kind::Config, "open remote", reason).on(&remote.name))
        }
    }
}

/// The path without empty parts and `.`, with `..` taken back as far as the start.
fn clean(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join(&b'/')
}

/// Refuses an alias that was followed before. One made up on the spot cannot come back: it is part of its own text.
fn check_loop(followed: &mut Vec<String>, remote: &Spec) -> Result<()> {
    if remote.on_the_fly {
        return Ok(());
    }
    let again = followed.contains(&remote.name);
    followed.push(remote.name.clone());
    if again {
        let way = followed.join(" -> ");
        return Err(Error::new(Kind::Config, "follow alias", format!("it leads back to itself: {way}"))
            .on(&remote.name)
            .advice("check the options `remote` of these aliases"));
    }
    Ok(())
}

fn warn_of_namesake(path: &[u8], sources: &Sources<'_>) {
    if let Ok(name) = std::str::from_utf8(path)
        && sources.store.document().has_section(name)
    {
        log::warn!(
            "\"{name}\" refers to a local folder, use \"{name}:\" to refer to your remote or \"./{name}\" to hide this \
             warning"
        );
    }
}

/// rclone says nothing about a misspelt key, and goes without what it was to set.
fn unknown_keys(section: &str, sources: &Sources<'_>) -> Vec<(String, Option<&'static str>)> {
    let mut unknown = Vec::new();
    for key in sources.store.document().keys(section) {
        if key != "type" && OptionSpec::find(key).is_none() {
            let key = escape(key.as_bytes()).into_owned();
            let known = super::sftp_options::nearest(&key);
            let hint = known.map(|known| format!(", did you mean {known}?"));
            log::info!("{section}: unknown key {key} is not used{}", hint.unwrap_or_default());
            unknown.push((key, known));
        }
    }
    unknown
}
