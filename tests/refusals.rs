//! A refusal that cannot change ends the run: no second login, however much there is to do.

use std::time::{Duration, Instant};

use crate::support::ca::{KeyType, rename_key_id};
use crate::support::server::Server;
use crate::support::tree::Tree;
use crate::support::user::User;

#[test]
fn a_refused_login_is_tried_once_with_many_files_and_transfers() {
    let user = User::new(KeyType::Ed25519);
    let server = Server::builder().start();
    user.remote("a", &server);
    let from = user.sandbox.path("from");
    (0..200).fold(Tree::new(), |tree, n| tree.file(format!("{}/{n}", n % 7), "text")).write(&from);
    let there = user.sandbox.path("there");
    for (source, destination) in [
        (from.display().to_string(), format!("a:{}", there.display())),
        (format!("a:{}", from.display()), there.display().to_string()),
    ] {
        let before = server.connections();
        let outcome = user
            .sandbox
            .sclone(["copy", "--transfers", "8", "--checkers", "16", &source, &destination])
            .run();
        outcome.code(20).stderr_has(&["the server refused certificate"]);
        assert_eq!(server.connections() - before, 1, "{outcome}");
    }
    assert!(!there.exists());
    // One with the certificate and one with the plain key, for each run. The log may be a little late.
    let refused = || server.log().lines().filter(|line| line.contains("Failed publickey")).count();
    let end = Instant::now() + Duration::from_secs(10);
    while refused() < 4 && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(refused(), 4, "{}", server.log());
}

#[test]
fn a_certificate_whose_signature_is_broken_is_not_offered() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    user.remote("a", &server);
    rename_key_id(&user.key.certificate_path());
    let outcome = user.sandbox.sclone(["lsd", "a:"]).run();
    outcome.code(21).stderr_has(&[
        "its CA's signature does not count: the signature does not verify",
        "have it signed again: ssh-keygen -s CA -I User_sweh",
        "the server refused key",
    ]);
    assert!(!server.log().contains("CERT"), "{}", server.log());
}

/// `ssh` says why in its own words; trying again would only knock again.
#[test]
fn a_refusal_by_the_external_program_is_final_and_has_its_exit_code() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    let (known_hosts, key, port) = (server.known_hosts(), user.key.path().to_owned(), server.port());
    let empty = user.sandbox.write("empty", "");
    for (name, known_hosts, account, code, words) in [
        ("stranger", &known_hosts, "nobody_here", 20, "Permission denied"),
        ("unknown", &empty, "nobody_here", 22, "Host key verification failed"),
    ] {
        let (known_hosts, key) = (known_hosts.display(), key.display());
        let ssh = format!(
            "ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=yes -o GlobalKnownHostsFile=none -o \
             UserKnownHostsFile={known_hosts} -i {key} -p {port} {account}@127.0.0.1"
        );
        user.remote_with(name, &server, &[("ssh", &ssh)]);
        let before = server.connections();
        user.sandbox.sclone(["lsd", &format!("{name}:/")]).run().code(code).stderr_has(&[words]);
        assert_eq!(server.connections() - before, 1, "{name}");
    }
}
