//! A private key from a file or from text: OpenSSH, PEM (PKCS#1, SEC 1) or PKCS#8, encrypted or not.
//!
//! The key is read and decrypted before anything is sent to a server, so that a wrong passphrase is told from a
//! refusal and the public half can be compared with the certificate.

use std::fmt;
use std::path::{Path, PathBuf};

use openssl::pkey::{PKey, Private};
use zeroize::Zeroizing;

use super::openssh_key::{DecryptError, OpensshKey};
use super::public_file::{PublicFile, read_small};
use super::public_key::PublicKey;
use super::{pem, pem_key};
use crate::error::{Error, Kind, Result};
use crate::path::escape;

/// How often a person is asked for one passphrase.
const MAX_PROMPTS: usize = 3;

/// Where a key comes from, for messages and for libssh2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// A file.
    File(PathBuf),
    /// An option of this name that holds the key itself.
    Option(&'static str),
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use std::os::unix::ffi::OsStrExt;
        match self {
            Self::File(path) => f.write_str(&escape(path.as_os_str().as_bytes())),
            Self::Option(name) => f.write_str(name),
        }
    }
}

/// What libssh2 is given to sign with.
pub(crate) enum KeyMaterial {
    /// The file as it stands, and the passphrase it needs.
    File(PathBuf, Option<Zeroizing<String>>),
    /// Clean PEM text, and the passphrase it needs.
    Text(Zeroizing<String>, Option<Zeroizing<String>>),
}

/// A private key that can sign: its passphrase has been proved.
pub struct PrivateKey {
    source: KeySource,
    public: PublicKey,
    pub(crate) material: KeyMaterial,
}

/// Asks for the passphrase of a key when it turns out to need one; `None` when nobody answers.
pub type AskPassphrase<'a> = &'a dyn Fn(&KeySource) -> Result<Option<Zeroizing<String>>>;

impl PrivateKey {
    /// Reads a key file. `passphrase` is used if the key is encrypted; without one, `ask` is.
    ///
    /// # Errors
    /// Each with its own message: no such file, a directory, unreadable, empty, a public key or a certificate, no
    /// key at all, a wrong passphrase, an encrypted key without passphrase; [`Kind::Unsupported`]: a key type that cannot
    /// sign here.
    pub fn load(path: &Path, passphrase: Option<&str>, ask: AskPassphrase<'_>) -> Result<Self> {
        let bytes = Zeroizing::new(read_small(path)?);
        let key = Self::parse(&bytes, KeySource::File(path.to_owned()), passphrase, ask)?;
        warn_if_open_to_others(path, &key.source);
        Ok(key)
    }

    /// Reads a key from text.
    ///
    /// # Errors
    /// As [`PrivateKey::load`].
    pub fn parse(
        bytes: &[u8],
        source: KeySource,
        passphrase: Option<&str>,
        ask: AskPassphrase<'_>,
    ) -> Result<Self> {
        let block = pem::private_key_block(bytes).ok_or_else(|| not_a_key(bytes, &source))?;
        refuse_type(&block, &source)?;
        let given = passphrase.filter(|text| !text.is_empty());
        let unlocked = match (is_encrypted(&block, &source)?, given) {
            (false, _) => unlock(&block, &source, None)?,
            (true, Some(text)) => unlock(&block, &source, Some(Zeroizing::new(text.to_owned())))?,
            (true, None) => unlock_by_asking(&block, &source, ask)?,
        };
        let (public, text, passphrase) = unlocked.ok_or_else(|| wrong_passphrase(&source))?;
        let material = match (&source, text) {
            (KeySource::File(path), None) if block.is_whole_text => {
                KeyMaterial::File(path.clone(), passphrase)
            }
            (_, None) => KeyMaterial::Text(block.text, passphrase),
            (_, Some(text)) => KeyMaterial::Text(text, None),
        };
        Ok(Self { source, public, material })
    }

    /// Where the key was read.
    pub fn source(&self) -> &KeySource {
        &self.source
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }
}

/// The public half of a private key file, if it stands there in clear (every OpenSSH key, every unencrypted one).
pub(crate) fn public_half(bytes: &[u8]) -> Option<PublicKey> {
    let block = pem::private_key_block(bytes)?;
    if block.is_openssh() {
        return Some(OpensshKey::parse(&block.openssh_bytes()?)?.public);
    }
    if block.is_encrypted_pem() {
        return None;
    }
    pem_key::public_half(&unencrypted_pem(block.text.as_bytes()).ok()?)
}

/// Reads PEM without ever letting OpenSSL ask for a passphrase on the terminal, as it does by default.
fn unencrypted_pem(pem: &[u8]) -> std::result::Result<PKey<Private>, openssl::error::ErrorStack> {
    PKey::private_key_from_pem_callback(pem, |_| Ok(0))
}

fn is_encrypted(block: &pem::Block, source: &KeySource) -> Result<bool> {
    if block.is_openssh() { Ok(openssh(block, source)?.is_encrypted()) } else { Ok(block.is_encrypted_pem()) }
}

/// Refuses a key that cannot sign here, whatever its passphrase.
fn refuse_type(block: &pem::Block, source: &KeySource) -> Result<()> {
    if !block.is_openssh() {
        return Ok(());
    }
    let key = openssh(block, source)?.public;
    let is_usable = !key.is_on_token() && key.key_type() != "ssh-dss";
    if is_usable { Ok(()) } else { Err(unusable_type(source, key.key_type())) }
}

fn openssh(block: &pem::Block, source: &KeySource) -> Result<OpensshKey> {
    let bytes = block.openssh_bytes().ok_or_else(|| damaged(source))?;
    OpensshKey::parse(&bytes).ok_or_else(|| damaged(source))
}

/// The public half, a text to use instead of the block where libssh2 could not read that, and the passphrase libssh2
/// needs.
type Unlocked = (PublicKey, Option<Zeroizing<String>>, Option<Zeroizing<String>>);

/// Gives a person as many tries as `ssh` does.
fn unlock_by_asking(
    block: &pem::Block,
    source: &KeySource,
    ask: AskPassphrase<'_>,
) -> Result<Option<Unlocked>> {
    for _ in 0..MAX_PROMPTS {
        let passphrase = ask(source)?.ok_or_else(|| needs_passphrase(source))?;
        if let Some(unlocked) = unlock(block, source, Some(passphrase))? {
            return Ok(Some(unlocked));
        }
    }
    Ok(None)
}

/// Proves the passphrase; `None` if it is wrong.
fn unlock(
    block: &pem::Block,
    source: &KeySource,
    passphrase: Option<Zeroizing<String>>,
) -> Result<Option<Unlocked>> {
    if !block.is_openssh() {
        let Some(key) = parse_pem(block, source, passphrase.as_ref())? else { return Ok(None) };
        let public = pem_key::public_half(&key).ok_or_else(|| unusable_type(source, "this type"))?;
        return Ok(Some((public, None, passphrase)));
    }
    let key = openssh(block, source)?;
    let Some(text) = &passphrase else { return Ok(Some((key.public, None, None))) };
    match key.decrypt(text) {
        Ok(_) if key.libssh2_decrypts() => Ok(Some((key.public, None, passphrase))),
        Ok(plain) => Ok(Some((key.public, Some(pem::openssh_text(&plain)), None))),
        Err(DecryptError::WrongPassphrase) => Ok(None),
        Err(DecryptError::Damaged) => Err(damaged(source)),
        Err(DecryptError::UnknownCipher(name)) => Err(unknown_cipher(source, &name)),
    }
}

fn parse_pem(
    block: &pem::Block,
    source: &KeySource,
    passphrase: Option<&Zeroizing<String>>,
) -> Result<Option<PKey<Private>>> {
    let pem = block.text.as_bytes();
    match passphrase {
        Some(text) => Ok(PKey::private_key_from_pem_passphrase(pem, text.as_bytes()).ok()),
        None => unencrypted_pem(pem).map(Some).map_err(|error| damaged(source).caused_by(error)),
    }
}

/// OpenSSH refuses such a key; rclone does not, so neither do we.
fn warn_if_open_to_others(path: &Path, source: &KeySource) {
    use std::os::unix::fs::PermissionsExt;
    let Ok(mode) = std::fs::metadata(path).map(|it| it.permissions().mode() & 0o777) else { return };
    if mode & 0o077 != 0 {
        log::warn!("private key {source}: others can read it (mode {mode:04o}); run chmod 600 on it");
    }
}

fn key_error(source: &KeySource, reason: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Kind::Config, "read private key", reason).on(source.to_string())
}

fn not_a_key(bytes: &[u8], source: &KeySource) -> Error {
    let public = PublicFile::parse(bytes);
    let text = String::from_utf8_lossy(bytes);
    if text.trim().is_empty() {
        key_error(source, "the file is empty")
    } else if !public.certificates.is_empty() {
        key_error(source, "this is a certificate, not a private key")
            .advice("set pubkey_file to it, and key_file to the private key it was made for")
    } else if !public.keys.is_empty() || text.contains("BEGIN SSH2 PUBLIC KEY") {
        key_error(source, "this is a public key, not a private key")
            .advice("set key_file to the file of the same name without .pub")
    } else if text.starts_with("PuTTY-User-Key-File") {
        key_error(source, "this is a PuTTY key")
            .advice("convert it: puttygen KEY.ppk -O private-openssh -o KEY")
    } else {
        key_error(source, "no private key stands there")
            .advice("a private key has a line -----BEGIN ... PRIVATE KEY-----")
    }
}

fn damaged(source: &KeySource) -> Error {
    key_error(source, "the private key is damaged or of a kind that is not known")
        .advice("check it with: ssh-keygen -y -f KEY")
}

fn needs_passphrase(source: &KeySource) -> Error {
    key_error(source, "the key is encrypted and no passphrase is given")
        .advice("set key_file_pass (obscured), run from a terminal to be asked, or add the key to ssh-agent")
}

fn unusable_type(source: &KeySource, key_type: &str) -> Error {
    key_error(source, format!("a key of {key_type} cannot sign here"))
        .with_kind(Kind::Unsupported)
        .advice(
            "add it to ssh-agent, which is then asked (ssh-add KEY), let another program connect (ssh = ssh USER@HOST), \
             or use an Ed25519, ECDSA or RSA key",
        )
}

fn wrong_passphrase(source: &KeySource) -> Error {
    key_error(source, "the passphrase is wrong")
        .advice("check key_file_pass; it must be written by `sclone obscure`")
}

fn unknown_cipher(source: &KeySource, name: &str) -> Error {
    key_error(source, format!("it is encrypted with {}, which is not known here", escape(name.as_bytes())))
        .advice("encrypt it anew: ssh-keygen -p -Z aes256-ctr -f KEY")
}
