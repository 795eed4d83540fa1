//! What can be wrong with a certificate, in words a person can act on.

use std::borrow::Cow;
use std::fmt;

use super::certificate::Certificate;
use super::moment::{local_time, span};
use crate::path::escape;

/// A clock that is wrong by up to this many seconds is more likely than a certificate made for the future.
const CLOCK_SKEW: u64 = 10 * 60;

/// One thing that keeps a certificate from logging a user in, or may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It vouches for a host, not for a user.
    HostCertificate,
    /// It certifies another key than the one at hand. Both fingerprints.
    KeyMismatch {
        /// Of the key in the certificate.
        certified: String,
        /// Of the key at hand.
        key: String,
    },
    /// It has ended.
    Expired {
        /// When, in seconds since 1970.
        at: u64,
        /// How many seconds ago.
        ago: u64,
    },
    /// It has not begun.
    NotYetValid {
        /// When it begins, in seconds since 1970.
        at: u64,
        /// In how many seconds.
        wait: u64,
    },
    /// It names nobody.
    NoPrincipals,
    /// It names others, but not this user.
    PrincipalMissing {
        /// The user who logs in.
        user: String,
        /// Whom the certificate names.
        principals: Vec<String>,
    },
    /// OpenSSH refuses every certificate with this critical option.
    UnknownCriticalOption(String),
    /// The CA signed with SHA-1 (`ssh-rsa`), which OpenSSH refuses since 8.2.
    Sha1Signature,
    /// The CA's signature does not count, for this reason.
    BadSignature(String),
    /// The server will run this command instead of what it is asked for.
    ForceCommand(String),
    /// It is only valid from these addresses.
    SourceAddress(String),
}

/// How much a fault says before a server has been asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Depends on things only the server knows.
    Note,
    /// Refused by a server in its usual configuration.
    Likely,
    /// No server accepts it, so nothing is sent.
    Fatal,
}

impl Fault {
    /// How much this says before a server has been asked.
    pub fn severity(&self) -> Severity {
        match self {
            Self::ForceCommand(_) | Self::SourceAddress(_) => Severity::Note,
            // Our clock may be behind the CA's: the server decides.
            Self::NotYetValid { wait, .. } if *wait <= CLOCK_SKEW => Severity::Likely,
            Self::NoPrincipals
            | Self::PrincipalMissing { .. }
            | Self::UnknownCriticalOption(_)
            | Self::Sha1Signature => Severity::Likely,
            Self::HostCertificate
            | Self::BadSignature(_)
            | Self::KeyMismatch { .. }
            | Self::Expired { .. }
            | Self::NotYetValid { .. } => Severity::Fatal,
        }
    }

    /// What to do about it. Commands are for whoever holds the CA's private key; CA and KEY.pub stand for its file
    /// and the user's.
    pub fn advice(&self, certificate: &Certificate, user: Option<&str>) -> String {
        let sign = |options: &str| {
            let names = user.map_or_else(|| certificate.principals.join(","), str::to_owned);
            let names = if names.is_empty() { "USER".to_owned() } else { quoted(&names) };
            let id =
                if certificate.key_id.is_empty() { "ID".to_owned() } else { quoted(&certificate.key_id) };
            format!("ssh-keygen -s CA -I {id} -n {names} {options} KEY.pub")
        };
        match self {
            Self::HostCertificate => format!("have the key signed without -h: {}", sign("-V +1d")),
            Self::KeyMismatch { certified, .. } => {
                format!("set key_file to the key {certified}, or have your own signed: {}", sign("-V +1d"))
            }
            Self::Expired { .. } => format!("have it signed again: {}", sign("-V +1d")),
            Self::NotYetValid { wait, .. } if *wait <= CLOCK_SKEW => {
                "this clock may be behind the CA's: compare both (timedatectl)".into()
            }
            Self::NotYetValid { .. } => {
                format!("check this clock (timedatectl), or have it signed from now on: {}", sign("-V +1d"))
            }
            Self::NoPrincipals => format!("have it signed with principals: {}", sign("-V +1d")),
            Self::PrincipalMissing { .. } => format!(
                "set user to one of these, have the server map it (AuthorizedPrincipalsFile), or: {}",
                sign("-V +1d")
            ),
            Self::UnknownCriticalOption(name) => {
                format!("have it signed without -O critical:{}", shown(name))
            }
            Self::Sha1Signature => format!("have it signed with SHA-2: {}", sign("-t rsa-sha2-512")),
            Self::BadSignature(_) => {
                format!("it was changed or damaged since: have it signed again: {}", sign("-V +1d"))
            }
            Self::ForceCommand(_) => {
                format!("files need another one: {}", sign("-O force-command=internal-sftp"))
            }
            Self::SourceAddress(_) => "compare it with the address this machine connects from".into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HostCertificate => f.write_str("it is a host certificate, not a user certificate"),
            Self::KeyMismatch { certified, key } => {
                write!(f, "it certifies the key {certified}, but the private key is {key}")
            }
            Self::Expired { at, ago } => write!(f, "it expired {} ({} ago)", local_time(*at), span(*ago)),
            Self::NotYetValid { at, wait } => {
                write!(f, "it is not valid before {} (in {})", local_time(*at), span(*wait))
            }
            Self::NoPrincipals => f.write_str("it names no principals"),
            Self::PrincipalMissing { user, principals } => {
                let names: Vec<_> = principals.iter().map(|name| shown(name)).collect();
                write!(f, "user {} is not among its principals [{}]", shown(user), names.join(", "))
            }
            Self::UnknownCriticalOption(name) => {
                write!(f, "it has the critical option {}, which OpenSSH does not know", shown(name))
            }
            Self::Sha1Signature => {
                f.write_str("its CA signed with SHA-1 (ssh-rsa), which servers refuse since OpenSSH 8.2")
            }
            Self::BadSignature(reason) => write!(f, "its CA's signature does not count: {}", shown(reason)),
            Self::ForceCommand(command) => write!(f, "it forces the command {}", shown(command)),
            Self::SourceAddress(list) => write!(f, "it is only valid from {}", shown(list)),
        }
    }
}

fn shown(text: &str) -> Cow<'_, str> {
    escape(text.as_bytes())
}

/// Text as one word of a shell command that can be copied without harm.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._@:/+,-".contains(c);
    if text.chars().all(is_plain) && !text.starts_with('-') {
        text.to_owned()
    } else {
        format!("'{}'", shown(text).replace('\'', "'\\''"))
    }
}
