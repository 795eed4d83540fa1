//! A server that lies, babbles or never ends: nothing is written where it should not be, nothing crashes, nothing hangs.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::support::ca::KeyType;
use crate::support::hostile::{Action, Rule};
use crate::support::packet::{self, names, string};
use crate::support::sandbox::Outcome;
use crate::support::server::Server;
use crate::support::tree::Tree;
use crate::support::user::User;

const ATTRIBUTES: u8 = 105;
const EXTENDED_REPLY: u8 = 201;

struct Ground {
    user: User,
    server: Server,
    here: PathBuf,
    there: PathBuf,
}

/// A user whose `r:` answers as the rules say, with two files in its folder `there`.
fn ground(rules: &[Rule]) -> Ground {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().hostile(rules).start();
    user.remote("r", &server);
    let (here, there) = (user.sandbox.path("here"), user.sandbox.path("there"));
    Tree::new().file("a", "first").file("d/b", "second").write(&there);
    Ground { user, server, here, there }
}

impl Ground {
    /// Copies the server's folder here.
    fn download(&self, flags: &[&str]) -> Outcome {
        let (from, to) = (format!("r:{}", self.there.display()), self.here.display().to_string());
        let arguments = ["copy", &from, &to].into_iter().chain(flags.iter().copied());
        self.user.sandbox.sclone(arguments).within(Duration::from_secs(60)).run()
    }

    /// Copies this folder to the server.
    fn upload(&self, flags: &[&str]) -> Outcome {
        let (from, to) = (self.here.display().to_string(), format!("r:{}", self.there.display()));
        let arguments = ["copy", &from, &to].into_iter().chain(flags.iter().copied());
        self.user.sandbox.sclone(arguments).within(Duration::from_secs(60)).run()
    }
}

fn name_reply(names_sent: &[&[u8]]) -> Action {
    Action::Reply { kind: packet::NAME, body: names(names_sent) }
}

#[test]
fn names_that_lead_elsewhere_are_refused_and_said_and_the_rest_is_copied() {
    let hostile: [&[u8]; 6] = [b"../evil", b"/tmp/evil", b"x/y", b"", b"nul\0", b"..\x1b[31m/z"];
    let ground = ground(&[Rule::new("READDIR", 1, name_reply(&hostile))]);
    let outcome = ground.download(&[]);
    outcome.fails().stderr_has(&["../evil", "/tmp/evil", "x/y", "nul\\x00", "\\x1b[31m"]);
    assert!(!outcome.stderr.contains(&0x1b), "an escape sequence reached the terminal");
    assert_eq!(Tree::read(&ground.here), Tree::read(&ground.there));
    assert!(!ground.user.sandbox.path("evil").exists());
    let asked = ground.server.requests();
    assert!(asked.iter().all(|request| !request.contains("evil")), "{asked:?}");
}

#[test]
fn broken_packets_end_the_run_at_once() {
    let all = u32::MAX.to_be_bytes();
    for (what, action) in [
        ("an empty packet", Action::Raw(vec![0; 4])),
        ("a packet of 4 GiB", Action::Raw(all.to_vec())),
        ("4 thousand million names", Action::Reply { kind: packet::NAME, body: all.to_vec() }),
        (
            "a name of 4 GiB",
            Action::Reply {
                kind: packet::NAME,
                body: [[0, 0, 0, 1], (u32::MAX - 15).to_be_bytes()].concat(),
            },
        ),
        ("a type nobody knows", Action::Reply { kind: 250, body: vec![] }),
        ("a status without a message", Action::Reply { kind: packet::STATUS, body: vec![0, 0, 0, 4] }),
        ("an answer to nothing", Action::WrongId),
        ("an answer of another kind", Action::Reply { kind: packet::DATA, body: string(b"data") }),
    ] {
        let ground = ground(&[Rule::new("READDIR", 1, action)]);
        let started = Instant::now();
        let outcome = ground.download(&[]);
        outcome.fails().stdout("").stderr_has(&["ERROR"]);
        assert!(started.elapsed() < Duration::from_secs(20), "{what}: {:?}", started.elapsed());
        assert!(!ground.here.join("a").exists(), "{what}");
    }
}

#[test]
fn an_answer_that_comes_twice_is_told_from_an_answer() {
    let ground = ground(&[Rule::new("OPENDIR", 1, Action::Twice)]);
    let outcome = ground.download(&[]);
    outcome.fails().stderr_has(&["was not asked or was answered before"]);
}

#[test]
fn half_an_answer_before_the_end_is_a_lost_connection() {
    let half = Action::Raw(vec![0, 0, 1, 0, packet::NAME, 0, 0]);
    let ground = ground(&[Rule::new("READDIR", 1, half), Rule::new("READDIR", 2, Action::Close)]);
    let started = Instant::now();
    ground.download(&[]).code(23).stdout("");
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn answers_may_come_in_any_order() {
    let late = [("READ", 1, 300), ("READ", 2, 100), ("FSTAT", 1, 200), ("WRITE", 1, 300), ("CLOSE", 1, 200)];
    let rules = late.map(|(request, nth, time)| Rule::new(request, nth, Action::Late(time)));
    let ground = ground(&rules);
    let content: Vec<u8> = (0..1_500_000_u32).map(|number| (number % 251) as u8).collect();
    fs::write(ground.there.join("large"), &content).unwrap();
    ground.download(&[]).code(0).stderr("");
    assert_eq!(Tree::read(&ground.here), Tree::read(&ground.there));
    fs::remove_dir_all(&ground.there).unwrap();
    ground.upload(&[]).code(0).stderr("");
    assert_eq!(Tree::read(&ground.here), Tree::read(&ground.there));
}

#[test]
fn a_folder_without_end_is_given_up() {
    let batch: Vec<Vec<u8>> = (0..8000).map(|number| format!("name{number}").into_bytes()).collect();
    let batch: Vec<&[u8]> = batch.iter().map(Vec::as_slice).collect();
    let ground = ground(&[Rule::new("READDIR", 0, name_reply(&batch))]);
    let outcome = ground.download(&[]);
    outcome.fails().stderr_has(&["goes on after"]);
}

#[test]
fn a_size_that_lies_is_noticed() {
    for size in [3_u64, 1 << 20, 1 << 62, u64::MAX] {
        let body = [&1_u32.to_be_bytes()[..], &size.to_be_bytes()].concat();
        let ground = ground(&[Rule::new("FSTAT", 0, Action::Reply { kind: ATTRIBUTES, body })]);
        let outcome = ground.download(&[]);
        outcome.code(5).stderr_has(&["changed while it was read"]);
        assert_eq!(Tree::read(&ground.here), Tree::new().directory("d"), "{size}");
    }
}

#[test]
fn a_full_disk_has_its_own_exit_code_and_leaves_nothing() {
    let failure = Action::Status { code: 4, text: "Failure".into() };
    // No block is free, in the words of statvfs@openssh.com.
    let full = [4096_u64, 4096, 1000, 0, 0, 1000, 500, 500, 1, 0, 255].map(u64::to_be_bytes).concat();
    let ground = ground(&[
        Rule::new("WRITE", 0, failure),
        Rule::new("statvfs@openssh.com", 0, Action::Reply { kind: EXTENDED_REPLY, body: full }),
    ]);
    Tree::new().file("new", "content").write(&ground.here);
    ground.upload(&[]).code(24).stderr_has(&["no space left on the server"]);
    assert_eq!(Tree::read(&ground.there), Tree::new().file("a", "first").file("d/b", "second"));
}
