//! A public key that signatures are verified with: those of servers and of certificate authorities.

use std::fmt;

use openssl::base64;
use openssl::sha::sha256;
use ssh_key::Fingerprint;

use super::public_key::{PublicKey, field_count};
use super::wire::Reader;

/// A well-formed plain public key of a type this program verifies signatures of.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct VerifyingKey {
    algorithm: KeyAlgorithm,
    key: PublicKey,
}

/// The type of a key, whatever signature algorithm it is used with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyAlgorithm {
    /// `ssh-rsa`, used with `rsa-sha2-256` and `rsa-sha2-512`.
    Rsa,
    /// `ecdsa-sha2-nistp256`.
    EcdsaP256,
    /// `ecdsa-sha2-nistp384`.
    EcdsaP384,
    /// `ecdsa-sha2-nistp521`.
    EcdsaP521,
    /// `ssh-ed25519`.
    Ed25519,
}

impl KeyAlgorithm {
    /// Every type, in the order a new host is asked for them.
    pub const ALL: [Self; 5] = [Self::Ed25519, Self::EcdsaP256, Self::EcdsaP384, Self::EcdsaP521, Self::Rsa];

    /// The name that stands in keys of this type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rsa => "ssh-rsa",
            Self::EcdsaP256 => "ecdsa-sha2-nistp256",
            Self::EcdsaP384 => "ecdsa-sha2-nistp384",
            Self::EcdsaP521 => "ecdsa-sha2-nistp521",
            Self::Ed25519 => "ssh-ed25519",
        }
    }

    /// The type with this name.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name().as_bytes() == name)
    }

    /// The word `ssh-keygen` shows for it.
    const fn label(self) -> &'static str {
        match self {
            Self::Rsa => "RSA",
            Self::EcdsaP256 | Self::EcdsaP384 | Self::EcdsaP521 => "ECDSA",
            Self::Ed25519 => "ED25519",
        }
    }
}

impl VerifyingKey {
    /// Accepts a plain key of a known type; `None` for a certificate, an unknown type or a malformed key.
    pub fn parse(blob: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(blob);
        let algorithm = KeyAlgorithm::from_name(reader.string()?)?;
        for _ in 0..field_count(algorithm.name())? {
            reader.string()?;
        }
        let key = PublicKey::from_blob(blob)?;
        reader.is_empty().then_some(Self { algorithm, key })
    }

    /// Accepts the two words that name a key in text files: `ssh-ed25519 AAAA...`.
    pub fn from_words(algorithm: &[u8], encoded: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(encoded).ok().filter(|text| !text.contains(char::is_whitespace))?;
        let key = Self::parse(&base64::decode_block(text).ok()?)?;
        (key.algorithm.name().as_bytes() == algorithm).then_some(key)
    }

    /// The type of the key.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The key as it is sent.
    pub fn as_bytes(&self) -> &[u8] {
        self.key.blob()
    }

    /// `SHA256:` and the unpadded base64 of the hash of the key, as `ssh-keygen -l` shows it.
    pub fn fingerprint(&self) -> String {
        self.key.fingerprint()
    }

    /// The picture `ssh-keygen -lv` draws of the fingerprint.
    pub fn randomart(&self) -> String {
        let header = format!("[{} {}]", self.algorithm.label(), self.bits());
        Fingerprint::Sha256(sha256(self.as_bytes())).to_randomart(&header)
    }

    /// The size of the key in bits.
    pub fn bits(&self) -> usize {
        match self.algorithm {
            KeyAlgorithm::Ed25519 | KeyAlgorithm::EcdsaP256 => 256,
            KeyAlgorithm::EcdsaP384 => 384,
            KeyAlgorithm::EcdsaP521 => 521,
            KeyAlgorithm::Rsa => self.modulus_bits().unwrap_or(0),
        }
    }

    fn modulus_bits(&self) -> Option<usize> {
        let mut reader = Reader::new(self.as_bytes());
        reader.string()?;
        reader.string()?;
        let modulus = reader.positive_mpint()?;
        let unused = usize::try_from(modulus.first()?.leading_zeros()).ok()?;
        modulus.len().checked_mul(8)?.checked_sub(unused)
    }
}

impl fmt::Display for VerifyingKey {
    /// The two words that name the key in text files.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key.to_openssh_line())
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn key(kind: &str, bits: &str) -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let mut keygen = Command::new("ssh-keygen");
        keygen.args(["-q", "-N", "", "-t", kind, "-b", bits, "-f"]).arg(&file);
        assert!(keygen.status().unwrap().success());
        let line = std::fs::read_to_string(file.with_extension("pub")).unwrap();
        (folder, line)
    }

    #[test]
    fn fingerprint_and_art_are_those_of_ssh_keygen() {
        for (kind, bits) in
            [("ed25519", "256"), ("rsa", "2048"), ("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521")]
        {
            let (folder, line) = key(kind, bits);
            let mut words = line.split(' ');
            let (algorithm, encoded) = (words.next().unwrap(), words.next().unwrap());
            let key = VerifyingKey::from_words(algorithm.as_bytes(), encoded.as_bytes()).unwrap();
            let shown = Command::new("ssh-keygen").args(["-lvf"]).arg(folder.path().join("key.pub")).output();
            let shown = String::from_utf8(shown.unwrap().stdout).unwrap();
            assert!(shown.starts_with(&format!("{bits} {} ", key.fingerprint())), "{shown}");
            let art = key.randomart();
            assert_eq!(shown.lines().skip(1).collect::<Vec<_>>(), art.lines().collect::<Vec<_>>());
            assert_eq!(key.to_string(), format!("{algorithm} {encoded}"));
        }
    }

    #[test]
    fn malformed_keys_are_refused() {
        let (_folder, line) = key("ed25519", "256");
        let encoded = line.split(' ').nth(1).unwrap();
        let blob = base64::decode_block(encoded).unwrap();
        assert!(VerifyingKey::parse(&blob).is_some());
        assert!(VerifyingKey::parse(&blob[..blob.len() - 1]).is_none());
        assert!(VerifyingKey::parse(&[&blob[..], b"x"].concat()).is_none());
        assert!(VerifyingKey::from_words(b"ssh-rsa", encoded.as_bytes()).is_none());
        assert!(VerifyingKey::from_words(b"ssh-ed25519", &encoded.as_bytes()[..20]).is_none());
        assert!(VerifyingKey::from_words(b"ssh-ed25519", b"").is_none());
    }
}
