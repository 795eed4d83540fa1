//! What stands for something else in values: `%h` and its like, `~`, `${VARIABLE}` (`ssh_config`(5), "TOKENS").

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use crate::config::environment::Environment;
use crate::error::{Error, Kind, Result};
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
    /// `%u`, `%d` and variables.
    pub environment: &'a Environment,
}

impl Tokens<'_> {
    /// A path with its tokens, variables and `~` filled in.
    ///
    /// # Errors
    /// [`Kind::Config`]: a token is not known, or a variable is not set.
    pub fn path(&self, text: &str) -> Result<PathBuf> {
        let home = self.environment.home();
        let (start, rest) = match (text.strip_prefix('~'), home) {
            (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
                (home.as_os_str().as_bytes().to_vec(), rest)
            }
            _ => (Vec::new(), text),
        };
        let filled = self.fill(rest, "hnprukdilL", true)?;
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
        let uts = rustix::system::uname();
        let node = uts.nodename().to_bytes();
        let number: String;
        let value = match name {
            Some('%') => &b"%"[..],
            Some('h') => self.host.as_bytes(),
            Some('n') => self.original_host.as_bytes(),
            Some('r') => self.user.as_bytes(),
            Some('k') => self.key_alias.as_bytes(),
            Some('u') => self.environment.user().unwrap_or_default().as_bytes(),
            Some('d') => self.environment.home().map_or(&b""[..], |home| home.as_os_str().as_bytes()),
            Some('l') => node,
            Some('L') => node.split(|&byte| byte == b'.').next().unwrap_or_default(),
            Some(c @ ('p' | 'i')) => {
                let uid = rustix::process::getuid().as_raw();
                number = if c == 'p' { self.port.to_string() } else { uid.to_string() };
                number.as_bytes()
            }
            _ => return Err(unknown(token)),
        };
        filled.extend_from_slice(value);
        Ok(())
    }
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
        let environment = Environment::new([("HOME", "/home/ann"), ("USER", "ann"), ("DIR", "/keys")]);
        let tokens = Tokens {
            host: "web1.example.com",
            original_host: "web1",
            port: 2222,
            user: "root",
            key_alias: "alias",
            environment: &environment,
        };
        let uid = rustix::process::getuid().as_raw();
        for (text, expected) in [
            ("~/.ssh/id_%r@%h:%p", "/home/ann/.ssh/id_root@web1.example.com:2222"),
            ("%d/%n-%u-%k", "/home/ann/web1-ann-alias"),
            ("${DIR}/%%id$x", "/keys/%id$x"),
            ("~", "/home/ann"),
            ("~bob/id", "~bob/id"),
            ("/%i", &format!("/{uid}")),
        ] {
            assert_eq!(tokens.path(text).unwrap(), PathBuf::from(expected), "{text}");
        }
        for text in ["%x", "a%", "${NONE}", "${DIR"] {
            assert!(tokens.path(text).is_err(), "{text}");
        }
        assert_eq!(tokens.jump("%r@gate-%n:%p").unwrap(), "root@gate-web1:2222");
        assert!(tokens.jump("%d").is_err());
        assert_eq!(fill_host_name("%h.example.com", "web1").unwrap(), "web1.example.com");
        assert!(fill_host_name("%p", "web1").is_err());
    }
}
