//! Logging in to a server that is not OpenSSH, and copying there and back.

use std::path::Path;

use serde_json::json;

use crate::support::asyncssh::AsyncSsh;
use crate::support::ca::KeyType;
use crate::support::sandbox::Sandbox;
use crate::support::server::current_user;
use crate::support::user::User;

/// A remote `r` that leads to the server, and a folder `up` to copy.
fn prepare(sandbox: &Sandbox, server: &AsyncSsh, options: &[(&str, &str)]) {
    let known_hosts = server.known_hosts();
    let options = [&[("known_hosts_file", known_hosts.to_str().unwrap())], options].concat();
    sandbox.remote_at("r", server.port(), &options);
    std::fs::create_dir_all(sandbox.path("up/sub")).unwrap();
    sandbox.write("up/empty", "");
    sandbox.write("up/sub/large", vec![7; 3_000_000]);
    sandbox.write("up/sub/ümlaut", "text");
}

/// Copies the folder up and down again and compares all three.
#[track_caller]
fn there_and_back(sandbox: &Sandbox, server: &AsyncSsh) {
    sandbox.sclone(["copy", "up", "r:/kept"]).run().code(0);
    assert_eq!(std::fs::read(server.tree().join("kept/sub/large")).unwrap(), vec![7; 3_000_000]);
    sandbox.sclone(["copy", "r:/kept", "down"]).run().code(0);
    for name in ["empty", "sub/large", "sub/ümlaut"] {
        let read = |folder: &Path| std::fs::read(folder.join(name)).unwrap();
        let (up, down) = (sandbox.path("up"), sandbox.path("down"));
        assert_eq!(read(&up), read(&down), "{name}");
        let time = |folder: &Path| {
            let modified = std::fs::metadata(folder.join(name)).unwrap().modified().unwrap();
            modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
        };
        assert_eq!(time(&up), time(&down), "{name}");
    }
    sandbox.sclone(["lsf", "-R", "r:/kept"]).run().code(0).stdout("empty\nsub/\nsub/large\nsub/ümlaut\n");
    let again = sandbox.sclone(["copy", "-v", "up", "r:/kept"]).run();
    assert!(!String::from_utf8_lossy(&again.code(0).stderr).contains("Copied"), "{again}");
}

#[test]
fn a_password_logs_in() {
    let sandbox = Sandbox::new();
    let server = AsyncSsh::start(json!({ "passwords": { "ann": "potato" } }));
    prepare(&sandbox, &server, &[("user", "ann"), ("pass", "YWFhYWFhYWFhYWFhYWFhYXMaGgIlEQ")]);
    there_and_back(&sandbox, &server);
    server.said("accepted password for ann");
    let outcome = sandbox.sclone(["lsd", "r,user=bob:"]).run();
    outcome.code(20).stderr_has(&["the server refused password"]);
}

#[test]
fn questions_are_answered() {
    let sandbox = Sandbox::new();
    let server = AsyncSsh::start(json!({ "questions": { "Password: ": "potato" } }));
    prepare(&sandbox, &server, &[("user", "ann"), ("pass", "YWFhYWFhYWFhYWFhYWFhYXMaGgIlEQ")]);
    there_and_back(&sandbox, &server);
    server.said("accepted keyboard-interactive for ann");

    let server = AsyncSsh::start(json!({ "questions": { "Colour? ": "green", "Token: ": "42" } }));
    let known_hosts = server.known_hosts();
    let options =
        [("known_hosts_file", known_hosts.to_str().unwrap()), ("user", "ann"), ("ask_password", "true")];
    sandbox.remote_at("asked", server.port(), &options);
    let answers = [("Colour?: ", "green\n"), ("Token: ", "42\n")];
    let screen = sandbox.sclone(["lsd", "asked:/"]).run_at_terminal(&answers);
    assert_eq!(screen.code, Some(0), "{}", screen.text);
    server.said("accepted keyboard-interactive for ann");
}

#[test]
fn certificates_of_every_kind_log_in() {
    for kind in KeyType::ALL {
        let user = User::new(kind);
        let server = AsyncSsh::start(json!({ "ca": user.authority.public_line() }));
        prepare(&user.sandbox, &server, &[("key_file", user.key.path().to_str().unwrap())]);
        if kind == KeyType::Ed25519 {
            there_and_back(&user.sandbox, &server);
        } else {
            user.sandbox.sclone(["lsd", "r:/"]).run().code(0);
        }
        server.said(&format!("accepted certificate for {}", current_user()));
    }
}

#[test]
fn a_refused_certificate_says_whose_server_refused_it() {
    let user = User::new(KeyType::Ed25519);
    let stranger = User::new(KeyType::Ed25519);
    let server = AsyncSsh::start(json!({ "ca": stranger.authority.public_line() }));
    prepare(&user.sandbox, &server, &[("key_file", user.key.path().to_str().unwrap())]);
    let outcome = user.sandbox.sclone(["lsd", "r:/"]).run();
    outcome.code(20).stderr_has(&[
        "compare its CA",
        "AsyncSSH",
        "not every server but OpenSSH knows certificates",
    ]);
}
