//! The attempts that the agent can make: certificates from disk with their key in the agent, certificates the agent
//! holds, its plain keys.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::agent::{Agent, Identity};
use super::attempt::Attempt;
use super::certificate_source::{OfferedCertificate, beside};
use super::fault::Severity;
use super::judge::judge;
use super::login::{Login, Plan};
use super::private_key::public_half;
use super::public_file::{PublicFile, read_small};
use super::public_key::PublicKey;
use crate::error::{Error, Kind, Result};

pub(crate) struct AgentPlan<'a> {
    pub(crate) login: &'a Login,
    pub(crate) certificates: &'a [Arc<OfferedCertificate>],
    pub(crate) now: Timestamp,
}

impl AgentPlan<'_> {
    /// Adds the agent's attempts; false if there are none. `is_stand_in` if it stands in for a key file that is missing.
    ///
    /// # Errors
    /// The agent was asked for, by `key_use_agent` or as the only way left, and cannot be used.
    pub(crate) fn extend(&self, plan: &mut Plan, is_stand_in: bool) -> Result<bool> {
        let certificates = self.usable_certificates(plan);
        let login = self.login;
        let has_other_way =
            login.pass.is_some() || login.ask_password || is_stand_in || !plan.skipped.is_empty();
        let is_needed = login.key_use_agent || !has_other_way;
        let (agent, identities) = match self.reach() {
            Ok(reached) => reached,
            Err(error) if is_needed => return Err(error),
            Err(error) => {
                log::debug!("login: {error}");
                return Ok(false);
            }
        };
        let before = plan.attempts.len();
        self.add(plan, &agent, &self.allowed(identities, is_stand_in)?, &certificates);
        if plan.attempts.len() == before && plan.skipped.is_empty() && is_needed {
            return Err(no_identities(&agent));
        }
        Ok(plan.attempts.len() > before)
    }

    /// The certificates from disk, without those that no key can make work.
    fn usable_certificates(&self, plan: &mut Plan) -> Vec<Arc<OfferedCertificate>> {
        let mut usable = Vec::new();
        for certificate in self.certificates {
            match certificate.unusable(&self.login.user, None, self.now) {
                Some(error) => plan.skip(error, false),
                None => usable.push(Arc::clone(certificate)),
            }
        }
        usable
    }

    fn reach(&self) -> Result<(Agent, Vec<Identity>)> {
        let Some(socket) = &self.login.agent_socket else {
            return Err(Error::new(Kind::Config, "ask ssh-agent", "SSH_AUTH_SOCK is not set")
                .advice("start ssh-agent and add a key to it, or set key_file, pass or ask_password"));
        };
        let agent = Agent::new(socket);
        let identities = agent.identities()?;
        log::debug!("login: the agent holds {} keys", identities.len());
        Ok((agent, identities))
    }

    /// Those that may be offered: all, or the ones that `key_file` and the certificates name.
    fn allowed(&self, identities: Vec<Identity>, is_stand_in: bool) -> Result<Vec<Identity>> {
        let login = self.login;
        let key_file =
            login.key_file.as_deref().filter(|_| is_stand_in || login.key_use_agent || login.identities_only);
        if key_file.is_none() && !login.identities_only {
            return Ok(identities);
        }
        let mut named: Vec<PublicKey> = key_file.map(named_keys).unwrap_or_default();
        named.extend(self.certificates.iter().map(|it| it.certificate.public_key.clone()));
        let allowed: Vec<_> = identities.into_iter().filter(|it| named.contains(&it.key)).collect();
        match key_file {
            Some(path) if allowed.is_empty() && login.key_use_agent => Err(not_in_agent(path, &named)),
            _ => Ok(allowed),
        }
    }

    fn add(
        &self,
        plan: &mut Plan,
        agent: &Agent,
        identities: &[Identity],
        certificates: &[Arc<OfferedCertificate>],
    ) {
        for certificate in certificates {
            add_from_disk(plan, agent, identities, certificate);
        }
        let (with_certificate, others): (Vec<_>, Vec<_>) =
            identities.iter().partition(|it| it.certificate.is_some());
        for identity in with_certificate {
            let on_disk = |it: &Arc<OfferedCertificate>| it.certificate.blob() == identity.blob;
            if !self.certificates.iter().any(on_disk) {
                add_from_agent(plan, agent, identity, &self.login.user, self.now);
            }
        }
        for identity in others {
            add_from_agent(plan, agent, identity, &self.login.user, self.now);
        }
    }
}

/// Adds a key of the agent, or a certificate unless that is known to be unusable for `user`.
pub(crate) fn add_from_agent(
    plan: &mut Plan,
    agent: &Agent,
    identity: &Identity,
    user: &str,
    now: Timestamp,
) {
    if let Some(certificate) = &identity.certificate {
        let faults = judge(certificate, Some(user), None, now);
        if let Some(fault) = faults.first().filter(|fault| fault.severity() == Severity::Fatal) {
            log::debug!("login: skipping the certificate {} of the agent: {fault}", identity.shown());
            let error = Error::new(Kind::CertificateUnusable, "certificate of ssh-agent", fault.to_string());
            return plan
                .skip(error.on(&identity.comment).advice(fault.advice(certificate, Some(user))), true);
        }
    }
    plan.attempts.push(Attempt::Agent {
        agent: agent.clone(),
        identity: Box::new(identity.clone()),
        certificate: None,
    });
}

fn add_from_disk(
    plan: &mut Plan,
    agent: &Agent,
    identities: &[Identity],
    certificate: &Arc<OfferedCertificate>,
) {
    let key = &certificate.certificate.public_key;
    let fits = |it: &&Identity| it.key == *key;
    let Some(identity) = identities.iter().filter(fits).min_by_key(|it| it.certificate.is_some()) else {
        let reason = format!("its private key {} is not in the agent", key.fingerprint());
        let error = Error::new(Kind::CertificateUnusable, "certificate", reason);
        let error = error.on(certificate.source.to_string());
        return plan.skip(error.advice("set key_file to its private key, or add that with ssh-add"), false);
    };
    plan.attempts.push(Attempt::Agent {
        agent: agent.clone(),
        identity: Box::new(identity.clone()),
        certificate: Some(Arc::clone(certificate)),
    });
}

/// The public keys that a key file names: those beside it, those in it, its own public half.
pub(crate) fn named_keys(path: &Path) -> Vec<PublicKey> {
    let mut named = Vec::new();
    let mut beside_it = path.as_os_str().to_owned();
    beside_it.push(".pub");
    for file in [path.to_owned(), beside_it.into(), beside(path)] {
        let Ok(bytes) = read_small(&file) else { continue };
        let public = PublicFile::parse(&bytes);
        named.extend(public_half(&bytes));
        named.extend(public.keys);
        named.extend(public.certificates.into_iter().map(|it| it.public_key));
    }
    named
}

fn not_in_agent(path: &Path, named: &[PublicKey]) -> Error {
    use std::os::unix::ffi::OsStrExt;
    let reason = match named.first() {
        Some(key) => format!("the agent does not hold the key {}", key.fingerprint()),
        None => "neither this file nor the one with .pub says which key of the agent is meant".into(),
    };
    Error::new(Kind::Config, "find key in ssh-agent", reason)
        .on(path.as_os_str().as_bytes())
        .advice("add it with ssh-add, and see what the agent holds with ssh-add -l")
}

fn no_identities(agent: &Agent) -> Error {
    use std::os::unix::ffi::OsStrExt;
    Error::new(Kind::Config, "ask ssh-agent", "it holds no key that can be offered")
        .on(agent.socket().as_os_str().as_bytes())
        .advice("add one with ssh-add, unlock the agent with ssh-add -X if it is locked, or set key_file, pass or ask_password")
}
