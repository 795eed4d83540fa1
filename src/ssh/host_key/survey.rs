//! Everything a server shows as its identity, beside what is recorded about it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::check::named;
use super::offer::{certificate_names, signature_names};
use super::pins::{PinVerdict, Pins};
use super::verdict::{Presented, Verdict, judge};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::questions::Questions;
use crate::ssh::dial::Target;
use crate::ssh::known_hosts::line::Marker;
use crate::ssh::known_hosts::{Entry, HostName, KnownHosts, append, replace};
use crate::ssh::session::{SessionSettings, offered_host_keys, shown_host_key};
use crate::ssh::verifying_key::{KeyAlgorithm, VerifyingKey};

/// A key that is recorded somewhere.
#[derive(Clone, Debug)]
pub struct Record {
    /// The key.
    pub key: VerifyingKey,
    /// Where it stands, safe to show.
    pub place: String,
    /// The known hosts file, if it stands in one.
    file: Option<Arc<Path>>,
}

impl From<&Entry> for Record {
    fn from(entry: &Entry) -> Self {
        Self { key: entry.key.clone(), place: entry.place(), file: Some(Arc::clone(&entry.file)) }
    }
}

/// What is recorded about one key.
#[derive(Clone, Debug)]
pub enum Finding {
    /// It is recorded here.
    Recorded(Record),
    /// This line revokes it.
    Revoked(Record),
    /// Nothing has it, and nothing speaks against it.
    New,
    /// These are recorded in its place.
    Changed(Vec<Record>),
}

/// A server's keys and certificates.
pub struct Survey {
    /// The names the server is looked up by.
    pub host: HostName,
    /// Its plain keys and what is recorded about each.
    pub keys: Vec<(VerifyingKey, Finding)>,
    /// Its certificates, each with the sentence that says what they are worth.
    pub certificates: Vec<String>,
    /// Whether the keys are recorded in `host_keys` of the remote, not in a file of known hosts.
    pub is_pinned: bool,
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
        let known = if host_keys.pins.is_some() {
            KnownHosts::default()
        } else {
            let files: Vec<_> = host_keys.user_files.iter().chain(&host_keys.global_files).cloned().collect();
            KnownHosts::read(&files, &host)?
        };
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
            // A pin is a plain key.
            let certificate =
                if host_keys.pins.is_none() { ask(certificate_names(algorithm))? } else { None };
            certificates.extend(certificate.map(|presented| worth(&known, &host, &presented)));
        }
        let find = |key| match &host_keys.pins {
            Some(pins) => find_pin(pins, key),
            None => find(&known, key, &plain),
        };
        let keys = plain.iter().map(|key| (key.clone(), find(key))).collect();
        Ok(Self {
            host,
            keys,
            certificates,
            user_files: host_keys.user_files.clone(),
            is_pinned: host_keys.pins.is_some(),
        })
    }

    /// Whether a recorded key would have to go.
    pub fn is_changed(&self) -> bool {
        self.keys.iter().any(|(_, finding)| matches!(finding, Finding::Changed(_)))
    }

    /// The recorded keys that others have taken the place of.
    pub fn outdated(&self) -> impl Iterator<Item = &Record> {
        self.keys.iter().flat_map(|(_, finding)| match finding {
            Finding::Changed(old) => old.as_slice(),
            _ => &[],
        })
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

    /// Records every unrecorded key in the file of known hosts. Where keys have changed, the old ones are taken out.
    ///
    /// # Errors
    /// A file cannot be written, or an old key stands where it cannot be taken out without touching other hosts.
    pub fn record(&self) -> Result<()> {
        let file = self.file()?;
        for record in self.outdated() {
            match &record.file {
                Some(file) if self.user_files.iter().any(|own| **own == **file) => {
                    replace::withdraw(file, &self.host, &record.key)?;
                }
                _ => {
                    return Err(Error::new(
                        Kind::Config,
                        "replace the host key of",
                        "it is recorded for all users",
                    )
                    .on(self.host.exact())
                    .advice(format!("ask the administrator of this machine to remove {}", record.place)));
                }
            }
        }
        self.unrecorded().try_for_each(|key| append(file, &self.host, key))
    }
}

/// What is recorded about `key`, one of all the `shown` keys.
fn find(known: &KnownHosts, key: &VerifyingKey, shown: &[VerifyingKey]) -> Finding {
    if let Some(entry) = known.with_marker(Marker::Revoked).find(|entry| entry.key == *key) {
        return Finding::Revoked(entry.into());
    }
    if let Some(entry) = known.with_marker(Marker::Host).find(|entry| entry.key == *key) {
        return Finding::Recorded(entry.into());
    }
    let exact: Vec<&Entry> = known.with_marker(Marker::Host).filter(|entry| entry.exact).collect();
    let is_known = exact.iter().any(|entry| shown.contains(&entry.key));
    let in_its_place = |entry: &&&Entry| !is_known || entry.key.algorithm() == key.algorithm();
    let old: Vec<Record> = exact.iter().filter(in_its_place).map(|entry| Record::from(*entry)).collect();
    if old.is_empty() { Finding::New } else { Finding::Changed(old) }
}

/// What the pins say about `key`.
fn find_pin(pins: &Pins, key: &VerifyingKey) -> Finding {
    let record = |key: &VerifyingKey| Record { key: key.clone(), place: "host_keys".into(), file: None };
    match pins.judge(key) {
        PinVerdict::Known => Finding::Recorded(record(key)),
        PinVerdict::New | PinVerdict::Unknown => Finding::New,
        PinVerdict::Changed(_) => {
            let same_type = pins.keys().iter().filter(|pinned| pinned.algorithm() == key.algorithm());
            Finding::Changed(same_type.map(record).collect())
        }
    }
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
