//! rclone's `host_keys` (keys the server may have) and `pin_host_key` (record the first one it shows).

use crate::error::{Error, Kind, Result};
use crate::ssh::verifying_key::{KeyAlgorithm, VerifyingKey};

/// The most keys that can be pinned, as in rclone.
const MOST: usize = 16;

/// The keys a server may have, one or more of a type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins {
    keys: Vec<VerifyingKey>,
    learns: bool,
}

/// What the pins say about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PinVerdict {
    /// It is one of them.
    Known,
    /// There is none of its type, and new ones are to be pinned.
    New,
    /// Others of its type are pinned: their fingerprints.
    Changed(Vec<String>),
    /// There is none of its type, and none is to be added.
    Unknown,
}

impl Pins {
    /// Reads the entries of `host_keys`, each `type base64`; `learns` is `pin_host_key`.
    ///
    /// # Errors
    /// [`Kind::Config`] for an entry that is no key, or more than sixteen.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>, learns: bool) -> Result<Self> {
        let entries = entries.into_iter().map(str::trim).filter(|entry| !entry.is_empty());
        let keys = entries.map(entry).collect::<Result<Vec<_>>>()?;
        if keys.len() > MOST {
            return Err(refused("more than 16 keys are pinned"));
        }
        Ok(Self { keys, learns })
    }

    /// The pinned keys.
    pub fn keys(&self) -> &[VerifyingKey] {
        &self.keys
    }

    /// Whether a key of a type that has no pin yet is to be accepted and pinned.
    pub fn learns(&self) -> bool {
        self.learns
    }

    /// What the pins say about `key`.
    pub fn judge(&self, key: &VerifyingKey) -> PinVerdict {
        let same_type: Vec<_> =
            self.keys.iter().filter(|pinned| pinned.algorithm() == key.algorithm()).collect();
        match same_type.as_slice() {
            [] if self.learns => PinVerdict::New,
            [] => PinVerdict::Unknown,
            pinned if pinned.contains(&key) => PinVerdict::Known,
            pinned => PinVerdict::Changed(pinned.iter().map(|key| key.fingerprint()).collect()),
        }
    }

    /// The types to ask the server for: the pinned ones first, others only where they would be pinned.
    pub fn algorithms(&self) -> Vec<KeyAlgorithm> {
        let pinned = |algorithm: &KeyAlgorithm| self.keys.iter().any(|key| key.algorithm() == *algorithm);
        let (mut wanted, others): (Vec<_>, Vec<_>) = KeyAlgorithm::ALL.into_iter().partition(pinned);
        if self.learns || wanted.is_empty() {
            wanted.extend(others);
        }
        wanted
    }
}

fn entry(text: &str) -> Result<VerifyingKey> {
    let mut words = text.split_whitespace();
    let (Some(algorithm), Some(encoded), None) = (words.next(), words.next(), words.next()) else {
        return Err(refused("each entry is a key type, a space and the key in base64"));
    };
    if algorithm.ends_with("-cert-v01@openssh.com") {
        return Err(refused("a certificate cannot be pinned")
            .advice("use known_hosts_file with a @cert-authority line instead"));
    }
    VerifyingKey::from_words(algorithm.as_bytes(), encoded.as_bytes())
        .ok_or_else(|| refused("an entry is no public key of a known type"))
}

fn refused(reason: &'static str) -> Error {
    Error::new(Kind::Config, "read host_keys", reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIcUAb2UGZMzVCWOHCjGLQR3KLGOyC6ZkdVp7fGAVcmi";
    const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK/0RuDa8g6ljfIDy4cW5JfUq0vT8Bnvs9jIBBvUtWmO";

    fn key(text: &str) -> VerifyingKey {
        entry(text).unwrap()
    }

    #[test]
    fn entries() {
        for (entries, good) in [
            (vec![ED], true),
            (vec!["", " ", ED], true),
            (vec![ED, OTHER], true),
            (vec!["ssh-ed25519"], false),
            (vec!["ssh-ed25519 AAAA"], false),
            (vec!["ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIIcUAb2UGZMzVCWOHCjGLQR3KLGOyC6ZkdVp7fGAVcmi"], false),
            (vec!["ssh-ed25519-cert-v01@openssh.com AAAA"], false),
            (vec!["ssh-ed25519 AAAA x"], false),
            (vec![ED; 17], false),
        ] {
            assert_eq!(Pins::parse(entries.clone(), false).is_ok(), good, "{entries:?}");
        }
    }

    #[test]
    fn verdicts() {
        let (none, learning) = (Pins::default(), Pins { keys: vec![], learns: true });
        let one = Pins::parse([ED], false).unwrap();
        assert_eq!(none.judge(&key(ED)), PinVerdict::Unknown);
        assert_eq!(learning.judge(&key(ED)), PinVerdict::New);
        assert_eq!(one.judge(&key(ED)), PinVerdict::Known);
        assert_eq!(one.judge(&key(OTHER)), PinVerdict::Changed(vec![key(ED).fingerprint()]));
        assert_eq!(one.algorithms(), [KeyAlgorithm::Ed25519]);
        assert_eq!(learning.algorithms(), KeyAlgorithm::ALL);
    }
}
