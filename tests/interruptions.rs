//! Runs that are stopped, cut off, or in each other's way.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::ground::Ground;
use crate::support::process::{descendants, signal};
use crate::support::proxy::{Direction, Ending, Fault, Gate, Proxy};
use crate::support::tree::Tree;

/// More than passes before a fault at [`MIDDLE`], and too little to be gone on with.
const SIZE: usize = 2_000_000;
const MIDDLE: u64 = 800_000;

fn new() -> Tree {
    Tree::new().file("f", vec![7; SIZE])
}

fn old() -> Tree {
    Tree::new().file_with("f", "old", 0o644, 1_500_000_000)
}

fn ground() -> Ground {
    let ground = Ground::new();
    new().write(&ground.here);
    old().write(&ground.there);
    ground
}

/// Both ways over `p:`.
const WAYS: [(Direction, &str); 2] =
    [(Direction::ToServer, "HERE %THERE"), (Direction::ToClient, "%HERE THERE")];

#[test]
fn a_connection_that_stays_away_leaves_the_old_file_and_the_next_run_completes() {
    for (direction, places) in WAYS {
        let ground = ground();
        let cut = Fault::Cut { after: MIDDLE, ending: Ending::Reset };
        let _proxy = ground.reached_by(Proxy::to(ground.server.port()).fault(direction, cut));
        let few = "--low-level-retries 2 --retries 1";
        ground.sclone(&format!("copy {few} {places}")).code(23);
        assert_eq!(fs::read(ground.there.join("f")).unwrap(), b"old", "{places}");
        if direction == Direction::ToClient {
            assert_eq!(Tree::read(&ground.there), old(), "a partial stayed on this machine");
        }
        ground.sclone(&format!("copy {}", places.replace('%', "@"))).code(0);
        assert_eq!(fs::read(ground.there.join("f")).unwrap().len(), SIZE, "{places}");
    }
}

#[test]
fn what_is_written_in_place_stays_when_the_connection_does_not_come_back() {
    for (direction, places) in WAYS {
        let ground = ground();
        let cut = Fault::Cut { after: MIDDLE, ending: Ending::Reset };
        let _proxy = ground.reached_by(Proxy::to(ground.server.port()).fault(direction, cut));
        let few = "--low-level-retries 2 --retries 1";
        ground.sclone(&format!("copy --inplace {few} {places}")).code(23);
        let found = fs::read(ground.there.join("f")).unwrap();
        assert!(
            found.len() < SIZE && found.iter().all(|byte| [0, 7].contains(byte)),
            "{places}: {} bytes",
            found.len()
        );
        ground.sclone(&format!("copy --inplace {}", places.replace('%', "@"))).code(0);
        assert_eq!(Tree::read(&ground.there), new(), "{places}");
    }
}

#[test]
fn a_stopped_run_names_what_a_frozen_server_keeps() {
    let ground = ground();
    let gate = Gate::default();
    let _proxy = ground.behind(Direction::ToServer, Fault::Pause { after: MIDDLE, gate: gate.clone() });
    let mut stopped = Instant::now();
    let outcome = ground.invocation("copy HERE %THERE").run_while(|id| {
        gate.wait_reached();
        for session in ground.server.session_ids() {
            for process in descendants(session).into_iter().chain([session]) {
                signal(process, Signal::STOP);
            }
        }
        signal(id, Signal::INT);
        stopped = Instant::now();
    });
    outcome.code(130).stderr_has(&["could not remove within 3s what is incomplete: f.", ".partial"]);
    assert!(stopped.elapsed() < Duration::from_secs(10), "{:?}", stopped.elapsed());
    assert_eq!(fs::read(ground.there.join("f")).unwrap(), b"old");
}

#[test]
fn two_times_ctrl_c_ends_a_run_at_once_and_leaves_the_terminal_as_it_was() {
    let ground = ground();
    let stall = Fault::Stall { after: MIDDLE };
    let _proxy = ground.behind(Direction::ToServer, stall);
    let answers = [("%", "\x03"), ("^C", "\x03")];
    let screen = ground.invocation("copy -P HERE %THERE").run_at_terminal(&answers);
    assert_eq!(screen.code, Some(130), "{}", screen.text);
    let (hidden, shown) =
        (screen.text.matches("\x1b[?25l").count(), screen.text.matches("\x1b[?25h").count());
    assert!(hidden == 0 || shown > 0, "the cursor stays hidden: {}", screen.text.escape_debug());
}

#[test]
fn a_stopped_sync_deletes_nothing_afterwards() {
    for when in ["--delete-after", "--delete-during"] {
        let ground = ground();
        Tree::new().file("surplus", "x").file("z/surplus", "y").write(&ground.there);
        let gate = Gate::default();
        let _proxy = ground.behind(Direction::ToServer, Fault::Pause { after: MIDDLE, gate: gate.clone() });
        let before = Tree::read(&ground.there);
        let outcome = ground.invocation(&format!("sync --transfers 1 {when} HERE %THERE")).run_while(|id| {
            gate.wait_reached();
            let is_kept = |path: &[u8]| !path.ends_with(b".partial");
            let meanwhile = Tree::read(&ground.there).without(|path| !is_kept(path));
            assert!(when == "--delete-during" || meanwhile == before, "{meanwhile:?}");
            signal(id, Signal::INT);
            gate.open();
        });
        outcome.code(130);
        assert_eq!(fs::read(ground.there.join("f")).unwrap(), b"old", "{when}");
        if when == "--delete-after" {
            assert_eq!(Tree::read(&ground.there), before);
        }
    }
}

/// Runs `line` over `p:`, and while it is half-way does something else.
fn meanwhile(ground: &Ground, line: &str, other: impl FnOnce()) -> crate::support::sandbox::Outcome {
    let gate = Gate::default();
    let _proxy = ground.behind(Direction::ToServer, Fault::Pause { after: MIDDLE, gate: gate.clone() });
    ground.invocation(line).run_while(|_| {
        gate.wait_reached();
        other();
        gate.open();
    })
}

#[test]
fn of_two_runs_to_one_file_one_wins_whole() {
    let ground = ground();
    let other = ground.user.sandbox.path("other");
    Tree::new().file_with("f", vec![9; SIZE + 1], 0o644, 1_600_000_000).write(&other);
    let first = meanwhile(&ground, "copy HERE %THERE", || {
        let line = format!("copy {} @THERE", other.display());
        ground.sclone(&line).code(0).stderr("");
        assert_eq!(Tree::read(&ground.there).without(|path| path.ends_with(b".partial")), Tree::read(&other));
    });
    first.code(0);
    assert_eq!(Tree::read(&ground.there), new());
}

#[test]
fn two_syncs_of_one_pair_end_well() {
    let ground = ground();
    let all = (0..30).fold(new(), |tree, number| tree.file(format!("d{}/{number}", number % 3), "x"));
    all.write(&ground.here);
    old().file("surplus", "x").file("gone/too", "y").write(&ground.there);
    let gate = Gate::default();
    let _proxy = ground.behind(Direction::ToServer, Fault::Pause { after: MIDDLE, gate: gate.clone() });
    let first = ground.invocation("sync HERE %THERE").run_while(|_| {
        gate.wait_reached();
        let second = ground.invocation("sync HERE @THERE").run_while(|_| {
            let end = Instant::now() + Duration::from_secs(20);
            while fs::metadata(ground.there.join("f")).unwrap().len() < SIZE as u64 {
                assert!(Instant::now() < end, "the second run does not come on");
                std::thread::sleep(Duration::from_millis(5));
            }
            // What it finds half done is about to be completed.
            gate.open();
        });
        second.code(0).stderr("");
    });
    first.code(0);
    assert_eq!(Tree::read(&ground.there), all);
}

#[test]
fn what_somebody_adds_during_a_sync_stays() {
    let ground = ground();
    old().file("d/surplus", "x").write(&ground.there);
    let outcome = meanwhile(&ground, "sync HERE %THERE", || {
        Tree::new().file("added", "a").file("d/added", "b").write(&ground.there);
    });
    outcome.code(0);
    assert_eq!(Tree::read(&ground.there), new().file("added", "a").file("d/added", "b"));
}
