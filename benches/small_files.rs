//! How much many requests in flight matter: small files over one connection to a real sshd, one at a time and 64 at
//! once. `cargo bench` prints files per second, the median of three rounds, and their ratio.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a benchmark ends at the first surprise"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_executor::block_on;
use sclone::cancel::Cancel;
use sclone::config::environment::Environment;
use sclone::config::sftp_options::SftpOptions;
use sclone::fs::{Local, Sftp, Tuning};
use sclone::questions::Nobody;
use sclone::sftp::Pool;
use sclone::ssh::{Factory, Surroundings};
use sclone::transfer::gate::Caution;
use sclone::transfer::task::{Rules, Task};
use sclone::transfer::{Copy, FileOptions, Gate, Retries, Stats, Streams, Verify};

#[path = "../tests/support/mod.rs"]
#[expect(dead_code, reason = "the tests use what this does not")]
mod support;

use support::ca::KeyType;
use support::server::{Server, current_user};
use support::tree::Tree;
use support::user::User;

const FILES: usize = 2000;
const SIZE: usize = 4096;
const ROUNDS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(60);

fn main() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    let source = user.sandbox.path("source");
    let tree =
        (0..FILES).fold(Tree::new(), |tree, number| tree.file(format!("file{number:05}"), vec![7; SIZE]));
    tree.write(&source);

    let mut rates = [1, 64].map(|in_flight| (in_flight, Vec::new()));
    for round in 0..ROUNDS {
        for (in_flight, rates) in &mut rates {
            let target = user.sandbox.path(format!("target-{in_flight}-{round}"));
            rates.push(files_per_second(&user, &server, *in_flight, &source, &target));
        }
    }
    let [one, many] = rates.map(|(in_flight, mut rates)| {
        rates.sort_by(f64::total_cmp);
        let median = rates[ROUNDS / 2];
        println!("{in_flight:>3} in flight: {median:>7.0} files/s of {SIZE} bytes, rounds {rates:.0?}");
        median
    });
    println!("ratio: {:.1}", many / one);
}

fn files_per_second(user: &User, server: &Server, in_flight: usize, source: &Path, target: &Path) -> f64 {
    let stats = Stats::new();
    let copy = Copy {
        source: Arc::new(Local::new(source)),
        only: None,
        destination: Arc::new(remote(user, server, target)),
        in_flight,
        files: file_options(),
        transfers: 4,
        folders: 64,
        max_depth: None,
        filter: Arc::default(),
        empty_dirs: false,
        gate: Arc::new(Gate::new(Caution::Off, Arc::new(Nobody))),
        task: Task::Copy,
        rules: Rules::default(),
        retries: Retries { runs: 1, pause: Duration::ZERO, attempts: 1 },
        stats: stats.clone(),
        cancel: Cancel::new(),
    };
    // The login is not what is measured.
    block_on(copy.destination.real_path(&sclone::path::RelPath::root())).ok();
    let started = Instant::now();
    block_on(copy.run()).unwrap();
    let seconds = started.elapsed().as_secs_f64();
    assert_eq!(stats.snapshot().transfers.done, FILES as u64, "{:?}", stats.errors());
    FILES as f64 / seconds
}

fn remote(user: &User, server: &Server, target: &Path) -> Sftp {
    let options = |name: &str| match name {
        "host" => Some("127.0.0.1".to_owned()),
        "port" => Some(server.port().to_string()),
        "user" => Some(current_user()),
        "key_file" => Some(user.key.path().display().to_string()),
        "known_hosts_file" => Some(server.known_hosts().display().to_string()),
        _ => None,
    };
    let options = SftpOptions::from_lookup(options, &Environment::of_process()).unwrap();
    let surroundings = Surroundings {
        config: None,
        home: None,
        agent_socket: None,
        connect_timeout: PATIENCE,
        timeout: PATIENCE,
        questions: Arc::new(Nobody),
        cancel: Cancel::new(),
    };
    let factory = Factory::new("bench", options, surroundings).unwrap();
    let pool = Pool::new(Arc::new(move || factory.connect()), PATIENCE, None);
    Sftp::new(
        Arc::new(pool),
        target.as_os_str().as_encoded_bytes(),
        "sftp://bench/".into(),
        Tuning::default(),
    )
}

fn file_options() -> FileOptions {
    FileOptions {
        streams: Streams { cutoff: u64::MAX, most: 1 },
        umask: 0o022,
        metadata: None,
        tolerates_change: false,
        verify: Verify::Size,
        partial_suffix: ".partial".into(),
        in_place: false,
        bandwidth: None,
        file_bandwidth: None,
        fsync: false,
        journals: None,
    }
}
