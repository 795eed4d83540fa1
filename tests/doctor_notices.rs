//! `doctor`: what works and is worth a word all the same, what it does at a terminal, and how it is stopped.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::doctor::Report;
use crate::renewal::{EXPIRED, command, runs, signing};
use crate::support::ca::{KeyType, rename_key_id};
use crate::support::process::{find, signal};
use crate::support::proxy::Proxy;
use crate::support::server::{Server, current_user};
use crate::support::user::User;

fn executable(path: &Path, script: &str) {
    fs::write(path, script).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_clock_that_is_wrong_and_hashes_that_are_missing_are_noticed() {
    let user = User::new(KeyType::Ed25519);
    let tools = user.sandbox.path("tools");
    fs::create_dir(&tools).unwrap();
    std::os::unix::fs::symlink(find("sh", "dash"), tools.join("sh")).unwrap();
    std::os::unix::fs::symlink(find("sha1sum", "coreutils"), tools.join("sha1sum")).unwrap();
    let server = user.server().setting(&format!("SetEnv PATH={}", tools.display())).start();
    user.remote("a", &server);
    let date = find("date", "coreutils");
    for (seconds, status, said) in [
        ("7500", "warn", "2 hours ahead of this one"),
        ("-90", "warn", "1 minute behind this one"),
        ("12", "ok", "seconds ahead of this one"),
    ] {
        let script = format!("#!{}/sh\necho $(($({} +%s) + {seconds}))\n", tools.display(), date.display());
        executable(&tools.join("date"), &script);
        Report::on(&user.sandbox, "a:", 0)
            .step("hashes", "warn", &["no command for md5, sha1 by sha1sum", "md5sum_command"])
            .step("clock", status, &[said]);
    }
    executable(&tools.join("date"), "#!/bin/sh\necho later\n");
    Report::on(&user.sandbox, "a:", 0).step("clock", "skip", &["does not tell seconds"]);
}

#[test]
fn a_renewal_that_fails_keeps_nothing_else_from_being_told() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    user.authority.sign(&user.key).principals(&[&current_user()]).valid(EXPIRED).write();
    user.remote_with("bad", &server, &[("cert_command", &command(&user, "echo closed >&2; exit 3"))]);
    Report::on(&user.sandbox, "bad:", 21)
        .step("renewal", "fail", &["it ended with exit code 3", "it said: closed"])
        .step("certificate", "fail", &["it expired 2021-01-01"])
        .steps(&["key", "dns", "tcp", "banner", "host-key"], "ok")
        .step("login", "fail", &["the server lets in by publickey"]);
    user.remote_with("good", &server, &[("cert_command", &signing(&user, "+1h"))]);
    Report::on(&user.sandbox, "good:", 0).steps(&["renewal", "certificate", "login", "sftp", "clock"], "ok");
    server.logged("ID renewed");
    Report::on(&user.sandbox, "good:", 0).steps(&["renewal"], "ok");
    assert_eq!(runs(&user), 2);
}

#[test]
fn a_key_that_others_may_read_and_a_certificate_that_ends_soon_are_noticed() {
    let user = User::new(KeyType::Rsa);
    let server = user.server().start();
    user.remote("a", &server);
    fs::set_permissions(user.key.path(), fs::Permissions::from_mode(0o644)).unwrap();
    user.authority.sign(&user.key).principals(&[&current_user()]).valid("-1h:+5m").write();
    let mend = format!("chmod 600 {}", user.key.path().display());
    Report::on(&user.sandbox, "a:", 0)
        .step("key", "warn", &["has mode 0644", &mend])
        .step("certificate", "warn", &["minutes left", "cert_command"])
        .steps(&["login"], "ok");
}

#[test]
fn a_changed_certificate_is_named_though_the_plain_key_logs_in() {
    let user = User::new(KeyType::Ed25519);
    let server = Server::builder().authorized_key(&user.key.public_line()).start();
    user.remote("a", &server);
    rename_key_id(&user.key.certificate_path());
    Report::on(&user.sandbox, "a:", 21)
        .step(
            "certificate",
            "fail",
            &["id \"User_sweh\"", "the signature does not verify", "have it signed again"],
        )
        .step("login", "ok", &["by key "])
        .steps(&["sftp", "clock"], "ok");
}

#[test]
fn ways_around_and_pins_are_named() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    let key = server.host_key().public_line();
    let key: Vec<_> = key.split_whitespace().take(2).collect();
    let known = user.sandbox.path("home/.ssh/known_hosts");
    fs::create_dir(known.parent().unwrap()).unwrap();
    let bridge = format!("exec 3<>/dev/tcp/127.0.0.1/{}; cat <&3 & exec cat >&3", server.port());
    let bridge = format!("bash -c '{bridge}'");
    user.sandbox.remote_at(
        "a",
        server.port(),
        &[
            ("key_file", user.key.path().to_str().unwrap()),
            ("host", "server.invalid"),
            ("host_keys", &key.join(" ")),
            ("proxy_command", &bridge),
        ],
    );
    Report::on(&user.sandbox, "a:", 0)
        .step("dns", "skip", &["left to proxy_command"])
        .step("tcp", "ok", &["server.invalid:", "by way of proxy_command"])
        .step("host-key", "ok", &[&server.host_key().fingerprint(), "pinned in host_keys"]);
}

#[test]
fn what_is_recorded_must_be_readable() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    let folder = user.sandbox.path("tmp");
    user.remote_with("a", &server, &[("known_hosts_file", folder.to_str().unwrap())]);
    Report::on(&user.sandbox, "a:", 1)
        .steps(&["tcp"], "ok")
        .step("host-key", "fail", &[folder.to_str().unwrap()])
        .steps(&["banner", "login", "sftp"], "skip");
}

#[test]
fn at_a_terminal_an_unknown_host_is_asked_about() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    let known = user.sandbox.path("known");
    user.remote_with("a", &server, &[("known_hosts_file", known.to_str().unwrap())]);
    let screen = user.sandbox.sclone(["doctor", "a:"]).run_at_terminal(&[("Trust this key", "yes\n")]);
    assert_eq!(screen.code, Some(0), "{}", screen.text);
    assert!(screen.text.contains("new and trusted from now on"), "{}", screen.text);
    assert!(!screen.text.contains('\x1b'), "{}", screen.text);
    assert!(fs::read_to_string(known).unwrap().contains("ssh-ed25519"));
}

#[test]
fn a_server_that_says_nothing_is_given_up_and_ctrl_c_ends_it_sooner() {
    let user = User::new(KeyType::Ed25519);
    let silent = Proxy::silent();
    user.sandbox.remote_at("a", silent.port(), &[("key_file", user.key.path().to_str().unwrap())]);
    let outcome = user.sandbox.sclone(["doctor", "--contimeout", "1s", "a:"]).run();
    outcome.code(23);
    let text = String::from_utf8_lossy(&outcome.stdout).into_owned();
    assert!(text.contains("fail banner       ") && text.contains("said nothing within 1s"), "{text}");
    let mut since = None;
    let outcome = user.sandbox.sclone(["doctor", "a:"]).run_while(|process| {
        let end = Instant::now() + Duration::from_secs(20);
        while silent.connections() < 2 && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(5));
        }
        since = Some(Instant::now());
        signal(process, Signal::INT);
    });
    outcome.code(130);
    assert!(since.unwrap().elapsed() < Duration::from_secs(4), "{outcome}");
    let text = String::from_utf8_lossy(&outcome.stdout).into_owned();
    assert!(text.contains("ok   tcp") && !text.contains("fail"), "{text}");
}
