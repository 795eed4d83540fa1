//! Someone with a home, a key and a certificate, as most tests need one.

use super::ca::{Key, KeyType};
use super::sandbox::Sandbox;
use super::server::{Server, ServerBuilder, current_user};

/// A user whose key has a certificate with key id `user_sweh` for the present time and the present user's name.
pub(crate) struct User {
    pub(crate) sandbox: Sandbox,
    /// Signed the certificate.
    pub(crate) authority: Key,
    /// The private key, with the certificate beside it.
    pub(crate) key: Key,
}

impl User {
    /// A user with keys of one kind: `id_KIND` in the home, signed by a CA of the same kind.
    pub(crate) fn new(kind: KeyType) -> Self {
        let sandbox = Sandbox::new();
        let authority = Key::generate(&sandbox.path(""), "ca", kind);
        let name = format!("id_{}", kind.log_name().to_lowercase());
        let key = Key::generate(&sandbox.path("home"), &name, kind);
        authority.sign(&key).principals(&[&current_user()]).write();
        Self { sandbox, authority, key }
    }

    /// Begins a server that lets the certificate in by a `cert-authority` line.
    pub(crate) fn server(&self) -> ServerBuilder {
        Server::builder().cert_authority(&self.authority)
    }

    /// Adds a remote with `key_file` and `pubkey_file` to the configuration.
    pub(crate) fn remote(&self, name: &str, server: &Server) {
        self.remote_with(name, server, &[]);
    }

    /// The same with more options; one given here takes the place of one set by [`remote`](Self::remote).
    pub(crate) fn remote_with(&self, name: &str, server: &Server, options: &[(&str, &str)]) {
        let (key, certificate) = (self.key.path().to_owned(), self.key.certificate_path());
        let own = [("key_file", key.to_str().unwrap()), ("pubkey_file", certificate.to_str().unwrap())];
        self.sandbox.remote(name, server, &[&own, options].concat());
    }
}
