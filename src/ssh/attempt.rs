//! One attempt to log in: with what, by which method, and how it is made.

use std::fmt;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use ssh2::Session;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::agent::{Agent, Identity};
use super::agent_signature::sign_request;
use super::certificate::Certificate;
use super::certificate_source::OfferedCertificate;
use super::locked_key::LockedKey;
use super::login::Login;
use super::private_key::{KeyMaterial, PrivateKey};
use super::public_key::PublicKey;
use super::{keyboard_interactive, userauth};
use crate::error::{Error, Kind, Result};
use crate::path::escape;
use crate::questions::Questions;

/// A password that is configured, or one to ask for.
#[derive(Clone)]
pub enum Secret {
    /// Configured.
    Known(Zeroizing<String>),
    /// To ask for.
    Ask,
}

/// What is offered to the server.
pub enum Attempt {
    /// A private key, with its certificate or plain.
    Key {
        /// The key that signs.
        key: Arc<PrivateKey>,
        /// The certificate that is offered instead of the plain public key.
        certificate: Option<Arc<OfferedCertificate>>,
    },
    /// A private key whose passphrase is not known yet.
    Locked(LockedKey),
    /// A key of the agent, with a certificate from disk or as the agent holds it.
    Agent {
        /// The agent that signs.
        agent: Agent,
        /// With which of its keys.
        identity: Box<Identity>,
        /// The certificate that is offered instead of the identity itself.
        certificate: Option<Arc<OfferedCertificate>>,
    },
    /// A password (RFC 4252 section 8).
    Password(Secret),
    /// Questions of the server (RFC 4256).
    KeyboardInteractive(Secret),
}

/// How an attempt ended.
pub(crate) enum Outcome {
    /// The server let the user in, or wants more.
    Answered(std::result::Result<(), ssh2::Error>),
    /// Nothing could be sent.
    Unable(Error),
}

impl Attempt {
    /// The name of the method (RFC 4250 section 4.8).
    pub fn method(&self) -> &'static str {
        match self {
            Self::Key { .. } | Self::Locked(_) | Self::Agent { .. } => "publickey",
            Self::Password(_) => "password",
            Self::KeyboardInteractive(_) => "keyboard-interactive",
        }
    }

    /// The certificate that is offered, if one is.
    pub fn certificate(&self) -> Option<&Certificate> {
        match self {
            Self::Key { certificate, .. } | Self::Locked(LockedKey { certificate, .. }) => {
                certificate.as_ref().map(|it| &it.certificate)
            }
            Self::Agent { identity, certificate, .. } => {
                certificate.as_ref().map(|it| &it.certificate).or(identity.certificate.as_ref())
            }
            Self::Password(_) | Self::KeyboardInteractive(_) => None,
        }
    }

    /// The public key that is offered or certified, if one is.
    pub fn key(&self) -> Option<&PublicKey> {
        match self {
            Self::Key { key, .. } => Some(key.public()),
            Self::Locked(locked) => locked.public.as_ref(),
            Self::Agent { identity, .. } => Some(&identity.key),
            Self::Password(_) | Self::KeyboardInteractive(_) => None,
        }
    }

    /// Forgets what a person answered, after the server refused it.
    pub(crate) fn forget_answer(&self, login: &Login) {
        if let Self::Password(Secret::Ask) | Self::KeyboardInteractive(Secret::Ask) = self {
            login.remembered.forget(&password_question(login));
        }
    }

    /// Makes the attempt.
    pub(crate) fn run(&self, session: &Session, login: &Login, questions: &dyn Questions) -> Outcome {
        match self {
            Self::Key { key, certificate } => with_key(session, &login.user, key, certificate.as_deref()),
            Self::Locked(locked) => locked.run(session, login, questions),
            Self::Agent { agent, identity, certificate } => {
                let blob = certificate.as_ref().map_or(identity.blob.as_slice(), |it| it.certificate.blob());
                with_agent(session, &login.user, agent, identity, blob, questions)
            }
            Self::Password(secret) => match password(secret, login, questions) {
                Ok(password) => Outcome::Answered(session.userauth_password(&login.user, &password)),
                Err(error) => Outcome::Unable(error),
            },
            Self::KeyboardInteractive(secret) => keyboard_interactive::run(session, login, secret, questions),
        }
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { key, certificate: Some(certificate) } => {
                write!(f, "certificate {} with key {}", certificate.source, key.source())
            }
            Self::Key { key, certificate: None } => write!(f, "key {}", key.source()),
            Self::Locked(locked) => locked.fmt(f),
            Self::Agent { identity, certificate: Some(certificate), .. } => {
                write!(f, "certificate {} with key {} of ssh-agent", certificate.source, identity.shown())
            }
            Self::Agent { identity, certificate: None, .. } if identity.certificate.is_some() => {
                write!(f, "certificate {} of ssh-agent", identity.shown())
            }
            Self::Agent { identity, certificate: None, .. } => {
                write!(f, "key {} of ssh-agent", identity.shown())
            }
            Self::Password(_) => f.write_str("password"),
            Self::KeyboardInteractive(_) => f.write_str("keyboard-interactive"),
        }
    }
}

/// Signs with a key from a file or from text. libssh2 gets the certificate as the public half.
pub(super) fn with_key(
    session: &Session,
    user: &str,
    key: &PrivateKey,
    certificate: Option<&OfferedCertificate>,
) -> Outcome {
    match &key.material {
        KeyMaterial::File(path, passphrase) => {
            let passphrase = passphrase.as_ref().map(|text| text.as_str());
            match public_file(certificate) {
                Ok(public) => {
                    let public = public.as_ref().map(PublicHalf::path);
                    log_opened(path, public);
                    Outcome::Answered(session.userauth_pubkey_file(user, public, path, passphrase))
                }
                Err(error) => Outcome::Unable(error),
            }
        }
        KeyMaterial::Text(text, passphrase) => {
            let passphrase = passphrase.as_ref().map(|text| text.as_str());
            let public = certificate.map(|it| it.certificate.to_openssh_line());
            Outcome::Answered(session.userauth_pubkey_memory(user, public.as_deref(), text, passphrase))
        }
    }
}

/// A file with the certificate on one clean line.
enum PublicHalf<'a> {
    Own(&'a Path),
    Copy(NamedTempFile),
}

impl PublicHalf<'_> {
    fn path(&self) -> &Path {
        match self {
            Self::Own(path) => path,
            Self::Copy(file) => file.path(),
        }
    }
}

/// The certificate's own file where libssh2 can read that, else a copy that only this user can read.
fn public_file(certificate: Option<&OfferedCertificate>) -> Result<Option<PublicHalf<'_>>> {
    let Some(certificate) = certificate else { return Ok(None) };
    if let Some(path) = &certificate.clean_file {
        return Ok(Some(PublicHalf::Own(path)));
    }
    let line = certificate.certificate.to_openssh_line();
    let write = || {
        let mut file = tempfile::Builder::new().prefix("sclone-cert-").suffix(".pub").tempfile()?;
        writeln!(file, "{line}")?;
        file.flush()?;
        Ok(file)
    };
    write().map(|file| Some(PublicHalf::Copy(file))).map_err(|error| {
        Error::from_io("write a clean copy of certificate", error).on(certificate.source.to_string())
    })
}

fn log_opened(key: &Path, public: Option<&Path>) {
    let shown = |path: &Path| escape(path.as_os_str().as_bytes()).into_owned();
    match public {
        Some(public) => log::debug!("login: opening key {} and certificate {}", shown(key), shown(public)),
        None => log::debug!("login: opening key {}", shown(key)),
    }
}

fn with_agent(
    session: &Session,
    user: &str,
    agent: &Agent,
    identity: &Identity,
    blob: &[u8],
    questions: &dyn Questions,
) -> Outcome {
    let mut failure = None;
    let answer = userauth::public_key(session, user, blob, |request| {
        // The agent has no terminal to say it on.
        if identity.key.is_on_token() && questions.has_terminal() {
            log::warn!("touch the security key that holds {}", identity.shown());
        }
        sign_request(agent, &identity.blob, request).map_err(|error| failure = Some(error)).ok()
    });
    match failure {
        Some(error) => Outcome::Unable(error),
        None => Outcome::Answered(answer),
    }
}

fn password_question(login: &Login) -> String {
    format!("Password for {}@{}: ", login.user, login.server)
}

fn password(secret: &Secret, login: &Login, questions: &dyn Questions) -> Result<Zeroizing<String>> {
    match secret {
        Secret::Known(password) => Ok(password.clone()),
        Secret::Ask => asked_password(login, &password_question(login), questions),
    }
}

/// The password a person gave before, or gives now; `prompt` may be the server's own.
pub(crate) fn asked_password(
    login: &Login,
    prompt: &str,
    questions: &dyn Questions,
) -> Result<Zeroizing<String>> {
    let question = password_question(login);
    if let Some(password) = login.remembered.get(&question) {
        return Ok(password);
    }
    let password = questions.secret(prompt)?.ok_or_else(nobody_to_ask)?;
    login.remembered.put(&question, password.clone());
    Ok(password)
}

pub(crate) fn nobody_to_ask() -> Error {
    Error::new(Kind::LoginRefused, "ask for a password", "there is no terminal to ask on")
        .advice("set pass (obscured), or run from a terminal")
}
