//! Sources that change while they are copied: never a mixture, and what was not copied as it was is told.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant, UNIX_EPOCH};

use crate::support::ground::Ground;
use crate::support::hostile::{Action, Rule};
use crate::support::proxy::{Direction, Fault, Gate};
use crate::support::sandbox::Outcome;
use crate::support::tree::Tree;

const SIZE: usize = 8_000_000;

/// What happens to the file while it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Appended,
    Truncated,
    Rewritten,
    Replaced,
    Removed,
}

impl Change {
    fn happen(self, path: &Path) {
        match self {
            Self::Appended => File::options().append(true).open(path).unwrap().write_all(b"more").unwrap(),
            Self::Truncated => File::options().write(true).open(path).unwrap().set_len(1000).unwrap(),
            Self::Rewritten => {
                File::options().write(true).open(path).unwrap().write_all(&vec![9; SIZE]).unwrap();
            }
            Self::Replaced => {
                fs::write(path.with_extension("new"), vec![9; SIZE]).unwrap();
                fs::rename(path.with_extension("new"), path).unwrap();
            }
            Self::Removed => fs::remove_file(path).unwrap(),
        }
    }
}

/// A large file that takes its time, and a small one beside it.
fn ground() -> Ground {
    let ground = Ground::new();
    Tree::new().file("f", vec![7; SIZE]).file("z", "another").write(&ground.here);
    Tree::new().file_with("f", "old", 0o644, 1_500_000_000).write(&ground.there);
    ground
}

fn copy_while(ground: &Ground, change: Change, direction: Direction) -> Outcome {
    let gate = Gate::default();
    let _proxy = ground.behind(direction, Fault::Pause { after: 1_000_000, gate: gate.clone() });
    let places = if direction == Direction::ToServer { "HERE %THERE" } else { "%HERE THERE" };
    ground.invocation(&format!("copy {places}")).run_while(|_| {
        gate.wait_reached();
        change.happen(&ground.here.join("f"));
        gate.open();
    })
}

#[test]
fn a_file_that_changes_in_place_is_not_mixed_from_two_versions() {
    for direction in [Direction::ToServer, Direction::ToClient] {
        for change in [Change::Appended, Change::Truncated, Change::Rewritten] {
            let ground = ground();
            let outcome = copy_while(&ground, change, direction);
            let what = format!("{change:?} {direction:?}: {outcome}");
            let found = fs::read(ground.there.join("f")).unwrap();
            if outcome.succeeded() {
                // The run was repeated, and the second time nobody changed anything.
                assert!(found == fs::read(ground.here.join("f")).unwrap(), "{what}");
                outcome.stderr_has(&["Attempt 2/3 succeeded"]);
            } else {
                outcome.code(5).stderr_has(&["ERROR : f: Failed to copy"]);
                assert_eq!(found, b"old", "{what}");
            }
            assert_eq!(fs::read(ground.there.join("z")).unwrap(), b"another", "{what}");
            assert_eq!(fs::read_dir(&ground.there).unwrap().count(), 2, "{what}");
        }
    }
}

#[test]
fn a_file_that_is_replaced_or_removed_meanwhile_is_copied_as_it_was() {
    for direction in [Direction::ToServer, Direction::ToClient] {
        for change in [Change::Replaced, Change::Removed] {
            let ground = ground();
            copy_while(&ground, change, direction).code(0);
            assert_eq!(fs::read(ground.there.join("f")).unwrap(), vec![7; SIZE], "{change:?} {direction:?}");
        }
    }
}

#[test]
fn a_file_that_is_gone_when_its_turn_comes_is_told_and_stops_no_other() {
    let gone = Action::Status { code: 2, text: "No such file".into() };
    let ground = Ground::with(&[Rule::new("OPEN", 1, gone)]);
    Tree::new().file("a", "1").file("b", "2").file("c", "3").write(&ground.here);
    let outcome = ground.sclone("copy @HERE THERE");
    outcome.code(4).stderr_has(&["Failed to copy: open", "no such file"]);
    assert_eq!(fs::read_dir(&ground.there).unwrap().count(), 2);
}

#[test]
fn a_move_keeps_a_source_that_was_changed_after_it_was_copied() {
    let late = Rule::new("posix-rename@openssh.com", 1, Action::Late(1500));
    let ground = Ground::with(&[late]);
    Tree::new().file("f", "content").write(&ground.here);
    fs::create_dir(&ground.there).unwrap();
    let outcome = ground.invocation("move HERE @THERE").run_while(|_| {
        let end = Instant::now() + Duration::from_secs(20);
        while !ground.server.requests().iter().any(|asked| asked.starts_with("posix-rename")) {
            assert!(Instant::now() < end, "{:?}", ground.server.requests());
            std::thread::sleep(Duration::from_millis(5));
        }
        fs::write(ground.here.join("f"), "changed").unwrap();
        let file = File::options().write(true).open(ground.here.join("f")).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(1_700_000_000)).unwrap();
    });
    outcome.code(5).stderr_has(&["source file changed after it was copied; it is kept"]);
    assert_eq!(fs::read(ground.here.join("f")).unwrap(), b"changed");
    assert_eq!(fs::read(ground.there.join("f")).unwrap(), b"content");
}
