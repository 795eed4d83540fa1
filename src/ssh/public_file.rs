//! Certificates and public keys in whatever text people keep them: `.pub` and `-cert.pub` files, combined files,
//! `authorized_keys` lines, text that went through an editor or a mail.

use std::path::Path;

use super::certificate::{Certificate, is_certificate_type};
use super::public_key::{PublicKey, field_count};
use crate::error::{Error, Kind, Result};

/// No file of keys is larger.
pub(crate) const MAX_FILE_SIZE: u64 = 1024 * 1024;

/// No certificate is longer.
const MAX_BASE64: usize = 64 * 1024;

/// Everything public that a text holds, in the order it stands there.
#[derive(Debug, Default)]
pub struct PublicFile {
    /// The certificates.
    pub certificates: Vec<Certificate>,
    /// The plain public keys.
    pub keys: Vec<PublicKey>,
    /// Whether a private key stands there too.
    pub has_private_key: bool,
    /// The number of the first line (from 1) that names a key type but cannot be read.
    pub unreadable_line: Option<usize>,
}

impl PublicFile {
    /// Reads a file.
    ///
    /// # Errors
    /// The file cannot be read, or is larger than 1 MiB.
    pub fn load(path: &Path) -> Result<Self> {
        Ok(Self::parse(&read_small(path)?))
    }

    /// Finds the certificates and keys of a text. Comments, blank lines, a byte order mark, carriage returns, tabs,
    /// leading options as in `authorized_keys`, private keys and base64 broken over several lines are all accepted.
    pub fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().map(str::trim).collect();
        let mut found = Self::default();
        let mut in_private_key = false;
        for (index, line) in lines.iter().enumerate() {
            if line.starts_with("-----BEGIN ") && line.contains("PRIVATE KEY") {
                in_private_key = true;
                found.has_private_key = true;
            } else if line.starts_with("-----END ") {
                in_private_key = false;
            } else if !in_private_key && !line.starts_with('#') {
                found.read_line(line, lines.get(index.saturating_add(1)..).unwrap_or_default(), index);
            }
        }
        found
    }

    fn read_line(&mut self, line: &str, following: &[&str], index: usize) {
        let words = words_outside_quotes(line);
        let Some(at) = words.iter().position(|word| is_key_type(word)) else { return };
        let Some(key_type) = words.get(at) else { return };
        let first = words.get(at.saturating_add(1)).copied().unwrap_or_default();
        let blob = decode(first).filter(|blob| self.keep(key_type, blob));
        if blob.is_none() && !self.read_broken_line(key_type, first, following) {
            self.unreadable_line.get_or_insert(index.saturating_add(1));
        }
    }

    /// Joins the lines that follow, as long as they look like base64, until a whole key stands there.
    fn read_broken_line(&mut self, key_type: &str, first: &str, following: &[&str]) -> bool {
        let mut base64 = first.to_owned();
        for line in following {
            let Some(word) = line.split_whitespace().next().filter(|word| is_base64(word)) else {
                return false;
            };
            base64.push_str(word);
            if base64.len() > MAX_BASE64 {
                return false;
            }
            if decode(&base64).is_some_and(|blob| self.keep(key_type, &blob)) {
                return true;
            }
        }
        false
    }

    /// Keeps a blob if it is what its line says.
    fn keep(&mut self, key_type: &str, blob: &[u8]) -> bool {
        if is_certificate_type(key_type) {
            let certificate = Certificate::from_blob(blob).filter(|it| it.algorithm() == key_type);
            certificate.map(|it| self.certificates.push(it)).is_some()
        } else {
            let key = PublicKey::from_blob(blob).filter(|it| it.key_type() == key_type && is_whole(it));
            key.map(|it| self.keys.push(it)).is_some()
        }
    }
}

/// Reads a file of keys.
///
/// # Errors
/// The file cannot be read, or is too large to be one.
pub(crate) fn read_small(path: &Path) -> Result<Vec<u8>> {
    use std::io::Read;
    use std::os::unix::ffi::OsStrExt;
    let fail = |error| Error::from_io("read", error).on(path.as_os_str().as_bytes());
    let file = std::fs::File::open(path).map_err(fail)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_SIZE.saturating_add(1)).read_to_end(&mut bytes).map_err(fail)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= MAX_FILE_SIZE) {
        Ok(bytes)
    } else {
        let error = Error::new(Kind::Config, "read", "the file is larger than 1 MiB and so no file of keys");
        Err(error.on(path.as_os_str().as_bytes()))
    }
}

fn is_key_type(word: &str) -> bool {
    is_certificate_type(word) || field_count(word).is_some()
}

fn is_base64(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
}

fn decode(base64: &str) -> Option<Vec<u8>> {
    if base64.is_empty() || !is_base64(base64) {
        return None;
    }
    openssl::base64::decode_block(base64).ok()
}

/// Whether the blob holds exactly the fields of its type.
fn is_whole(key: &PublicKey) -> bool {
    let mut reader = super::wire::Reader::new(key.blob());
    let fields = field_count(key.key_type()).unwrap_or(0);
    (0..=fields).all(|_| reader.string().is_some()) && reader.is_empty()
}

/// Splits at white space, except between double quotes, where options may hold some.
fn words_outside_quotes(line: &str) -> Vec<&str> {
    let mut quoted = false;
    let mut escaped = false;
    line.split(move |c: char| {
        let splits = c.is_whitespace() && !quoted;
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = c == '\\' && !escaped;
        splits
    })
    .filter(|word| !word.is_empty())
    .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::certificate::sample::{Sample, key};
    use super::*;

    #[test]
    fn everything_public_is_found_in_order() {
        let certificate = Sample::default().certificate();
        let text = format!(
            "\u{feff}# a comment with ssh-rsa AAAA\r\n\r\n{}\n-----BEGIN OPENSSH PRIVATE KEY-----\nssh-rsa\n\
             -----END OPENSSH PRIVATE KEY-----\nno-pty,command=\"a \\\"b\\\" ssh-rsa c\" {} me\n\tjunk\n",
            key(1).to_openssh_line(),
            certificate.to_openssh_line(),
        );
        let file = PublicFile::parse(text.as_bytes());
        assert_eq!(file.keys, [key(1)]);
        assert_eq!(file.certificates, [certificate]);
        assert!(file.has_private_key);
        assert_eq!(file.unreadable_line, None);
    }

    #[test]
    fn a_line_that_is_cut_short_is_named() {
        let line = Sample::default().certificate().to_openssh_line();
        let file = PublicFile::parse(format!("\n{}\n", line.get(..100).unwrap()).as_bytes());
        assert!(file.certificates.is_empty());
        assert_eq!(file.unreadable_line, Some(2));
    }

    #[test]
    fn a_type_that_does_not_fit_its_key_is_refused() {
        let line = key(1).to_openssh_line().replace("ssh-ed25519", "ssh-rsa");
        assert!(PublicFile::parse(line.as_bytes()).keys.is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let file = PublicFile::parse(&bytes);
            prop_assert!(file.certificates.is_empty());
        }

        #[test]
        fn base64_may_be_broken_anywhere(at in 33_usize..400) {
            let mut line = Sample::default().certificate().to_openssh_line();
            line.insert(at.min(line.len()), '\n');
            prop_assert_eq!(PublicFile::parse(line.as_bytes()).certificates.len(), 1);
        }
    }
}
