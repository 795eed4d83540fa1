//! A server or a network that stops answering, for good or for a while, at every step: the wait is bounded, the process
//! ends soon after, and slowness is not taken for death.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::ground::Ground;
use crate::support::hostile::{Action, Rule};
use crate::support::process::{descendants, signal};
use crate::support::proxy::{Direction, Fault, Gate, Proxy};
use crate::support::sandbox::Outcome;
use crate::support::server::current_user;
use crate::support::tree::{Node, Tree};

const BOUND: Duration = Duration::from_secs(3);
/// What may pass between the end of the wait and the end of the process, on a busy machine.
const GRACE: Duration = Duration::from_secs(5);
const ONCE: &str = "--timeout 3s --contimeout 3s --retries 1 --low-level-retries 1";

fn large() -> Vec<u8> {
    (0..3_000_000_u32).map(|number| (number % 251) as u8).collect()
}

fn goal() -> Tree {
    Tree::new().file("d/small", "new").file("f", large())
}

/// The two trees: `f` is to be replaced.
fn lay_out(ground: &Ground) {
    goal().write(&ground.here);
    Tree::new().file_with("f", "old", 0o644, 1_500_000_000).write(&ground.there);
}

#[track_caller]
fn assert_old_or_new(root: &Path, what: &str) {
    let content = std::fs::read(root.join("f")).unwrap();
    assert!(content == b"old" || content == large(), "{what}: torn, {} bytes", content.len());
}

/// Runs it and checks that it was given up when the bound was over, and ended soon.
#[track_caller]
fn give_up(ground: &Ground, line: &str, what: &str) -> Outcome {
    let started = Instant::now();
    let outcome = ground.invocation(&format!("{line} {ONCE}")).within(Duration::from_secs(60)).run();
    outcome.code(23);
    assert!(started.elapsed() < BOUND + BOUND + GRACE, "{what}: {:?}\n{outcome}", started.elapsed());
    assert_old_or_new(&ground.there, what);
    outcome
}

/// Does some of these at once: they wait more than they work.
fn side_by_side<T: Sync>(cases: &[T], case: impl Fn(&T) + Sync) {
    for some in cases.chunks(6) {
        std::thread::scope(|scope| {
            for one in some {
                scope.spawn(|| case(one));
            }
        });
    }
}

#[test]
fn a_request_that_is_never_answered_ends_the_run_in_time() {
    let requests =
        ["INIT", "OPENDIR", "READDIR", "OPEN", "WRITE", "FSETSTAT", "CLOSE", "posix-rename@openssh.com"];
    side_by_side(&requests, |request| {
        let ground = Ground::with(&[Rule::new(request, 0, Action::Silence)]);
        lay_out(&ground);
        give_up(&ground, "copy HERE @THERE", request).stderr_has(&["no answer from the server for 3s"]);
    });
}

#[test]
fn a_network_that_goes_silent_ends_the_run_in_time() {
    let up = ["copy HERE p:THERE", "copy p:HERE THERE"];
    let places = [0, 30, 1_500, 2_500, 4_000, 600_000];
    let cases: Vec<_> = up.iter().flat_map(|line| places.map(|after| (*line, after))).collect();
    side_by_side(&cases, |(line, after)| {
        let ground = Ground::new();
        lay_out(&ground);
        let direction = if line.ends_with(" THERE") || *after < 5_000 {
            Direction::ToClient
        } else {
            Direction::ToServer
        };
        let proxy = Proxy::to(ground.server.port()).fault(direction, Fault::Stall { after: *after }).start();
        let port = proxy.port().to_string();
        ground.user.remote_with("p", &ground.server, &[("port", &port), ("host_key_policy", "off")]);
        let line = line.replace("p:HERE", &format!("p:{}", ground.here.display()));
        let line = line.replace("p:THERE", &format!("p:{}", ground.there.display()));
        give_up(&ground, &line, &format!("{line} after {after} bytes"));
    });
}

/// Copies up through a network that stops for a while in the middle.
fn stop_for_a_while(pause: impl FnOnce(&Ground)) -> (Ground, Outcome) {
    let ground = Ground::new();
    lay_out(&ground);
    let gate = Gate::default();
    let halt = Fault::Pause { after: 600_000, gate: gate.clone() };
    let proxy = Proxy::to(ground.server.port()).fault_on(0, Direction::ToServer, halt).start();
    let port = proxy.port().to_string();
    ground.user.remote_with("p", &ground.server, &[("port", &port), ("host_key_policy", "off")]);
    let (from, to) = (ground.here.display().to_string(), format!("p:{}", ground.there.display()));
    let run = ground.user.sandbox.sclone(["copy", "--timeout", "20s", "-v", &from, &to]);
    let outcome = run.run_while(|_| {
        gate.wait_reached();
        pause(&ground);
        gate.open();
    });
    drop(proxy);
    (ground, outcome)
}

#[test]
fn a_server_that_is_stopped_for_a_while_is_waited_for() {
    let (ground, outcome) = stop_for_a_while(|ground| {
        let processes: Vec<_> = ground
            .server
            .session_ids()
            .into_iter()
            .flat_map(|id| [vec![id], descendants(id)].concat())
            .collect();
        for id in &processes {
            signal(*id, Signal::STOP);
        }
        std::thread::sleep(Duration::from_secs(2));
        for id in &processes {
            signal(*id, Signal::CONT);
        }
    });
    outcome.code(0);
    let log = String::from_utf8_lossy(&outcome.stderr).into_owned();
    assert!(!log.contains("attempt") && !log.contains("ERROR"), "{outcome}");
    assert_eq!(contents(&Tree::read(&ground.there)), contents(&goal()));
    assert_eq!(ground.server.connections(), 1);
}

fn contents(tree: &Tree) -> Vec<(Vec<u8>, Vec<u8>)> {
    let file = |(path, node): (&[u8], &Node)| match node {
        Node::File { content, .. } => Some((path.to_vec(), content.clone())),
        _ => None,
    };
    tree.entries().filter_map(file).collect()
}

#[test]
fn a_slow_link_is_not_a_dead_one() {
    let ground = Ground::new();
    Tree::new().file("f", vec![7; 1_000_000]).write(&ground.here);
    side_by_side(&[Direction::ToServer, Direction::ToClient], |direction| {
        let slow = Fault::Rate(200_000);
        let proxy = Proxy::to(ground.server.port()).fault(*direction, slow).start();
        let remote = format!(
            ":sftp,host=127.0.0.1,port={},user={},key_file={},host_key_policy=off:",
            proxy.port(),
            current_user(),
            ground.user.key.path().display(),
        );
        let (from, to) = (ground.here.display(), ground.user.sandbox.path(format!("{direction:?}")));
        let (from, to) = match direction {
            Direction::ToServer => (from.to_string(), remote + &to.display().to_string()),
            Direction::ToClient => (remote + &from.to_string(), to.display().to_string()),
        };
        let started = Instant::now();
        let outcome = ground.user.sandbox.sclone(["copy", "--timeout", "3s", &from, &to]).run();
        outcome.code(0);
        assert!(started.elapsed() > Duration::from_secs(4), "the link was not slow: {:?}", started.elapsed());
        assert_eq!(proxy.connections(), 1, "{outcome}");
    });
}

#[test]
fn a_server_that_takes_its_time_for_each_answer_is_waited_for() {
    let ground = Ground::with(&[Rule::new("*", 0, Action::Delay(700))]);
    Tree::new().file("f", "content").write(&ground.here);
    std::fs::create_dir(&ground.there).unwrap();
    let started = Instant::now();
    let outcome = ground.sclone("copy HERE @THERE --timeout 4s");
    outcome.code(0);
    assert!(started.elapsed() > Duration::from_secs(4), "the server was not slow: {:?}", started.elapsed());
    assert_eq!(Tree::read(&ground.there), Tree::read(&ground.here));
    assert_eq!(ground.server.connections(), 1);
}

#[test]
fn a_long_way_costs_round_trips_and_not_one_for_each_file() {
    let ground = Ground::new();
    let tree =
        (0..300).fold(Tree::new(), |tree, number| tree.file(format!("d{}/f{number}", number % 10), "x"));
    tree.write(&ground.here);
    let late = Fault::Latency(Duration::from_millis(50));
    let proxy = Proxy::to(ground.server.port())
        .fault(Direction::ToServer, late.clone())
        .fault(Direction::ToClient, late)
        .start();
    let port = proxy.port().to_string();
    ground.user.remote_with("p", &ground.server, &[("port", &port), ("host_key_policy", "off")]);
    let to = format!("p:{}", ground.there.display());
    let started = Instant::now();
    ground
        .user
        .sandbox
        .sclone(["copy", &ground.here.display().to_string(), &to])
        .run()
        .code(0)
        .stderr_has(&[]);
    // Three round trips for each file, one file after the other, would take 90 s.
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert_eq!(Tree::read(&ground.there), tree);
}
