//! What stands for something else in values: `%h` and its like, `~`, `${VARIABLE}` (`ssh_config`(5), "TOKENS").

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use crate::config::environment::Environment;
use crate::error::{Error, Kind, Result};
use crate::hash::Digest;
use crate::path::escape;

/// What the tokens stand for.
#[derive(Clone, Copy, Debug)]
pub struct Tokens<'a> {
    /// `%h`: the host to connect to.
    pub host: &'a str,
    /// `%n`: the host as it was given.
    pub original_host: &'a str,
    /// `%p`: the port.
    pub port: u16,
    /// `%r`: the user to log in as.
    pub user: &'a str,
    /// `%k`: the name that the host key is looked up by.
    pub key_alias: &'a str,
    /// `%j`: the last of the hosts of `ProxyJump`, empty without any.
    pub jump: &'a str,
    /// `%u`, `%d` and variables.
    pub environment: &'a Environment,
}

impl Tokens<'_> {
    /// A path with its tokens, variables and `~` filled in.
    ///
    /// # Errors
    /// [`Kind::Config`]: a token is not known, or a variable is not set.
    pub fn path(&self, text: &str) -> Result<PathBuf> {
        let (start, rest) = tilde(text, self.environment)?;
        let filled = self.fill(rest, "hnprukdilLjC", true)?;
        Ok(PathBuf::from(OsString::from_vec([start, filled].concat())))
    }

    /// The hosts of `ProxyJump` with their tokens filled in.
    ///
    /// # Errors
    /// [`Kind::Config`]: a token is not known there.
    pub fn jump(&self, text: &str) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.fill(text, "hnpr", false)?).into_owned())
    }

    fn fill(&self, text: &str, known: &str, with_variables: bool) -> Result<Vec<u8>> {
        let mut filled = Vec::with_capacity(text.len());
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match c {
                '%' => self.token(rest.next(), known, &mut filled)?,
                '$' if with_variables && rest.as_str().starts_with('{') => {
                    let inner = rest.as_str().strip_prefix('{').unwrap_or_default();
                    let (name, after) =
                        inner.split_once('}').ok_or_else(|| wrong("${ has no closing }".to_owned()))?;
                    let value = self.environment.os(name).ok_or_else(|| {
                        wrong(format!("the variable {} is not set", escape(name.as_bytes())))
                    })?;
                    filled.extend_from_slice(value.as_bytes());
                    rest = after.chars();
                }
                c => filled.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        Ok(filled)
    }

    fn token(&self, token: Option<char>, known: &str, filled: &mut Vec<u8>) -> Result<()> {
        let name = token.filter(|&token| token == '%' || known.contains(token));
        let node = node_name();
        let made: String;
        let value = match name {
            Some('%') => &b"%"[..],
            Some('h') => self.host.as_bytes(),
            Some('n') => self.original_host.as_bytes(),
            Some('r') => self.user.as_bytes(),
            Some('k') => self.key_alias.as_bytes(),
            Some('u') => self.environment.user().unwrap_or_default().as_bytes(),
            Some('d') => self.environment.home().map_or(&b""[..], |home| home.as_os_str().as_bytes()),
            Some('l') => &node,
            Some('L') => node.split(|&byte| byte == b'.').next().unwrap_or_default(),
            Some('j') => self.jump.as_bytes(),
            Some(c @ ('p' | 'i' | 'C')) => {
                made = match c {
                    'p' => self.port.to_string(),
                    'i' => rustix::process::getuid().as_raw().to_string(),
                    _ => self.connection(&node),
                };
                made.as_bytes()
            }
            _ => return Err(unknown(token)),
        };
        filled.extend_from_slice(value);
        Ok(())
    }

    /// `%C`: the hash of what tells one connection from another, `%l%h%p%r%j`.
    fn connection(&self, node: &[u8]) -> String {
        let port = self.port.to_string();
        let parts = [node, self.host.as_bytes(), port.as_bytes(), self.user.as_bytes(), self.jump.as_bytes()];
        Digest::new(openssl::sha::sha1(&parts.concat())).to_string()
    }
}

/// The name of this machine.
fn node_name() -> Vec<u8> {
    rustix::system::uname().nodename().to_bytes().to_vec()
}

/// Takes `~` or `~user` off the beginning of a path: the folder it stands for, and the rest of the path.
///
/// # Errors
/// [`Kind::Config`]: there is no such user.
fn tilde<'a>(text: &'a str, environment: &Environment) -> Result<(Vec<u8>, &'a str)> {
    let Some(after) = text.strip_prefix('~') else { return Ok((Vec::new(), text)) };
    let end = after.find('/').unwrap_or(after.len());
    let (user, rest) = after.split_at_checked(end).unwrap_or((after, ""));
    let home = if user.is_empty() { environment.home().cloned() } else { environment.home_of(user) };
    let home = home.ok_or_else(|| wrong(format!("~{} is no user's home", escape(user.as_bytes()))))?;
    Ok((home.into_os_string().into_vec(), rest))
}

/// A path whose `~` or `~user` alone stands for something.
///
/// # Errors
/// [`Kind::Config`]: there is no such user.
pub(super) fn home_path(text: &str, environment: &Environment) -> Result<PathBuf> {
    let (start, rest) = tilde(text, environment)?;
    Ok(PathBuf::from(OsString::from_vec([&start, rest.as_bytes()].concat())))
}

/// `HostName`, in which only `%h` (the name as it was given) and `%%` have a meaning.
///
/// # Errors
/// [`Kind::Config`] for another token.
pub fn fill_host_name(text: &str, name: &str) -> Result<String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '%' => match rest.next() {
                Some('h') => filled.push_str(name),
                Some('%') => filled.push('%'),
                token => return Err(unknown(token)),
            },
            c => filled.push(c),
        }
    }
    Ok(filled)
}

fn unknown(token: Option<char>) -> Error {
    match token {
        Some(token) => {
            wrong(format!("%{} has no meaning there", escape(token.encode_utf8(&mut [0; 4]).as_bytes())))
        }
        None => wrong("it ends in a single %".to_owned()),
    }
}

fn wrong(reason: String) -> Error {
    Error::new(Kind::Config, "read", reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_filled_in() {
        let environment = Environment::new([("HOME", "/home/ann"), ("USER", "ann"), ("DIR", "/keys")])
            .with_accounts("bob:x:1:1::/home/bob:/bin/sh\n");
        let tokens = Tokens {
            host: "web1.example.com",
            original_host: "web1",
            port: 2222,
            user: "root",
            key_alias: "alias",
            jump: "gate",
            environment: &environment,
        };
        let uid = rustix::process::getuid().as_raw();
        for (text, expected) in [
            ("~/.ssh/id_%r@%h:%p", "/home/ann/.ssh/id_root@web1.example.com:2222"),
            ("%d/%n-%u-%k", "/home/ann/web1-ann-alias"),
            ("${DIR}/%%id$x", "/keys/%id$x"),
            ("~", "/home/ann"),
            ("~bob/id", "/home/bob/id"),
            ("~bob", "/home/bob"),
            ("a~bob/%j", "a~bob/gate"),
            ("/%i", &format!("/{uid}")),
        ] {
            assert_eq!(tokens.path(text).unwrap(), PathBuf::from(expected), "{text}");
        }
        for text in ["%x", "a%", "${NONE}", "${DIR", "~carol/id"] {
            assert!(tokens.path(text).is_err(), "{text}");
        }
        let node = String::from_utf8(node_name()).unwrap();
        let connection = openssl::sha::sha1(format!("{node}web1.example.com2222rootgate").as_bytes());
        let connection = Digest::new(connection);
        assert_eq!(tokens.path("/s/%C").unwrap(), PathBuf::from(format!("/s/{connection}")));
        assert_eq!(tokens.jump("%r@gate-%n:%p").unwrap(), "root@gate-web1:2222");
        assert!(tokens.jump("%d").is_err());
        assert_eq!(fill_host_name("%h.example.com", "web1").unwrap(), "web1.example.com");
        assert!(fill_host_name("%p", "web1").is_err());
    }
}
