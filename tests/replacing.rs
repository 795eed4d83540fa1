//! How a file takes its name: never before it is whole, in one step where the server can, and never at the price of the
//! old one where it cannot.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::ground::Ground;
use crate::support::hostile::{Action, Rule};
use crate::support::process::signal;
use crate::support::proxy::{Direction, Fault, Gate};
use crate::support::tree::Tree;

/// On a server that cannot replace a file these are the renames of one that does: the refused one, the old file out of
/// the way, the new one into its place, and where that failed the old one back.
const INTO_PLACE: u64 = 3;
const BACK: u64 = 4;

fn status(code: u32) -> Action {
    Action::Status { code, text: "told so".into() }
}

fn old() -> Tree {
    Tree::new().file_with("f", "old", 0o644, 1_500_000_000)
}

fn new() -> Tree {
    Tree::new().file("f", "new content")
}

/// A new file here, an old one there, and a server that cannot replace a file in one step.
fn ground(rules: &[Rule]) -> Ground {
    let ground = Ground::served(|builder| builder.hostile_without("posix-rename", rules));
    new().write(&ground.here);
    old().write(&ground.there);
    ground
}

/// The files in the destination whose names end like this.
fn ending(ground: &Ground, end: &str) -> Vec<String> {
    let names = fs::read_dir(&ground.there).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).filter(|name| name.ends_with(end)).collect()
}

#[test]
fn the_old_file_comes_back_when_the_new_one_cannot_take_its_name() {
    let ground = ground(&[Rule::new("RENAME", INTO_PLACE, status(4))]);
    ground.sclone("copy HERE @THERE").code(1).stderr_has(&["ERROR : f: Failed to copy: rename"]);
    assert_eq!(Tree::read(&ground.there), old());
}

#[test]
fn an_old_file_that_cannot_come_back_is_named() {
    let ground = ground(&[INTO_PLACE, BACK].map(|nth| Rule::new("RENAME", nth, status(4))));
    let outcome = ground.sclone("copy HERE @THERE");
    let aside = ending(&ground, ".old");
    assert_eq!(aside.len(), 1, "{aside:?}");
    outcome.code(1).stderr_has(&["the old content is kept in", &aside[0]]);
    assert_eq!(fs::read(ground.there.join(&aside[0])).unwrap(), b"old");
}

/// Whatever request fails, or ends the connection: afterwards one of the two files has the name, and nothing is left
/// aside.
#[test]
fn any_request_of_a_replacement_in_steps_may_fail() {
    let ground = ground(&[]);
    let few = "--retries 1 --low-level-retries 2 --timeout 10s";
    for (name, action) in [("fails", status(4)), ("ends", Action::Close)] {
        let mut nth = 1;
        loop {
            drop(fs::remove_dir_all(&ground.there));
            old().write(&ground.there);
            let rule = Rule::new("*", nth, action.clone());
            let server = ground.user.server().hostile_without("posix-rename", &[rule]).start();
            ground.user.remote_with(&format!("{name}{nth}"), &server, &[("shell_type", "none")]);
            let outcome = ground.sclone(&format!("copy {few} HERE {name}{nth}:{}", ground.there.display()));
            let what = format!("request {nth} {name}: {outcome}");
            let found = fs::read(ground.there.join("f")).expect(&what);
            assert!(found == b"new content" || found == b"old" && !outcome.succeeded(), "{what}");
            let (asked, place) = (server.requests(), usize::try_from(nth).unwrap());
            // A removal that is refused is told, and what was to go stays.
            if !asked.get(place - 1).is_some_and(|request| request.starts_with("REMOVE")) {
                assert_eq!(ending(&ground, ".old"), [""; 0], "{what}");
            }
            if asked.len() < place {
                break;
            }
            nth += 1;
        }
        assert!(nth > 10, "only {nth} requests were made to fail");
    }
}

#[test]
fn a_run_that_is_stopped_between_the_steps_puts_the_old_file_back() {
    let ground = ground(&[Rule::new("RENAME", INTO_PLACE, Action::Silence)]);
    let outcome = ground.invocation("copy HERE @THERE").run_while(|id| {
        let end = Instant::now() + Duration::from_secs(20);
        let renames = || ground.server.requests().iter().filter(|asked| asked.starts_with("RENAME")).count();
        while renames() < usize::try_from(INTO_PLACE).unwrap() {
            assert!(Instant::now() < end, "{:?}", ground.server.requests());
            std::thread::sleep(Duration::from_millis(5));
        }
        signal(id, Signal::INT);
    });
    outcome.code(130);
    assert_eq!(Tree::read(&ground.there), old());
}

#[test]
fn names_of_any_length_are_replaced_in_steps() {
    let ground = ground(&[]);
    let names = ["x".repeat(255), "é".repeat(127), "y".repeat(243), format!("{}a", "z".repeat(250))];
    let tree = |content: &str| names.iter().fold(Tree::new(), |tree, name| tree.file(name, content));
    tree("new content").write(&ground.here);
    tree("old").write(&ground.there);
    ground.sclone("copy HERE @THERE").code(0).stderr("");
    assert_eq!(Tree::read(&ground.there), Tree::read(&ground.here));
}

#[test]
fn long_names_that_begin_alike_are_kept_apart() {
    let ground = Ground::new();
    let tree = (0..20).fold(Tree::new(), |tree, number| {
        tree.file(format!("{}{number:02}", "x".repeat(253)), format!("content of {number}"))
    });
    tree.write(&ground.here);
    ground.sclone("copy HERE @THERE").code(0).stderr("");
    assert_eq!(Tree::read(&ground.there), tree);
    fs::remove_dir_all(&ground.here).unwrap();
    ground.sclone("copy @THERE HERE").code(0).stderr("");
    assert_eq!(Tree::read(&ground.here), tree);
}

#[test]
fn a_rename_that_was_answered_and_not_done_is_noticed() {
    for (extension, request) in [("", "posix-rename@openssh.com"), ("posix-rename", "RENAME")] {
        for there in [old(), Tree::new()] {
            let lie = Rule::new(request, 0, status(0));
            let ground = Ground::served(|builder| builder.hostile_without(extension, &[lie]));
            new().write(&ground.here);
            there.write(&ground.there);
            ground
                .sclone("copy HERE @THERE")
                .code(1)
                .stderr_has(&["f: Failed to copy", "still has its old name"]);
            assert_eq!(Tree::read(&ground.there), there, "{request}");
        }
    }
}

#[test]
fn nothing_has_the_name_before_it_is_whole() {
    for (direction, line) in
        [(Direction::ToServer, "copy HERE %THERE"), (Direction::ToClient, "copy %HERE THERE")]
    {
        let ground = Ground::new();
        let tree = Tree::new().file("f", vec![7; 2_000_000]);
        tree.write(&ground.here);
        fs::create_dir(&ground.there).unwrap();
        let gate = Gate::default();
        let _proxy = ground.behind(direction, Fault::Pause { after: 800_000, gate: gate.clone() });
        let outcome = ground.invocation(line).run_while(|_| {
            gate.wait_reached();
            let partials = ending(&ground, ".partial");
            assert_eq!((partials.len(), fs::read_dir(&ground.there).unwrap().count()), (1, 1));
            let mode = fs::metadata(ground.there.join(&partials[0])).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            gate.open();
        });
        outcome.code(0);
        assert_eq!(Tree::read(&ground.there), tree);
    }
}

#[test]
fn a_link_is_replaced_and_what_it_leads_to_is_not() {
    for line in ["copy HERE THERE", "copy HERE @THERE"] {
        let ground = Ground::new();
        new().write(&ground.here);
        let precious = ground.user.sandbox.write("precious", "precious");
        fs::create_dir(&ground.there).unwrap();
        symlink(&precious, ground.there.join("f")).unwrap();
        ground.sclone(line).code(0).stderr("");
        assert_eq!(fs::read(&precious).unwrap(), b"precious", "{line}");
        assert_eq!(fs::read(ground.there.join("f")).unwrap(), b"new content", "{line}");
        assert!(fs::symlink_metadata(ground.there.join("f")).unwrap().is_file(), "{line}");
    }
}

#[test]
fn another_name_of_the_old_file_keeps_it() {
    for line in ["copy HERE THERE", "copy HERE @THERE"] {
        let ground = Ground::new();
        new().write(&ground.here);
        old().write(&ground.there);
        fs::hard_link(ground.there.join("f"), ground.there.join("other name")).unwrap();
        ground.sclone(line).code(0).stderr("");
        assert_eq!(fs::read(ground.there.join("f")).unwrap(), b"new content", "{line}");
        assert_eq!(fs::read(ground.there.join("other name")).unwrap(), b"old", "{line}");
    }
}
