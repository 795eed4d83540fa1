//! `copy` when the server or the network misbehaves, or the user stops it: the old file or the new one, never less.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::ca::KeyType;
use crate::support::hostile::{Action, Rule};
use crate::support::process::{ignores_hangup, signal};
use crate::support::proxy::{Direction, Ending, Fault, Gate, Proxy};
use crate::support::server::Server;
use crate::support::tree::Tree;
use crate::support::user::User;

const OLD: &str = "old content";

fn new_content() -> Vec<u8> {
    (0..2_000_000_u32).map(|number| (number % 251) as u8).collect()
}

/// A user whose `r:` answers as the rules say, a new file `here/f` and an old one `there/f`.
fn ground(rules: &[Rule]) -> (User, Server, PathBuf, PathBuf) {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().hostile(rules).start();
    user.remote("r", &server);
    let (here, there) = (user.sandbox.path("here"), user.sandbox.path("there"));
    Tree::new().file("f", new_content()).write(&here);
    Tree::new().file_with("f", OLD, 0o644, 1_500_000_000).write(&there);
    (user, server, here, there)
}

/// The old file or the new one stands there, alone.
#[track_caller]
fn assert_untouched(there: &Path) {
    let expected = Tree::new().file_with("f", OLD, 0o644, 1_500_000_000);
    assert_eq!(Tree::read(there), expected, "{}", there.display());
}

fn status(code: u32) -> Action {
    Action::Status { code, text: "Failure".into() }
}

#[test]
fn an_upload_that_goes_wrong_leaves_the_old_file() {
    for (request, action, code, reason) in [
        ("OPEN", status(3), 1, "permission denied"),
        ("WRITE", status(4), 1, "Failure"),
        ("WRITE", status(0), 5, "sizes differ"),
        ("CLOSE", status(4), 1, "Failure"),
        ("posix-rename@openssh.com", status(4), 1, "rename to"),
        ("WRITE", Action::WrongId, 1, "was not asked"),
        ("WRITE", Action::Reply { kind: 250, body: vec![] }, 1, "unknown type 250"),
        ("WRITE", Action::Raw(vec![0xff; 64]), 1, "a packet of 4294967295 bytes"),
    ] {
        let nth = match (request, code) {
            // One write that is lost may leave a hole only a hash can see; all of them leave no file.
            ("WRITE", 5) => 0,
            ("WRITE", _) => 3,
            _ => 0,
        };
        let (user, _server, here, there) = ground(&[Rule::new(request, nth, action)]);
        let (from, to) = (here.display().to_string(), format!("r:{}", there.display()));
        let outcome = user.sandbox.sclone(["copy", &from, &to]).within(Duration::from_secs(20)).run();
        outcome.code(code).stdout("").stderr_has(&["ERROR : f: Failed to copy", reason]);
        let expected = Tree::read(&there);
        if request != "WRITE" || matches!(code, 5) || reason == "Failure" {
            assert_untouched(&there);
        } else {
            // The connection is of no use any more, so the partial may have stayed.
            assert_eq!(fs::read(there.join("f")).unwrap(), OLD.as_bytes(), "{expected:?}");
        }
    }
}

#[test]
fn a_download_that_goes_wrong_leaves_the_old_file() {
    for (action, code, reason) in [
        (Action::Status { code: 1, text: "End of file".into() }, 5, "short read"),
        (status(4), 1, "Failure"),
        (Action::Reply { kind: 103, body: vec![0, 0, 0, 0] }, 1, "no data"),
        (Action::Reply { kind: 103, body: [vec![0, 7, 0, 0], vec![1; 0x7_0000]].concat() }, 1, "bytes"),
    ] {
        let (user, _server, here, there) = ground(&[Rule::new("READ", 3, action)]);
        let (from, to) = (format!("r:{}", here.display()), there.display().to_string());
        let outcome = user.sandbox.sclone(["copy", "--retries=1", &from, &to]).run();
        outcome.code(code).stdout("").stderr_has(&["ERROR : f: Failed to copy", reason]);
        assert_untouched(&there);
    }
}

#[test]
fn short_answers_are_asked_for_again() {
    let (user, _server, here, there) = ground(&[Rule::new("READ", 0, Action::ShortData(50_000))]);
    let (from, to) = (format!("r:{}", here.display()), there.display().to_string());
    user.sandbox.sclone(["copy", &from, &to]).run().code(0).stderr("");
    assert_eq!(fs::read(there.join("f")).unwrap(), new_content());
}

#[test]
fn a_time_that_cannot_be_set_does_not_throw_the_file_away() {
    let (user, _server, here, there) =
        ground(&["FSETSTAT", "SETSTAT"].map(|request| Rule::new(request, 0, status(3))));
    let (from, to) = (here.display().to_string(), format!("r:{}", there.display()));
    let outcome = user.sandbox.sclone(["copy", &from, &to]).run();
    let said =
        ["NOTICE: f: copied, but its time and mode could not be set: set attributes", "permission denied"];
    outcome.code(0).stderr_has(&said);
    assert_eq!(fs::read(there.join("f")).unwrap(), new_content());
}

#[test]
fn a_server_without_atomic_rename_moves_the_old_file_aside() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().subsystem("/usr/lib/openssh/sftp-server -P posix-rename").start();
    user.remote("r", &server);
    let (here, there) = (user.sandbox.path("here"), user.sandbox.path("there"));
    Tree::new().file("f", "new").write(&here);
    Tree::new().file_with("f", OLD, 0o644, 1_500_000_000).write(&there);
    let (from, to) = (here.display().to_string(), format!("r:{}", there.display()));
    user.sandbox.sclone(["copy", &from, &to]).run().code(0).stderr("");
    assert_eq!(Tree::read(&there), Tree::new().file("f", "new"));
}

#[test]
fn a_server_that_never_answers_is_given_up_in_time() {
    for request in ["OPENDIR", "READDIR", "OPEN", "WRITE", "CLOSE", "posix-rename@openssh.com"] {
        let (user, _server, here, there) = ground(&[Rule::new(request, 0, Action::Silence)]);
        let (from, to) = (here.display().to_string(), format!("r:{}", there.display()));
        let started = Instant::now();
        let outcome = user
            .sandbox
            .sclone(["copy", "--timeout", "2s", &from, &to])
            .within(Duration::from_secs(40))
            .run();
        outcome.code(23).stdout("").stderr_has(&["no answer from the server for 2s"]);
        assert!(started.elapsed() < Duration::from_secs(30), "{request}: {:?}", started.elapsed());
        assert_eq!(fs::read(there.join("f")).unwrap(), OLD.as_bytes(), "{request}");
    }
}

#[test]
fn a_connection_cut_once_is_made_again() {
    for direction in [Direction::ToServer, Direction::ToClient] {
        let (user, server, here, there) = ground(&[]);
        let cut = Fault::Cut { after: 600_000, ending: Ending::Reset };
        let proxy = Proxy::to(server.port()).fault_on(0, direction, cut).start();
        let port = proxy.port().to_string();
        user.remote_with("p", &server, &[("port", &port), ("host_key_policy", "off")]);
        let places = match direction {
            Direction::ToServer => [here.display().to_string(), format!("p:{}", there.display())],
            Direction::ToClient => [format!("p:{}", here.display()), there.display().to_string()],
        };
        let outcome = user.sandbox.sclone(["copy", &places[0], &places[1]]).run();
        outcome.code(0).stderr_has(&["NOTICE: f: attempt 1 of 10"]);
        assert_eq!(fs::read(there.join("f")).unwrap(), new_content());
        assert_eq!(proxy.connections(), 2);
    }
}

#[test]
fn a_connection_that_stays_away_is_an_error_and_leaves_the_old_file() {
    let (user, server, here, there) = ground(&[]);
    let cut = Fault::Cut { after: 600_000, ending: Ending::Close };
    let proxy = Proxy::to(server.port()).fault(Direction::ToServer, cut).start();
    let port = proxy.port().to_string();
    user.remote_with("p", &server, &[("port", &port), ("host_key_policy", "off")]);
    let (from, to) = (here.display().to_string(), format!("p:{}", there.display()));
    let few = ["--low-level-retries", "2", "--retries", "2"];
    let outcome = user.sandbox.sclone([&["copy", &from, &to], &few[..]].concat()).run();
    outcome
        .code(23)
        .stdout("")
        .stderr_has(&["attempt 1 of 2", "ERROR : Attempt 1/2 failed with 1 errors and: "]);
    assert_eq!(fs::read(there.join("f")).unwrap(), OLD.as_bytes());
}

#[test]
fn a_stopped_run_ends_at_once_and_leaves_no_partial() {
    let all = [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)];
    // What ignores SIGHUP hands that on.
    for (number, code) in all.into_iter().filter(|(number, _)| *number != Signal::HUP || !ignores_hangup()) {
        for direction in [Direction::ToServer, Direction::ToClient] {
            let (user, server, here, there) = ground(&[]);
            let gate = Gate::default();
            let pause = Fault::Pause { after: 800_000, gate: gate.clone() };
            let proxy = Proxy::to(server.port()).fault(direction, pause).start();
            let port = proxy.port().to_string();
            user.remote_with("p", &server, &[("port", &port), ("host_key_policy", "off")]);
            let places = match direction {
                Direction::ToServer => [here.display().to_string(), format!("p:{}", there.display())],
                Direction::ToClient => [format!("p:{}", here.display()), there.display().to_string()],
            };
            let mut stopped = Instant::now();
            let outcome = user.sandbox.sclone(["copy", &places[0], &places[1]]).run_while(|id| {
                gate.wait_reached();
                signal(id, number);
                stopped = Instant::now();
                gate.open();
            });
            outcome.code(code).stdout("");
            assert!(stopped.elapsed() < Duration::from_secs(3), "{:?}", stopped.elapsed());
            assert_untouched(&there);
        }
    }
}

#[test]
fn a_source_that_changes_while_it_is_read_is_not_installed() {
    let (user, server, here, there) = ground(&[]);
    let gate = Gate::default();
    let pause = Fault::Pause { after: 800_000, gate: gate.clone() };
    let proxy = Proxy::to(server.port()).fault(Direction::ToClient, pause).start();
    let port = proxy.port().to_string();
    user.remote_with("p", &server, &[("port", &port), ("host_key_policy", "off")]);
    let (from, to) = (format!("p:{}", here.display()), there.display().to_string());
    let outcome = user.sandbox.sclone(["copy", &from, &to]).run_while(|_| {
        gate.wait_reached();
        let mut content = new_content();
        content.extend_from_slice(b"more");
        fs::write(here.join("f"), content).unwrap();
        gate.open();
    });
    outcome.code(5).stderr_has(&["source file changed"]);
    assert_untouched(&there);
}

#[test]
fn a_file_that_grows_meanwhile_may_be_copied_as_it_was_listed() {
    for (flags, code) in [(&[][..], 5), (&["--local-no-check-updated"], 0)] {
        let (user, server, here, there) = ground(&[]);
        let gate = Gate::default();
        let pause = Fault::Pause { after: 800_000, gate: gate.clone() };
        let proxy = Proxy::to(server.port()).fault(Direction::ToServer, pause).start();
        let port = proxy.port().to_string();
        user.remote_with("p", &server, &[("port", &port), ("host_key_policy", "off")]);
        let (from, to) = (here.display().to_string(), format!("p:{}", there.display()));
        let line = [&["copy", "--retries", "1", &from, &to], flags].concat();
        let outcome = user.sandbox.sclone(line).run_while(|_| {
            gate.wait_reached();
            fs::write(here.join("f"), [new_content(), b"more".to_vec()].concat()).unwrap();
            gate.open();
        });
        outcome.code(code);
        let expected = if code == 0 { new_content() } else { OLD.into() };
        assert_eq!(fs::read(there.join("f")).unwrap(), expected, "{flags:?}");
    }
}
