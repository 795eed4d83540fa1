//! Keys by name, each made when it is first asked for.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::ca::{Key, KeyType};
use super::server::{Server, ServerBuilder};

/// A folder with keys. The end of a key's name says which kind it is of: `rsa`, `ecdsa`, `ecdsa384`, `ecdsa521`, else
/// Ed25519.
pub(crate) struct Keys(TempDir);

impl Keys {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self(TempDir::with_prefix("sclone-keys-").unwrap())
    }

    /// The key of this name.
    #[track_caller]
    pub(crate) fn key(&self, name: &str) -> Key {
        let kinds = [
            ("rsa", KeyType::Rsa),
            ("ecdsa", KeyType::EcdsaP256),
            ("ecdsa384", KeyType::EcdsaP384),
            ("ecdsa521", KeyType::EcdsaP521),
        ];
        let kind =
            kinds.iter().find(|(end, _)| name.ends_with(end)).map_or(KeyType::Ed25519, |(_, kind)| *kind);
        let path = self.path(name);
        if path.exists() { Key::at(path) } else { Key::generate(self.0.path(), name, kind) }
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    /// The full path of a file of the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Begins a server with the host keys of these names.
    #[track_caller]
    pub(crate) fn server(&self, host_keys: &[&str]) -> ServerBuilder {
        let keys: Vec<_> = host_keys.iter().map(|name| self.key(name)).collect();
        Server::builder().host_keys(&keys)
    }
}
