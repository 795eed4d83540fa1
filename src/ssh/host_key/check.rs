//! The decision about a server's key, with the person asked where that is wanted.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::offer::{preferred_algorithms, signature_names};
use super::pins::{PinVerdict, Pins};
use super::policy::{HostKeyPolicy, HostKeySettings};
use super::verdict::{Presented, Verdict, judge};
use crate::error::{Error, Kind, Result};
use crate::path::escape;
use crate::questions::Questions;
use crate::ssh::known_hosts::line::Marker;
use crate::ssh::known_hosts::{Entry, HostName, KnownHosts, append};
use crate::ssh::signature::SMALLEST_RSA;
use crate::ssh::verifying_key::{KeyAlgorithm, VerifyingKey};

/// One check of one server, prepared before the connection is made.
pub struct HostKeyCheck<'a> {
    settings: &'a HostKeySettings,
    host: HostName,
    known: KnownHosts,
}

/// A server that may be talked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The server's key; `None` where nothing was looked at and the key is of an unknown type.
    pub key: Option<VerifyingKey>,
    /// Whether a certificate of a trusted CA says that the server is the host.
    pub certified: bool,
    /// A key to be added to `host_keys` once the login has succeeded (`pin_host_key`).
    pub new_pin: Option<VerifyingKey>,
    /// The line of a `known_hosts` file that had the key or the CA before.
    pub recorded: Option<Entry>,
}

impl<'a> HostKeyCheck<'a> {
    /// Reads what is recorded about `host`.
    ///
    /// # Errors
    /// A `known_hosts` file exists and cannot be read.
    pub fn prepare(settings: &'a HostKeySettings, host: &str, port: u16) -> Result<Self> {
        let host = HostName::new(host, port, settings.alias.as_deref());
        let known = if settings.policy == HostKeyPolicy::Off || settings.pins.is_some() {
            KnownHosts::default()
        } else {
            let files: Vec<_> = settings.user_files.iter().chain(&settings.global_files).cloned().collect();
            KnownHosts::read(&files, &host)?
        };
        Ok(Self { settings, host, known })
    }

    /// The host key algorithms to ask the server for, best first.
    pub fn algorithms(&self) -> Vec<String> {
        let computed = match &self.settings.pins {
            _ if !self.settings.algorithms.is_empty() => return self.settings.algorithms.clone(),
            Some(pins) => pins.algorithms().into_iter().flat_map(signature_names).copied().collect(),
            None => preferred_algorithms(&self.known),
        };
        computed.into_iter().map(str::to_owned).collect()
    }

    /// Decides about the key or certificate the server has shown.
    ///
    /// # Errors
    /// [`Kind::HostKey`]: the server must not be talked to.
    pub fn decide(&self, shown: &[u8], questions: &dyn Questions) -> Result<Accepted> {
        let presented = Presented::parse(shown);
        if self.settings.policy == HostKeyPolicy::Off {
            let key = presented.map(|presented| presented.key().clone());
            return Ok(Accepted { key, certified: false, new_pin: None, recorded: None });
        }
        let presented =
            presented.ok_or_else(|| self.refused("the server's key is malformed or of an unknown type"))?;
        let key = presented.key();
        if key.algorithm() == KeyAlgorithm::Rsa && key.bits() < SMALLEST_RSA {
            return Err(self.refused(format!(
                "its RSA key has {} bits, {SMALLEST_RSA} are the least that count",
                key.bits()
            )));
        }
        match &self.settings.pins {
            Some(pins) => self.decide_by_pins(pins, &presented),
            None => self.decide_by_files(&presented, questions),
        }
    }

    fn decide_by_files(&self, presented: &Presented, questions: &dyn Questions) -> Result<Accepted> {
        let key = presented.key();
        let (verdict, fault) = judge(&self.known, &self.host, presented, now());
        if let Some(fault) = &fault {
            log::info!("{}: {fault}", self.host.exact());
        }
        let recorded = match verdict {
            Verdict::Trusted(entry) => {
                log::debug!("{}: host key trusted by {}", self.host.exact(), entry.place());
                Some(entry)
            }
            Verdict::Revoked(entry) => return Err(self.revoked(key, &entry)),
            Verdict::Changed(entry) => return Err(self.changed(key, &entry, fault.as_deref())),
            Verdict::Unknown => {
                self.welcome(key, fault.as_deref(), questions)?;
                None
            }
        };
        let certified = recorded.as_ref().is_some_and(|entry| entry.marker == Marker::CertAuthority);
        Ok(Accepted { key: Some(key.clone()), certified, new_pin: None, recorded })
    }

    fn decide_by_pins(&self, pins: &Pins, presented: &Presented) -> Result<Accepted> {
        if matches!(presented, Presented::Certificate(_)) {
            return Err(self
                .refused("the server shows a certificate, which host_keys cannot judge")
                .advice("use known_hosts_file with a @cert-authority line instead"));
        }
        let key = presented.key();
        let new_pin = match pins.judge(key) {
            PinVerdict::Known => None,
            PinVerdict::New => {
                log::info!("{}: pinning {}", self.host.exact(), named(key));
                Some(key.clone())
            }
            PinVerdict::Changed(pinned) => {
                let pinned = pinned.join(", ");
                return Err(self
                    .refused(format!("the server shows {}, host_keys has {pinned}", named(key)))
                    .advice(format!(
                        "{SUSPICION}\nif it is right, remove the old key from host_keys and use pin_host_key"
                    )));
            }
            PinVerdict::Unknown => {
                return Err(self
                    .refused(format!("the server shows {}, and host_keys has none of that type", named(key)))
                    .advice("compare the fingerprint, then add the key to host_keys or use pin_host_key"));
            }
        };
        Ok(Accepted { key: Some(key.clone()), certified: false, new_pin, recorded: None })
    }

    /// Lets an unknown host in, or not.
    fn welcome(&self, key: &VerifyingKey, fault: Option<&str>, questions: &dyn Questions) -> Result<()> {
        match self.settings.policy {
            HostKeyPolicy::AcceptNew | HostKeyPolicy::Off => {
                log::warn!("{}: trusting a new host with {}", self.host.exact(), named(key));
            }
            HostKeyPolicy::Ask if questions.confirm(&self.question(key, fault))? == Some(true) => {}
            HostKeyPolicy::Ask | HostKeyPolicy::Strict => return Err(self.unknown(key, fault)),
        }
        self.record(key);
        Ok(())
    }

    /// Adds a key that is trusted; failing to only means being asked again.
    fn record(&self, key: &VerifyingKey) {
        let Some(file) = self.settings.user_files.first() else { return };
        if let Err(error) = append(file, &self.host, key) {
            log::warn!("{error}");
        }
    }

    fn question(&self, key: &VerifyingKey, fault: Option<&str>) -> String {
        let fault = fault.map(|fault| format!("Its {fault}.\n")).unwrap_or_default();
        let target = self.settings.user_files.first().map(|file| format!(" and add it to {}", shown(file)));
        format!(
            "Nothing is recorded about the host {}.\n{fault}It shows {}\n{}\nTrust this key{}?",
            escape(self.host.exact().as_bytes()),
            named(key),
            key.randomart().trim_end(),
            target.unwrap_or_default(),
        )
    }

    fn unknown(&self, key: &VerifyingKey, fault: Option<&str>) -> Error {
        let fault = fault.map(|fault| format!("; its {fault}")).unwrap_or_default();
        self.refused(format!("the host is not known; it shows {}{fault}", named(key))).advice(format!(
            "compare the fingerprint with the server's, then run `{}` (host_key_policy = accept-new \
             records new hosts unasked)",
            self.settings.trust_command("")
        ))
    }

    fn changed(&self, key: &VerifyingKey, entry: &Entry, fault: Option<&str>) -> Error {
        let fault = fault.map(|fault| format!("; its {fault}")).unwrap_or_default();
        let (new, old, place) = (named(key), named(&entry.key), entry.place());
        self.refused(format!("the host key has changed: the server shows {new}, {place} has {old}{fault}"))
            .advice(format!(
                "{SUSPICION}\nif it is right, run `{}`",
                self.settings.trust_command(" --replace")
            ))
    }

    fn revoked(&self, key: &VerifyingKey, entry: &Entry) -> Error {
        let whose = if entry.key == *key { "the server's key" } else { "the CA of the server's certificate" };
        self.refused(format!("{whose}, {}, is revoked by {}", named(&entry.key), entry.place()))
            .advice("whoever answers has a key that is known to be stolen or retired: do not log in")
    }

    fn refused(&self, reason: impl Into<std::borrow::Cow<'static, str>>) -> Error {
        Error::new(Kind::HostKey, "check the host key of", reason).on(self.host.exact())
    }
}

/// What a changed key may mean.
const SUSPICION: &str =
    "someone may be listening in between, or the server was set up anew: ask who runs it for the fingerprint";

/// The type and the fingerprint of a key.
pub fn named(key: &VerifyingKey) -> String {
    format!("{} {}", key.algorithm().name(), key.fingerprint())
}

fn shown(file: &Path) -> String {
    escape(file.as_os_str().as_encoded_bytes()).into_owned()
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}
