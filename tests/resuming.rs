//! Large files that go on where they stopped, in the same run and in the next one.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::ca::KeyType;
use crate::support::process::signal;
use crate::support::proxy::{Direction, Ending, Fault, Gate, Proxy};
use crate::support::sandbox::Outcome;
use crate::support::server::Server;
use crate::support::tree::Tree;
use crate::support::user::User;

const SIZE: usize = 24_000_000;
const MIDDLE: u64 = 12_000_000;
const BOTH: [Direction; 2] = [Direction::ToServer, Direction::ToClient];

/// No two places of it look alike.
fn content() -> Vec<u8> {
    (0..u32::try_from(SIZE / 4).unwrap())
        .flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect()
}

struct Ground {
    user: User,
    server: Server,
    here: PathBuf,
    there: PathBuf,
}

impl Ground {
    /// A new file `here/f`, an old one `there/f`, and a server that gives no shell if `with_shell` is false.
    fn new(with_shell: bool) -> Self {
        let user = User::new(KeyType::Ed25519);
        let server = user.server();
        let server = if with_shell { server } else { server.setting("ForceCommand internal-sftp") };
        let server = server.start();
        user.remote("r", &server);
        let (here, there) = (user.sandbox.path("here"), user.sandbox.path("there"));
        Tree::new().file("f", content()).write(&here);
        Tree::new().file_with("f", "old", 0o644, 1_500_000_000).write(&there);
        Self { user, server, here, there }
    }

    /// Source and destination such that the content goes this way over `remote`.
    fn places(&self, direction: Direction, remote: &str) -> [String; 2] {
        let (here, there) = (self.here.display(), self.there.display());
        match direction {
            Direction::ToServer => [here.to_string(), format!("{remote}:{there}")],
            Direction::ToClient => [format!("{remote}:{here}"), there.to_string()],
        }
    }

    /// The same server behind a fault; it goes by the same address in the next run.
    fn behind(&self, direction: Direction, fault: Fault) -> Proxy {
        let proxy = Proxy::to(self.server.port()).fault_on(0, direction, fault).start();
        let port = proxy.port().to_string();
        self.user.remote_with("p", &self.server, &[("port", &port), ("host_key_policy", "off")]);
        proxy
    }

    fn copy(&self, places: &[String; 2], flags: &[&str]) -> Outcome {
        let arguments = [&["copy", "-v", &places[0], &places[1]], flags].concat();
        self.user.sandbox.sclone(arguments).run()
    }

    /// Stops a run in the middle by a signal.
    fn stop(&self, direction: Direction, number: Signal) -> (Proxy, Outcome) {
        let gate = Gate::default();
        let proxy = self.behind(direction, Fault::Pause { after: MIDDLE, gate: gate.clone() });
        let places = self.places(direction, "p");
        let outcome = self.user.sandbox.sclone(["copy", "-v", &places[0], &places[1]]).run_while(|id| {
            gate.wait_reached();
            // What has passed is to arrive and to be noted.
            std::thread::sleep(Duration::from_millis(300));
            signal(id, number);
            gate.open();
        });
        (proxy, outcome)
    }

    fn partials(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.there).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "partial")).collect()
    }

    fn journals(&self) -> usize {
        fs::read_dir(self.user.sandbox.path("home/.cache/sclone/runs")).map_or(0, Iterator::count)
    }

    /// The new file stands there alone, and nothing of the way it came is left.
    #[track_caller]
    fn assert_done(&self) {
        assert_eq!(Tree::read(&self.there), Tree::new().file("f", content()));
        assert_eq!(self.journals(), 0);
    }

    /// The old file and one partial stand there.
    #[track_caller]
    fn assert_half(&self) -> PathBuf {
        assert_eq!(fs::read(self.there.join("f")).unwrap(), b"old");
        let partials = self.partials();
        assert_eq!((partials.len(), self.journals()), (1, 1), "{partials:?}");
        partials[0].clone()
    }
}

fn is_resumed(outcome: &Outcome) -> bool {
    String::from_utf8_lossy(&outcome.stderr).contains("INFO  : f: Resumed at ")
}

#[test]
fn a_lost_connection_costs_only_what_was_on_its_way() {
    for direction in BOTH {
        let ground = Ground::new(true);
        let cut = Fault::Cut { after: MIDDLE, ending: Ending::Reset };
        let _proxy = ground.behind(direction, cut);
        let outcome = ground.copy(&ground.places(direction, "p"), &[]);
        outcome.code(0).stderr_has(&["NOTICE: f: attempt 1 of 10", "(this run wrote it)"]);
        ground.assert_done();
    }
}

#[test]
fn the_next_run_goes_on_where_a_killed_or_stopped_one_was() {
    for (direction, number, with_shell) in [
        (Direction::ToServer, Signal::KILL, true),
        (Direction::ToClient, Signal::KILL, false),
        (Direction::ToServer, Signal::INT, false),
        (Direction::ToClient, Signal::TERM, true),
    ] {
        let ground = Ground::new(with_shell);
        let (_proxy, stopped) = ground.stop(direction, number);
        assert!(!is_resumed(&stopped));
        ground.assert_half();
        let by = if with_shell { "(compared by md5)" } else { "(compared by its last blocks)" };
        ground.copy(&ground.places(direction, "p"), &[]).code(0).stderr_has(&["INFO  : f: Resumed at ", by]);
        ground.assert_done();
    }
}

#[test]
fn what_was_tampered_with_is_begun_anew() {
    for (with_shell, at) in [(true, 5_000_000), (false, 1000)] {
        let ground = Ground::new(with_shell);
        let (_proxy, _) = ground.stop(Direction::ToServer, Signal::KILL);
        let partial = ground.assert_half();
        let mut tampered = fs::read(&partial).unwrap();
        tampered[at] ^= 1;
        fs::write(&partial, tampered).unwrap();
        let outcome = ground.copy(&ground.places(Direction::ToServer, "p"), &[]);
        outcome.code(0).stderr_has(&["INFO  : f: Begun anew"]);
        assert!(!is_resumed(&outcome), "{outcome}");
        ground.assert_done();
    }
}

#[test]
fn a_partial_that_is_longer_than_its_file_is_begun_anew() {
    let ground = Ground::new(true);
    let (_proxy, _) = ground.stop(Direction::ToServer, Signal::KILL);
    let partial = ground.assert_half();
    let file = fs::File::options().write(true).open(partial).unwrap();
    file.set_len(SIZE as u64 + 1000).unwrap();
    let outcome = ground.copy(&ground.places(Direction::ToServer, "p"), &["--retries=1"]);
    assert!(!is_resumed(outcome.code(0)), "{outcome}");
    ground.assert_done();
}

#[test]
fn a_source_that_has_changed_since_is_begun_anew_and_the_partial_removed() {
    let ground = Ground::new(true);
    let (_proxy, _) = ground.stop(Direction::ToServer, Signal::KILL);
    ground.assert_half();
    let new = Tree::new().file_with("f", [&content()[..], b"more"].concat(), 0o644, 1_600_000_000);
    new.write(&ground.here);
    let outcome = ground.copy(&ground.places(Direction::ToServer, "p"), &[]);
    assert!(!is_resumed(outcome.code(0)), "{outcome}");
    assert_eq!((Tree::read(&ground.there), ground.journals()), (new, 0));
}

#[test]
fn a_source_that_is_gone_leaves_no_partial_behind() {
    let ground = Ground::new(true);
    let (_proxy, _) = ground.stop(Direction::ToServer, Signal::KILL);
    ground.assert_half();
    fs::remove_file(ground.here.join("f")).unwrap();
    ground.copy(&ground.places(Direction::ToServer, "p"), &[]).code(0);
    assert_eq!((ground.partials(), ground.journals()), (vec![], 0));
}

#[test]
fn two_runs_at_once_share_no_partial() {
    let ground = Ground::new(true);
    let gate = Gate::default();
    let pause = Fault::Pause { after: MIDDLE, gate: gate.clone() };
    let _proxy = ground.behind(Direction::ToServer, pause);
    let places = ground.places(Direction::ToServer, "p");
    let first = ground.user.sandbox.sclone(["copy", "-v", &places[0], &places[1]]).run_while(|_| {
        gate.wait_reached();
        let second = ground.copy(&places, &[]);
        assert!(!is_resumed(second.code(0)), "{second}");
        assert_eq!(fs::read(ground.there.join("f")).unwrap(), content());
        gate.open();
    });
    first.code(0);
    ground.assert_done();
}

#[test]
fn a_file_written_in_place_has_no_partial_and_no_old_end() {
    for direction in BOTH {
        let ground = Ground::new(true);
        fs::write(ground.there.join("f"), vec![1; SIZE + 1000]).unwrap();
        ground.copy(&ground.places(direction, "r"), &["--inplace"]).code(0).stdout("");
        ground.assert_done();
        fs::remove_file(ground.there.join("f")).unwrap();
        ground.copy(&ground.places(direction, "r"), &["--inplace"]).code(0);
        ground.assert_done();
    }
}

#[test]
fn a_file_written_in_place_is_written_again_when_the_connection_is_lost() {
    let ground = Ground::new(false);
    fs::remove_file(ground.there.join("f")).unwrap();
    let cut = Fault::Cut { after: MIDDLE, ending: Ending::Close };
    let _proxy = ground.behind(Direction::ToServer, cut);
    let outcome = ground.copy(&ground.places(Direction::ToServer, "p"), &["--inplace"]);
    outcome.code(0).stderr_has(&["attempt 1 of 10"]);
    ground.assert_done();
}

#[test]
fn a_partial_has_the_suffix_that_was_asked_for() {
    let ground = Ground::new(true);
    let gate = Gate::default();
    let _proxy = ground.behind(Direction::ToServer, Fault::Pause { after: MIDDLE, gate: gate.clone() });
    let places = ground.places(Direction::ToServer, "p");
    let run = ground.user.sandbox.sclone(["copy", "--partial-suffix=.tmp~", &places[0], &places[1]]);
    let outcome = run.run_while(|_| {
        gate.wait_reached();
        let names = fs::read_dir(&ground.there).unwrap().map(|entry| entry.unwrap().file_name());
        let suffixed = names.filter(|name| name.to_str().is_some_and(|name| name.ends_with(".tmp~")));
        assert_eq!(suffixed.count(), 1);
        gate.open();
    });
    outcome.code(0);
    let refused = ground.copy(&places, &["--partial-suffix=.12345678901234567"]);
    refused.code(1).stderr_has(&["--partial-suffix", "at most 16 bytes but got 18"]);
}

#[test]
fn every_file_is_compared_by_hash_when_asked_for() {
    for direction in BOTH {
        let ground = Ground::new(true);
        Tree::new().file("a", "one").file("sub/b", "two").write(&ground.here);
        let outcome = ground.copy(&ground.places(direction, "r"), &["--verify=hash"]);
        outcome.code(0);
        assert_eq!(Tree::read(&ground.there), Tree::read(&ground.here));
        let without = Ground::new(false);
        let outcome = without.copy(&without.places(direction, "r"), &["--verify=hash"]);
        outcome.code(0).stderr_has(&["NOTICE: no hash can be had of both sides"]);
    }
}
