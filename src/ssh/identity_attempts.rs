//! The attempts of a login that tries several keys in turn, as `ssh` does with `IdentityFile`, `CertificateFile` and the
//! agent: certificates first, then the agent's keys (those that a file names before the others), then the other files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::agent::{Agent, Identity};
use super::agent_attempts::{add_from_agent, named_keys};
use super::attempt::Attempt;
use super::certificate_source::OfferedCertificate;
use super::key_search::needs_passphrase;
use super::locked_key::LockedKey;
use super::login::{Login, Plan, passphrase_question};
use super::private_key::{KeySource, PrivateKey};
use super::public_file::read_small;
use super::public_key::PublicKey;
use crate::config::ssh_config::IdentityFiles;
use crate::error::{Error, Kind};
use crate::path::escape;
use crate::questions::Nobody;

pub(crate) struct IdentityPlan<'a> {
    pub(crate) login: &'a Login,
    pub(crate) files: &'a IdentityFiles,
    pub(crate) certificates: Vec<Arc<OfferedCertificate>>,
    pub(crate) now: Timestamp,
}

/// A key file that can be tried.
struct Candidate {
    path: PathBuf,
    public: Option<PublicKey>,
    /// The key, unless its passphrase is still to be asked for.
    key: Option<Arc<PrivateKey>>,
}

impl Candidate {
    fn attempt(&self, certificate: Option<Arc<OfferedCertificate>>) -> Attempt {
        match &self.key {
            Some(key) => Attempt::Key { key: Arc::clone(key), certificate },
            None => Attempt::Locked(LockedKey {
                path: self.path.clone(),
                public: self.public.clone(),
                certificate,
            }),
        }
    }
}

impl IdentityPlan<'_> {
    /// Adds the attempts. What cannot be used is skipped: there may be another way.
    pub(crate) fn extend(self, plan: &mut Plan) {
        let (agent, identities) = self.agent();
        let candidates = self.candidates(plan, &identities);
        self.add_certificates(plan, &candidates, agent.as_ref(), &identities);
        if let Some(agent) = &agent {
            self.add_identities(plan, agent, &identities);
        }
        for candidate in &candidates {
            let is_held = |identity: &Identity| {
                identity.certificate.is_none() && candidate.public.as_ref() == Some(&identity.key)
            };
            if !identities.iter().any(is_held) {
                plan.attempts.push(candidate.attempt(None));
            }
        }
        if plan.attempts.is_empty() && plan.skipped.is_empty() {
            plan.skip(self.nothing(), true);
        }
    }

    /// The key files that are there and can sign; none where the agent alone may.
    fn candidates(&self, plan: &mut Plan, identities: &[Identity]) -> Vec<Candidate> {
        let is_held = |path: &Path| {
            let named = named_keys(path);
            identities.iter().any(|identity| named.contains(&identity.key))
        };
        let mut candidates = Vec::new();
        for path in self.files.paths().iter().filter(|_| !self.login.key_use_agent) {
            match self.candidate(path) {
                Ok(candidate) => candidates.push(candidate),
                Err(error) if error.kind() == Kind::NotFound => log::debug!("login: {error}"),
                // A public key, or one on a token, is the name of one that the agent holds.
                Err(error) if is_held(path) => log::debug!("login: {error}"),
                Err(error) => plan.skip(error, !self.files.are_named()),
            }
        }
        candidates
    }

    fn candidate(&self, path: &Path) -> crate::error::Result<Candidate> {
        let bytes = zeroize::Zeroizing::new(read_small(path)?);
        let is_known = self.login.key_file_pass.is_some()
            || self.login.remembered.get(&passphrase_question(&KeySource::File(path.to_owned()))).is_some();
        if needs_passphrase(&bytes) == Some(true) && !is_known {
            let public = named_keys(path).into_iter().next();
            return Ok(Candidate { path: path.to_owned(), public, key: None });
        }
        let key = self.login.load_file(path, &Nobody)?;
        let public = Some(key.public().clone());
        Ok(Candidate { path: path.to_owned(), public, key: Some(Arc::new(key)) })
    }

    /// The agent and what it may offer. One that cannot be reached is no reason to give up.
    fn agent(&self) -> (Option<Agent>, Vec<Identity>) {
        let Some(socket) = &self.login.agent_socket else { return (None, Vec::new()) };
        let agent = Agent::new(socket);
        match agent.identities() {
            Ok(identities) => {
                log::debug!("login: the agent holds {} keys", identities.len());
                (Some(agent), self.in_order(identities))
            }
            Err(error) => {
                log::debug!("login: {error}");
                (None, Vec::new())
            }
        }
    }

    /// The keys that a file names, then the others if they may be offered; of both the certificates first.
    fn in_order(&self, identities: Vec<Identity>) -> Vec<Identity> {
        let mut named: Vec<PublicKey> = self.files.paths().iter().flat_map(|path| named_keys(path)).collect();
        named.extend(self.certificates.iter().map(|it| it.certificate.public_key.clone()));
        let is_named = |identity: &Identity| named.contains(&identity.key);
        let only_named = self.login.identities_only
            || self.login.key_use_agent && self.files.are_named() && !self.files.paths().is_empty();
        let mut identities: Vec<_> =
            identities.into_iter().filter(|identity| !only_named || is_named(identity)).collect();
        identities.sort_by_key(|identity| (!is_named(identity), identity.certificate.is_none()));
        identities
    }

    /// The certificates on disk, each with its key: from a file that needs no passphrase, from the agent, from another
    /// file.
    fn add_certificates(
        &self,
        plan: &mut Plan,
        candidates: &[Candidate],
        agent: Option<&Agent>,
        identities: &[Identity],
    ) {
        let came_along = self.login.certificate_files.is_empty()
            && self.login.pubkey.is_none()
            && self.login.pubkey_file.is_none()
            && !self.files.are_named();
        for certificate in &self.certificates {
            if let Some(error) = certificate.unusable(&self.login.user, None, self.now) {
                plan.skip(error, came_along);
                continue;
            }
            let key = &certificate.certificate.public_key;
            let fits = |candidate: &&Candidate| candidate.public.as_ref() == Some(key);
            let ready = candidates.iter().filter(fits).find(|candidate| candidate.key.is_some());
            let held =
                identities.iter().filter(|it| it.key == *key).min_by_key(|it| it.certificate.is_some());
            let attempt = match (ready, agent.zip(held), candidates.iter().find(fits)) {
                (Some(candidate), _, _) | (None, None, Some(candidate)) => {
                    candidate.attempt(Some(Arc::clone(certificate)))
                }
                (None, Some((agent, identity)), _) => Attempt::Agent {
                    agent: agent.clone(),
                    identity: Box::new(identity.clone()),
                    certificate: Some(Arc::clone(certificate)),
                },
                (None, None, None) => {
                    plan.skip(without_key(certificate), came_along);
                    continue;
                }
            };
            plan.attempts.push(attempt);
        }
    }

    fn add_identities(&self, plan: &mut Plan, agent: &Agent, identities: &[Identity]) {
        let is_on_disk =
            |identity: &&Identity| self.certificates.iter().any(|it| it.certificate.blob() == identity.blob);
        for identity in identities.iter().filter(|identity| !is_on_disk(identity)) {
            add_from_agent(plan, agent, identity, &self.login.user, self.now);
        }
    }

    fn nothing(&self) -> Error {
        use std::os::unix::ffi::OsStrExt;
        let names: Vec<_> =
            self.files.paths().iter().map(|path| escape(path.as_os_str().as_bytes()).into_owned()).collect();
        let files = if names.is_empty() {
            "no key file is named".to_owned()
        } else {
            format!("none of these key files is there: {}", names.join(", "))
        };
        Error::new(Kind::Config, "log in to", format!("{files}; nor does an agent hold a key"))
            .on(format!("{}@{}", self.login.user, self.login.server))
            .advice("set IdentityFile, start ssh-agent and add a key to it, or set key_file, pass or ask_password")
    }
}

fn without_key(certificate: &OfferedCertificate) -> Error {
    let reason = format!(
        "its private key {} is in no identity file and not in the agent",
        certificate.certificate.public_key.fingerprint()
    );
    Error::new(Kind::CertificateUnusable, "certificate", reason)
        .on(certificate.source.to_string())
        .advice("name its private key with IdentityFile, or add it with ssh-add")
}
