//! The container of private keys that `ssh-keygen` writes (`PROTOCOL.key` of OpenSSH).
//!
//! The public half stands in clear even when the private half is encrypted. Decrypting proves the passphrase.

use ssh_key::{Cipher, Kdf};
use zeroize::Zeroizing;

use super::public_key::PublicKey;
use super::wire::{Reader, put_string};

const MAGIC: &[u8] = b"openssh-key-v1\0";
const TAG_SIZE: usize = 16;
/// The bound libssh2 and OpenSSH put on the rounds of the key derivation, which would else take for ever.
const MAX_ROUNDS: u32 = 1 << 20;

/// One private key, maybe encrypted.
pub(crate) struct OpensshKey {
    pub(crate) public: PublicKey,
    cipher: String,
    kdf_options: Vec<u8>,
    private: Zeroizing<Vec<u8>>,
    tag: Option<[u8; TAG_SIZE]>,
    public_blob: Vec<u8>,
}

/// Why a key could not be decrypted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DecryptError {
    WrongPassphrase,
    UnknownCipher(String),
    Damaged,
}

impl OpensshKey {
    /// Parses the bytes inside the PEM armour; `None` if they are damaged or hold several keys.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes.strip_prefix(MAGIC)?);
        let cipher = reader.text()?;
        let _kdf_name = reader.string()?;
        let kdf_options = reader.string()?.to_vec();
        (reader.u32()? == 1).then_some(())?;
        let public_blob = reader.string()?.to_vec();
        let public = PublicKey::from_blob(public_blob.clone())?;
        let private = Zeroizing::new(reader.string()?.to_vec());
        let tag = if reader.is_empty() { None } else { Some(reader.bytes(TAG_SIZE)?.try_into().ok()?) };
        Some(Self { public, cipher, kdf_options, private, tag, public_blob })
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.cipher != "none"
    }

    /// Whether libssh2 can decrypt it by itself: it knows no tags, which the authenticated ciphers need.
    pub(crate) fn libssh2_decrypts(&self) -> bool {
        self.tag.is_none()
    }

    /// The same key without encryption, as a container again.
    pub(crate) fn decrypt(&self, passphrase: &str) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
        let private = self.decrypted_private(passphrase)?;
        let mut out = Zeroizing::new(MAGIC.to_vec());
        put_string(&mut out, b"none");
        put_string(&mut out, b"none");
        put_string(&mut out, b"");
        out.extend_from_slice(&1_u32.to_be_bytes());
        put_string(&mut out, &self.public_blob);
        put_string(&mut out, &private);
        Ok(out)
    }

    fn decrypted_private(&self, passphrase: &str) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
        let unknown = || DecryptError::UnknownCipher(self.cipher.clone());
        let Ok(cipher) = Cipher::new(&self.cipher) else { return Err(unknown()) };
        let kdf = self.kdf().ok_or(DecryptError::Damaged)?;
        let Ok((key, iv)) = kdf.derive_key_and_iv(cipher, passphrase) else {
            return Err(DecryptError::WrongPassphrase);
        };
        let mut private = self.private.clone();
        if cipher.decrypt(&key, &iv, &mut private, self.tag).is_err() {
            return Err(if cipher.has_tag() { DecryptError::WrongPassphrase } else { unknown() });
        }
        if checks_match(&private) { Ok(private) } else { Err(DecryptError::WrongPassphrase) }
    }

    fn kdf(&self) -> Option<Kdf> {
        let mut options = Reader::new(&self.kdf_options);
        let salt = options.string()?.to_vec();
        let rounds = options.u32().filter(|&rounds| rounds <= MAX_ROUNDS)?;
        Some(Kdf::Bcrypt { salt, rounds })
    }
}

/// The first two integers are the same random number, which a wrong key all but never gives.
fn checks_match(private: &[u8]) -> bool {
    let mut reader = Reader::new(private);
    reader.u32().is_some_and(|check| reader.u32() == Some(check))
}
