//! Hours of use in minutes: thousands of connections that break, keys exchanged every megabyte, and nothing left over.
//!
//! Runs for `SOAK_SECONDS` (600 unless set) against a real sshd. Any file that differs, and any descriptor, thread,
//! process or temporary file that is left, ends it.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a soak ends at the first surprise"
)]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_executor::block_on;
use sclone::cancel::Cancel;
use sclone::config::environment::Environment;
use sclone::config::sftp_options::SftpOptions;
use sclone::questions::Nobody;
use sclone::sftp::Pool;
use sclone::ssh::{Factory, Surroundings};

#[path = "../tests/support/mod.rs"]
#[expect(dead_code, reason = "the tests use what this does not")]
mod support;

use support::ca::KeyType;
use support::process::descendants;
use support::server::{Server, current_user};
use support::tree::Tree;
use support::user::User;

const PATIENCE: Duration = Duration::from_secs(60);
/// Connections made before the first count, so that what is made once is there.
const WARM_UP: usize = 10;
/// Connections between two copies.
const CONNECTIONS: usize = 40;

fn main() {
    let seconds =
        std::env::var("SOAK_SECONDS").map_or(600, |text| text.parse().expect("SOAK_SECONDS: a number"));
    let end = Instant::now() + Duration::from_secs(seconds);
    let user = User::new(KeyType::Ed25519);
    let server = user.server().setting("RekeyLimit 1M").start();
    user.remote("r", &server);
    let pool = pool(&user, &server);
    (0..WARM_UP).for_each(|_| break_and_connect(&pool, &server));
    let before = Belongings::count();
    let (mut copies, mut connections) = (0_u64, 0_u64);
    while Instant::now() < end {
        copy_there_and_back(&user, copies);
        copies += 1;
        (0..CONNECTIONS).for_each(|_| break_and_connect(&pool, &server));
        connections += CONNECTIONS as u64;
        before.assert_same_as(&Belongings::count());
    }
    println!(
        "{copies} copies of 24 MiB each way, {connections} broken connections: nothing left over ({before:?})"
    );
}

/// Ends every session of the server, and uses the pool, which has to connect again.
fn break_and_connect(pool: &Pool, server: &Server) {
    server.kill_sessions();
    let end = Instant::now() + PATIENCE;
    while block_on(async { pool.client().await?.real_path(b".").await }).is_err() {
        assert!(Instant::now() < end, "the connection does not come back");
    }
}

/// Copies a tree up and down with the program itself, and looks at what it leaves behind.
fn copy_there_and_back(user: &User, number: u64) {
    let [here, there, back] = ["here", "there", "back"].map(|name| user.sandbox.path(name));
    for folder in [&here, &there, &back] {
        drop(fs::remove_dir_all(folder));
    }
    let content: Vec<u8> =
        (0..24 * 1024 * 1024_u64).map(|byte| (byte.wrapping_mul(number + 7) % 251) as u8).collect();
    let tree =
        (0..200).fold(Tree::new().file("large", content), |tree, name| tree.file(format!("d/{name}"), "x"));
    tree.write(&here);
    let remote = format!("r:{}", there.display());
    let [here, back_text] = [&here, &back].map(|path| path.display().to_string());
    user.sandbox.sclone(["copy", &here, &remote]).within(PATIENCE * 4).run().code(0).stderr("");
    user.sandbox.sclone(["copy", &remote, &back_text]).within(PATIENCE * 4).run().code(0).stderr("");
    assert!(Tree::read(&there) == tree && Tree::read(&back) == tree, "copy {number} differs");
    let left: Vec<PathBuf> =
        fs::read_dir(user.sandbox.path("tmp")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "temporary files were left: {left:?}");
}

/// What this process holds.
#[derive(Debug)]
struct Belongings {
    descriptors: usize,
    threads: usize,
    children: usize,
}

impl Belongings {
    fn count() -> Self {
        let entries = |folder: &str| fs::read_dir(folder).unwrap().count();
        Self {
            descriptors: entries("/proc/self/fd"),
            threads: entries("/proc/self/task"),
            children: descendants(std::process::id()).len(),
        }
    }

    /// Threads and children of a connection that was just broken may still be on their way out.
    fn assert_same_as(&self, after: &Self) {
        let few = 8;
        assert!(
            after.descriptors <= self.descriptors + few
                && after.threads <= self.threads + few
                && after.children <= self.children + few,
            "before {self:?}, after {after:?}"
        );
    }
}

fn pool(user: &User, server: &Server) -> Pool {
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
    let factory = Factory::new("soak", options, surroundings).unwrap();
    Pool::new(Arc::new(move || factory.connect()), PATIENCE, None)
}
