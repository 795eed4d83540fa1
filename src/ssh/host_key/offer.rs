//! Which host key algorithms to ask the server for: those of the recorded keys first, so that a server with several
//! keys shows the one that is known, and certificates only where a CA line is there to judge them.

use crate::ssh::known_hosts::KnownHosts;
use crate::ssh::known_hosts::line::Marker;
use crate::ssh::verifying_key::KeyAlgorithm;

/// The algorithm names to offer, best first, for what `known` says about the host.
pub fn preferred_algorithms(known: &KnownHosts) -> Vec<&'static str> {
    let mut order: Vec<KeyAlgorithm> = Vec::new();
    let recorded = known.with_marker(Marker::Host).map(|entry| entry.key.algorithm());
    for algorithm in recorded.chain(KeyAlgorithm::ALL) {
        if !order.contains(&algorithm) {
            order.push(algorithm);
        }
    }
    let plain = order.iter().flat_map(|algorithm| signature_names(*algorithm));
    if known.with_marker(Marker::CertAuthority).next().is_none() {
        return plain.copied().collect();
    }
    order.iter().flat_map(|algorithm| certificate_names(*algorithm)).chain(plain).copied().collect()
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
fn certificate_names(algorithm: KeyAlgorithm) -> &'static [&'static str] {
    match algorithm {
        KeyAlgorithm::Rsa => &["rsa-sha2-512-cert-v01@openssh.com", "rsa-sha2-256-cert-v01@openssh.com"],
        KeyAlgorithm::EcdsaP256 => &["ecdsa-sha2-nistp256-cert-v01@openssh.com"],
        KeyAlgorithm::EcdsaP384 => &["ecdsa-sha2-nistp384-cert-v01@openssh.com"],
        KeyAlgorithm::EcdsaP521 => &["ecdsa-sha2-nistp521-cert-v01@openssh.com"],
        KeyAlgorithm::Ed25519 => &["ssh-ed25519-cert-v01@openssh.com"],
    }
}
