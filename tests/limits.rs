//! What a run keeps to: a bandwidth, a number of operations, and one run of a job at a time.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::ca::KeyType;
use crate::support::process::{signal, wait_for_handlers};
use crate::support::proxy::{Direction, Fault, Gate, Proxy};
use crate::support::server::Server;
use crate::support::tree::Tree;
use crate::support::user::User;

const SIZE: usize = 1_500_000;

struct Ground {
    user: User,
    server: Server,
    here: PathBuf,
    there: PathBuf,
}

impl Ground {
    fn new() -> Self {
        let user = User::new(KeyType::Ed25519);
        let server = user.server().start();
        user.remote("r", &server);
        let (here, there) = (user.sandbox.path("here"), user.sandbox.path("there"));
        Tree::new().file("large", vec![1; SIZE]).file("small", "little").write(&here);
        Self { user, server, here, there }
    }

    fn up(&self) -> [String; 2] {
        [self.here.display().to_string(), format!("r:{}", self.there.display())]
    }

    /// How long a copy takes, in seconds.
    fn seconds(&self, places: &[String; 2], flag: &str) -> f64 {
        let started = Instant::now();
        self.user.sandbox.sclone(["copy", &places[0], &places[1], flag]).run().code(0);
        started.elapsed().as_secs_f64()
    }
}

#[test]
fn a_bandwidth_is_kept_to_in_its_direction() {
    for (flag, direction, limited) in [
        ("--bwlimit=500k", Direction::ToServer, true),
        ("--bwlimit=off:500k", Direction::ToServer, false),
        ("--bwlimit=off:500k", Direction::ToClient, true),
        ("--bwlimit=00:00,500k:off", Direction::ToServer, true),
        ("--bwlimit-file=500k", Direction::ToClient, true),
    ] {
        let ground = Ground::new();
        let (here, there) = (ground.here.display(), ground.there.display());
        let places = match direction {
            Direction::ToServer => [here.to_string(), format!("r:{there}")],
            Direction::ToClient => [format!("r:{here}"), there.to_string()],
        };
        let seconds = ground.seconds(&places, flag);
        // The first piece goes at once, and each of the files has a limit of its own with --bwlimit-file.
        assert_eq!(seconds > 2.5, limited, "{flag} {direction:?}: {seconds} s");
        assert_eq!(Tree::read(&ground.there), Tree::read(&ground.here));
    }
}

#[test]
fn operations_are_spread_over_time() {
    let ground = Ground::new();
    let started = Instant::now();
    let [from, to] = ground.up();
    ground.user.sandbox.sclone(["copy", &from, &to, "--tpslimit=4"]).run().code(0);
    // Looking at the destination, listing it, and three operations for each of two files.
    assert!(started.elapsed() > Duration::from_secs(1), "{:?}", started.elapsed());
}

#[test]
fn a_limit_that_makes_no_sense_is_refused() {
    let ground = Ground::new();
    let [from, to] = ground.up();
    for flag in ["--bwlimit=x", "--bwlimit=8:00,1M", "--bwlimit-file=", "--tpslimit=fast"] {
        ground.user.sandbox.sclone(["copy", &from, &to, flag]).run().code(2);
    }
}

#[test]
fn one_run_of_a_job_at_a_time() {
    let ground = Ground::new();
    let gate = Gate::default();
    let pause = Fault::Pause { after: 500_000, gate: gate.clone() };
    let proxy = Proxy::to(ground.server.port()).fault_on(0, Direction::ToServer, pause).start();
    let port = proxy.port().to_string();
    ground.user.remote_with("p", &ground.server, &[("port", &port), ("host_key_policy", "off")]);
    let (from, to) = (ground.here.display().to_string(), format!("p:{}", ground.there.display()));
    let copy = |flags: &[&str]| ground.user.sandbox.sclone([&["copy", &from, &to], flags].concat());
    copy(&["--lock"]).run_while(|id| {
        gate.wait_reached();
        let refused = copy(&["--lock"]).run();
        let process = format!("runs the same job as process {id} since 20");
        refused.code(25).stdout("").stderr_has(&[&process, "wait for it with --lock-wait"]);
        copy(&["--lock-wait=300ms"]).run().code(25).stderr_has(&["NOTICE: waiting: "]);
        // Another job is none of its business, and who does not ask is not held up.
        let elsewhere = format!("{to}-else");
        ground.user.sandbox.sclone(["copy", &from, &elsewhere, "--lock"]).run().code(0);
        signal(id, Signal::KILL);
    });
    copy(&["--lock"]).run().code(0);
    assert_eq!(Tree::read(&ground.there), Tree::read(&ground.here));
    let locks = std::fs::read_dir(ground.user.sandbox.path("home/.cache/sclone/locks")).unwrap();
    assert_eq!(locks.count(), 0);
}

#[test]
fn what_fits_under_a_limit_of_bytes_is_completed() {
    let ground = Ground::new();
    let (from, [_, to]) = (ground.user.sandbox.path("many"), ground.up());
    (0..40).fold(Tree::new(), |tree, number| tree.file(format!("f{number:02}"), [b'x'; 1024])).write(&from);
    let copy = ["copy", "--max-transfer", "10K", from.to_str().unwrap(), &to];
    for done in [10, 20] {
        ground.user.sandbox.sclone(copy).run().code(8).stderr_has(&["max transfer limit reached"]);
        assert_eq!(Tree::read(&ground.there).entries().count(), done);
    }
    for mode in ["soft", "cautious"] {
        let outcome = ground.user.sandbox.sclone(copy).env("SCLONE_CUTOFF_MODE", mode).run();
        let lines = outcome.code(8).stderr.split(|byte| *byte == b'\n').count();
        assert!(lines < 5, "what is left is not told file by file: {outcome}");
    }
}

#[test]
fn a_signal_switches_the_bandwidth_limit_off() {
    let ground = Ground::new();
    let [from, to] = ground.up();
    // It would take longer than a run may here.
    let line = ["copy", &from, &to, "--bwlimit=10k"];
    let outcome = ground.user.sandbox.sclone(line).run_while(|id| {
        wait_for_handlers(id, &[Signal::USR2]);
        signal(id, Signal::USR2);
    });
    outcome.code(0).stderr_has(&["NOTICE: Bandwidth limit disabled by user (now off)"]);

    let nothing_to_switch = ground.user.sandbox.sclone(["copy", &from, &to, "--bwlimit-file=300k"]);
    std::fs::remove_dir_all(&ground.there).unwrap();
    let outcome = nothing_to_switch.run_while(|id| {
        wait_for_handlers(id, &[Signal::USR2]);
        signal(id, Signal::USR2);
    });
    outcome.code(0).stderr("");
}

#[test]
fn a_run_under_nohup_outlives_its_terminal() {
    let ground = Ground::new();
    let [from, to] = ground.up();
    let script = "trap '' HUP; exec \"$0\" copy \"$1\" \"$2\" --bwlimit=1M";
    let arguments = ["-c", script, env!("CARGO_BIN_EXE_sclone"), &from, &to];
    let sandbox = &ground.user.sandbox;
    let outcome = sandbox.program(std::path::Path::new("/bin/sh"), arguments).run_while(|id| {
        wait_for_handlers(id, &[Signal::TERM, Signal::USR2]);
        signal(id, Signal::HUP);
    });
    outcome.code(0).stderr("");
    assert_eq!(Tree::read(&ground.there), Tree::read(&ground.here));
}
