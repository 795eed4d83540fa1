//! A public key as the blob that travels in SSH messages (RFC 4253 section 6.6).

use std::fmt;

use super::wire::Reader;

/// A plain public key, never a certificate. Two keys are the same exactly when their blobs are.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicKey {
    blob: Vec<u8>,
}

impl PublicKey {
    /// Takes a key blob; `None` if it does not start with the name of a known key type.
    pub fn from_blob(blob: impl Into<Vec<u8>>) -> Option<Self> {
        let blob = blob.into();
        let name = Reader::new(&blob).string()?;
        std::str::from_utf8(name).ok().filter(|name| field_count(name).is_some())?;
        Some(Self { blob })
    }

    /// The key as it stands in SSH messages.
    pub fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// The name of the key type, `ssh-ed25519` for example.
    pub fn key_type(&self) -> &str {
        Reader::new(&self.blob).string().and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default()
    }

    /// Whether it is the key of a security key (FIDO), which signs only what it is given itself (`PROTOCOL.u2f` of OpenSSH).
    pub fn is_on_token(&self) -> bool {
        self.key_type().starts_with("sk-")
    }

    /// The fingerprint as `ssh-keygen -l` shows it: `SHA256:` and unpadded base64.
    pub fn fingerprint(&self) -> String {
        let digest = openssl::base64::encode_block(&openssl::sha::sha256(&self.blob));
        format!("SHA256:{}", digest.trim_end_matches('='))
    }

    /// One line for `authorized_keys` or a `.pub` file, without comment and newline.
    pub fn to_openssh_line(&self) -> String {
        format!("{} {}", self.key_type(), openssl::base64::encode_block(&self.blob))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.key_type(), self.fingerprint())
    }
}

/// How many fields follow the type name in the blob of such a key; `None` for an unknown type.
pub(crate) fn field_count(key_type: &str) -> Option<usize> {
    match key_type {
        "ssh-ed25519" => Some(1),
        "ssh-rsa"
        | "ecdsa-sha2-nistp256"
        | "ecdsa-sha2-nistp384"
        | "ecdsa-sha2-nistp521"
        | "sk-ssh-ed25519@openssh.com" => Some(2),
        "sk-ecdsa-sha2-nistp256@openssh.com" => Some(3),
        "ssh-dss" => Some(4),
        _ => None,
    }
}
