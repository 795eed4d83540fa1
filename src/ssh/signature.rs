//! Verifying SSH signatures: whether a key signed some bytes (RFC 4253, RFC 5656, RFC 8332, RFC 8709).
//!
//! Used for the signature a CA puts under a certificate. SHA-1 (`ssh-rsa`) is recognised and refused.

use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Public};
use openssl::rsa::Rsa;
use openssl::sign::Verifier;

use super::verifying_key::{KeyAlgorithm, VerifyingKey};
use super::wire::Reader;
use crate::path::escape;

/// The smallest RSA key whose signature counts, in bits: OpenSSH's `RequiredRSASize`.
pub const SMALLEST_RSA: usize = 1024;

/// Why a signature does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The key is not one of the types of [`KeyAlgorithm`], or broken.
    #[error("the signing key is of an unknown type or malformed")]
    Key,
    /// An RSA key of fewer than 1024 bits.
    #[error("the signing key is an RSA key of {0} bits, 1024 are the least that count")]
    Weak(usize),
    /// The signature cannot be read.
    #[error("the signature is malformed")]
    Malformed,
    /// A signature made with SHA-1.
    #[error("the signature was made with SHA-1 (ssh-rsa), which no longer proves anything")]
    Sha1,
    /// The signature algorithm is not one of the key's.
    #[error("the signature algorithm {0} is not one of the signing key's")]
    Algorithm(String),
    /// Other bytes were signed, or by another key.
    #[error("the signature does not verify")]
    Mismatch,
}

/// Checks that `key` (a plain public key as SSH sends it) made `signature` (its algorithm and its bytes, as SSH sends
/// them) over `data`.
///
/// # Errors
/// Why the signature does not count.
pub fn verify(key: &[u8], signature: &[u8], data: &[u8]) -> Result<(), Refusal> {
    let key = VerifyingKey::parse(key).ok_or(Refusal::Key)?;
    let (algorithm, bytes) = split(signature).ok_or(Refusal::Malformed)?;
    let digest = digest_for(key.algorithm(), algorithm)?;
    let public = load(&key)?;
    if key.algorithm() == KeyAlgorithm::Rsa && key.bits() < SMALLEST_RSA {
        return Err(Refusal::Weak(key.bits()));
    }
    let bytes = match key.algorithm() {
        KeyAlgorithm::Ed25519 => bytes.to_vec(),
        KeyAlgorithm::Rsa => padded(bytes, public.size()),
        _ => der(bytes).ok_or(Refusal::Malformed)?,
    };
    match check(&public, digest, &bytes, data) {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(Refusal::Mismatch),
    }
}

/// The algorithm of a signature, for messages and for telling SHA-1 apart before anything is verified.
pub fn algorithm(signature: &[u8]) -> Option<&[u8]> {
    split(signature).map(|(algorithm, _)| algorithm)
}

fn split(signature: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut reader = Reader::new(signature);
    let parts = (reader.string()?, reader.string()?);
    reader.is_empty().then_some(parts)
}

/// The hash of the signature algorithm, if it is one the key may be used with.
fn digest_for(key: KeyAlgorithm, algorithm: &[u8]) -> Result<Option<MessageDigest>, Refusal> {
    match (key, algorithm) {
        (KeyAlgorithm::Rsa, b"rsa-sha2-256") | (KeyAlgorithm::EcdsaP256, b"ecdsa-sha2-nistp256") => {
            Ok(Some(MessageDigest::sha256()))
        }
        (KeyAlgorithm::EcdsaP384, b"ecdsa-sha2-nistp384") => Ok(Some(MessageDigest::sha384())),
        (KeyAlgorithm::Rsa, b"rsa-sha2-512") | (KeyAlgorithm::EcdsaP521, b"ecdsa-sha2-nistp521") => {
            Ok(Some(MessageDigest::sha512()))
        }
        (KeyAlgorithm::Ed25519, b"ssh-ed25519") => Ok(None),
        (KeyAlgorithm::Rsa, b"ssh-rsa") => Err(Refusal::Sha1),
        _ => Err(Refusal::Algorithm(escape(algorithm).into_owned())),
    }
}

/// The key as OpenSSL knows it.
fn load(key: &VerifyingKey) -> Result<PKey<Public>, Refusal> {
    let mut reader = Reader::new(key.as_bytes());
    let loaded = match key.algorithm() {
        KeyAlgorithm::Ed25519 => (|| {
            reader.string()?;
            PKey::public_key_from_raw_bytes(reader.string()?, Id::ED25519).ok()
        })(),
        KeyAlgorithm::Rsa => (|| {
            reader.string()?;
            let exponent = BigNum::from_slice(reader.positive_mpint()?).ok()?;
            let modulus = BigNum::from_slice(reader.positive_mpint()?).ok()?;
            PKey::from_rsa(Rsa::from_public_components(modulus, exponent).ok()?).ok()
        })(),
        KeyAlgorithm::EcdsaP256 => load_point(reader, b"nistp256", Nid::X9_62_PRIME256V1),
        KeyAlgorithm::EcdsaP384 => load_point(reader, b"nistp384", Nid::SECP384R1),
        KeyAlgorithm::EcdsaP521 => load_point(reader, b"nistp521", Nid::SECP521R1),
    };
    loaded.ok_or(Refusal::Key)
}

fn load_point(mut reader: Reader<'_>, name: &[u8], curve: Nid) -> Option<PKey<Public>> {
    reader.string()?;
    if reader.string()? != name {
        return None;
    }
    let group = EcGroup::from_curve_name(curve).ok()?;
    let mut context = BigNumContext::new().ok()?;
    let point = EcPoint::from_bytes(&group, reader.string()?, &mut context).ok()?;
    let key = EcKey::from_public_key(&group, &point).ok()?;
    key.check_key().ok()?;
    PKey::from_ec_key(key).ok()
}

/// An RSA signature with the leading zero bytes that some signers leave out (as OpenSSH restores them).
fn padded(bytes: &[u8], size: usize) -> Vec<u8> {
    let missing = size.saturating_sub(bytes.len());
    [vec![0; missing].as_slice(), bytes].concat()
}

/// An ECDSA signature as OpenSSL wants it.
fn der(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader::new(bytes);
    let r = BigNum::from_slice(reader.positive_mpint()?).ok()?;
    let s = BigNum::from_slice(reader.positive_mpint()?).ok()?;
    if !reader.is_empty() {
        return None;
    }
    EcdsaSig::from_private_components(r, s).ok()?.to_der().ok()
}

fn check(
    key: &PKey<Public>,
    digest: Option<MessageDigest>,
    signature: &[u8],
    data: &[u8],
) -> Result<bool, ErrorStack> {
    match digest {
        Some(digest) => {
            let mut verifier = Verifier::new(digest, key)?;
            verifier.update(data)?;
            verifier.verify(signature)
        }
        None => Verifier::new_without_digest(key)?.verify_oneshot(signature, data),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssh::wire::put_string;
    use openssl::base64;
    use openssl::hash::hash;
    use openssl::sign::Signer;
    use std::process::Command;

    /// A signature by `ssh-keygen -Y sign`: the key, the signature and the bytes it covers (PROTOCOL.sshsig).
    fn signed(kind: &str, bits: &str) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let (key, message) = (folder.path().join("key"), folder.path().join("message"));
        std::fs::write(&message, "content").unwrap();
        let keygen = |arguments: &[&str]| {
            let run = Command::new("ssh-keygen").current_dir(folder.path()).args(arguments).output().unwrap();
            assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        };
        keygen(&["-q", "-N", "", "-t", kind, "-b", bits, "-f", key.to_str().unwrap()]);
        keygen(&["-q", "-Y", "sign", "-n", "test", "-f", key.to_str().unwrap(), "message"]);
        let armoured = std::fs::read_to_string(folder.path().join("message.sig")).unwrap();
        let text: String = armoured.lines().filter(|line| !line.starts_with("-----")).collect();
        let blob = base64::decode_block(&text).unwrap();
        let mut reader = Reader::new(&blob);
        assert_eq!((reader.bytes(6), reader.u32()), (Some(&b"SSHSIG"[..]), Some(1)));
        let mut field = || reader.string().unwrap();
        let (public, namespace, reserved, hash_name, signature) =
            (field(), field(), field(), field(), field());
        assert_eq!(hash_name, b"sha512");
        let mut data = b"SSHSIG".to_vec();
        let hashed = hash(MessageDigest::sha512(), b"content").unwrap();
        for part in [namespace, reserved, hash_name, &hashed[..]] {
            put_string(&mut data, part);
        }
        (public.to_vec(), signature.to_vec(), data)
    }

    fn joined(parts: &[&[u8]]) -> Vec<u8> {
        let mut blob = Vec::new();
        for part in parts {
            put_string(&mut blob, part);
        }
        blob
    }

    #[test]
    fn signatures_of_every_type_verify_and_any_change_breaks_them() {
        for (kind, bits) in
            [("ed25519", "256"), ("rsa", "2048"), ("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521")]
        {
            let (key, signature, data) = signed(kind, bits);
            assert_eq!(verify(&key, &signature, &data), Ok(()), "{kind} {bits}");
            assert_eq!(verify(&key, &signature, &data[1..]), Err(Refusal::Mismatch), "{kind} {bits}");
            let mut bent = signature.clone();
            *bent.last_mut().unwrap() ^= 1;
            assert_eq!(verify(&key, &bent, &data), Err(Refusal::Mismatch), "{kind} {bits}");
            let (other, ..) = signed(kind, bits);
            assert_eq!(verify(&other, &signature, &data), Err(Refusal::Mismatch), "{kind} {bits}");
            assert!(verify(&key, &signature[..signature.len() - 1], &data).is_err());
            assert!(verify(&key[..key.len() - 1], &signature, &data).is_err());
        }
    }

    #[test]
    fn rsa_signatures_by_hash() {
        let rsa = Rsa::generate(2048).unwrap();
        let mut modulus = rsa.n().to_vec();
        modulus.insert(0, 0);
        let key = joined(&[b"ssh-rsa", &rsa.e().to_vec(), &modulus]);
        let private = PKey::from_rsa(rsa).unwrap();
        let sign = |name: &[u8], digest| {
            let mut signer = Signer::new(digest, &private).unwrap();
            joined(&[name, &signer.sign_oneshot_to_vec(b"data").unwrap()])
        };
        assert_eq!(verify(&key, &sign(b"rsa-sha2-256", MessageDigest::sha256()), b"data"), Ok(()));
        assert_eq!(verify(&key, &sign(b"rsa-sha2-512", MessageDigest::sha512()), b"data"), Ok(()));
        assert_eq!(verify(&key, &sign(b"ssh-rsa", MessageDigest::sha1()), b"data"), Err(Refusal::Sha1));
        let swapped = verify(&key, &sign(b"rsa-sha2-512", MessageDigest::sha256()), b"data");
        assert_eq!(swapped, Err(Refusal::Mismatch));
        let foreign = verify(&key, &joined(&[b"ssh-ed25519", &[0; 64]]), b"data");
        assert_eq!(foreign, Err(Refusal::Algorithm("ssh-ed25519".into())));
    }

    #[test]
    fn small_rsa_keys_do_not_count() {
        let rsa = Rsa::generate(768).unwrap();
        let modulus = [vec![0], rsa.n().to_vec()].concat();
        let key = joined(&[b"ssh-rsa", &rsa.e().to_vec(), &modulus]);
        assert_eq!(verify(&key, &joined(&[b"rsa-sha2-256", &[1; 96]]), b"data"), Err(Refusal::Weak(768)));
    }
}
