//! A key file whose passphrase is asked for when the server is ready to take the key, as `ssh` does it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use ssh2::Session;

use super::attempt::{Outcome, with_key};
use super::certificate_source::OfferedCertificate;
use super::login::Login;
use super::private_key::KeySource;
use super::public_key::PublicKey;
use super::userauth;
use crate::questions::Questions;

/// An encrypted private key that is one of several to try.
pub struct LockedKey {
    pub(crate) path: PathBuf,
    /// Its public half, where that stands in clear in the file or beside it.
    pub(crate) public: Option<PublicKey>,
    /// The certificate that is offered instead of the plain public key.
    pub(crate) certificate: Option<Arc<OfferedCertificate>>,
}

impl LockedKey {
    /// Offers the public half; only if the server would take it, asks for the passphrase and signs.
    pub(super) fn run(&self, session: &Session, login: &Login, questions: &dyn Questions) -> Outcome {
        if let Some(refusal) = self.refusal(session, login) {
            return Outcome::Answered(Err(refusal));
        }
        match login.load_file(&self.path, questions) {
            Ok(key) => with_key(session, &login.user, &key, self.certificate.as_deref()),
            Err(error) => Outcome::Unable(error),
        }
    }

    /// Why the server does not want the key; `None` if it does, or if only a signature will tell.
    fn refusal(&self, session: &Session, login: &Login) -> Option<ssh2::Error> {
        let certificate = self.certificate.as_ref().map(|it| it.certificate.blob());
        let blob = certificate.or_else(|| Some(self.public.as_ref()?.blob()))?;
        let mut is_wanted = false;
        let answer = userauth::public_key(session, &login.user, blob, |_| {
            is_wanted = true;
            None
        });
        answer.err().filter(|_| !is_wanted)
    }
}

impl fmt::Display for LockedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = KeySource::File(self.path.clone());
        match &self.certificate {
            Some(certificate) => write!(f, "certificate {} with key {key}", certificate.source),
            None => write!(f, "key {key}"),
        }
    }
}
