//! What a server says in place of an answer: shell greetings, other versions, control sequences, far too much.

use std::time::{Duration, Instant};

use crate::support::ca::KeyType;
use crate::support::ground::Ground;
use crate::support::hostile::{Action, Rule};
use crate::support::packet::{NAME, STATUS, string};
use crate::support::process::peak_memory;
use crate::support::tree::Tree;
use crate::support::user::User;

/// VERSION is the one packet without an id: the number that stands there is the version.
fn version(number: u32) -> Action {
    Action::Raw([&[0, 0, 0, 5, 2], &number.to_be_bytes()[..]].concat())
}

#[test]
fn a_shell_that_prints_before_sftp_is_shown_with_what_it_printed() {
    let user = User::new(KeyType::Ed25519);
    let script = "printf 'Welcome\\033[31m back\\n'; exec /usr/lib/openssh/sftp-server";
    let script = user.sandbox.write("serve", script);
    let server = user.server().subsystem(&format!("/bin/sh {}", script.display())).start();
    user.remote("r", &server);
    let started = Instant::now();
    let outcome = user.sandbox.sclone(["lsd", "r:"]).run();
    outcome.fails().stdout("").stderr_has(&["Welcome\\x1b[31m back", "make the login shell silent"]);
    assert!(!outcome.stderr.contains(&0x1b), "{outcome}");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn a_version_that_is_too_old_is_named() {
    for number in [0, 2] {
        let ground = Ground::with(&[Rule::new("INIT", 1, version(number))]);
        let outcome = ground.sclone("lsf @THERE");
        outcome.code(1).stderr_has(&[&format!("the server speaks version {number}, 3 is needed")]);
    }
}

#[test]
fn the_words_of_a_server_are_shown_harmless_and_short() {
    let forged = "\u{1b}]0;PWNED\u{7}\r\nFAKE: all is well\u{9b}31m\u{202e}";
    let status = Action::Status { code: 4, text: forged.into() };
    let ground = Ground::with(&[Rule::new("OPENDIR", 0, status)]);
    let outcome = ground.sclone("lsf @THERE");
    outcome.fails().stderr_has(&["\\x1b]0;PWNED\\x07\\r\\nFAKE: all is well\\u{9b}31m\\u{202e}"]);
    let text = String::from_utf8_lossy(&outcome.stderr).into_owned();
    assert!(!text.lines().any(|line| line.starts_with("FAKE")), "{outcome}");
    assert!(!text.contains(['\u{1b}', '\u{7}', '\r', '\u{9b}', '\u{202e}']), "{outcome}");

    let status = Action::Status { code: 4, text: "long ".repeat(40_000) };
    let ground = Ground::with(&[Rule::new("OPENDIR", 0, status)]);
    let outcome = ground.sclone("lsf @THERE");
    outcome.fails().stderr_has(&["long long"]);
    assert!(outcome.stderr.len() < 5_000, "{} bytes", outcome.stderr.len());
}

#[test]
fn a_greeting_before_the_login_is_shown_harmless() {
    let user = User::new(KeyType::Ed25519);
    let file = user.sandbox.write("banner", "\u{1b}[2J\u{9b}31mNo \u{7}entry\nFAKE\n".repeat(200));
    let server = user.server().setting(&format!("Banner {}", file.display())).start();
    user.remote("r", &server);
    for flag in ["-v", "-vv"] {
        let outcome = user.sandbox.sclone(["lsf", flag, "r:/bin/"]).run();
        let text = String::from_utf8_lossy(&outcome.code(0).stderr).into_owned();
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{9b}']), "{outcome}");
        assert!(!text.lines().any(|line| line.starts_with("FAKE")), "{outcome}");
    }
}

#[test]
fn no_answer_makes_the_program_crash_hang_or_fill_the_memory() {
    let most = u32::MAX.to_be_bytes();
    let bodies: [(&str, Action); 9] = [
        ("nothing in a packet", Action::Raw(vec![0, 0, 0, 1, 0])),
        ("a packet of 2 GiB", Action::Raw(vec![0x7f, 0xff, 0xff, 0xff])),
        ("a packet of 4 GiB", Action::Raw(most.to_vec())),
        ("a name of 4 GiB", Action::Reply { kind: NAME, body: [&[0, 0, 0, 1], &most[..]].concat() }),
        ("names without end", Action::Reply { kind: NAME, body: most.to_vec() }),
        ("a handle of 4 GiB", Action::Reply { kind: 102, body: most.to_vec() }),
        (
            "attributes without an end",
            Action::Reply { kind: 105, body: [&[0x80, 0, 0, 0], &most[..]].concat() },
        ),
        ("a status of nothing", Action::Reply { kind: STATUS, body: Vec::new() }),
        ("an answer that goes on", Action::Append(string(&[7; 1000]))),
    ];
    for (what, action) in bodies {
        for request in ["OPENDIR", "READDIR", "STAT", "FSTAT", "READ"] {
            let ground = Ground::with(&[Rule::new(request, 1, action.clone())]);
            Tree::new().file("a", "first").write(&ground.there);
            let started = Instant::now();
            let flags = "--retries 1 --low-level-retries 1 --timeout 5s";
            let run = ground.invocation(&format!("copy @THERE HERE {flags}")).within(Duration::from_secs(30));
            let mut peak = 0;
            let outcome = run.run_while(|id| peak = peak_memory(id));
            if !outcome.succeeded() {
                outcome.fails().stderr_has(&["ERROR"]);
            }
            assert!(started.elapsed() < Duration::from_secs(15), "{what} to {request}: {outcome}");
            assert!(peak < 100_000, "{what} to {request}: {peak} KiB");
            let here = std::fs::read(ground.here.join("a")).unwrap_or_else(|_| b"first".to_vec());
            assert_eq!(here, b"first", "{what} to {request}: {outcome}");
        }
    }
}
