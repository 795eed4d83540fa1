//! Which hosts a line is about: comma lists, wildcards, negation and hashed names (sshd(8), the part on `known_hosts`).

use openssl::base64;
use openssl::hash::MessageDigest;
use openssl::memcmp;
use openssl::pkey::PKey;
use openssl::sign::Signer;

/// The port whose names are written without brackets.
const DEFAULT_PORT: u16 = 22;

/// The names a server is looked up by.
///
/// A host on another port than 22 is looked up as `[host]:port`, and where no line settles it, as `host` alone. An
/// alias (`HostKeyAlias`) stands for both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName {
    exact: String,
    bare: Option<String>,
    principal: String,
}

impl HostName {
    /// The names of `host` (a name or an address, an IPv6 address with or without brackets), or of its alias.
    pub fn new(host: &str, port: u16, alias: Option<&str>) -> Self {
        if let Some(alias) = alias {
            let alias = alias.to_ascii_lowercase();
            return Self { exact: alias.clone(), bare: None, principal: alias };
        }
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let host = host.to_ascii_lowercase();
        if port == DEFAULT_PORT {
            return Self { exact: host.clone(), bare: None, principal: host };
        }
        Self { exact: format!("[{host}]:{port}"), bare: Some(host.clone()), principal: host }
    }

    /// The name a key is recorded under.
    pub fn exact(&self) -> &str {
        &self.exact
    }

    /// The name without its port, where lines of that form count too.
    pub fn bare(&self) -> Option<&str> {
        self.bare.as_deref()
    }

    /// The name a certificate must have among its principals.
    pub fn principal(&self) -> &str {
        &self.principal
    }
}

/// The first field of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// A comma list of patterns, in lower case.
    Patterns(Vec<u8>),
    /// `|1|salt|hash`: the HMAC-SHA1 of one name.
    Hashed {
        /// The key of the HMAC.
        salt: Vec<u8>,
        /// The HMAC.
        hash: Vec<u8>,
    },
}

impl Hosts {
    /// Reads the field; `None` for a hashed name that cannot be read.
    pub fn parse(field: &[u8]) -> Option<Self> {
        let Some(hashed) = field.strip_prefix(b"|") else {
            return Some(Self::Patterns(field.to_ascii_lowercase()));
        };
        let text = std::str::from_utf8(hashed.strip_prefix(b"1|")?).ok()?;
        let (salt, hash) = text.split_once('|')?;
        let (salt, hash) = (base64::decode_block(salt).ok()?, base64::decode_block(hash).ok()?);
        (salt.len() == 20 && hash.len() == 20).then_some(Self::Hashed { salt, hash })
    }

    /// Hashes `name` with `salt`, in the form a file holds it.
    pub fn hashed_field(name: &str, salt: &[u8]) -> Option<String> {
        let hash = hmac_sha1(salt, name.as_bytes())?;
        Some(format!("|1|{}|{}", base64::encode_block(salt), base64::encode_block(&hash)))
    }

    /// Whether the line is about `name` (in lower case).
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::Patterns(list) => list_matches(list, name.as_bytes()),
            Self::Hashed { salt, hash } => hmac_sha1(salt, name.as_bytes())
                .is_some_and(|computed| computed.len() == hash.len() && memcmp::eq(&computed, hash)),
        }
    }
}

fn hmac_sha1(key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let key = PKey::hmac(key).ok()?;
    Signer::new(MessageDigest::sha1(), &key).ok()?.sign_oneshot_to_vec(data).ok()
}

/// Whether a comma list matches: at least one pattern does, and no negated one.
pub fn list_matches(list: &[u8], name: &[u8]) -> bool {
    let mut found = false;
    for pattern in list.split(|&byte| byte == b',') {
        match pattern.strip_prefix(b"!") {
            Some(negated) if glob_matches(negated, name) => return false,
            Some(_) => {}
            None => found = found || glob_matches(pattern, name),
        }
    }
    found
}

/// Whether `pattern` (with `*` for any bytes and `?` for one) matches all of `name`. Takes time proportional to the
/// product of both lengths at worst.
pub fn glob_matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut from) = (0_usize, 0_usize);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(&byte) = name.get(from) {
        match pattern.get(at) {
            Some(b'*') => {
                retry = Some((at, from));
                at = at.saturating_add(1);
            }
            Some(&expected) if expected == b'?' || expected == byte => {
                at = at.saturating_add(1);
                from = from.saturating_add(1);
            }
            _ => {
                let Some((star, matched)) = retry else { return false };
                let matched = matched.saturating_add(1);
                retry = Some((star, matched));
                at = star.saturating_add(1);
                from = matched;
            }
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|&byte| byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn globs() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("*", "any", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*.example.org", "a.b.example.org", true),
            ("*.example.org", "example.org", false),
            ("[127.0.0.1]:*", "[127.0.0.1]:22102", true),
            ("[127.0.0.1]:*", "127.0.0.1", false),
            ("**a", "ba", true),
            ("", "a", false),
            ("", "", true),
        ] {
            assert_eq!(glob_matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn lists() {
        for (list, name, expected) in [
            ("a,b", "b", true),
            ("*,!b", "b", false),
            ("!b,*", "b", false),
            ("!b", "a", false),
            ("!b,a", "a", true),
            ("", "a", false),
            ("a,,b", "c", false),
        ] {
            assert_eq!(list_matches(list.as_bytes(), name.as_bytes()), expected, "{list} {name}");
        }
    }

    #[test]
    fn names_by_port_and_alias() {
        let name = HostName::new("Web1.Example.ORG", 22, None);
        assert_eq!((name.exact(), name.bare()), ("web1.example.org", None));
        let name = HostName::new("[::1]", 2222, None);
        assert_eq!((name.exact(), name.bare(), name.principal()), ("[::1]:2222", Some("::1"), "::1"));
        let name = HostName::new("web1", 2222, Some("Alias"));
        assert_eq!((name.exact(), name.bare(), name.principal()), ("alias", None, "alias"));
    }

    /// The obvious, slow definition.
    fn slow_glob(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern.split_first(), name.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), None) => slow_glob(rest, name),
            (Some((b'*', rest)), Some((_, tail))) => slow_glob(rest, name) || slow_glob(pattern, tail),
            (Some((&expected, rest)), Some((&byte, tail))) => {
                (expected == b'?' || expected == byte) && slow_glob(rest, tail)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn globs_agree_with_their_definition(pattern in "[ab*?]{0,8}", name in "[ab]{0,8}") {
            prop_assert_eq!(
                glob_matches(pattern.as_bytes(), name.as_bytes()),
                slow_glob(pattern.as_bytes(), name.as_bytes())
            );
        }

        #[test]
        fn hashed_names_match_only_themselves(name in "[a-z.]{1,20}", other in "[a-z.]{1,20}", salt: [u8; 20]) {
            let field = Hosts::hashed_field(&name, &salt).unwrap();
            let hosts = Hosts::parse(field.as_bytes()).unwrap();
            prop_assert!(hosts.matches(&name));
            prop_assert_eq!(hosts.matches(&other), name == other);
        }

        #[test]
        fn any_field_is_read_without_panic(field: Vec<u8>, name in "\\PC{0,20}") {
            if let Some(hosts) = Hosts::parse(&field) {
                hosts.matches(&name);
            }
        }
    }
}
