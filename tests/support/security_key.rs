//! A security key (FIDO) in software, and the agent it is plugged into: they sign as `PROTOCOL.u2f` of OpenSSH has it.

use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use openssl::bn::BigNumContext;
use openssl::ec::{EcGroup, EcKey, PointConversionForm};
use openssl::ecdsa::EcdsaSig;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::sha::sha256;
use openssl::sign::Signer;

const APPLICATION: &[u8] = b"ssh:";
/// Somebody touched the key.
const PRESENT: u8 = 1;

/// The two kinds that OpenSSH knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenType {
    Ed25519,
    Ecdsa,
}

/// A key that never leaves its token.
pub(crate) struct SecurityKey {
    key: PKey<Private>,
    kind: TokenType,
}

impl SecurityKey {
    pub(crate) fn generate(kind: TokenType) -> Self {
        let key = match kind {
            TokenType::Ed25519 => PKey::generate_ed25519().unwrap(),
            TokenType::Ecdsa => PKey::from_ec_key(EcKey::generate(&group()).unwrap()).unwrap(),
        };
        Self { key, kind }
    }

    /// The name of its type.
    pub(crate) fn type_name(&self) -> &'static str {
        match self.kind {
            TokenType::Ed25519 => "sk-ssh-ed25519@openssh.com",
            TokenType::Ecdsa => "sk-ecdsa-sha2-nistp256@openssh.com",
        }
    }

    fn public_blob(&self) -> Vec<u8> {
        let name = string(self.type_name().as_bytes());
        let point = match self.kind {
            TokenType::Ed25519 => string(&self.key.raw_public_key().unwrap()),
            TokenType::Ecdsa => {
                let (key, mut context) = (self.key.ec_key().unwrap(), BigNumContext::new().unwrap());
                let form = PointConversionForm::UNCOMPRESSED;
                let point = key.public_key().to_bytes(&group(), form, &mut context).unwrap();
                [string(b"nistp256"), string(&point)].concat()
            }
        };
        [name, point, string(APPLICATION)].concat()
    }

    /// One line as in a `.pub` file.
    pub(crate) fn public_line(&self) -> String {
        format!("{} {} a token", self.type_name(), openssl::base64::encode_block(&self.public_blob()))
    }

    /// The private key file, which only points to the token (`PROTOCOL.key`).
    pub(crate) fn private_file(&self) -> String {
        let public = self.public_blob();
        let secret =
            [&public[..], &[PRESENT], &string(b"handle"), &string(b""), &string(b"a token")].concat();
        let checks = [9; 8];
        let padding: Vec<u8> = (1..=8).take((8 - (checks.len() + secret.len()) % 8) % 8).collect();
        let sealed = [&checks[..], &secret, &padding].concat();
        let head = [string(b"none"), string(b"none"), string(b""), vec![0, 0, 0, 1]].concat();
        let all = [b"openssh-key-v1\0", &head[..], &string(&public), &string(&sealed)].concat();
        let text = openssl::base64::encode_block(&all);
        let lines: Vec<_> =
            text.as_bytes().chunks(70).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let text = lines.join("\n");
        format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{text}\n-----END OPENSSH PRIVATE KEY-----\n")
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let tail = [&[PRESENT][..], &7_u32.to_be_bytes()].concat();
        let data = [&sha256(APPLICATION)[..], &tail, &sha256(message)].concat();
        let signature = match self.kind {
            TokenType::Ed25519 => {
                Signer::new_without_digest(&self.key).unwrap().sign_oneshot_to_vec(&data).unwrap()
            }
            TokenType::Ecdsa => {
                let signature = EcdsaSig::sign(&sha256(&data), &self.key.ec_key().unwrap()).unwrap();
                [integer(&signature.r().to_vec()), integer(&signature.s().to_vec())].concat()
            }
        };
        [string(self.type_name().as_bytes()), string(&signature), tail].concat()
    }
}

fn group() -> EcGroup {
    EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap()
}

/// An agent that holds one security key. Dropping it ends it.
pub(crate) struct TokenAgent {
    socket: PathBuf,
    has_ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl TokenAgent {
    /// An agent that listens at `socket`.
    pub(crate) fn start(socket: PathBuf, key: SecurityKey) -> Self {
        let listener = UnixListener::bind(&socket).unwrap();
        let has_ended = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&has_ended);
        let serve = move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    break;
                }
                // Whoever hangs up has its answer.
                answer(&mut stream.unwrap(), &key).ok();
            }
        };
        Self { socket, has_ended, thread: Some(std::thread::spawn(serve)) }
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }
}

impl Drop for TokenAgent {
    fn drop(&mut self) {
        self.has_ended.store(true, Ordering::SeqCst);
        drop(UnixStream::connect(&self.socket));
        self.thread.take().map(JoinHandle::join);
    }
}

/// Answers requests (draft-miller-ssh-agent): 11 lists the keys, 13 signs.
fn answer(stream: &mut UnixStream, key: &SecurityKey) -> io::Result<()> {
    loop {
        let mut length = [0; 4];
        stream.read_exact(&mut length)?;
        let mut request = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut request)?;
        let reply = if request[0] == 11 {
            [&[12, 0, 0, 0, 1][..], &string(&key.public_blob()), &string(b"a token")].concat()
        } else {
            let (blob, rest) = split(&request[1..]);
            assert!(request[0] == 13 && blob == key.public_blob(), "the agent holds its one key only");
            [vec![14], string(&key.sign(split(rest).0))].concat()
        };
        stream.write_all(&string(&reply))?;
    }
}

/// The first SSH `string` and what follows it.
fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    let length = u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
    bytes[4..].split_at(length)
}

/// An SSH `string` (RFC 4251 section 5).
fn string(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

/// An SSH `mpint` of a positive number.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if bytes[0] >= 0x80 { &[0] } else { &[] };
    string(&[sign, bytes].concat())
}
