//! What goes wrong before anything is done: a short message that names the thing at fault, the right exit code,
//! nothing on standard output, no file changed, in time.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::Duration;

use crate::support::ca::{Key, KeyType};
use crate::support::proxy::Proxy;
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::tree::Tree;
use crate::support::user::User;

const FAILURE: i32 = 1;
const CERTIFICATE_UNUSABLE: i32 = 21;
const HOST_KEY_NOT_TRUSTED: i32 = 22;
const CANNOT_CONNECT: i32 = 23;

/// Runs a command that must fail.
#[track_caller]
fn assert_refused(sandbox: &Sandbox, arguments: &[&str], code: i32, named: &[&str]) {
    let before = Tree::read(&sandbox.path(""));
    let outcome = sandbox.sclone(arguments).within(Duration::from_secs(20)).run();
    outcome.code(code).stdout("").stderr_has(named);
    let lines = String::from_utf8_lossy(&outcome.stderr).lines().count();
    assert!((1..=3).contains(&lines), "{lines} lines on stderr: {outcome}");
    assert_eq!(Tree::read(&sandbox.path("")), before, "files changed: {outcome}");
}

/// A user, a server that would let the user in, and a remote `r:` with these options besides the good ones.
fn ready(options: &[(&str, &str)]) -> (User, Server) {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    user.remote_with("r", &server, options);
    (user, server)
}

/// Paths that nothing can be read from, not even by root, and what the system calls the fault.
fn unreadable(sandbox: &Sandbox) -> [(PathBuf, &'static str); 4] {
    let [missing, folder, looped] = ["missing", "folder", "looped"].map(|name| sandbox.path(name));
    std::fs::create_dir_all(&folder).unwrap();
    symlink(&looped, &looped).unwrap();
    let below_a_file = sandbox.write("file", "text").join("x");
    [
        (missing, "no such file or directory"),
        (folder, "is a directory"),
        (looped, "too many levels of symbolic links"),
        (below_a_file, "not a directory"),
    ]
}

#[test]
fn the_ground_is_sound() {
    let (user, _server) = ready(&[]);
    user.sandbox.sclone(["lsd", "r:/"]).run().code(0).stderr("");
}

#[test]
fn no_configuration_file() {
    let sandbox = Sandbox::new();
    let missing = sandbox.path("missing.conf").display().to_string();
    assert_refused(
        &sandbox,
        &["--config", &missing, "ls", "r:"],
        FAILURE,
        &["missing.conf", "find remote r"],
    );
}

#[test]
fn a_configuration_file_that_cannot_be_read() {
    let sandbox = Sandbox::new();
    let [_, faults @ ..] = unreadable(&sandbox);
    for (path, fault) in faults {
        let path = path.display().to_string();
        assert_refused(&sandbox, &["--config", &path, "ls", "r:"], FAILURE, &[&path, fault]);
    }
}

#[test]
fn a_configuration_file_with_a_broken_line() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("broken.conf", "[r]\ntype = sftp\nno separator\n").display().to_string();
    assert_refused(&sandbox, &["--config", &path, "ls", "r:"], FAILURE, &[&path, "3", "no separator"]);
}

#[test]
fn no_such_remote() {
    let (user, server) = ready(&[]);
    assert_refused(&user.sandbox, &["ls", "nosuch:"], FAILURE, &["nosuch"]);
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_remote_without_host_and_one_of_an_unknown_type() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.config_path(), "[hostless]\ntype = sftp\n[s3]\ntype = s3\n[bare]\nhost = h\n")
        .unwrap();
    assert_refused(&sandbox, &["ls", "hostless:"], FAILURE, &["host"]);
    assert_refused(&sandbox, &["ls", "s3:"], FAILURE, &["s3"]);
    assert_refused(&sandbox, &["ls", "bare:"], FAILURE, &["bare", "type"]);
}

#[test]
fn a_key_file_that_cannot_be_read() {
    for index in 0..4 {
        let user = User::new(KeyType::Ed25519);
        let (path, fault) = unreadable(&user.sandbox)[index].clone();
        let path = path.display().to_string();
        let server = user.server().start();
        user.remote_with("r", &server, &[("key_file", &path)]);
        assert_refused(&user.sandbox, &["ls", "r:"], FAILURE, &[&path, fault]);
    }
}

#[test]
fn a_key_file_that_holds_no_key() {
    for content in ["", "\n\n", "not a key\n", "-----BEGIN OPENSSH PRIVATE KEY-----\n"] {
        let user = User::new(KeyType::Ed25519);
        let path = user.sandbox.write("home/id_bad", content).display().to_string();
        let server = user.server().start();
        user.remote_with("r", &server, &[("key_file", &path)]);
        assert_refused(&user.sandbox, &["ls", "r:"], FAILURE, &[&path]);
    }
}

#[test]
fn a_certificate_that_cannot_be_read() {
    for index in 0..4 {
        let user = User::new(KeyType::Ed25519);
        let (path, fault) = unreadable(&user.sandbox)[index].clone();
        let path = path.display().to_string();
        let server = user.server().start();
        user.remote_with("r", &server, &[("pubkey_file", &path)]);
        assert_refused(&user.sandbox, &["ls", "r:"], CERTIFICATE_UNUSABLE, &[&path, fault]);
    }
}

#[test]
fn a_certificate_file_that_holds_no_certificate() {
    for content in ["", "\n\n", "not a certificate\n", "ssh-ed25519-cert-v01@openssh.com AAAA\n"] {
        let user = User::new(KeyType::Ed25519);
        let path = user.sandbox.write("home/bad-cert.pub", content).display().to_string();
        let server = user.server().start();
        user.remote_with("r", &server, &[("pubkey_file", &path)]);
        assert_refused(&user.sandbox, &["ls", "r:"], CERTIFICATE_UNUSABLE, &[&path]);
    }
}

#[test]
fn an_expired_certificate() {
    let (user, _server) = ready(&[]);
    let path = user.authority.sign(&user.key).principals(&["x"]).valid("20200101:20200102").write();
    let path = path.display().to_string();
    assert_refused(&user.sandbox, &["ls", "r:"], CERTIFICATE_UNUSABLE, &[&path, "expired", "2020-01-02"]);
}

#[test]
fn a_certificate_of_another_key() {
    let user = User::new(KeyType::Ed25519);
    let other = Key::generate(&user.sandbox.path("home"), "other", KeyType::Ed25519);
    let path = user.authority.sign(&other).principals(&["x"]).write().display().to_string();
    let server = user.server().start();
    user.remote_with("r", &server, &[("pubkey_file", &path)]);
    let fingerprints = [user.key.fingerprint(), other.fingerprint()];
    let named = [&*path, &*fingerprints[0], &*fingerprints[1]];
    assert_refused(&user.sandbox, &["ls", "r:"], CERTIFICATE_UNUSABLE, &named);
}

#[test]
fn a_wrong_passphrase() {
    let user = User::new(KeyType::Ed25519);
    let key = Key::generate_as(&user.sandbox.path("home"), "locked", KeyType::Ed25519, "RFC4716", "right");
    user.authority.sign(&key).principals(&[&crate::support::server::current_user()]).write();
    let (path, certificate) =
        (key.path().display().to_string(), key.certificate_path().display().to_string());
    let server = user.server().start();
    // `potato`, obscured.
    let wrong = ("key_file_pass", "YWFhYWFhYWFhYWFhYWFhYXMaGgIlEQ");
    user.remote_with("r", &server, &[("key_file", &path), ("pubkey_file", &certificate), wrong]);
    assert_refused(&user.sandbox, &["ls", "r:"], FAILURE, &[&path, "passphrase"]);
    user.remote_with("unasked", &server, &[("key_file", &path), ("pubkey_file", &certificate)]);
    assert_refused(&user.sandbox, &["ls", "unasked:"], FAILURE, &[&path, "passphrase", "key_file_pass"]);
}

#[test]
fn an_unknown_host_key_without_a_terminal() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    let known_hosts = user.sandbox.write("home/known_hosts", "").display().to_string();
    user.remote_with("r", &server, &[("known_hosts_file", &known_hosts)]);
    let fingerprint = server.host_key().fingerprint();
    assert_refused(&user.sandbox, &["ls", "r:"], HOST_KEY_NOT_TRUSTED, &["127.0.0.1", &fingerprint]);
    assert!(!server.log().contains("publickey"), "a login was tried:\n{}", server.log());
}

#[test]
fn a_changed_host_key() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    let line = format!("[127.0.0.1]:{} {}\n", server.port(), user.authority.public_line());
    let known_hosts = user.sandbox.write("home/known_hosts", line).display().to_string();
    user.remote_with("r", &server, &[("known_hosts_file", &known_hosts)]);
    let fingerprints = [server.host_key().fingerprint(), user.authority.fingerprint()];
    let named = [&*known_hosts, &*fingerprints[0], &*fingerprints[1]];
    assert_refused(&user.sandbox, &["ls", "r:"], HOST_KEY_NOT_TRUSTED, &named);
}

#[test]
fn a_port_where_nobody_listens() {
    let (user, server) = ready(&[]);
    server.stop_accepting();
    let port = server.port().to_string();
    assert_refused(&user.sandbox, &["ls", "r:"], CANNOT_CONNECT, &["127.0.0.1", &port, "refused"]);
}

#[test]
fn a_host_that_does_not_resolve() {
    // RFC 6761 promises that no name in .invalid ever resolves.
    let (user, _server) = ready(&[("host", "nowhere.invalid")]);
    assert_refused(&user.sandbox, &["ls", "r:"], CANNOT_CONNECT, &["nowhere.invalid"]);
}

#[test]
fn a_server_that_accepts_and_says_nothing() {
    let user = User::new(KeyType::Ed25519);
    let silent = Proxy::silent();
    let key = user.key.path().display().to_string();
    user.sandbox.remote_at("r", silent.port(), &[("key_file", &key)]);
    let start = std::time::Instant::now();
    let port = silent.port().to_string();
    assert_refused(&user.sandbox, &["--contimeout", "2s", "ls", "r:"], CANNOT_CONNECT, &["127.0.0.1", &port]);
    assert!((2..8).contains(&start.elapsed().as_secs()), "took {:?}", start.elapsed());
}
