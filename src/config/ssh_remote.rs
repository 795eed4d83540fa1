//! A host of OpenSSH's client configuration as a remote, or as the `host` of one.
//!
//! A name is one of its hosts if a `Host` or `Match` that applies names it by more than `*`: what is said about all
//! hosts makes no remote of a misspelt name, and changes no remote that has never heard of that file.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

use super::environment::Environment;
use super::jump_hosts::last_host;
use super::option_reader::OptionReader;
use super::resolve::Provenance;
use super::sftp_options::SftpOptions;
use super::sources::{Origin, Sources};
use super::ssh_config::keyword::Keyword;
use super::ssh_config::tokens::Tokens;
use super::ssh_config::{HostEntry, Query, Reading, host, read};

/// What a look at the files found.
pub(super) enum Lookup {
    /// They name the host.
    Found(SshRemote),
    /// They do not, as far as they could be understood.
    Missing(Missing),
}

/// What is known of the hosts of `ssh` where none has the name.
#[derive(Default)]
pub(super) struct Missing {
    /// Why a part of the files was not understood.
    pub(super) fault: Option<Error>,
    /// The hosts that the files do name.
    pub(super) names: Vec<String>,
}

/// A host that the files name.
pub(super) struct SshRemote {
    name: String,
    reading: Reading,
}

/// Which options came from the files.
#[derive(Clone, Copy, Default)]
pub(super) struct Filled {
    has_jump: bool,
}

/// The options that say which way a connection takes; one of them leaves no room for another.
const WAYS: [&str; 4] = ["socks_proxy", "http_proxy", "proxy_jump", "proxy_command"];

/// The options that the host `name` of `ssh` sets for a remote that sets those of `given` itself; `None` if `ssh` has no
/// such host, or what is said about it cannot be understood.
pub fn host_options(
    name: &str,
    given: &dyn Fn(&str) -> Option<String>,
    environment: &Environment,
) -> Option<BTreeMap<&'static str, String>> {
    let files = OptionReader::new(given, environment).ssh_config("ssh_config").ok()?;
    let user = given("user");
    let reading = read(&files, Query { name, user: user.as_deref(), environment });
    if !reading.is_named || reading.fault.is_some() {
        return None;
    }
    let options = host::options(name, &reading).ok()?;
    Some(options.into_iter().map(|(option, (value, _))| (option, value)).collect())
}

impl SshRemote {
    /// Looks for `name`. Where an external program connects, that reads the files itself.
    ///
    /// # Errors
    /// The files name the host, and a part of them cannot be understood.
    pub(super) fn find(
        name: &str,
        given: &BTreeMap<&'static str, String>,
        sources: &Sources<'_>,
    ) -> Result<Lookup> {
        let value = |key: &str| given.get(key).cloned().or_else(|| Some(sources.default(key)?.0));
        if name.is_empty() || value("ssh").is_some_and(|program| !program.is_empty()) {
            return Ok(Lookup::Missing(Missing::default()));
        }
        let files = OptionReader::new(&value, sources.environment).ssh_config("ssh_config")?;
        let user = given.get("user").map(String::as_str).filter(|user| !user.is_empty());
        let mut reading = read(&files, Query { name, user, environment: sources.environment });
        match reading.fault.take() {
            Some(fault) if reading.is_named => Err(fault),
            None if reading.is_named => Ok(Lookup::Found(Self { name: name.to_owned(), reading })),
            fault => Ok(Lookup::Missing(Missing { fault, names: reading.names })),
        }
    }

    /// Adds what the host says to the options of the remote `remote`, where they say nothing themselves.
    ///
    /// # Errors
    /// `HostName` makes no sense.
    pub(super) fn fill(
        &self,
        remote: &str,
        values: &mut BTreeMap<&'static str, String>,
        provenance: &mut Provenance,
    ) -> Result<Filled> {
        for (keyword, place) in &self.reading.unknown {
            log::info!("{remote}: the keyword {keyword} is not known, {place}");
        }
        let is_set = |option: &str| values.get(option).is_some_and(|value| !value.is_empty());
        let has_way = WAYS.iter().any(|way| is_set(way));
        // The name by which the host is known is no address.
        let has_host = is_set("host") && values.get("host") != Some(&self.name);
        if !has_host {
            values.insert("host", self.name.clone());
        }
        let mut filled = Filled::default();
        for (option, (value, place)) in host::options(&self.name, &self.reading)? {
            let is_taken = match option {
                "host" => has_host,
                way if WAYS.contains(&way) => has_way,
                other => values.contains_key(other),
            };
            if !is_taken {
                let origin = Origin::SshConfig(place.to_string());
                log::debug!("{remote}: {option} from {origin}");
                provenance.origins.retain(|(known, _)| *known != option);
                provenance.origins.push((option, origin));
                filled.has_jump |= option == "proxy_jump";
                values.insert(option, value);
            }
        }
        Ok(filled)
    }

    /// Adds what no option can say, now that host, user and port are settled.
    ///
    /// # Errors
    /// A value has a token that is not known.
    pub(super) fn complete(
        self,
        options: &mut SftpOptions,
        filled: Filled,
        environment: &Environment,
    ) -> Result<()> {
        for keyword in host::BEYOND_OPTIONS {
            for value in self.reading.values(keyword) {
                log::debug!("{}: {} {} from {}", self.name, keyword.name(), value.text, value.place);
            }
        }
        let tokens = Tokens {
            host: &options.host,
            original_host: &self.name,
            port: options.port,
            user: &options.user,
            key_alias: &self.name,
            jump: "",
            environment,
        };
        let own = self.reading.value(Keyword::ProxyJump).filter(|_| filled.has_jump);
        let filled_in =
            own.map(|value| tokens.jump(&value.text).map_err(|error| error.on(value.place.to_string())));
        let jump = filled_in.transpose()?.or_else(|| options.proxy_jump.clone());
        let tokens = Tokens { jump: jump.as_deref().map_or("", last_host), ..tokens };
        let entry = HostEntry::new(&self.reading, tokens)?;
        options.proxy_jump = jump;
        options.ssh_host = Some(entry);
        Ok(())
    }
}
