//! Where a certificate is found: the options `pubkey` and `pubkey_file`, the file beside the key, the key file itself.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::certificate::Certificate;
use super::fault::Severity;
use super::judge::judge;
use super::login::Login;
use super::private_key::KeySource;
use super::public_file::{PublicFile, read_small};
use super::public_key::PublicKey;
use crate::error::{Error, Kind, Result};

/// A certificate with its origin.
#[derive(Debug)]
pub struct OfferedCertificate {
    /// The certificate.
    pub certificate: Certificate,
    /// The file or the option it was read from.
    pub source: KeySource,
    /// The file, if libssh2 can read it as it stands.
    pub(crate) clean_file: Option<PathBuf>,
}

impl OfferedCertificate {
    /// Why the certificate cannot log the user in with this key, if that is certain.
    pub fn unusable(&self, user: &str, key: Option<&PublicKey>, now: Timestamp) -> Option<Error> {
        let faults = judge(&self.certificate, Some(user), key, now);
        let fault = faults.first().filter(|fault| fault.severity() == Severity::Fatal)?;
        let error = Error::new(Kind::CertificateUnusable, "certificate", fault.to_string());
        Some(error.on(self.source.to_string()).advice(fault.advice(&self.certificate, Some(user))))
    }
}

/// The certificates of the first place that has any.
///
/// # Errors
/// [`Kind::CertificateUnusable`]: an option names a place that cannot be read or holds neither certificate nor key, and
/// no other certificate is there.
pub(crate) fn find(login: &Login) -> Result<Vec<Arc<OfferedCertificate>>> {
    let (found, faults) = find_each(login);
    match faults.into_iter().next() {
        Some(error) if found.is_empty() => Err(error),
        _ => Ok(found),
    }
}

/// As [`find`], with the faults beside what was found.
pub(crate) fn find_each(login: &Login) -> (Vec<Arc<OfferedCertificate>>, Vec<Error>) {
    let mut search = Search::default();
    if let Some(text) = &login.pubkey {
        search.add(parse(text.as_bytes(), &KeySource::Option("pubkey")));
    } else if let Some(path) = &login.pubkey_file {
        search.add(of_file(path));
    } else {
        login.certificate_files.iter().for_each(|path| search.add(of_file(path)));
        search.keep_those_for(login);
    }
    if search.found.is_empty() && search.faults.is_empty() {
        if let Some(files) = login.tried_in_turn() {
            files.paths().iter().for_each(|path| search.add(of_key(path)));
        } else if let Some(path) = login.key_file.as_ref().filter(|_| login.key_pem.is_none()) {
            search.add(of_key(path));
        }
    }
    (search.found, search.faults)
}

#[derive(Default)]
struct Search {
    found: Vec<Arc<OfferedCertificate>>,
    faults: Vec<Error>,
}

impl Search {
    /// Leaves out certificates that `ssh` names for other keys than the one an option names.
    fn keep_those_for(&mut self, login: &Login) {
        if let Some(key) = login.public_key().filter(|_| login.tried_in_turn().is_none()) {
            self.found.retain(|it| it.certificate.public_key == key);
        }
    }

    fn add(&mut self, found: Result<Vec<OfferedCertificate>>) {
        match found {
            Ok(found) => self.found.extend(found.into_iter().map(Arc::new)),
            Err(error) => self.faults.push(error),
        }
    }
}

/// The certificates of a file that an option names, else those beside it: a key stands for its certificate.
fn of_file(path: &Path) -> Result<Vec<OfferedCertificate>> {
    let named = load(path);
    if matches!(&named, Ok(found) if !found.is_empty()) || !path.exists() {
        return named;
    }
    let found = load_if_there(&beside(path))?;
    if found.is_empty() { named } else { Ok(found) }
}

/// The certificates beside a private key, else those in its file.
fn of_key(path: &Path) -> Result<Vec<OfferedCertificate>> {
    let found = load_if_there(&beside(path))?;
    Ok(if found.is_empty() { inside(path) } else { found })
}

/// The certificates in a file; if there are none, those in the file beside it. At least one.
///
/// # Errors
/// [`Kind::CertificateUnusable`]: the file cannot be read, or neither holds a certificate.
pub fn in_or_beside(path: &Path) -> Result<Vec<OfferedCertificate>> {
    let bytes = read_small(path).map_err(|error| error.with_kind(Kind::CertificateUnusable))?;
    let (file, source) = (PublicFile::parse(&bytes), KeySource::File(path.to_owned()));
    let found = offer(&bytes, file.certificates.clone(), &source);
    let found = if found.is_empty() { load_if_there(&beside(path))? } else { found };
    if found.is_empty() { Err(no_certificate(&file, &bytes, &source)) } else { Ok(found) }
}

/// `key` and `key.pub` both have their certificate in `key-cert.pub`.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let name = path.as_os_str().as_bytes();
    let mut name = name.strip_suffix(b".pub").unwrap_or(name).to_vec();
    name.extend_from_slice(b"-cert.pub");
    PathBuf::from(OsString::from_vec(name))
}

fn load_if_there(path: &Path) -> Result<Vec<OfferedCertificate>> {
    if path.exists() { load(path) } else { Ok(Vec::new()) }
}

fn load(path: &Path) -> Result<Vec<OfferedCertificate>> {
    let bytes = read_small(path).map_err(|error| {
        error.with_kind(Kind::CertificateUnusable).advice("check pubkey_file, or have the certificate made")
    })?;
    parse(&bytes, &KeySource::File(path.to_owned()))
}

/// The certificates in a private key file. That it cannot be read is said when the key is.
fn inside(path: &Path) -> Vec<OfferedCertificate> {
    let bytes = read_small(path).unwrap_or_default();
    offer(&bytes, PublicFile::parse(&bytes).certificates, &KeySource::File(path.to_owned()))
}

/// The certificates of a text, none if it holds a plain key only.
fn parse(bytes: &[u8], source: &KeySource) -> Result<Vec<OfferedCertificate>> {
    let file = PublicFile::parse(bytes);
    if file.certificates.is_empty() && (file.keys.is_empty() || file.unreadable_line.is_some()) {
        return Err(no_certificate(&file, bytes, source));
    }
    Ok(offer(bytes, file.certificates, source))
}

fn offer(bytes: &[u8], certificates: Vec<Certificate>, source: &KeySource) -> Vec<OfferedCertificate> {
    let offer = |certificate: Certificate| {
        let clean_file = match source {
            KeySource::File(path) if is_clean(bytes, &certificate) => Some(path.clone()),
            _ => None,
        };
        OfferedCertificate { certificate, source: source.clone(), clean_file }
    };
    certificates.into_iter().map(offer).collect()
}

/// Whether a file is one line just as `ssh-keygen` writes it; libssh2 reads nothing else.
fn is_clean(bytes: &[u8], certificate: &Certificate) -> bool {
    let Some(rest) = bytes.strip_prefix(certificate.to_openssh_line().as_bytes()) else { return false };
    let comment = rest.strip_suffix(b"\n").unwrap_or(rest);
    comment.is_empty()
        || comment.starts_with(b" ") && !comment.iter().any(|&byte| byte == b'\n' || byte == b'\r')
}

fn no_certificate(file: &PublicFile, bytes: &[u8], source: &KeySource) -> Error {
    let reason = if let Some(line) = file.unreadable_line {
        format!("the key or certificate on line {line} is damaged or cut short")
    } else if bytes.iter().all(u8::is_ascii_whitespace) {
        "it is empty".into()
    } else if file.has_private_key {
        "it holds a private key, but no certificate".into()
    } else {
        "it holds no certificate".into()
    };
    Error::new(Kind::CertificateUnusable, "read certificate", reason).on(source.to_string()).advice(
        "a certificate is a line like ssh-ed25519-cert-v01@openssh.com AAAA...: see ssh-keygen -L -f FILE",
    )
}
