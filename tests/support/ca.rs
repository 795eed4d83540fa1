//! Keys, certificate authorities and certificates, made by ssh-keygen.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::{find, run_tool};

/// The kinds of key OpenSSH makes certificates for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyType {
    Rsa,
    EcdsaP256,
    EcdsaP384,
    EcdsaP521,
    Ed25519,
}

impl KeyType {
    /// Every kind, for tables.
    pub(crate) const ALL: [Self; 5] =
        [Self::Rsa, Self::EcdsaP256, Self::EcdsaP384, Self::EcdsaP521, Self::Ed25519];

    fn arguments(self) -> [&'static str; 4] {
        match self {
            Self::Rsa => ["-t", "rsa", "-b", "2048"],
            Self::EcdsaP256 => ["-t", "ecdsa", "-b", "256"],
            Self::EcdsaP384 => ["-t", "ecdsa", "-b", "384"],
            Self::EcdsaP521 => ["-t", "ecdsa", "-b", "521"],
            Self::Ed25519 => ["-t", "ed25519", "-b", "256"],
        }
    }

    /// What the server's log calls a key of this kind; a certificate has `-CERT` after it.
    pub(crate) fn log_name(self) -> &'static str {
        match self {
            Self::Rsa => "RSA",
            Self::EcdsaP256 | Self::EcdsaP384 | Self::EcdsaP521 => "ECDSA",
            Self::Ed25519 => "ED25519",
        }
    }
}

/// A key pair on disk, `path` and `path.pub`. Any key can be a certificate authority.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    path: PathBuf,
}

impl Key {
    /// Makes a key pair without a passphrase in OpenSSH's format.
    #[track_caller]
    pub(crate) fn generate(folder: &Path, name: &str, kind: KeyType) -> Self {
        Self::generate_as(folder, name, kind, "RFC4716", "")
    }

    /// Makes a key pair in a format of `ssh-keygen -m`: `RFC4716` (OpenSSH's own), `PEM`, `PKCS8`.
    #[track_caller]
    pub(crate) fn generate_as(
        folder: &Path,
        name: &str,
        kind: KeyType,
        format: &str,
        passphrase: &str,
    ) -> Self {
        let path = folder.join(name);
        run_tool(
            ssh_keygen()
                .args(kind.arguments())
                .args(["-q", "-m", format, "-N", passphrase, "-C", name, "-f"])
                .arg(&path),
        );
        Self { path }
    }

    /// A key pair that is there.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The private key file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The public key file.
    pub(crate) fn public_path(&self) -> PathBuf {
        self.beside(".pub")
    }

    /// Where a certificate of this key is written.
    pub(crate) fn certificate_path(&self) -> PathBuf {
        self.beside("-cert.pub")
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(suffix);
        name.into()
    }

    /// The public key as one line `type base64 comment`.
    pub(crate) fn public_line(&self) -> String {
        std::fs::read_to_string(self.public_path()).unwrap().trim_end().to_owned()
    }

    /// The same without the comment.
    pub(crate) fn words(&self) -> String {
        self.public_line().split(' ').take(2).collect::<Vec<_>>().join(" ")
    }

    /// The fingerprint as OpenSSH prints it, `SHA256:...`.
    pub(crate) fn fingerprint(&self) -> String {
        let line = run_tool(ssh_keygen().arg("-lf").arg(self.public_path()));
        line.split_whitespace().nth(1).unwrap().to_owned()
    }

    /// Begins a certificate for `subject`, signed by this key: for users, valid now, key id `user_sweh`, serial 0,
    /// no principals.
    pub(crate) fn sign(&self, subject: &Key) -> Signing {
        let mut command = ssh_keygen();
        command.args(["-q", "-s"]).arg(&self.path);
        Signing { command, subject: subject.clone(), id: "user_sweh".into(), validity: "-5m:+1h".into() }
    }
}

/// A certificate about to be written.
pub(crate) struct Signing {
    command: Command,
    subject: Key,
    id: String,
    validity: String,
}

impl Signing {
    /// The key id the server logs.
    pub(crate) fn id(mut self, id: &str) -> Self {
        id.clone_into(&mut self.id);
        self
    }

    /// The names the certificate is good for.
    pub(crate) fn principals(mut self, names: &[&str]) -> Self {
        self.command.args(["-n", &names.join(",")]);
        self
    }

    /// The time it is good for, as `ssh-keygen -V` takes it: `-1h:+1h`, `20200101:20210101`, `always:forever`.
    pub(crate) fn valid(mut self, interval: &str) -> Self {
        interval.clone_into(&mut self.validity);
        self
    }

    /// A critical option or extension, as `ssh-keygen -O` takes it.
    pub(crate) fn option(mut self, option: &str) -> Self {
        self.command.args(["-O", option]);
        self
    }

    /// The number of the certificate.
    pub(crate) fn serial(mut self, serial: u64) -> Self {
        self.command.args(["-z", &serial.to_string()]);
        self
    }

    /// Makes a host certificate.
    pub(crate) fn for_host(mut self) -> Self {
        self.command.arg("-h");
        self
    }

    /// Writes the certificate beside the key it certifies and returns its path.
    #[track_caller]
    pub(crate) fn write(mut self) -> PathBuf {
        let public = self.subject.public_path();
        // One argument: a validity that starts with a dash would be taken for an option.
        let validity = format!("-V{}", self.validity);
        run_tool(self.command.args(["-I", &self.id, &validity]).arg(public));
        self.subject.certificate_path()
    }
}

/// Makes the key id `user_sweh` of a certificate `User_sweh`, which its signature does not cover.
#[track_caller]
pub(crate) fn rename_key_id(certificate: &Path) {
    let text = std::fs::read_to_string(certificate).unwrap();
    let words: Vec<_> = text.split_whitespace().collect();
    let mut blob = openssl::base64::decode_block(words[1]).unwrap();
    let key_id = blob.windows(9).position(|bytes| bytes == b"user_sweh").unwrap();
    blob[key_id] = b'U';
    std::fs::write(certificate, format!("{} {}\n", words[0], openssl::base64::encode_block(&blob))).unwrap();
}

fn ssh_keygen() -> Command {
    Command::new(find("ssh-keygen", "openssh-client"))
}
