//! `cert_command`: when it runs, how often, and what becomes of its failures.

use std::fs;
use std::time::{Duration, Instant};

use crate::support::ca::KeyType;
use crate::support::server::{Server, current_user};
use crate::support::user::User;

/// Counts its runs in the file `runs`, then does what is left of the script.
pub(crate) fn command(user: &User, script: &str) -> String {
    let body = format!("#!/bin/sh\necho run >> {}\n{script}\n", user.sandbox.path("runs").display());
    let path = user.sandbox.write("renew", body);
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Signs the key anew, as a CA would.
pub(crate) fn signing(user: &User, validity: &str) -> String {
    let (authority, public) = (user.authority.path().display(), user.key.public_path());
    let (name, public) = (current_user(), public.display());
    command(user, &format!("exec ssh-keygen -q -s {authority} -I renewed -n {name} -V{validity} {public}"))
}

pub(crate) fn runs(user: &User) -> usize {
    fs::read_to_string(user.sandbox.path("runs")).unwrap_or_default().lines().count()
}

/// A user whose certificate has this validity.
pub(crate) fn user_with(validity: &str) -> (User, Server) {
    let user = User::new(KeyType::Ed25519);
    user.authority.sign(&user.key).principals(&[&current_user()]).valid(validity).write();
    let server = user.server().start();
    (user, server)
}

pub(crate) const EXPIRED: &str = "20200101:20210101";

#[test]
fn a_certificate_that_is_missing_expired_or_about_to_end_is_renewed() {
    for (validity, expected) in [(Some(EXPIRED), 1), (Some("-1h:+2m"), 1), (None, 1), (Some("-1h:+1h"), 0)] {
        let (user, server) = user_with(validity.unwrap_or(EXPIRED));
        if validity.is_none() {
            fs::remove_file(user.key.certificate_path()).unwrap();
        }
        user.remote_with("a", &server, &[("cert_command", &signing(&user, "+1h"))]);
        for _ in 0..2 {
            user.sandbox.sclone(["lsd", "a:/"]).run().code(0);
        }
        assert_eq!(runs(&user), expected, "{validity:?}");
        server.logged(if expected == 0 { "ID user_sweh" } else { "ID renewed" });
    }
}

#[test]
fn both_ends_of_a_copy_are_renewed_by_one_run() {
    let (user, server) = user_with(EXPIRED);
    user.remote_with("a", &server, &[("cert_command", &signing(&user, "+1h"))]);
    let from = user.sandbox.path("from");
    fs::create_dir(&from).unwrap();
    fs::write(from.join("file"), "text").unwrap();
    let to = user.sandbox.path("to");
    let (from, to) = (format!("a:{}", from.display()), format!("a:{}", to.display()));
    user.sandbox.sclone(["copy", "--transfers", "8", &from, &to]).run().code(0);
    assert_eq!(fs::read_to_string(user.sandbox.path("to/file")).unwrap(), "text");
    assert_eq!((runs(&user), server.connections()), (1, 2));
}

#[test]
fn a_certificate_that_is_always_short_is_renewed_once() {
    let (user, server) = user_with(EXPIRED);
    user.remote_with("a", &server, &[("cert_command", &signing(&user, "+2m"))]);
    let here = format!("a:{}", user.sandbox.path("home").display());
    let there = format!("a:{}", user.sandbox.path("there").display());
    user.sandbox.sclone(["copy", &here, &there]).run().code(0);
    assert_eq!(runs(&user), 1);
}

#[test]
fn a_failure_is_final_and_says_what_the_command_said() {
    for (script, reason) in [
        ("echo the CA is closed >&2; exit 3", "it ended with exit code 3"),
        ("echo the CA is closed >&2; kill -9 $$", "signal 9 ended it"),
        ("echo the CA is closed >&2", "the command ended well, but it expired 2021-01-01"),
    ] {
        let (user, server) = user_with(EXPIRED);
        let with_secret = command(&user, script) + " hunter2";
        user.remote_with("a", &server, &[("cert_command", &with_secret)]);
        let (from, to) = (user.sandbox.path("home"), format!("a:{}", user.sandbox.path("to").display()));
        let outcome = user.sandbox.sclone(["copy", "-v", from.to_str().unwrap(), &to]).run();
        outcome.code(21).stderr_has(&["renew certificate with ", reason, "cert_command: the CA is closed"]);
        assert!(!String::from_utf8_lossy(&outcome.stderr).contains("hunter2"), "{outcome}");
        assert_eq!((runs(&user), server.connections()), (1, 0), "{script}");
    }
}

#[test]
fn a_failure_before_the_end_is_a_warning() {
    let (user, server) = user_with("-1h:+4m");
    user.remote_with("a", &server, &[("cert_command", &command(&user, "exit 1"))]);
    user.sandbox.sclone(["lsd", "a:/"]).run().code(0).stderr_has(&["it ended with exit code 1"]);
    assert_eq!(runs(&user), 1);
}

#[test]
fn a_command_that_hangs_is_stopped_with_what_it_started() {
    let (user, server) = user_with(EXPIRED);
    let late = user.sandbox.path("late");
    let script = format!("echo waiting >&2; sleep 4; touch {}", late.display());
    user.remote_with("a", &server, &[("cert_command", &command(&user, &script))]);
    let start = Instant::now();
    let outcome = user.sandbox.sclone(["lsd", "--contimeout", "1s", "a:"]).run();
    outcome.code(21).stderr_has(&["it was not done within 1s and was stopped", "it said: waiting"]);
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    std::thread::sleep(Duration::from_secs(5).saturating_sub(start.elapsed()));
    assert!(!late.exists(), "what the command started went on");
}

#[test]
fn a_reconnect_reads_the_new_certificate() {
    let (user, server) = user_with("-1h:+1h");
    user.remote_with("a", &server, &[("cert_command", &signing(&user, "+1h"))]);
    user.sandbox.sclone(["lsd", "a:/"]).run().code(0);
    assert_eq!(runs(&user), 0);
    user.sandbox.sclone(["cert", "renew", "a:"]).run().code(0).stderr("");
    user.sandbox.sclone(["lsd", "a:/"]).run().code(0);
    server.logged("ID renewed");
    assert_eq!(runs(&user), 1);
}

#[test]
fn renewing_by_hand_needs_a_command_that_works() {
    let (user, server) = user_with(EXPIRED);
    user.remote("a", &server);
    user.sandbox.sclone(["cert", "renew", "a:"]).run().code(1).stderr_has(&["cert_command is not set"]);
    user.remote_with("b", &server, &[("cert_command", "/no/such/program")]);
    user.sandbox.sclone(["cert", "renew", "b:"]).run().code(21).stderr_has(&["no such file or directory"]);
    user.remote_with("c", &server, &[("cert_command", &command(&user, "true"))]);
    user.sandbox.sclone(["cert", "renew", "c:"]).run().code(21).stderr_has(&["but it expired"]);
    user.sandbox.sclone(["cert", "renew", "-n", "c:"]).run().code(0);
    assert_eq!(runs(&user), 1);
}

#[test]
fn a_copy_warns_of_a_certificate_that_ends_within_minutes_unless_it_is_renewed() {
    let (user, server) = user_with("-1h:+5m");
    user.remote("a", &server);
    user.remote_with("renewed", &server, &[("cert_command", &signing(&user, "+1h"))]);
    let from = user.sandbox.path("home");
    let copy = |remote: &str| {
        let to = format!("{remote}:{}", user.sandbox.path(remote).display());
        user.sandbox.sclone(["copy", from.to_str().unwrap(), &to]).run()
    };
    copy("a").code(0).stderr_has(&["the certificate ends 20", "set cert_command"]);
    copy("renewed").code(0).stderr("");
    user.authority.sign(&user.key).principals(&[&current_user()]).valid("-1h:+3h").write();
    copy("a").code(0).stderr("");
}
