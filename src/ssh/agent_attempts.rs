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
    /// Adds the agent's attempts; false if there are none. `only_named` if the agent stands in for a missing key file.
    ///
    /// # Errors
    /// The agent was asked for, by `key_use_agent` or as the only way left, and cannot be used.
    pub(crate) fn extend(&self, plan: &mut Plan, only_named: bool) -> Result<bool> {
        let before = plan.attempts.len();
        let agent = match self.reach() {
            Ok((agent, identities)) => {
                let identities = self.allowed(identities, only_named)?;
                self.add(plan, &agent, &identities);
                agent
            }
            Err(error) if self.login.key_use_agent || plan.skipped.is_empty() && !only_named => {
                return Err(error);
            }
            Err(error) => {
                log::debug!("login: {error}");
                return Ok(false);
            }
        };
        if plan.attempts.len() == before
            && plan.skipped.is_empty()
            && !only_named
            && self.login.pass.is_none()
        {
            return Err(no_identities(&agent));
        }
        Ok(plan.attempts.len() > before)
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
    fn allowed(&self, identities: Vec<Identity>, only_named: bool) -> Result<Vec<Identity>> {
        let login = self.login;
        let key_file =
            login.key_file.as_deref().filter(|_| only_named || login.key_use_agent || login.identities_only);
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

    fn add(&self, plan: &mut Plan, agent: &Agent, identities: &[Identity]) {
        for certificate in self.certificates {
            self.add_from_disk(plan, agent, identities, certificate);
        }
        let (with_certificate, plain): (Vec<_>, Vec<_>) =
            identities.iter().partition(|it| it.certificate.is_some());
        for identity in with_certificate {
            let on_disk = |it: &Arc<OfferedCertificate>| it.certificate.blob() == identity.blob;
            if !self.certificates.iter().any(on_disk) {
                self.add_from_agent(plan, agent, identity);
            }
        }
        plan.attempts.extend(plain.into_iter().map(|identity| Attempt::Agent {
            agent: agent.clone(),
            identity: Box::new(identity.clone()),
            certificate: None,
        }));
    }

    fn add_from_disk(
        &self,
        plan: &mut Plan,
        agent: &Agent,
        identities: &[Identity],
        certificate: &Arc<OfferedCertificate>,
    ) {
        let key = &certificate.certificate.public_key;
        if let Some(error) = certificate.unusable(&self.login.user, None, self.now) {
            return plan.skip(error, false);
        }
        let fits = |it: &&Identity| it.key == *key;
        let Some(identity) = identities.iter().filter(fits).min_by_key(|it| it.certificate.is_some()) else {
            let reason = format!("its private key {} is not in the agent", key.fingerprint());
            let error = Error::new(Kind::CertificateUnusable, "use certificate", reason);
            let error = error.on(certificate.source.to_string());
            return plan
                .skip(error.advice("set key_file to its private key, or add that with ssh-add"), false);
        };
        plan.attempts.push(Attempt::Agent {
            agent: agent.clone(),
            identity: Box::new(identity.clone()),
            certificate: Some(Arc::clone(certificate)),
        });
    }

    fn add_from_agent(&self, plan: &mut Plan, agent: &Agent, identity: &Identity) {
        let Some(certificate) = &identity.certificate else { return };
        let faults = judge(certificate, Some(&self.login.user), None, self.now);
        match faults.first().filter(|fault| fault.severity() == Severity::Fatal) {
            Some(fault) => {
                let error =
                    Error::new(Kind::CertificateUnusable, "use certificate of ssh-agent", fault.to_string());
                log::debug!("login: skipping the certificate {} of the agent: {fault}", identity.shown());
                plan.skip(error.on(&identity.comment).advice(fault.advice()), true);
            }
            None => plan.attempts.push(Attempt::Agent {
                agent: agent.clone(),
                identity: Box::new(identity.clone()),
                certificate: None,
            }),
        }
    }
}

/// The public keys that a key file names: those beside it, those in it, its own public half.
fn named_keys(path: &Path) -> Vec<PublicKey> {
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
        .advice("add one with ssh-add, or set key_file, pass or ask_password")
}
