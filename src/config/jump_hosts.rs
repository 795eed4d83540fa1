//! The files of the servers on the way (`proxy_jump`) where `$HOME` is another folder than the account's: `ssh`, which
//! logs in to them, knows the account's alone.

use std::path::Path;

use super::environment::Environment;
use super::ssh_config::keyword::Keyword;
use super::ssh_config::tokens::{Tokens, fill_host_name};
use super::ssh_config::{Files, HostEntry, Query, Reading, read};
use crate::error::Result;

/// What the `files` say about each of these `hosts`, with the usual files of known hosts where they name none; nothing if
/// `ssh` finds that by itself.
///
/// # Errors
/// A value has a token that is not known.
pub(super) fn entries(hosts: &str, files: &Files, environment: &Environment) -> Result<Vec<HostEntry>> {
    let Some(home) = environment.moved_home() else { return Ok(Vec::new()) };
    hosts.split(',').map(|host| entry(&Address::parse(host), files, environment, home)).collect()
}

/// The last of these `hosts`, without user and port; empty if there are none.
pub(super) fn last_host(hosts: &str) -> &str {
    Address::parse(hosts.rsplit(',').next().unwrap_or(hosts)).host
}

/// `[user@]host[:port]`, which may stand in an `ssh://` URL.
struct Address<'a> {
    user: Option<&'a str>,
    host: &'a str,
    port: Option<u16>,
}

impl<'a> Address<'a> {
    fn parse(text: &'a str) -> Self {
        let text = text.trim();
        let text = text.strip_prefix("ssh://").unwrap_or(text).trim_end_matches('/');
        let (user, place) = text.rsplit_once('@').map_or((None, text), |(user, place)| (Some(user), place));
        let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, rest)) => (host, rest.strip_prefix(':')),
            None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
        };
        Self { user, host, port: port.and_then(|port| port.parse().ok()) }
    }
}

fn entry(address: &Address<'_>, files: &Files, environment: &Environment, home: &Path) -> Result<HostEntry> {
    let reading = read(files, Query { name: address.host, user: address.user, environment });
    let text = |keyword| Reading::value(&reading, keyword).map(|value| value.text.as_str());
    let host = fill_host_name(text(Keyword::HostName).unwrap_or("%h"), address.host)?;
    let port = address.port.or_else(|| text(Keyword::Port)?.parse().ok());
    let user = address.user.or_else(|| text(Keyword::User)).or_else(|| environment.user());
    let tokens = Tokens {
        host: &host,
        original_host: address.host,
        port: port.unwrap_or(22),
        user: user.unwrap_or_default(),
        key_alias: address.host,
        jump: text(Keyword::ProxyJump).filter(|hosts| *hosts != "none").map_or("", last_host),
        environment,
    };
    let mut entry = HostEntry::new(&reading, tokens)?;
    let usual = || ["known_hosts", "known_hosts2"].map(|name| home.join(".ssh").join(name)).to_vec();
    entry.user_known_hosts.get_or_insert_with(usual);
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        for (text, user, host, port) in [
            ("gate", None, "gate", None),
            (" me@gate:23", Some("me"), "gate", Some(23)),
            ("ssh://me@x@[::1]:24/", Some("me@x"), "::1", Some(24)),
            ("[::1]", None, "::1", None),
        ] {
            let address = Address::parse(text);
            assert_eq!((address.user, address.host, address.port), (user, host, port), "{text}");
        }
    }

    #[test]
    fn the_last_of_several_counts() {
        assert_eq!(last_host("a,ssh://me@[::1]:24/"), "::1");
        assert_eq!(last_host(""), "");
    }

    #[test]
    fn nothing_is_said_about_the_account_s_own_home() {
        let environment = Environment::new([("HOME", "/home/ann")]);
        assert!(entries("a,b", &Files::Off, &environment).unwrap().is_empty());
    }
}
