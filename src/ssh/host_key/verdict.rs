//! What `known_hosts` says about the key or certificate a server shows, by OpenSSH's rules.
//!
//! A revoked key or CA ends it, whatever else is recorded and whether the revoking line has the port or not. A
//! certificate of a recorded CA comes next. Where it proves nothing, its key counts as a plain one. A line that names
//! the host with its port and has another key means the key has changed; a line with the bare name cannot say that.

use crate::ssh::host_certificate::HostCertificate;
use crate::ssh::known_hosts::line::Marker;
use crate::ssh::known_hosts::{Entry, HostName, KnownHosts};
use crate::ssh::verifying_key::VerifyingKey;

/// What a server shows as its identity.
#[derive(Clone, Debug)]
pub enum Presented {
    /// A plain key.
    Key(VerifyingKey),
    /// A key with a certificate.
    Certificate(Box<HostCertificate>),
}

impl Presented {
    /// Reads what the server sent; `None` if it is malformed or of an unknown type.
    pub fn parse(blob: &[u8]) -> Option<Self> {
        if HostCertificate::is_certificate(blob) {
            return HostCertificate::parse(blob).map(|certificate| Self::Certificate(Box::new(certificate)));
        }
        VerifyingKey::parse(blob).map(Self::Key)
    }

    /// The server's own key.
    pub fn key(&self) -> &VerifyingKey {
        match self {
            Self::Key(key) => key,
            Self::Certificate(certificate) => certificate.key(),
        }
    }

    /// The key of the CA, if there is one.
    pub fn authority(&self) -> Option<&VerifyingKey> {
        match self {
            Self::Key(_) => None,
            Self::Certificate(certificate) => Some(certificate.authority()),
        }
    }
}

/// What the files say.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The server is the host: the line that says so.
    Trusted(Entry),
    /// The key or its CA is revoked by this line.
    Revoked(Entry),
    /// This line has another key for the host.
    Changed(Entry),
    /// No line settles it.
    Unknown,
}

/// Judges what the server shows at `now` (seconds since 1970). The second value says why its certificate, if it has
/// one, proved nothing.
pub fn judge(
    known: &KnownHosts,
    host: &HostName,
    presented: &Presented,
    now: u64,
) -> (Verdict, Option<String>) {
    let revoked = known.with_marker(Marker::Revoked).find(|entry| {
        entry.key == *presented.key() || presented.authority().is_some_and(|key| entry.key == *key)
    });
    if let Some(entry) = revoked {
        return (Verdict::Revoked(entry.clone()), None);
    }
    let fault = match presented {
        Presented::Key(_) => None,
        Presented::Certificate(certificate) => match vouched(known, host, certificate, now) {
            Ok(entry) => return (Verdict::Trusted(entry), None),
            Err(fault) => Some(fault),
        },
    };
    (judge_key(known, presented.key()), fault)
}

/// The line of a CA that vouches for the host.
fn vouched(
    known: &KnownHosts,
    host: &HostName,
    certificate: &HostCertificate,
    now: u64,
) -> Result<Entry, String> {
    let mut authorities = known.with_marker(Marker::CertAuthority);
    let Some(entry) = authorities.find(|entry| entry.key == *certificate.authority()) else {
        let authority = certificate.authority();
        return Err(format!(
            "{} is signed by an unknown CA, {} {}",
            certificate.describe(),
            authority.algorithm().name(),
            authority.fingerprint()
        ));
    };
    match certificate.check(host.principal(), now) {
        Ok(()) => Ok(entry.clone()),
        Err(fault) => Err(format!("{} is not accepted: {fault}", certificate.describe())),
    }
}

fn judge_key(known: &KnownHosts, key: &VerifyingKey) -> Verdict {
    let recorded = || known.with_marker(Marker::Host);
    let same = |exact| recorded().find(move |entry| entry.exact == exact && entry.key == *key).cloned();
    let same_type = |entry: &&Entry| entry.key.algorithm() == key.algorithm();
    if let Some(entry) = same(true) {
        return Verdict::Trusted(entry);
    }
    let others: Vec<_> = recorded().filter(|entry| entry.exact).collect();
    if let Some(other) = others.iter().copied().find(same_type).or(others.first().copied()) {
        return Verdict::Changed(other.clone());
    }
    same(false).map_or(Verdict::Unknown, Verdict::Trusted)
}
