//! One fault at every place in turn: whatever fails, each file is the old one or the new one whole, the exit code is
//! true, and running again completes the copy.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::ca::KeyType;
use crate::support::hostile::{Action, Rule};
use crate::support::process::signal;
use crate::support::proxy::{Direction, Ending, Fault, Gate, Proxy};
use crate::support::sandbox::Outcome;
use crate::support::server::Server;
use crate::support::tree::{Node, Tree};
use crate::support::user::User;

/// Which way the files go.
#[derive(Clone, Copy, Debug)]
enum Way {
    Up,
    Down,
}

/// A user with a remote `clean:` that does as it is told.
struct Ground {
    user: User,
    clean: Server,
}

impl Ground {
    fn new() -> Self {
        let user = User::new(KeyType::Ed25519);
        let clean = user.server().start();
        user.remote("clean", &clean);
        Self { user, clean }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.user.sandbox.path(name)
    }

    /// Lays out the two trees: three files to copy, one of them over an old one.
    fn lay_out(&self) {
        for name in ["from", "to"] {
            drop(fs::remove_dir_all(self.path(name)));
        }
        GOAL.write(&self.path("from"));
        old().write(&self.path("to"));
    }

    fn places(&self, way: Way, remote: &str) -> [String; 2] {
        let [from, to] = ["from", "to"].map(|name| self.path(name).display().to_string());
        match way {
            Way::Up => [from, format!("{remote}:{to}")],
            Way::Down => [format!("{remote}:{from}"), to],
        }
    }

    /// Copies without trying again and again: what one fault leaves is what is looked at.
    fn copy(&self, way: Way, remote: &str) -> Outcome {
        let [from, to] = self.places(way, remote);
        let flags = ["--timeout", "10s", "--retries", "1", "--low-level-retries", "2"];
        let arguments = ["copy", &from, &to].into_iter().chain(flags);
        self.user.sandbox.sclone(arguments).within(Duration::from_secs(60)).run()
    }

    /// Checks what a run may leave, and that the next one completes it.
    #[track_caller]
    fn check(&self, way: Way, outcome: &Outcome, what: &str) {
        assert_eq!(Tree::read(&self.path("from")), *GOAL, "{what}: the source changed\n{outcome}");
        // A time or mode that could not be set is said and is no failure, so only contents count.
        let is_done = || contents(&whole_files(&self.path("to"), what)) == contents(&GOAL);
        if outcome.succeeded() {
            assert!(is_done(), "{what}: the exit code says that all is there\n{outcome}");
        } else if !is_done() {
            self.copy(way, "clean").code(0);
            assert!(is_done(), "{what}: running again did not complete it");
        }
    }
}

static GOAL: LazyLock<Tree> = LazyLock::new(|| {
    let large: Vec<_> = (0..300_000_u32).map(|number| (number % 251) as u8).collect();
    Tree::new().file("d/new", "new").file("large", large).file("replaced", "new content")
});

fn old() -> Tree {
    Tree::new().file_with("replaced", "old", 0o644, 1_500_000_000)
}

/// The tree without partial files. Nobody else may read a partial file that is not complete, and every other file is
/// the old one or the new one.
#[track_caller]
fn whole_files(root: &Path, what: &str) -> Tree {
    let known: Vec<_> = [&GOAL, &old()].into_iter().flat_map(contents).map(|(_, content)| content).collect();
    let tree = Tree::read(root);
    for (path, node) in tree.entries() {
        let Node::File { content, mode, .. } = node else { continue };
        let is_private = path.ends_with(b".partial") && *mode == 0o600;
        assert!(is_private || known.contains(content), "{what}: {} is torn: {node:?}", path.escape_ascii());
    }
    tree.without(|path| path.ends_with(b".partial"))
}

fn contents(tree: &Tree) -> Vec<(Vec<u8>, Vec<u8>)> {
    let file = |(path, node): (&[u8], &Node)| match node {
        Node::File { content, .. } => Some((path.to_vec(), content.clone())),
        _ => None,
    };
    tree.entries().filter_map(file).collect()
}

/// Fails the `nth` request of a copy for every `nth` there is, each time on the same ground.
fn sweep(way: Way, action: &Action) {
    let ground = Ground::new();
    let mut nth = 1;
    loop {
        ground.lay_out();
        let server = ground.user.server().hostile(&[Rule::new("*", nth, action.clone())]).start();
        ground.user.remote(&format!("r{nth}"), &server);
        let outcome = ground.copy(way, &format!("r{nth}"));
        ground.check(way, &outcome, &format!("{way:?}, {action:?} for request {nth}"));
        if server.requests().len() < usize::try_from(nth).unwrap() {
            break;
        }
        nth += 1;
    }
    assert!(nth > 15, "only {nth} requests were made to fail");
}

fn failure() -> Action {
    Action::Status { code: 4, text: "Failure".into() }
}

#[test]
fn any_request_of_an_upload_may_fail() {
    sweep(Way::Up, &failure());
}

#[test]
fn any_request_of_a_download_may_fail() {
    sweep(Way::Down, &failure());
}

#[test]
fn the_server_may_go_away_at_any_request_of_an_upload() {
    sweep(Way::Up, &Action::Close);
}

#[test]
fn the_server_may_go_away_at_any_request_of_a_download() {
    sweep(Way::Down, &Action::Close);
}

/// Through a network with a fault, at positions that cover all that passes in a copy.
fn through_the_network(fault: impl Fn(u64) -> Fault) {
    let ground = Ground::new();
    for (way, direction, bytes) in [
        (Way::Up, Direction::ToServer, 320_000),
        (Way::Up, Direction::ToClient, 9_000),
        (Way::Down, Direction::ToServer, 6_000),
        (Way::Down, Direction::ToClient, 320_000),
    ] {
        for step in 0..6 {
            ground.lay_out();
            let at = bytes * step / 6 + step;
            let proxy = Proxy::to(ground.clean.port()).fault_on(0, direction, fault(at)).start();
            let name = format!("p{at}");
            let port = proxy.port().to_string();
            ground.user.remote_with(&name, &ground.clean, &[("port", &port), ("host_key_policy", "off")]);
            let outcome = ground.copy(way, &name);
            ground.check(way, &outcome, &format!("{way:?}, {direction:?} at byte {at}"));
        }
    }
}

#[test]
fn the_connection_may_be_cut_at_any_byte() {
    through_the_network(|after| Fault::Cut { after, ending: Ending::Reset });
}

#[test]
fn a_drip_is_not_taken_for_life() {
    let ground = Ground::new();
    for (way, direction) in [(Way::Up, Direction::ToServer), (Way::Down, Direction::ToClient)] {
        ground.lay_out();
        let drip = Fault::Drip { after: 150_000 };
        let proxy = Proxy::to(ground.clean.port()).fault_on(0, direction, drip).start();
        let (name, port) = (format!("{way:?}"), proxy.port().to_string());
        ground.user.remote_with(&name, &ground.clean, &[("port", &port), ("host_key_policy", "off")]);
        let [from, to] = ground.places(way, &name);
        let arguments = ["copy", "--timeout", "3s", &from, &to];
        let outcome = ground.user.sandbox.sclone(arguments).within(Duration::from_secs(60)).run();
        outcome.code(0).stderr_has(&["no answer from the server for 3s"]);
        assert_eq!(proxy.connections(), 2);
        ground.check(way, &outcome, &name);
    }
}

#[test]
fn any_byte_may_arrive_damaged() {
    through_the_network(|at| Fault::Flip { at });
}

/// Runs a copy until some bytes have passed, and then does something to the program or the server.
fn interrupt(way: Way, after: u64, interruption: impl FnOnce(&Ground, u32)) -> (Ground, Outcome) {
    let ground = Ground::new();
    ground.lay_out();
    let (gate, direction) = match way {
        Way::Up => (Gate::default(), Direction::ToServer),
        Way::Down => (Gate::default(), Direction::ToClient),
    };
    let pause = Fault::Pause { after, gate: gate.clone() };
    let proxy = Proxy::to(ground.clean.port()).fault_on(0, direction, pause).start();
    let port = proxy.port().to_string();
    ground.user.remote_with("p", &ground.clean, &[("port", &port), ("host_key_policy", "off")]);
    let [from, to] = ground.places(way, "p");
    let run = ground.user.sandbox.sclone(["copy", &from, &to]).within(Duration::from_secs(60));
    let outcome = run.run_while(|id| {
        gate.wait_reached();
        interruption(&ground, id);
        gate.open();
    });
    (ground, outcome)
}

#[test]
fn the_program_may_be_killed_at_any_time() {
    for way in [Way::Up, Way::Down] {
        for after in (6_000..300_000).step_by(40_000) {
            let (ground, outcome) = interrupt(way, after, |_, id| signal(id, Signal::KILL));
            assert!(!outcome.succeeded());
            ground.check(way, &outcome, &format!("{way:?}, killed after {after} bytes"));
        }
    }
}

#[test]
fn the_server_may_crash_at_any_time() {
    for way in [Way::Up, Way::Down] {
        for after in (6_000..300_000).step_by(60_000) {
            let (ground, outcome) = interrupt(way, after, |ground, _| ground.clean.kill_sessions());
            ground.check(way, &outcome, &format!("{way:?}, server killed after {after} bytes"));
        }
    }
}
