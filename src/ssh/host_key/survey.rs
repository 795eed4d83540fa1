//! Everything a server shows as its identity, beside what is recorded about it.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use super::check::named;
use super::offer::{certificate_names, signature_names};
use super::verdict::{Presented, Verdict, judge};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::questions::Questions;
use crate::ssh::dial::Target;
use crate::ssh::known_hosts::line::Marker;
use crate::ssh::known_hosts::{Entry, HostName, KnownHosts, append, replace};
use crate::ssh::session::{SessionSettings, offered_host_keys, shown_host_key};
use crate::ssh::verifying_key::{KeyAlgorithm, VerifyingKey};

/// What is recorded about one key.
#[derive(Clone, Debug)]
pub enum Finding {
    /// This line has it.
    Recorded(Entry),
    /// This line revokes it.
    Revoked(Entry),
    /// No line has it, and none speaks against it.
    New,
    /// These lines have other keys in its place.
    Changed(Vec<Entry>),
}

/// A server's keys and certificates.
pub struct Survey {
    /// The names the server is looked up by.
    pub host: HostName,
    /// Its plain keys and what is recorded about each.
    pub keys: Vec<(VerifyingKey, Finding)>,
    /// Its certificates, each with the sentence that says what they are worth.
    pub certificates: Vec<String>,
    /// The user's files; new keys go to the first.
    user_files: Vec<PathBuf>,
}

impl Survey {
    /// Asks the server at `target` for its keys and certificates of every type, one handshake for each that it offers.
    /// Nothing is said about the user. `questions` are those about servers on the way.
    ///
    /// # Errors
    /// The server cannot be reached, or a known hosts file cannot be read.
    pub fn take(
        target: &Target,
        settings: &SessionSettings,
        questions: &dyn Questions,
        cancel: &Cancel,
    ) -> Result<Self> {
        let host_keys = &settings.host_keys;
        let host = HostName::new(&target.host, target.port, host_keys.alias.as_deref());
        let files: Vec<_> = host_keys.user_files.iter().chain(&host_keys.global_files).cloned().collect();
        let known = KnownHosts::read(&files, &host)?;
        let offered = offered_host_keys(target, settings, questions, cancel)?;
        let ask = |names: &[&str]| -> Result<Option<Presented>> {
            let common: Vec<String> =
                offered.iter().filter(|name| names.contains(&name.as_str())).cloned().collect();
            if common.is_empty() {
                return Ok(None);
            }
            shown_host_key(target, settings, &common, questions, cancel).map(|blob| Presented::parse(&blob))
        };
        let (mut plain, mut certificates) = (Vec::new(), Vec::new());
        for algorithm in KeyAlgorithm::ALL {
            if let Some(presented) = ask(signature_names(algorithm))? {
                plain.push(presented.key().clone());
            }
            if let Some(presented) = ask(certificate_names(algorithm))? {
                certificates.push(worth(&known, &host, &presented));
            }
        }
        let keys = plain.iter().map(|key| (key.clone(), find(&known, key, &plain))).collect();
        Ok(Self { host, keys, certificates, user_files: host_keys.user_files.clone() })
    }

    /// Whether a recorded key would have to go.
    pub fn is_changed(&self) -> bool {
        self.keys.iter().any(|(_, finding)| matches!(finding, Finding::Changed(_)))
    }

    /// The keys that are neither recorded nor revoked.
    pub fn unrecorded(&self) -> impl Iterator<Item = &VerifyingKey> {
        let open = |finding: &Finding| matches!(finding, Finding::New | Finding::Changed(_));
        self.keys.iter().filter(move |(_, finding)| open(finding)).map(|(key, _)| key)
    }

    /// The file new keys are added to.
    ///
    /// # Errors
    /// [`Kind::Config`]: no file is configured.
    pub fn file(&self) -> Result<&PathBuf> {
        self.user_files.first().ok_or_else(|| {
            Error::new(Kind::Config, "record the host key of", "no known hosts file is used for it")
                .on(self.host.exact())
                .advice("known_hosts_file is none, or there is no home folder")
        })
    }

    /// Records every unrecorded key. Where keys have changed, the old ones are taken out.
    ///
    /// # Errors
    /// A file cannot be written, or an old key stands where it cannot be taken out without touching other hosts.
    pub fn record(&self) -> Result<()> {
        let file = self.file()?;
        for (_, finding) in &self.keys {
            let Finding::Changed(old) = finding else { continue };
            for entry in old {
                if !self.user_files.iter().any(|file| **file == *entry.file) {
                    return Err(Error::new(
                        Kind::Config,
                        "replace the host key of",
                        "it is recorded for all users",
                    )
                    .on(self.host.exact())
                    .advice(format!("ask the administrator of this machine to remove {}", entry.place())));
                }
                replace::withdraw(&entry.file, &self.host, &entry.key)?;
            }
        }
        self.unrecorded().try_for_each(|key| append(file, &self.host, key))
    }
}

/// What is recorded about `key`, one of all the `shown` keys.
fn find(known: &KnownHosts, key: &VerifyingKey, shown: &[VerifyingKey]) -> Finding {
    if let Some(entry) = known.with_marker(Marker::Revoked).find(|entry| entry.key == *key) {
        return Finding::Revoked(entry.clone());
    }
    if let Some(entry) = known.with_marker(Marker::Host).find(|entry| entry.key == *key) {
        return Finding::Recorded(entry.clone());
    }
    let exact: Vec<&Entry> = known.with_marker(Marker::Host).filter(|entry| entry.exact).collect();
    let is_known = exact.iter().any(|entry| shown.contains(&entry.key));
    let in_its_place = |entry: &&&Entry| !is_known || entry.key.algorithm() == key.algorithm();
    let old: Vec<Entry> = exact.iter().filter(in_its_place).map(|entry| (*entry).clone()).collect();
    if old.is_empty() { Finding::New } else { Finding::Changed(old) }
}

/// What a certificate proves.
fn worth(known: &KnownHosts, host: &HostName, presented: &Presented) -> String {
    let Presented::Certificate(certificate) = presented else {
        return "a certificate was offered and a plain key shown".to_owned();
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    match judge(known, host, presented, now) {
        (Verdict::Trusted(entry), None) => format!(
            "{} of {}, trusted by {}",
            certificate.describe(),
            named(certificate.authority()),
            entry.place()
        ),
        (Verdict::Revoked(entry), _) => format!("{}, revoked by {}", certificate.describe(), entry.place()),
        (_, fault) => fault.unwrap_or_else(|| certificate.describe()),
    }
}
