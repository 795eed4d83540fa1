//! Judges a certificate without asking a server: every refusal looks the same from outside, so the reasons that can
//! be known are looked for here (`PROTOCOL.certkeys` of OpenSSH, `sshd(8)` on `TrustedUserCAKeys`).

use jiff::Timestamp;

use super::certificate::{Certificate, CertificateKind};
use super::fault::{Fault, Severity};
use super::moment::unix_seconds;
use super::public_key::PublicKey;
use super::signature;

/// The critical options of user certificates that OpenSSH defines.
const KNOWN_OPTIONS: [&str; 3] = ["force-command", "source-address", "verify-required"];

/// The state of a certificate in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing known stands against it.
    Valid,
    /// It has ended.
    Expired,
    /// It has not begun.
    NotYetValid,
    /// It cannot be used for another reason.
    Unusable,
}

impl Status {
    /// The state that these faults amount to.
    pub fn of(faults: &[Fault]) -> Self {
        let any = |wanted: fn(&Fault) -> bool| faults.iter().any(wanted);
        if any(|fault| {
            matches!(fault, Fault::HostCertificate | Fault::KeyMismatch { .. } | Fault::BadSignature(_))
        }) {
            Self::Unusable
        } else if any(|fault| matches!(fault, Fault::Expired { .. })) {
            Self::Expired
        } else if any(|fault| matches!(fault, Fault::NotYetValid { .. })) {
            Self::NotYetValid
        } else if any(|fault| fault.severity() >= Severity::Likely) {
            Self::Unusable
        } else {
            Self::Valid
        }
    }

    /// The word, as `cert show --json` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::Unusable => "unusable",
        }
    }
}

/// Everything known to be wrong with a certificate, the gravest first.
///
/// With `user`, the certificate is to log that user in: it must be a user certificate and name the user. With `key`,
/// it must certify that key. Without them only the certificate itself is judged.
pub fn judge(
    certificate: &Certificate,
    user: Option<&str>,
    key: Option<&PublicKey>,
    now: Timestamp,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    faults.extend(key.and_then(|key| judge_key(certificate, key)));
    if user.is_some() && certificate.kind == CertificateKind::Host {
        faults.push(Fault::HostCertificate);
    }
    faults.extend(judge_dates(certificate, unix_seconds(now)));
    if certificate.kind == CertificateKind::User {
        faults.extend(judge_principals(certificate, user));
        faults.extend(judge_options(certificate));
    }
    faults.extend(judge_signature(certificate));
    faults.sort_by_key(|fault| std::cmp::Reverse(fault.severity()));
    faults
}

/// What is wrong with the CA's signature, if it can be told: that of a security key cannot.
fn judge_signature(certificate: &Certificate) -> Option<Fault> {
    if matches!(certificate.signature_algorithm.as_str(), "ssh-rsa" | "ssh-dss") {
        return Some(Fault::Sha1Signature);
    }
    if certificate.ca_key.is_on_token() {
        return None;
    }
    let (key, data) = (certificate.ca_key.blob(), certificate.signed_data());
    let refusal = signature::verify(key, certificate.signature(), data).err()?;
    Some(Fault::BadSignature(refusal.to_string()))
}

fn judge_key(certificate: &Certificate, key: &PublicKey) -> Option<Fault> {
    (certificate.public_key != *key).then(|| Fault::KeyMismatch {
        certified: certificate.public_key.fingerprint(),
        key: key.fingerprint(),
    })
}

fn judge_dates(certificate: &Certificate, now: u64) -> Option<Fault> {
    if let Some(at) = certificate.valid_before
        && now >= at
    {
        return Some(Fault::Expired { at, ago: now.saturating_sub(at) });
    }
    let at = certificate.valid_after.filter(|&at| now < at)?;
    Some(Fault::NotYetValid { at, wait: at.saturating_sub(now) })
}

fn judge_principals(certificate: &Certificate, user: Option<&str>) -> Option<Fault> {
    if certificate.principals.is_empty() {
        return Some(Fault::NoPrincipals);
    }
    let user = user.filter(|user| !certificate.principals.iter().any(|name| name == user))?;
    Some(Fault::PrincipalMissing { user: user.to_owned(), principals: certificate.principals.clone() })
}

fn judge_options(certificate: &Certificate) -> Vec<Fault> {
    let unknown = certificate
        .critical_options
        .iter()
        .filter(|option| !KNOWN_OPTIONS.contains(&option.name.as_str()))
        .map(|option| Fault::UnknownCriticalOption(option.name.clone()));
    let forced = certificate.critical_option("force-command").filter(|command| !allows_sftp(command));
    let source = certificate.critical_option("source-address");
    unknown
        .chain(forced.map(|command| Fault::ForceCommand(command.to_owned())))
        .chain(source.map(|list| Fault::SourceAddress(list.to_owned())))
        .collect()
}

/// Whether a forced command serves SFTP all the same.
fn allows_sftp(command: &str) -> bool {
    command.split_whitespace().next().is_some_and(|program| {
        program == "internal-sftp" || program.rsplit('/').next() == Some("sftp-server")
    })
}

#[cfg(test)]
mod tests {
    use super::super::certificate::sample::{Sample, key};
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    fn faults(sample: &Sample<'_>) -> Vec<Fault> {
        judge(&sample.certificate(), Some("alice"), Some(&key(7)), now())
    }

    #[test]
    fn a_good_certificate_has_no_fault() {
        let options = &[("force-command", "internal-sftp -u 077"), ("verify-required", "")];
        let sample = Sample { critical_options: options, ..Sample::default() };
        assert_eq!(faults(&sample), []);
        assert_eq!(Status::of(&[]).as_str(), "valid");
    }

    #[test]
    fn dates_end_with_the_second_they_name() {
        for (valid_after, valid_before, status) in [
            (0, u64::MAX, Status::Valid),
            (NOW, NOW + 1, Status::Valid),
            (0, NOW, Status::Expired),
            (NOW + 1, u64::MAX, Status::NotYetValid),
            (NOW + 1, NOW, Status::Expired),
        ] {
            let sample = Sample { valid_after, valid_before, ..Sample::default() };
            assert_eq!(Status::of(&faults(&sample)), status, "{valid_after}..{valid_before}");
        }
    }

    #[test]
    fn each_fault_has_its_severity() {
        let likely = Severity::Likely;
        let options = |list| Sample { critical_options: list, ..Sample::default() };
        for (sample, fault, severity) in [
            (Sample { kind: 2, ..Sample::default() }, Fault::HostCertificate, Severity::Fatal),
            (
                Sample { valid_before: NOW - 7200, ..Sample::default() },
                Fault::Expired { at: NOW - 7200, ago: 7200 },
                Severity::Fatal,
            ),
            (
                Sample { valid_after: NOW + 7200, ..Sample::default() },
                Fault::NotYetValid { at: NOW + 7200, wait: 7200 },
                Severity::Fatal,
            ),
            (
                Sample { valid_after: NOW + 60, ..Sample::default() },
                Fault::NotYetValid { at: NOW + 60, wait: 60 },
                likely,
            ),
            (Sample { principals: &[], ..Sample::default() }, Fault::NoPrincipals, likely),
            (
                Sample { principals: &["bob"], ..Sample::default() },
                Fault::PrincipalMissing { user: "alice".into(), principals: vec!["bob".into()] },
                likely,
            ),
            (options(&[("x@y", "")]), Fault::UnknownCriticalOption("x@y".into()), likely),
            (Sample { signature_algorithm: "ssh-rsa", ..Sample::default() }, Fault::Sha1Signature, likely),
            (options(&[("force-command", "false")]), Fault::ForceCommand("false".into()), Severity::Note),
            (options(&[("source-address", "::1")]), Fault::SourceAddress("::1".into()), Severity::Note),
        ] {
            assert_eq!(faults(&sample), std::slice::from_ref(&fault));
            assert_eq!(fault.severity(), severity, "{fault}");
        }
    }

    #[test]
    fn a_changed_certificate_is_fatal() {
        let mut blob = Sample::default().blob();
        let name = blob.windows(5).position(|bytes| bytes == b"alice").unwrap();
        blob[name + 4] = b'a';
        let faults = judge(&Certificate::from_blob(blob).unwrap(), Some("alica"), Some(&key(7)), now());
        assert_eq!(faults, [Fault::BadSignature("the signature does not verify".into())]);
        assert_eq!((faults[0].severity(), Status::of(&faults)), (Severity::Fatal, Status::Unusable));
    }

    #[test]
    fn another_key_is_fatal_and_comes_first() {
        let sample = Sample { principals: &[], ..Sample::default() };
        let faults = judge(&sample.certificate(), Some("alice"), Some(&key(8)), now());
        let [Fault::KeyMismatch { certified, key: other }, Fault::NoPrincipals] = faults.as_slice() else {
            panic!("{faults:?}");
        };
        assert_eq!((certified, other), (&key(7).fingerprint(), &key(8).fingerprint()));
    }

    #[test]
    fn without_a_user_a_host_certificate_is_as_good_as_any() {
        let sample = Sample { kind: 2, principals: &[], ..Sample::default() };
        assert_eq!(judge(&sample.certificate(), None, None, now()), []);
    }

    #[test]
    fn advice_is_a_command_that_can_be_copied() {
        let sample = Sample { valid_before: NOW - 1, ..Sample::default() };
        let fault = Fault::Expired { at: NOW - 1, ago: 1 };
        assert_eq!(
            fault.advice(&sample.certificate(), Some("al ice")),
            "have it signed again: ssh-keygen -s CA -I 'it'\\''s id' -n 'al ice' -V +1d KEY.pub"
        );
    }
}
