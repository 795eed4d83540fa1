//! rclone's encryption of the whole configuration file (<https://rclone.org/docs/#configuration-encryption>).
//!
//! Behind comments and the line `RCLONE_ENCRYPT_V0:` stands, in base64, a nonce of 24 bytes and a `NaCl` secretbox
//! (XSalsa20-Poly1305). The key is the SHA-256 of `[PASSWORD][rclone-config]`, the password in Unicode form NFKC.

use crypto_secretbox::aead::{Aead, KeyInit};
use crypto_secretbox::{Nonce, XSalsa20Poly1305};
use openssl::base64;
use openssl::rand::rand_bytes;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result};

const HEADER: &str = "# Encrypted rclone configuration File\n\nRCLONE_ENCRYPT_V0:\n";
const MARK: &[u8] = b"RCLONE_ENCRYPT_V0:";
const ANY_MARK: &[u8] = b"RCLONE_ENCRYPT_V";
const NONCE: usize = 24;

/// Whether a file's bytes are an encrypted configuration.
///
/// # Errors
/// [`Kind::Unsupported`] for an encryption newer than this program knows.
pub fn is_encrypted(bytes: &[u8]) -> Result<bool> {
    Ok(sealed_part(bytes)?.is_some())
}

/// Decrypts a configuration file.
///
/// # Errors
/// [`Kind::Config`] if the password is wrong or the file is damaged.
pub fn decrypt(bytes: &[u8], password: &str) -> Result<Zeroizing<Vec<u8>>> {
    let failed = |reason| Error::new(Kind::Config, "decrypt configuration", reason);
    let text = sealed_part(bytes)?.ok_or_else(|| failed("it is not encrypted"))?;
    let text: String =
        text.iter().filter(|byte| !byte.is_ascii_whitespace()).map(|&byte| char::from(byte)).collect();
    let sealed = base64::decode_block(&text).map_err(|_| failed("the encrypted part is not base64"))?;
    let (nonce, sealed) =
        sealed.split_first_chunk::<NONCE>().ok_or_else(|| failed("the encrypted part is too short"))?;
    let plain = cipher(password)?.decrypt(Nonce::from_slice(nonce), sealed);
    plain.map(Zeroizing::new).map_err(|_| failed("the password is wrong, or the file is damaged"))
}

/// Encrypts a configuration as rclone reads it.
///
/// # Errors
/// [`Kind::Config`] for a blank password, [`Kind::Io`] if the system has no randomness to give.
pub fn encrypt(plain: &[u8], password: &str) -> Result<Vec<u8>> {
    let failed = |reason| Error::new(Kind::Io, "encrypt configuration", reason);
    let mut nonce = [0; NONCE];
    rand_bytes(&mut nonce).map_err(|_| failed("the system has no random numbers"))?;
    let sealed = cipher(password)?.encrypt(Nonce::from_slice(&nonce), plain);
    let sealed = sealed.map_err(|_| failed("the cipher refused it"))?;
    let text = base64::encode_block(&[&nonce[..], &sealed].concat());
    Ok(format!("{HEADER}{text}").into_bytes())
}

/// The base64 text behind the mark; `None` if the first line that says something is not one.
fn sealed_part(bytes: &[u8]) -> Result<Option<&[u8]>> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |at| at.saturating_add(1));
        let (line, after) = rest.split_at_checked(end).unwrap_or((rest, b""));
        match line.trim_ascii() {
            [] | [b'#' | b';', ..] => rest = after,
            MARK => return Ok(Some(after)),
            line if line.starts_with(ANY_MARK) => {
                return Err(Error::new(
                    Kind::Unsupported,
                    "decrypt configuration",
                    "its encryption is newer than this program",
                )
                .advice("update sclone, or save the file with an older rclone"));
            }
            _ => return Ok(None),
        }
    }
    Ok(None)
}

fn cipher(password: &str) -> Result<XSalsa20Poly1305> {
    if password.trim().is_empty() {
        return Err(Error::new(Kind::Config, "use configuration password", "it is blank"));
    }
    let normal: Zeroizing<String> = Zeroizing::new(password.nfkc().collect());
    let text = Zeroizing::new(format!("[{}][rclone-config]", normal.as_str()));
    let key = Zeroizing::new(openssl::sha::sha256(text.as_bytes()));
    Ok(XSalsa20Poly1305::new((&*key).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by rclone 1.75.2 with the password `päss ﬁ`.
    const FROM_RCLONE: &str = include_str!("testdata/encrypted.conf");

    #[test]
    fn reads_what_rclone_wrote() {
        assert!(is_encrypted(FROM_RCLONE.as_bytes()).unwrap());
        for password in ["päss ﬁ", "pa\u{308}ss fi"] {
            let plain = decrypt(FROM_RCLONE.as_bytes(), password).unwrap();
            assert_eq!(std::str::from_utf8(&plain).unwrap(), "[a]\ntype = sftp\nhost = h\n\n");
        }
    }

    #[test]
    fn reads_what_it_wrote_and_nothing_else() {
        let sealed = encrypt(b"[a]\n", "hunter2").unwrap();
        assert!(is_encrypted(&sealed).unwrap());
        assert_eq!(&*decrypt(&sealed, "hunter2").unwrap(), b"[a]\n");
        let message = decrypt(&sealed, "hunter3").unwrap_err().to_string();
        assert_eq!(message, "decrypt configuration: the password is wrong, or the file is damaged");
        let mut damaged = sealed.clone();
        let last = damaged.len() - 5;
        damaged[last] = if damaged[last] == b'A' { b'B' } else { b'A' };
        assert!(decrypt(&damaged, "hunter2").is_err());
        assert!(decrypt(b"RCLONE_ENCRYPT_V0:\nAAAA", "x").is_err());
        assert!(decrypt(b"RCLONE_ENCRYPT_V0:\n%", "x").is_err());
        assert!(encrypt(b"", " ").is_err());
    }

    #[test]
    fn tells_plain_from_encrypted_from_too_new() {
        assert!(!is_encrypted(b"").unwrap());
        assert!(!is_encrypted(b"# RCLONE_ENCRYPT_V0:\n[a]\n").unwrap());
        assert!(is_encrypted(b"# x\r\n\r\n RCLONE_ENCRYPT_V0:\r\n").unwrap());
        assert_eq!(is_encrypted(b"RCLONE_ENCRYPT_V1:\n").unwrap_err().kind(), Kind::Unsupported);
    }
}
