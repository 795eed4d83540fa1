//! The SSH form of the public half of a key that OpenSSL has read (RFC 4253 section 6.6, RFC 5656, RFC 8709).

use openssl::bn::BigNumContext;
use openssl::ec::PointConversionForm;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};

use super::public_key::PublicKey;
use super::wire::{put_mpint, put_string};

/// The public half; `None` for a key type that SSH does not use or OpenSSL cannot express.
pub(crate) fn public_half(key: &PKey<Private>) -> Option<PublicKey> {
    let blob = match key.id() {
        Id::RSA => rsa(key)?,
        Id::EC => ecdsa(key)?,
        Id::ED25519 => ed25519(key)?,
        _ => return None,
    };
    PublicKey::from_blob(blob)
}

fn rsa(key: &PKey<Private>) -> Option<Vec<u8>> {
    let rsa = key.rsa().ok()?;
    let mut blob = Vec::new();
    put_string(&mut blob, b"ssh-rsa");
    put_mpint(&mut blob, &rsa.e().to_vec());
    put_mpint(&mut blob, &rsa.n().to_vec());
    Some(blob)
}

fn ecdsa(key: &PKey<Private>) -> Option<Vec<u8>> {
    let key = key.ec_key().ok()?;
    let curve = match key.group().curve_name()? {
        Nid::X9_62_PRIME256V1 => "nistp256",
        Nid::SECP384R1 => "nistp384",
        Nid::SECP521R1 => "nistp521",
        _ => return None,
    };
    let mut context = BigNumContext::new().ok()?;
    let point =
        key.public_key().to_bytes(key.group(), PointConversionForm::UNCOMPRESSED, &mut context).ok()?;
    let mut blob = Vec::new();
    put_string(&mut blob, format!("ecdsa-sha2-{curve}").as_bytes());
    put_string(&mut blob, curve.as_bytes());
    put_string(&mut blob, &point);
    Some(blob)
}

fn ed25519(key: &PKey<Private>) -> Option<Vec<u8>> {
    let mut blob = Vec::new();
    put_string(&mut blob, b"ssh-ed25519");
    put_string(&mut blob, &key.raw_public_key().ok()?);
    Some(blob)
}
