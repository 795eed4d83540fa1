//! An OpenSSH certificate: a public key, whom it stands for, for how long, and the CA's signature over all of it.
//!
//! The format is `PROTOCOL.certkeys` of OpenSSH. It is read here field by field, because a certificate without an
//! end date, with a SHA-1 signature or with an option nobody knows must still be read to be explained.

use super::public_key::{PublicKey, field_count};
use super::wire::{Reader, put_string};

const CERTIFICATE_SUFFIX: &str = "-cert-v01@openssh.com";

/// What a certificate vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateKind {
    /// A user who logs in.
    User,
    /// A host that is logged in to.
    Host,
}

/// A critical option or an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateOption {
    /// Its name, `force-command` for example.
    pub name: String,
    /// Its value; empty for a flag.
    pub value: String,
}

/// A certificate, parsed. The CA's signature is not verified here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// User or host.
    pub kind: CertificateKind,
    /// The CA's number for it; 0 if it does not number them.
    pub serial: u64,
    /// The CA's name for it, which servers log.
    pub key_id: String,
    /// The user or host names it is valid for.
    pub principals: Vec<String>,
    /// First valid second since 1970; `None` for no bound.
    pub valid_after: Option<u64>,
    /// First second since 1970 that is no longer valid; `None` for no bound.
    pub valid_before: Option<u64>,
    /// What a server must understand or else refuse the certificate.
    pub critical_options: Vec<CertificateOption>,
    /// What a server may grant.
    pub extensions: Vec<CertificateOption>,
    /// The certified key.
    pub public_key: PublicKey,
    /// The key of the CA that signed.
    pub ca_key: PublicKey,
    /// How the CA signed, `rsa-sha2-512` for example.
    pub signature_algorithm: String,
    algorithm: String,
    blob: Vec<u8>,
    signed_length: usize,
}

impl Certificate {
    /// Parses the blob of a certificate of any key type OpenSSH knows; `None` if it is not one or is cut short.
    pub fn from_blob(blob: impl Into<Vec<u8>>) -> Option<Self> {
        let blob = blob.into();
        let mut reader = Reader::new(&blob);
        let algorithm = reader.text()?;
        let key_type = certified_key_type(&algorithm)?;
        let _nonce = reader.string()?;
        let public_key = read_public_key(&mut reader, &key_type)?;
        let serial = reader.u64()?;
        let kind = match reader.u32()? {
            1 => CertificateKind::User,
            2 => CertificateKind::Host,
            _ => return None,
        };
        let key_id = reader.text()?;
        let principals = read_texts(reader.string()?)?;
        let valid_after = Some(reader.u64()?).filter(|&second| second != 0);
        let valid_before = Some(reader.u64()?).filter(|&second| second != u64::MAX);
        let critical_options = read_options(reader.string()?)?;
        let extensions = read_options(reader.string()?)?;
        let _reserved = reader.string()?;
        let ca_key = PublicKey::from_blob(reader.string()?)?;
        let signed_length = blob.len().checked_sub(reader.rest().len())?;
        let signature_algorithm = Reader::new(reader.string()?).text()?;
        reader.is_empty().then_some(())?;
        Some(Self {
            kind,
            serial,
            key_id,
            principals,
            valid_after,
            valid_before,
            critical_options,
            extensions,
            public_key,
            ca_key,
            signature_algorithm,
            algorithm,
            blob,
            signed_length,
        })
    }

    /// The name of the certificate type, `ssh-ed25519-cert-v01@openssh.com` for example.
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// The certificate as it stands in SSH messages.
    pub fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// The part of the blob that the CA's signature covers.
    pub fn signed_data(&self) -> &[u8] {
        self.blob.get(..self.signed_length).unwrap_or_default()
    }

    /// The CA's signature: a `string` naming the algorithm, then a `string` of its bytes.
    pub fn signature(&self) -> &[u8] {
        let signature = self.blob.get(self.signed_length..).unwrap_or_default();
        Reader::new(signature).string().unwrap_or_default()
    }

    /// The value of a critical option, if the certificate has it.
    pub fn critical_option(&self, name: &str) -> Option<&str> {
        self.critical_options.iter().find(|option| option.name == name).map(|option| option.value.as_str())
    }

    /// One clean line as `ssh-keygen` writes it: type, one space, base64; without comment and newline.
    pub fn to_openssh_line(&self) -> String {
        format!("{} {}", self.algorithm, openssl::base64::encode_block(&self.blob))
    }
}

/// Whether this is the name of a certificate type.
pub(crate) fn is_certificate_type(name: &str) -> bool {
    certified_key_type(name).is_some()
}

/// The type of the key that a certificate of this type certifies.
fn certified_key_type(algorithm: &str) -> Option<String> {
    let base = algorithm.strip_suffix(CERTIFICATE_SUFFIX)?;
    let key_type = if base.starts_with("sk-") { format!("{base}@openssh.com") } else { base.to_owned() };
    field_count(&key_type).map(|_| key_type)
}

/// Reads the key's fields and puts its type name in front again, which makes the blob of the plain key.
fn read_public_key(reader: &mut Reader<'_>, key_type: &str) -> Option<PublicKey> {
    let mut blob = Vec::new();
    put_string(&mut blob, key_type.as_bytes());
    for _ in 0..field_count(key_type)? {
        put_string(&mut blob, reader.string()?);
    }
    PublicKey::from_blob(blob)
}

fn read_texts(list: &[u8]) -> Option<Vec<String>> {
    let mut reader = Reader::new(list);
    let mut texts = Vec::new();
    while !reader.is_empty() {
        texts.push(reader.text()?);
    }
    Some(texts)
}

/// Reads options: names, each followed by a `string` that is empty or holds one `string`. A value of another shape
/// is kept as it stands: it belongs to an option that OpenSSH does not define.
fn read_options(list: &[u8]) -> Option<Vec<CertificateOption>> {
    let mut reader = Reader::new(list);
    let mut options = Vec::new();
    while !reader.is_empty() {
        let name = reader.text()?;
        let data = reader.string()?;
        let mut inner = Reader::new(data);
        let value = inner.string().filter(|_| inner.is_empty()).unwrap_or(data);
        options.push(CertificateOption { name, value: String::from_utf8_lossy(value).into_owned() });
    }
    Some(options)
}

/// Certificates made up for tests, signed by [`sample::authority`].
#[cfg(test)]
pub(crate) mod sample {
    use openssl::pkey::{Id, PKey, Private};
    use openssl::sign::Signer;

    use super::*;

    /// What to put into a certificate.
    pub(crate) struct Sample<'a> {
        pub(crate) kind: u32,
        pub(crate) principals: &'a [&'a str],
        pub(crate) valid_after: u64,
        pub(crate) valid_before: u64,
        pub(crate) critical_options: &'a [(&'a str, &'a str)],
        pub(crate) signature_algorithm: &'a str,
    }

    impl Default for Sample<'_> {
        fn default() -> Self {
            Self {
                kind: 1,
                principals: &["alice"],
                valid_after: 0,
                valid_before: u64::MAX,
                critical_options: &[],
                signature_algorithm: "ssh-ed25519",
            }
        }
    }

    impl Sample<'_> {
        pub(crate) fn blob(&self) -> Vec<u8> {
            let mut blob = Vec::new();
            put_string(&mut blob, b"ssh-ed25519-cert-v01@openssh.com");
            put_string(&mut blob, b"nonce");
            put_string(&mut blob, &[7; 32]);
            blob.extend_from_slice(&42_u64.to_be_bytes());
            blob.extend_from_slice(&self.kind.to_be_bytes());
            put_string(&mut blob, b"it's id");
            put_list(&mut blob, self.principals);
            blob.extend_from_slice(&self.valid_after.to_be_bytes());
            blob.extend_from_slice(&self.valid_before.to_be_bytes());
            put_options(&mut blob, self.critical_options);
            put_options(&mut blob, &[("permit-pty", "")]);
            put_string(&mut blob, b"");
            put_string(&mut blob, authority().blob());
            let signed = Signer::new_without_digest(&signing_key()).unwrap().sign_oneshot_to_vec(&blob);
            let mut signature = Vec::new();
            put_string(&mut signature, self.signature_algorithm.as_bytes());
            put_string(&mut signature, &signed.unwrap());
            put_string(&mut blob, &signature);
            blob
        }

        pub(crate) fn certificate(&self) -> Certificate {
            Certificate::from_blob(self.blob()).unwrap()
        }
    }

    /// An Ed25519 key of 32 times this byte; the samples certify `key(7)`.
    pub(crate) fn key(byte: u8) -> PublicKey {
        ed25519(&[byte; 32])
    }

    /// The key that signs the samples.
    pub(crate) fn authority() -> PublicKey {
        ed25519(&signing_key().raw_public_key().unwrap())
    }

    fn signing_key() -> PKey<Private> {
        PKey::private_key_from_raw_bytes(&[9; 32], Id::ED25519).unwrap()
    }

    fn ed25519(public: &[u8]) -> PublicKey {
        let mut blob = Vec::new();
        put_string(&mut blob, b"ssh-ed25519");
        put_string(&mut blob, public);
        PublicKey::from_blob(blob).unwrap()
    }

    fn put_list(out: &mut Vec<u8>, texts: &[&str]) {
        let mut list = Vec::new();
        for text in texts {
            put_string(&mut list, text.as_bytes());
        }
        put_string(out, &list);
    }

    fn put_options(out: &mut Vec<u8>, options: &[(&str, &str)]) {
        let mut list = Vec::new();
        for (name, value) in options {
            put_string(&mut list, name.as_bytes());
            let mut data = Vec::new();
            if !value.is_empty() {
                put_string(&mut data, value.as_bytes());
            }
            put_string(&mut list, &data);
        }
        put_string(out, &list);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::sample::{Sample, authority, key};
    use super::*;

    #[test]
    fn every_field_is_read() {
        let sample = Sample {
            principals: &["alice", "bob"],
            valid_after: 1000,
            valid_before: 2000,
            critical_options: &[("force-command", "internal-sftp")],
            ..Sample::default()
        };
        let certificate = sample.certificate();
        assert_eq!(certificate.kind, CertificateKind::User);
        assert_eq!(certificate.serial, 42);
        assert_eq!(certificate.key_id, "it's id");
        assert_eq!(certificate.principals, ["alice", "bob"]);
        assert_eq!((certificate.valid_after, certificate.valid_before), (Some(1000), Some(2000)));
        assert_eq!(certificate.critical_option("force-command"), Some("internal-sftp"));
        let flag = CertificateOption { name: "permit-pty".into(), value: String::new() };
        assert_eq!(certificate.extensions, [flag]);
        assert_eq!(certificate.public_key, key(7));
        assert_eq!(certificate.ca_key, authority());
        assert_eq!(certificate.signature_algorithm, "ssh-ed25519");
        let mut whole = certificate.signed_data().to_vec();
        put_string(&mut whole, certificate.signature());
        assert_eq!(whole, certificate.blob());
    }

    #[test]
    fn no_bounds_are_none() {
        let certificate = Sample::default().certificate();
        assert_eq!((certificate.valid_after, certificate.valid_before), (None, None));
    }

    #[test]
    fn a_certificate_cut_short_or_too_long_is_none() {
        let blob = Sample::default().blob();
        for end in 0..blob.len() {
            assert_eq!(Certificate::from_blob(blob.get(..end).unwrap()), None, "cut at {end}");
        }
        assert_eq!(Certificate::from_blob([blob.as_slice(), b"x"].concat()), None);
        assert_eq!(Certificate::from_blob(Sample { kind: 3, ..Sample::default() }.blob()), None);
    }

    #[test]
    fn security_key_types_keep_their_domain() {
        for (algorithm, key_type) in [
            ("ssh-rsa-cert-v01@openssh.com", Some("ssh-rsa")),
            ("sk-ssh-ed25519-cert-v01@openssh.com", Some("sk-ssh-ed25519@openssh.com")),
            ("sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", Some("sk-ecdsa-sha2-nistp256@openssh.com")),
            ("ssh-unknown-cert-v01@openssh.com", None),
            ("ssh-rsa", None),
        ] {
            assert_eq!(certified_key_type(algorithm).as_deref(), key_type, "{algorithm}");
        }
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_read_as_it_stands_or_not_at_all(at in 0_usize..300, byte: u8) {
            let mut blob = Sample::default().blob();
            let at = at % blob.len();
            blob[at] = byte;
            if let Some(certificate) = Certificate::from_blob(blob.clone()) {
                prop_assert_eq!(certificate.blob(), &blob[..]);
            }
        }
    }
}
