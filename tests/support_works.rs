//! The test support itself, proven against OpenSSH's own clients.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::support::ca::{Key, KeyType};
use crate::support::process::find;
use crate::support::server::{Server, current_user};

/// OpenSSH's client with nothing of this machine's configuration.
fn ssh(port: u16, key: &Path, known_hosts: &Path, remote_command: &str) -> Output {
    Command::new(find("ssh", "openssh-client"))
        .args(["-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"])
        .args(["-o", "StrictHostKeyChecking=yes", "-o", "GlobalKnownHostsFile=none"])
        .args(["-o", &format!("UserKnownHostsFile={}", known_hosts.display())])
        .args(["-p", &port.to_string(), "-i"])
        .arg(key)
        .args(["127.0.0.1", remote_command])
        .output()
        .unwrap()
}

#[test]
fn a_certificate_of_every_kind_logs_in_and_is_logged() {
    let folder = TempDir::new().unwrap();
    let authority = Key::generate(folder.path(), "ca", KeyType::Rsa);
    let server = Server::builder().cert_authority(&authority).start();
    let user = current_user();
    for kind in KeyType::ALL {
        let key = Key::generate(folder.path(), &format!("{kind:?}"), kind);
        authority.sign(&key).principals(&[&user]).serial(7).write();
        let output = ssh(server.port(), key.path(), &server.known_hosts(), "echo in");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "in\n", "{output:?}\n{}", server.log());
        let line = server.logged(&format!(" ssh2: {}-CERT ", kind.log_name()));
        assert!(line.starts_with(&format!("Accepted publickey for {user} from 127.0.0.1 port ")), "{line}");
        let end = format!("{} ID user_sweh (serial 7) CA RSA {}", key.fingerprint(), authority.fingerprint());
        assert!(server.log().contains(&end), "{end} is not in\n{}", server.log());
    }
    assert_eq!(server.connections(), KeyType::ALL.len());
}

#[test]
fn an_expired_certificate_is_refused() {
    let folder = TempDir::new().unwrap();
    let authority = Key::generate(folder.path(), "ca", KeyType::Ed25519);
    let key = Key::generate(folder.path(), "id", KeyType::Ed25519);
    authority.sign(&key).principals(&[&current_user()]).valid("20200101:20200102").write();
    let server = Server::builder().trust(&authority).start();
    assert_eq!(ssh(server.port(), key.path(), &server.known_hosts(), "true").status.code(), Some(255));
    server.logged("Certificate invalid: expired");
}
