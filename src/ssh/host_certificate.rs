//! A server's certificate: read strictly, and judged as OpenSSH judges it (PROTOCOL.certkeys).
//!
//! The SSH library checks only that the server holds the certified key; whether a trusted CA vouches for this host
//! now is decided here.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::public_key::field_count;
use super::signature::{self, Refusal};
use super::verifying_key::{KeyAlgorithm, VerifyingKey};
use super::wire::{Reader, put_string};
use crate::path::escape;

/// The end of every certificate type's name.
const SUFFIX: &[u8] = b"-cert-v01@openssh.com";

/// The `type` of a host certificate.
const HOST: u32 = 2;

/// The most principals a certificate may have, as in OpenSSH.
const MOST_PRINCIPALS: usize = 256;

/// A well-formed certificate that nobody has judged yet.
#[derive(Clone, Debug)]
pub struct HostCertificate {
    key: VerifyingKey,
    authority: VerifyingKey,
    serial: u64,
    kind: u32,
    key_id: Vec<u8>,
    principals: Vec<Vec<u8>>,
    valid_after: u64,
    valid_before: u64,
    has_critical_options: bool,
    signed: Vec<u8>,
    signature: Vec<u8>,
}

/// Why a certificate does not prove who the server is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The CA did not sign it, or not in a way that counts.
    #[error("{0}")]
    Signature(#[from] Refusal),
    /// A user's certificate.
    #[error("it is a user certificate, not a host certificate")]
    Kind,
    /// Its time has not come.
    #[error("it is not valid before {}", date(*.0))]
    NotYetValid(u64),
    /// Its time is over.
    #[error("it expired {}", date(*.0))]
    Expired(u64),
    /// It is another host's.
    #[error("{name} is not among its principals ({})", .principals.join(", "))]
    Principal {
        /// The host that was dialled.
        name: String,
        /// The hosts it is for, safe to show.
        principals: Vec<String>,
    },
    /// Host certificates have none that this program knows.
    #[error("it has critical options, and none are known for hosts")]
    CriticalOptions,
}

impl HostCertificate {
    /// Whether a key as the server sent it claims to be a certificate.
    pub fn is_certificate(blob: &[u8]) -> bool {
        Reader::new(blob).string().is_some_and(|name| name.ends_with(SUFFIX))
    }

    /// Reads a certificate; `None` if it is malformed or its key or CA is of an unknown type.
    pub fn parse(blob: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(blob);
        let algorithm = KeyAlgorithm::from_name(reader.string()?.strip_suffix(SUFFIX)?)?;
        let _nonce = reader.string()?;
        let key = plain_key(algorithm, &mut reader)?;
        let (serial, kind, key_id) = (reader.u64()?, reader.u32()?, reader.string()?.to_vec());
        let principals = strings(reader.string()?)?;
        let (valid_after, valid_before) = (reader.u64()?, reader.u64()?);
        let has_critical_options = !reader.string()?.is_empty();
        let (_extensions, _reserved) = (reader.string()?, reader.string()?);
        let authority = VerifyingKey::parse(reader.string()?)?;
        let signed = blob.get(..blob.len().checked_sub(reader.rest().len())?)?.to_vec();
        let signature = reader.string()?.to_vec();
        reader.is_empty().then_some(Self {
            key,
            authority,
            serial,
            kind,
            key_id,
            principals,
            valid_after,
            valid_before,
            has_critical_options,
            signed,
            signature,
        })
    }

    /// The key the certificate is about.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The CA's key.
    pub fn authority(&self) -> &VerifyingKey {
        &self.authority
    }

    /// What `ssh-keygen -s -I` wrote into it, and its serial number: safe to show.
    pub fn describe(&self) -> String {
        format!("host certificate \"{}\" serial {}", escape(&self.key_id), self.serial)
    }

    /// Whether the certificate proves, at `now` (seconds since 1970), that its key is the host `name`'s. A certificate
    /// without principals is every host's, as in OpenSSH. Whether the CA is trusted is the caller's question.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn check(&self, name: &str, now: u64) -> Result<(), Fault> {
        signature::verify(self.authority.as_bytes(), &self.signature, &self.signed)?;
        if self.kind != HOST {
            return Err(Fault::Kind);
        }
        if now < self.valid_after {
            return Err(Fault::NotYetValid(self.valid_after));
        }
        if now >= self.valid_before {
            return Err(Fault::Expired(self.valid_before));
        }
        if !self.principals.is_empty() && !self.principals.iter().any(|known| known == name.as_bytes()) {
            let principals = self.principals.iter().map(|known| escape(known).into_owned()).collect();
            return Err(Fault::Principal { name: name.to_owned(), principals });
        }
        if self.has_critical_options {
            return Err(Fault::CriticalOptions);
        }
        Ok(())
    }
}

/// The plain key whose fields stand in a certificate.
fn plain_key(algorithm: KeyAlgorithm, reader: &mut Reader<'_>) -> Option<VerifyingKey> {
    let mut blob = Vec::new();
    put_string(&mut blob, algorithm.name().as_bytes());
    for _ in 0..field_count(algorithm.name())? {
        put_string(&mut blob, reader.string()?);
    }
    VerifyingKey::parse(&blob)
}

/// The strings packed in a string.
fn strings(packed: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut reader = Reader::new(packed);
    let mut found = Vec::new();
    while !reader.is_empty() {
        if found.len() >= MOST_PRINCIPALS {
            return None;
        }
        found.push(reader.string()?.to_vec());
    }
    Some(found)
}

/// A time in local words; numbers beyond the calendar are shown as they are.
fn date(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    match time {
        Some(time) => time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string(),
        None => format!("at {seconds} seconds after 1970"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use openssl::base64;
    use proptest::prelude::*;
    use std::path::Path;
    use std::process::Command;

    fn keygen(folder: &Path, arguments: &[&str]) {
        let run = Command::new("ssh-keygen").current_dir(folder).args(arguments).output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    }

    /// A certificate of `key` signed by `ca` with these further arguments of `ssh-keygen`.
    fn certify(ca: (&str, &str), key: (&str, &str), arguments: &[&str]) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        keygen(folder.path(), &["-q", "-N", "", "-t", ca.0, "-b", ca.1, "-f", "ca"]);
        keygen(folder.path(), &["-q", "-N", "", "-t", key.0, "-b", key.1, "-f", "key"]);
        let all = [&["-q", "-s", "ca", "-I", "id"], arguments, &["key.pub"]].concat();
        keygen(folder.path(), &all);
        let line = std::fs::read_to_string(folder.path().join("key-cert.pub")).unwrap();
        base64::decode_block(line.split(' ').nth(1).unwrap()).unwrap()
    }

    const KEYS: [(&str, &str); 5] =
        [("ed25519", "256"), ("rsa", "2048"), ("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521")];
    const ED: (&str, &str) = KEYS[0];
    const NOW: u64 = 1_800_000_000;

    fn checked(arguments: &[&str], now: u64) -> Result<(), Fault> {
        HostCertificate::parse(&certify(ED, ED, arguments)).unwrap().check("web1", now)
    }

    #[test]
    fn every_key_under_every_authority() {
        for ca in KEYS {
            for key in KEYS {
                let blob = certify(ca, key, &["-h", "-n", "web1,web2"]);
                assert!(HostCertificate::is_certificate(&blob));
                let certificate = HostCertificate::parse(&blob).unwrap();
                assert_eq!(certificate.check("web2", NOW), Ok(()), "{ca:?} {key:?}");
                assert!(certificate.check("web3", NOW).is_err());
                assert!(!HostCertificate::is_certificate(certificate.key().as_bytes()));
            }
        }
    }

    #[test]
    fn faults() {
        let dates = ["-h", "-V", "20200101000000Z:20300101000000Z"];
        assert_eq!(checked(&dates, NOW), Ok(()), "no principals: every host's");
        let (start, end) = (1_577_836_800, 1_893_456_000);
        assert_eq!(checked(&dates, start), Ok(()));
        assert_eq!(checked(&dates, start - 1), Err(Fault::NotYetValid(start)));
        assert_eq!(checked(&dates, end), Err(Fault::Expired(end)));
        assert_eq!(checked(&["-n", "web1"], NOW), Err(Fault::Kind));
        assert!(matches!(checked(&["-h", "-n", "web*"], NOW), Err(Fault::Principal { .. })));
        assert_eq!(checked(&["-h", "-O", "critical:x@y=1"], NOW), Err(Fault::CriticalOptions));
        let sha1 = certify(("rsa", "2048"), ED, &["-t", "ssh-rsa", "-h"]);
        let sha1 = HostCertificate::parse(&sha1).unwrap();
        assert_eq!(sha1.check("web1", NOW), Err(Fault::Signature(Refusal::Sha1)));
    }

    #[test]
    fn nothing_in_it_can_be_changed() {
        let blob = certify(ED, ED, &["-h", "-n", "web1"]);
        for at in 0..blob.len() {
            let mut bent = blob.clone();
            bent[at] ^= 1;
            let judged = HostCertificate::parse(&bent).map(|bent| bent.check("web1", NOW));
            assert!(!matches!(judged, Some(Ok(()))), "byte {at} can be changed");
            assert!(HostCertificate::parse(&blob[..at]).is_none());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(tail: Vec<u8>) {
            let mut blob = Vec::new();
            put_string(&mut blob, b"ssh-ed25519-cert-v01@openssh.com");
            blob.extend(tail);
            if let Some(certificate) = HostCertificate::parse(&blob) {
                prop_assert!(certificate.check("web1", NOW).is_err());
            }
        }
    }
}
