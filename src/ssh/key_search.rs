//! The private keys and user certificates that a person keeps in one folder, as a rule `~/.ssh`.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::certificate::{Certificate, CertificateKind};
use super::judge::{Status, judge};
use super::moment::local_time;
use super::openssh_key::OpensshKey;
use super::pem;
use super::private_key::public_half;
use super::public_file::{PublicFile, read_small};
use super::public_key::PublicKey;
use crate::path::escape;

/// A private key.
#[derive(Clone, Debug)]
pub struct FoundKey {
    /// Its file.
    pub path: PathBuf,
    /// Whether it needs a passphrase.
    pub is_encrypted: bool,
    public: Option<PublicKey>,
}

/// A user certificate.
#[derive(Clone, Debug)]
pub struct FoundCertificate {
    /// Its file.
    pub path: PathBuf,
    certificate: Certificate,
}

/// What a folder holds, sorted by name.
#[derive(Clone, Debug, Default)]
pub struct FoundKeys {
    /// The private keys.
    pub keys: Vec<FoundKey>,
    /// The user certificates.
    pub certificates: Vec<FoundCertificate>,
}

impl FoundKeys {
    /// Looks into the files of a folder. What cannot be read is left out.
    pub fn in_folder(folder: &Path) -> Self {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> =
            entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
        paths.sort();
        let mut found = Self::default();
        for path in &paths {
            found.add(path);
        }
        found
    }

    /// Looks into one file.
    pub fn add(&mut self, path: &Path) {
        let Ok(bytes) = read_small(path) else { return };
        if let Some(is_encrypted) = needs_passphrase(&bytes) {
            self.keys.push(FoundKey { path: path.to_owned(), is_encrypted, public: public_half(&bytes) });
        }
        let certificates = PublicFile::parse(&bytes).certificates.into_iter();
        for certificate in certificates.filter(|certificate| certificate.kind == CertificateKind::User) {
            self.certificates.push(FoundCertificate { path: path.to_owned(), certificate });
        }
    }

    /// The private key that a certificate was made for.
    pub fn key_of(&self, certificate: &FoundCertificate) -> Option<&FoundKey> {
        self.keys.iter().find(|key| key.public.as_ref() == Some(&certificate.certificate.public_key))
    }

    /// A certificate that was made for a private key.
    pub fn certificate_of(&self, key: &FoundKey) -> Option<&FoundCertificate> {
        let made_for = |it: &&FoundCertificate| key.public.as_ref() == Some(&it.certificate.public_key);
        self.certificates.iter().find(made_for)
    }
}

impl FoundCertificate {
    /// Whether nothing known stands against logging `user` in with it.
    pub fn is_valid_for(&self, user: &str, now: Timestamp) -> bool {
        Status::of(&judge(&self.certificate, Some(user), None, now)) == Status::Valid
    }

    /// In one line: whether it is valid, until when and for whom, or what stands against logging `user` in.
    pub fn verdict(&self, user: &str, now: Timestamp) -> String {
        verdict(&self.certificate, user, now)
    }
}

/// In one line: whether a certificate is valid, until when and for whom, or what stands against logging `user` in.
pub fn verdict(certificate: &Certificate, user: &str, now: Timestamp) -> String {
    let faults = judge(certificate, Some(user), None, now);
    let status = Status::of(&faults);
    let names: Vec<_> =
        certificate.principals.iter().map(|name| escape(name.as_bytes()).into_owned()).collect();
    let mut words = vec![match (status, certificate.valid_before) {
        (Status::Valid, Some(end)) => format!("valid until {}", local_time(end)),
        (Status::Valid, None) => "valid without end".to_owned(),
        _ => status.as_str().to_owned(),
    }];
    words.push(format!("for {}", if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }));
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    let reasons = if faults.is_empty() { String::new() } else { format!(": {}", faults.join("; ")) };
    format!("{}{reasons}", words.join(" "))
}

/// Whether the private key in a text needs a passphrase; `None` if there is no private key.
pub(crate) fn needs_passphrase(bytes: &[u8]) -> Option<bool> {
    let block = pem::private_key_block(bytes)?;
    if block.is_openssh() {
        return Some(OpensshKey::parse(&block.openssh_bytes()?)?.is_encrypted());
    }
    Some(block.is_encrypted_pem())
}

#[cfg(test)]
mod tests {
    use super::super::certificate::sample::Sample;
    use super::*;

    #[test]
    fn certificates_are_found_and_judged() {
        let folder = tempfile::tempdir().unwrap();
        let line = Sample::default().certificate().to_openssh_line();
        std::fs::write(folder.path().join("id-cert.pub"), format!("{line}\n")).unwrap();
        let host = Sample { kind: 2, ..Sample::default() }.certificate().to_openssh_line();
        std::fs::write(folder.path().join("host-cert.pub"), host).unwrap();
        std::fs::write(folder.path().join("config"), "Host *\n").unwrap();
        let found = FoundKeys::in_folder(folder.path());
        let [certificate] = found.certificates.as_slice() else { panic!("{found:?}") };
        assert!(certificate.path.ends_with("id-cert.pub") && found.keys.is_empty());
        assert!(found.key_of(certificate).is_none());
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let valid = certificate.verdict("alice", now);
        assert!(valid.starts_with("valid ") && valid.ends_with(" for alice"), "{valid}");
        assert!(certificate.is_valid_for("alice", now) && !certificate.is_valid_for("bob", now));
        let other = certificate.verdict("bob", now);
        assert_eq!(other, "unusable for alice: user bob is not among its principals [alice]");
    }
}
