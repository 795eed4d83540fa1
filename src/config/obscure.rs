//! rclone's way of keeping passwords from a glance over the shoulder.
//!
//! AES-256-CTR under a key that everyone knows: it hides a password from the eye, and from nobody who wants it.
//! The result is URL-safe base64 without padding of the 16 byte counter block and the encrypted text. See
//! <https://rclone.org/commands/rclone_obscure/>.

use openssl::base64;
use openssl::error::ErrorStack;
use openssl::rand::rand_bytes;
use openssl::symm::{Cipher, Crypter, Mode};
use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result};

const BLOCK: usize = 16;
const KEY: [u8; 32] = [
    0x9c, 0x93, 0x5b, 0x48, 0x73, 0x0a, 0x55, 0x4d, 0x6b, 0xfd, 0x7c, 0x63, 0xc8, 0x86, 0xa9, 0x2b, 0xd3,
    0x90, 0x19, 0x8e, 0xb8, 0x12, 0x8a, 0xfb, 0xf4, 0xde, 0x16, 0x2b, 0x8b, 0x95, 0xf6, 0x38,
];

/// Obscures a password under a fresh random counter block, so that the same password never looks the same.
///
/// # Errors
/// [`Kind::Io`] if the system has no randomness to give.
pub fn obscure(plain: &str) -> Result<String> {
    let mut block = [0; BLOCK];
    rand_bytes(&mut block).map_err(no_cipher)?;
    obscure_with(plain, block)
}

/// Gives back what [`obscure`] hid.
///
/// There is no checksum in the format: other text of 22 and more such characters is revealed to nonsense, which is
/// told apart only where it is not UTF-8.
///
/// # Errors
/// [`Kind::Config`] if the text was not obscured. The text is not part of the message.
pub fn reveal(obscured: &str) -> Result<Zeroizing<String>> {
    let wrong = |reason| {
        Error::new(Kind::Config, "reveal password", reason)
            .advice("the value must be obscured: run `sclone obscure -` and use what it prints")
    };
    let sealed = decode(obscured).ok_or_else(|| wrong("the value is not base64"))?;
    let (block, hidden) =
        sealed.split_first_chunk::<BLOCK>().ok_or_else(|| wrong("the value is too short"))?;
    let mut plain = apply_keystream(hidden, *block).map_err(no_cipher)?;
    let text = String::from_utf8(std::mem::take(&mut *plain)).map_err(|_| wrong("the result is not text"))?;
    Ok(Zeroizing::new(text))
}

fn obscure_with(plain: &str, block: [u8; BLOCK]) -> Result<String> {
    let mut sealed = block.to_vec();
    sealed.extend_from_slice(&apply_keystream(plain.as_bytes(), block).map_err(no_cipher)?);
    let standard = base64::encode_block(&sealed);
    Ok(standard.trim_end_matches('=').replace('+', "-").replace('/', "_"))
}

/// Encrypts or decrypts: in counter mode they are the same.
fn apply_keystream(text: &[u8], block: [u8; BLOCK]) -> std::result::Result<Zeroizing<Vec<u8>>, ErrorStack> {
    let mut crypter = Crypter::new(Cipher::aes_256_ctr(), Mode::Encrypt, &KEY, Some(&block))?;
    let mut out = Zeroizing::new(vec![0; text.len().saturating_add(BLOCK)]);
    let written = crypter.update(text, &mut out)?;
    out.truncate(written);
    Ok(out)
}

fn decode(obscured: &str) -> Option<Vec<u8>> {
    if obscured.bytes().any(|byte| !(byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')) {
        return None;
    }
    let padding = match obscured.len() % 4 {
        0 => "",
        2 => "==",
        3 => "=",
        _ => return None,
    };
    base64::decode_block(&(obscured.replace('-', "+").replace('_', "/") + padding)).ok()
}

fn no_cipher(error: ErrorStack) -> Error {
    Error::new(Kind::Io, "obscure password", "the cryptographic library failed").caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn matches_rclone() {
        for (block, plain, obscured) in [
            (b'a', "", "YWFhYWFhYWFhYWFhYWFhYQ"),
            (b'a', "potato", "YWFhYWFhYWFhYWFhYWFhYXMaGgIlEQ"),
            (b'b', "potato", "YmJiYmJiYmJiYmJiYmJiYp3gcEWbAw"),
        ] {
            assert_eq!(obscure_with(plain, [block; BLOCK]).unwrap(), obscured);
            assert_eq!(&*reveal(obscured).unwrap(), plain);
        }
    }

    #[test]
    fn refuses_what_was_not_obscured_and_keeps_it_to_itself() {
        for bad in [
            "",
            "hunter2",
            "YWFhYWFhYWFhYWFhYWFhY",
            "YWFhYWFhYWFhYWFhYWFhYQ==",
            "bad+bad/bad bad bad bad bad",
        ] {
            let message = reveal(bad).unwrap_err().to_string();
            assert!(bad.is_empty() || !message.contains(bad), "{message}");
            assert!(message.contains("sclone obscure"), "{message}");
        }
    }

    proptest! {
        #[test]
        fn reveals_what_it_obscured(plain in ".*") {
            let obscured = obscure(&plain).unwrap();
            prop_assert_eq!(&*reveal(&obscured).unwrap(), &plain);
        }
    }
}
