//! What a remote says about logging in, and the ordered attempts that follow from it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::agent::{Agent, Identity};
use super::agent_attempts::AgentPlan;
use super::attempt::{Attempt, Secret};
use super::certificate_source::{self, OfferedCertificate};
use super::identity_attempts::IdentityPlan;
use super::private_key::{AskPassphrase, KeySource, PrivateKey, public_half};
use super::public_file::read_small;
use super::public_key::PublicKey;
use crate::config::ssh_config::IdentityFiles;
use crate::error::{Error, Kind, Result};
use crate::questions::Questions;

/// Everything that can log a user in. The fields are rclone's options of the same names, revealed and expanded.
#[derive(Default)]
pub struct Login {
    /// The server as messages name it, `host` or `host:port`.
    pub server: String,
    /// The user name on the server.
    pub user: String,
    /// A private key file, which may hold its certificate too. With [`Login::key_use_agent`] it names the agent's key.
    pub key_file: Option<PathBuf>,
    /// A file with the certificate, or with the plain public key beside which the certificate lies.
    pub pubkey_file: Option<PathBuf>,
    /// The certificate itself; goes before [`Login::pubkey_file`].
    pub pubkey: Option<String>,
    /// A private key itself; goes before [`Login::key_file`].
    pub key_pem: Option<Zeroizing<String>>,
    /// The passphrase of the private key.
    pub key_file_pass: Option<Zeroizing<String>>,
    /// The password.
    pub pass: Option<Zeroizing<String>>,
    /// Sign with a key of the agent only.
    pub key_use_agent: bool,
    /// Ask for a password when the server wants one.
    pub ask_password: bool,
    /// The agent's socket, if there is an agent.
    pub agent_socket: Option<PathBuf>,
    /// Where neither [`Login::key_file`] nor [`Login::key_pem`] is set: keys to try in turn beside those of the agent, as
    /// `ssh` does. One that is missing is no fault.
    pub identity_files: Option<IdentityFiles>,
    /// Where neither [`Login::pubkey`] nor [`Login::pubkey_file`] is set: certificates to offer with the keys they fit.
    pub certificate_files: Vec<PathBuf>,
    /// Offer no key of the agent but those that key files and certificates name.
    pub identities_only: bool,
    /// What was asked once and not refused, so that a reconnect asks nobody.
    pub remembered: Remembered,
}

/// Answers of a person that were not refused, for the life of the process.
#[derive(Default)]
pub struct Remembered(Mutex<HashMap<String, Zeroizing<String>>>);

impl Remembered {
    pub(crate) fn get(&self, question: &str) -> Option<Zeroizing<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(question).cloned()
    }

    pub(crate) fn put(&self, question: &str, answer: Zeroizing<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(question.to_owned(), answer);
    }

    pub(crate) fn forget(&self, question: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(question);
    }
}

/// The attempts in their order, and what was left out because it cannot work.
#[derive(Default)]
pub struct Plan {
    /// What to try, first to last.
    pub attempts: Vec<Attempt>,
    /// Certificates that are known to be unusable.
    pub skipped: Vec<Skipped>,
}

/// A certificate that is not offered.
pub struct Skipped {
    /// Which one and why.
    pub error: Error,
    /// Whether nobody named it: it came along in the agent, or lies where `ssh` looks by itself. Then it is no reason to
    /// warn.
    pub came_along: bool,
}

impl Plan {
    pub(crate) fn skip(&mut self, error: Error, came_along: bool) {
        self.skipped.push(Skipped { error, came_along });
    }
}

impl Login {
    /// The certificates that the options name or imply, from the first place that has any. They are not judged.
    ///
    /// # Errors
    /// [`Kind::CertificateUnusable`]: an option names a place that cannot be read or holds neither certificate nor key.
    pub fn certificates(&self) -> Result<Vec<Arc<OfferedCertificate>>> {
        certificate_source::find(self)
    }

    /// The certificates of the agent's keys, if the login would ask the agent; none if it cannot be reached.
    pub fn agent_certificates(&self) -> Vec<Identity> {
        let Some(socket) = self.agent_socket.as_ref().filter(|_| self.wants_agent()) else {
            return Vec::new();
        };
        let identities = Agent::new(socket).identities().unwrap_or_else(|error| {
            log::debug!("login: {error}");
            Vec::new()
        });
        identities.into_iter().filter(|it| it.certificate.is_some()).collect()
    }

    /// The public key that [`Login::key_file`] or [`Login::key_pem`] is known to have without a passphrase.
    pub fn public_key(&self) -> Option<PublicKey> {
        match (&self.key_pem, &self.key_file) {
            (Some(text), _) => public_half(text.replace("\\n", "\n").as_bytes()),
            (None, Some(path)) => public_half(&Zeroizing::new(read_small(path).ok()?)),
            (None, None) => None,
        }
    }

    /// Reads keys, certificates and the agent, and puts what can work into order: certificate and key from files,
    /// plain key, agent, password, keyboard-interactive. A passphrase is asked for here, a password is not.
    ///
    /// # Errors
    /// A key that is configured cannot be used, or nothing is left to try. A certificate that is known to be
    /// unusable is an error ([`Kind::CertificateUnusable`]) only if nothing else is left.
    pub fn plan(&self, questions: &dyn Questions, now: Timestamp) -> Result<Plan> {
        let mut plan = Plan::default();
        let (certificates, faults) = certificate_source::find_each(self);
        for error in faults {
            plan.skip(error, false);
        }
        if let Some(files) = self.tried_in_turn() {
            IdentityPlan { login: self, files, certificates, now }.extend(&mut plan);
            return self.complete(plan);
        }
        // A file that is gone, or that only points to a token, may have its key in the agent.
        let may_be_held = |error: &Error| match error.kind() {
            Kind::NotFound => self.agent_socket.is_some(),
            Kind::Unsupported => self.agent_socket.is_some() && self.key_pem.is_none(),
            _ => false,
        };
        let missing_key = match self.load_key(questions) {
            Ok(Some(key)) => {
                self.plan_key(&mut plan, &Arc::new(key), &certificates, now);
                None
            }
            Ok(None) => None,
            Err(error) if may_be_held(&error) => Some(error),
            Err(error) => return Err(as_key_error(error)),
        };
        if self.wants_agent() || missing_key.is_some() {
            let agent = AgentPlan { login: self, certificates: &certificates, now };
            let found = agent.extend(&mut plan, missing_key.is_some())?;
            if let Some(error) = missing_key.filter(|_| !found) {
                return Err(as_key_error(error));
            }
        }
        self.complete(plan)
    }

    /// Adds what needs no key.
    fn complete(&self, mut plan: Plan) -> Result<Plan> {
        self.plan_password(&mut plan);
        if plan.attempts.is_empty() {
            return Err(nothing_to_try(plan));
        }
        Ok(plan)
    }

    /// The key files that are tried in turn, where no option names one.
    pub(crate) fn tried_in_turn(&self) -> Option<&IdentityFiles> {
        self.identity_files.as_ref().filter(|_| self.key_file.is_none() && self.key_pem.is_none())
    }

    /// rclone asks the agent when it is told to, or when nothing else is configured; a certificate without key file
    /// can only have its key there.
    fn wants_agent(&self) -> bool {
        if self.tried_in_turn().is_some() {
            return true;
        }
        let has_key = self.key_file.is_some() || self.key_pem.is_some();
        let has_certificate = self.pubkey.is_some() || self.pubkey_file.is_some();
        self.key_use_agent || !has_key && (has_certificate || self.pass.is_none() && !self.ask_password)
    }

    fn load_key(&self, questions: &dyn Questions) -> Result<Option<PrivateKey>> {
        if let Some(text) = &self.key_pem {
            let source = KeySource::Option("key_pem");
            // rclone keeps the key on one line of its file, with `\n` for each line end.
            let text = Zeroizing::new(text.replace("\\n", "\n"));
            return self
                .unlock(questions, |passphrase, ask| {
                    PrivateKey::parse(text.as_bytes(), source, passphrase, ask)
                })
                .map(Some);
        }
        let path = self.key_file.as_ref().filter(|_| !self.key_use_agent);
        path.map(|path| self.load_file(path, questions)).transpose()
    }

    /// Reads a key file. Its passphrase is asked for if it needs one that is not known.
    ///
    /// # Errors
    /// As [`PrivateKey::load`].
    pub(crate) fn load_file(&self, path: &Path, questions: &dyn Questions) -> Result<PrivateKey> {
        self.unlock(questions, |passphrase, ask| PrivateKey::load(path, passphrase, ask))
    }

    /// Has a key read with the passphrase that is configured, was asked for before, or is asked for now.
    fn unlock(
        &self,
        questions: &dyn Questions,
        read: impl FnOnce(Option<&str>, AskPassphrase<'_>) -> Result<PrivateKey>,
    ) -> Result<PrivateKey> {
        let asked = Mutex::new(None);
        let ask = |source: &KeySource| {
            let question = passphrase_question(source);
            let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
            let known = self.remembered.get(&question).filter(|_| asked.is_none());
            let answer = if known.is_some() { known } else { questions.secret(&question)? };
            *asked = answer.clone().map(|answer| (question, answer));
            Ok(answer)
        };
        let key = read(self.key_file_pass.as_ref().map(|text| text.as_str()), &ask)?;
        if let Some((question, answer)) = asked.into_inner().unwrap_or_else(PoisonError::into_inner) {
            self.remembered.put(&question, answer);
        }
        Ok(key)
    }

    fn plan_key(
        &self,
        plan: &mut Plan,
        key: &Arc<PrivateKey>,
        certificates: &[Arc<OfferedCertificate>],
        now: Timestamp,
    ) {
        let judged: Vec<_> = certificates
            .iter()
            .map(|certificate| (certificate, certificate.unusable(&self.user, Some(key.public()), now)))
            .collect();
        let usable = judged.iter().filter(|(_, error)| error.is_none());
        plan.attempts.extend(usable.map(|(certificate, _)| Attempt::Key {
            key: Arc::clone(key),
            certificate: Some(Arc::clone(certificate)),
        }));
        if plan.attempts.is_empty() {
            judged
                .into_iter()
                .filter_map(|(_, error)| error)
                .take(1)
                .for_each(|error| plan.skip(error, false));
        }
        plan.attempts.push(Attempt::Key { key: Arc::clone(key), certificate: None });
    }

    fn plan_password(&self, plan: &mut Plan) {
        let secret = match &self.pass {
            Some(pass) => Secret::Known(pass.clone()),
            None if self.ask_password => Secret::Ask,
            None => return,
        };
        plan.attempts.push(Attempt::Password(secret.clone()));
        plan.attempts.push(Attempt::KeyboardInteractive(secret));
    }
}

/// What a person is asked for a passphrase.
pub(crate) fn passphrase_question(source: &KeySource) -> String {
    format!("Passphrase for key {source}: ")
}

/// A key file that is not there is a fault of the configuration, not of a file to be transferred.
fn as_key_error(error: Error) -> Error {
    match error.kind() {
        Kind::Unsupported => error.with_kind(Kind::Config),
        Kind::NotFound | Kind::PermissionDenied | Kind::IsADirectory | Kind::NotADirectory | Kind::Io => {
            error.with_kind(Kind::Config).advice("check key_file")
        }
        _ => error,
    }
}

fn nothing_to_try(plan: Plan) -> Error {
    match plan.skipped.into_iter().next() {
        Some(skipped) => skipped.error,
        None => Error::new(Kind::Config, "log in", "no key, certificate, password or agent is configured")
            .advice("set key_file, pass or ask_password, or start ssh-agent and add a key to it"),
    }
}
