//! Which host key algorithms to ask the server for: those of the recorded keys first, so that a server with several
//! keys shows the one that is known, those of revoked keys after the others. Certificates only where a line about a CA,
//! or a revoked one, is there to judge them.

use crate::ssh::known_hosts::KnownHosts;
use crate::ssh::known_hosts::line::Marker;
use crate::ssh::verifying_key::{KeyAlgorithm, VerifyingKey};

/// The algorithm names to offer, best first, for what `known` says about the host.
pub fn preferred_algorithms(known: &KnownHosts) -> Vec<&'static str> {
    let is_revoked = |key: &VerifyingKey| known.with_marker(Marker::Revoked).any(|entry| entry.key == *key);
    let mut keys: Vec<_> = known.with_marker(Marker::Host).map(|entry| &entry.key).collect();
    keys.sort_by_key(|key| is_revoked(key));
    let mut recorded: Vec<KeyAlgorithm> = Vec::new();
    for algorithm in keys.into_iter().map(VerifyingKey::algorithm) {
        if !recorded.contains(&algorithm) {
            recorded.push(algorithm);
        }
    }
    let others: Vec<_> =
        KeyAlgorithm::ALL.into_iter().filter(|algorithm| !recorded.contains(algorithm)).collect();
    let has = |marker| known.with_marker(marker).next().is_some();
    let (recorded, others) = (recorded.as_slice(), others.as_slice());
    if has(Marker::CertAuthority) {
        let all = [recorded, others].concat();
        [names(&all, certificate_names), names(&all, signature_names)].concat()
    } else if has(Marker::Revoked) {
        // The revoked key may be the CA of a certificate.
        let both =
            |algorithm: &KeyAlgorithm| [certificate_names(*algorithm), signature_names(*algorithm)].concat();
        recorded.iter().chain(others).flat_map(both).collect()
    } else {
        [names(recorded, signature_names), names(others, signature_names)].concat()
    }
}

fn names(algorithms: &[KeyAlgorithm], of: fn(KeyAlgorithm) -> &'static [&'static str]) -> Vec<&'static str> {
    algorithms.iter().flat_map(|algorithm| of(*algorithm)).copied().collect()
}

/// The names a plain key of this type signs under, SHA-1 left out.
pub fn signature_names(algorithm: KeyAlgorithm) -> &'static [&'static str] {
    match algorithm {
        KeyAlgorithm::Rsa => &["rsa-sha2-512", "rsa-sha2-256"],
        KeyAlgorithm::EcdsaP256 => &["ecdsa-sha2-nistp256"],
        KeyAlgorithm::EcdsaP384 => &["ecdsa-sha2-nistp384"],
        KeyAlgorithm::EcdsaP521 => &["ecdsa-sha2-nistp521"],
        KeyAlgorithm::Ed25519 => &["ssh-ed25519"],
    }
}

/// The names a certificate of this type signs under, SHA-1 left out.
pub fn certificate_names(algorithm: KeyAlgorithm) -> &'static [&'static str] {
    match algorithm {
        KeyAlgorithm::Rsa => &["rsa-sha2-512-cert-v01@openssh.com", "rsa-sha2-256-cert-v01@openssh.com"],
        KeyAlgorithm::EcdsaP256 => &["ecdsa-sha2-nistp256-cert-v01@openssh.com"],
        KeyAlgorithm::EcdsaP384 => &["ecdsa-sha2-nistp384-cert-v01@openssh.com"],
        KeyAlgorithm::EcdsaP521 => &["ecdsa-sha2-nistp521-cert-v01@openssh.com"],
        KeyAlgorithm::Ed25519 => &["ssh-ed25519-cert-v01@openssh.com"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssh::known_hosts::HostName;

    const ED: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIcUAb2UGZMzVCWOHCjGLQR3KLGOyC6ZkdVp7fGAVcmi";
    const RSA: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAwEAAQ==";

    fn offered(content: &str) -> Vec<&'static str> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        let host = HostName::new("web1", 2222, None);
        preferred_algorithms(&KnownHosts::read(&[file.path().into()], &host).unwrap())
    }

    #[test]
    fn recorded_types_come_first_and_those_with_the_port_before_all() {
        assert_eq!(offered("")[0], "ssh-ed25519");
        assert_eq!(offered(&format!("web1 {RSA}\n"))[..2], ["rsa-sha2-512", "rsa-sha2-256"]);
        let both = offered(&format!("web1 {RSA}\n[web1]:2222 {ED}\n"));
        assert_eq!(both[..2], ["ssh-ed25519", "rsa-sha2-512"]);
        assert_eq!(both.len(), 6);
        assert_eq!(
            offered(&format!("elsewhere {RSA}\n@revoked web1 {RSA}\n"))[0],
            "ssh-ed25519-cert-v01@openssh.com"
        );
    }

    #[test]
    fn certificates_are_asked_for_only_where_a_line_can_judge_them() {
        assert!(
            offered(&format!("web1 {ED}\n@cert-authority elsewhere {ED}\n"))
                .iter()
                .all(|name| !name.contains("cert"))
        );
        let retired = offered(&format!("web1 {ED}\nweb1 {RSA}\n@revoked * {ED}\n"));
        assert_eq!((retired[2], retired[4]), ("rsa-sha2-512", "ssh-ed25519-cert-v01@openssh.com"));
        let certified = offered(&format!("@cert-authority web* {ED}\nweb1 {RSA}\n"));
        let revoked = offered(&format!("@revoked web1 {ED}\nweb1 {RSA}\n"));
        assert_eq!(revoked[1..3], ["rsa-sha2-256-cert-v01@openssh.com", "rsa-sha2-512"]);
        assert_eq!(revoked.len(), 12);
        assert_eq!(certified[0], "rsa-sha2-512-cert-v01@openssh.com");
        assert_eq!(certified.len(), 12);
        assert!(certified[..6].iter().all(|name| name.ends_with("-cert-v01@openssh.com")));
    }
}
