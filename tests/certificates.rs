//! `cert show`, `cert check` and `cert renew`, with certificates that ssh-keygen made.

use std::path::Path;
use std::process::Command;

use crate::support::ca::{Key, KeyType};
use crate::support::process::run_tool;
use crate::support::sandbox::{Outcome, Sandbox};
use crate::support::server::{Server, current_user};
use crate::support::user::User;

fn show(sandbox: &Sandbox, subject: &str) -> String {
    let outcome = sandbox.sclone(["cert", "show", subject]).run();
    String::from_utf8(outcome.code(0).stdout.clone()).unwrap()
}

fn json(outcome: &Outcome) -> serde_json::Value {
    serde_json::from_slice(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome}"))
}

#[test]
fn certificates_are_shown_as_ssh_keygen_shows_them() {
    let (sandbox, soon) = (Sandbox::new(), "-5m:+210m");
    for kind in KeyType::ALL {
        let name = format!("{kind:?}");
        let authority = Key::generate(&sandbox.path(""), &format!("ca{name}"), kind);
        let key = Key::generate(&sandbox.path(""), &name, kind);
        for (signing, status) in [
            (
                authority.sign(&key).principals(&["ann", "bob"]).serial(7).valid(soon),
                "valid for another 3 hours",
            ),
            (authority.sign(&key).principals(&["ann"]).valid("always:forever"), "valid"),
            (authority.sign(&key).principals(&["ann"]).valid("20200101:20210101"), "expired"),
            (authority.sign(&key).principals(&["ann"]).valid("+1d:+2d"), "not-yet-valid"),
            (authority.sign(&key).id("no principals"), "unusable"),
            (authority.sign(&key).for_host().valid(soon), "valid for another 3 hours"),
            (
                authority
                    .sign(&key)
                    .principals(&["ann"])
                    .option("clear")
                    .option("force-command=internal-sftp")
                    .valid(soon),
                "valid for another 3 hours",
            ),
        ] {
            let certificate = signing.write();
            let keygen =
                Command::new("ssh-keygen").arg("-Lf").arg(&certificate).env("TZ", "UTC").output().unwrap();
            let theirs = String::from_utf8(keygen.stdout).unwrap();
            let ours = show(&sandbox, certificate.to_str().unwrap());
            let (same, verdict) = ours.split_once("        Status: ").unwrap();
            assert_eq!(same, theirs);
            assert_eq!(verdict.lines().next(), Some(status), "{ours}");
        }
    }
}

#[test]
fn json_has_every_field() {
    let user = User::new(KeyType::Ed25519);
    let certificate = user.authority.sign(&user.key).id("my \"id\"").serial(u64::MAX).principals(&["ann"]);
    let path = certificate.valid("20260101000000Z:20260102000000Z").option("force-command=x y").write();
    let shown = json(user.sandbox.sclone(["cert", "show", "--json", path.to_str().unwrap()]).run().code(0));
    assert_eq!(
        shown,
        serde_json::json!({
            "type": "ssh-ed25519-cert-v01@openssh.com",
            "kind": "user",
            "key_id": "my \"id\"",
            "serial": u64::MAX,
            "valid_after": "2026-01-01T00:00:00Z",
            "valid_before": "2026-01-02T00:00:00Z",
            "principals": ["ann"],
            "critical_options": {"force-command": "x y"},
            "extensions": {
                "permit-X11-forwarding": "",
                "permit-agent-forwarding": "",
                "permit-port-forwarding": "",
                "permit-pty": "",
                "permit-user-rc": "",
            },
            "public_key": user.key.fingerprint(),
            "signing_ca": user.authority.fingerprint(),
            "signing_ca_type": "ssh-ed25519",
            "status": "expired",
        })
    );
    user.authority.sign(&user.key).valid("always:forever").for_host().write();
    let shown = json(user.sandbox.sclone(["cert", "show", "--json", path.to_str().unwrap()]).run().code(0));
    assert_eq!((&shown["valid_after"], &shown["valid_before"]), (&().into(), &().into()));
    assert_eq!((&shown["kind"], &shown["status"]), (&"host".into(), &"valid".into()));
}

#[test]
fn a_certificate_is_found_by_its_key_and_by_its_remote() {
    let user = User::new(KeyType::Rsa);
    user.authority.sign(&user.key).principals(&[&current_user()]).valid("always:forever").write();
    let server = Server::builder().start();
    user.remote("a", &server);
    let key = user.key.path().to_str().unwrap();
    user.sandbox.remote("beside", &server, &[("key_file", key)]);
    let expected = show(&user.sandbox, user.key.certificate_path().to_str().unwrap());
    for subject in [key, user.key.public_path().to_str().unwrap(), "a:", "beside:"] {
        assert_eq!(show(&user.sandbox, subject), expected, "{subject}");
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_remote_is_judged_with_its_user_and_key() {
    let user = User::new(KeyType::Ed25519);
    let server = Server::builder().start();
    user.remote_with("other", &server, &[("user", "somebody")]);
    let other = Key::generate(&user.sandbox.path(""), "other", KeyType::Ed25519);
    user.remote_with("mismatch", &server, &[("key_file", other.path().to_str().unwrap())]);
    for (remote, reason) in [
        ("other:", "user somebody is not among its principals"),
        ("mismatch:", "it certifies the key SHA256:"),
    ] {
        assert!(show(&user.sandbox, remote).contains("Status: unusable\n"), "{remote}");
        user.sandbox.sclone(["cert", "check", remote]).run().code(21).stderr_has(&[reason]);
    }
}

#[test]
fn a_check_ends_with_0_or_21() {
    let user = User::new(KeyType::EcdsaP256);
    let me = current_user();
    let server = Server::builder().start();
    user.remote("a", &server);
    let check = |arguments: &[&str]| user.sandbox.sclone([&["cert", "check"], arguments].concat()).run();
    check(&["a:"]).code(0).stdout("").stderr("");
    check(&["a:", "--valid-for", "50m"]).code(0);
    check(&["a:", "--valid-for", "2h"]).code(21).stderr_has(&["it ends 20", "(in ", "2 hours were asked"]);
    user.authority.sign(&user.key).principals(&[&me]).valid("20200101:20210101").write();
    check(&["a:"]).code(21).stderr_has(&["it expired 2021-01-01", "ssh-keygen -s CA"]);
    std::fs::remove_file(user.key.certificate_path()).unwrap();
    check(&["a:"]).code(21).stderr_has(&["id_ecdsa-cert.pub: no such file"]);
    check(&[user.key.path().to_str().unwrap()])
        .code(21)
        .stderr_has(&["it holds a private key, but no certificate"]);
    user.sandbox.remote("without", &server, &[("key_file", user.key.path().to_str().unwrap())]);
    check(&["without:"]).code(21).stderr_has(&["the remote has none"]);
    check(&["nosuch:"]).code(1);
}

#[test]
fn a_certificate_that_was_changed_is_unusable() {
    let user = User::new(KeyType::Ed25519);
    let path = user.authority.sign(&user.key).id("user_sweh").principals(&["ann"]).write();
    let line = std::fs::read_to_string(&path).unwrap();
    let words: Vec<_> = line.split(' ').collect();
    let mut blob = openssl::base64::decode_block(words[1]).unwrap();
    let at = blob.windows(9).position(|window| window == b"user_sweh").unwrap();
    blob[at] = b'U';
    std::fs::write(&path, format!("{} {}\n", words[0], openssl::base64::encode_block(&blob))).unwrap();
    let keygen = Command::new("ssh-keygen").arg("-Lf").arg(&path).output().unwrap();
    assert!(String::from_utf8_lossy(&keygen.stderr).contains("incorrect signature"));
    let path = path.to_str().unwrap();
    let outcome = user.sandbox.sclone(["cert", "show", "--json", path]).run();
    assert_eq!(json(&outcome)["status"], "unusable");
    user.sandbox
        .sclone(["cert", "check", path])
        .run()
        .code(21)
        .stderr_has(&["the signature does not verify"]);
}

#[test]
fn certificates_of_the_agent_are_shown() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    user.sandbox.remote("a", &server, &[("key_use_agent", "true")]);
    let agent = Agent::start(&user.sandbox.path("agent"));
    run_tool(Command::new("ssh-add").arg("-q").arg(user.key.path()).env("SSH_AUTH_SOCK", &agent.socket));
    let outcome = user.sandbox.sclone(["cert", "show", "a:"]).env("SSH_AUTH_SOCK", &agent.socket).run();
    let shown = String::from_utf8_lossy(&outcome.code(0).stdout).into_owned();
    assert!(shown.starts_with("ssh-agent id_ed25519:\n") && shown.contains("Status: valid"), "{shown}");
}

struct Agent {
    process: std::process::Child,
    socket: std::path::PathBuf,
}

impl Agent {
    fn start(socket: &Path) -> Self {
        let mut command = Command::new("ssh-agent");
        command.arg("-D").arg("-a").arg(socket).stdout(std::process::Stdio::null());
        let process = crate::support::process::die_with_parent(&mut command).spawn().unwrap();
        while !socket.exists() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        Self { process, socket: socket.to_owned() }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn a_certificate_that_forces_another_command_is_named() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    user.authority.sign(&user.key).principals(&[&current_user()]).option("force-command=/bin/true").write();
    user.remote("r", &server);
    let outcome = user.sandbox.sclone(["lsd", "r:/"]).run();
    outcome.code(21).stderr_has(&["it forces the command /bin/true", "-O force-command=internal-sftp"]);
    assert_eq!(server.connections(), 1, "trying again is of no use");
}
