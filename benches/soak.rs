//! Hours of use in minutes: thousands of connections that break, also amid copies, certificates that last for seconds,
//! keys exchanged every megabyte, and nothing left over.
//!
//! Runs for `SOAK_SECONDS` (600 unless set) against a real sshd. Any file that differs, and any descriptor, thread,
//! process, journal or temporary file that is left, ends it.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a soak ends at the first surprise"
)]

use std::fs;
use std::path::{Path, PathBuf};
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
/// Connections made, besides a copy, before the first count, so that what is made once is there.
const WARM_UP: usize = 10;
/// Connections between two copies.
const CONNECTIONS: u64 = 40;
/// How often each copy loses its connections, and how long it is left alone after that.
const BREAKS: u32 = 3;
const ALONE: Duration = Duration::from_millis(600);
/// How many MiB more may be held at the end than at the beginning.
const GROWTH: u64 = 32;

fn main() {
    let seconds =
        std::env::var("SOAK_SECONDS").map_or(600, |text| text.parse().expect("SOAK_SECONDS: a number"));
    let begun = Instant::now();
    let soak = Soak::new();
    soak.copy_there_and_back(0);
    (0..WARM_UP).for_each(|_| soak.break_and_connect());
    let before = Belongings::count();
    println!("at the beginning: {before}");
    let (mut copies, mut connections) = (1_u64, 0_u64);
    while begun.elapsed() < Duration::from_secs(seconds) {
        soak.copy_there_and_back(copies);
        copies += 1;
        (0..CONNECTIONS).for_each(|_| soak.break_and_connect());
        connections += CONNECTIONS;
        let after = Belongings::count();
        let (renewals, elapsed) = (soak.renewals(), begun.elapsed().as_secs());
        println!(
            "after {elapsed} s: {copies} copies of 24 MiB each way, {connections} broken connections, {renewals} renewals; {after}"
        );
        before.assert_nothing_is_left(&after);
    }
    let (accepted, exchanges) = (soak.server.connections(), soak.key_exchanges());
    println!("{accepted} connections exchanged keys {exchanges} times; nothing was left over");
    assert!(soak.renewals() > 1, "no certificate ended");
    assert!(exchanges > accepted, "keys were exchanged at the beginning of connections only");
}

/// A user whose certificates last for seconds, a server, and connections to it.
struct Soak {
    user: User,
    server: Server,
    pool: Pool,
}

impl Soak {
    fn new() -> Self {
        let user = User::new(KeyType::Ed25519);
        let server = user.server().setting("RekeyLimit 1M").setting("LogLevel DEBUG1").start();
        user.authority.sign(&user.key).principals(&[&current_user()]).valid("20200101:20210101").write();
        let command = renewal(&user);
        user.remote_with("r", &server, &[("cert_command", &command), ("cert_renew_before", "2s")]);
        let pool = pool(&user, &server, &command);
        Self { user, server, pool }
    }

    /// Ends every session of the server, and uses the pool, which has to connect again.
    fn break_and_connect(&self) {
        self.server.kill_sessions();
        let end = Instant::now() + PATIENCE;
        while block_on(async { self.pool.client().await?.real_path(b".").await }).is_err() {
            assert!(Instant::now() < end, "the connection does not come back");
        }
    }

    /// Copies a tree up and down with the program itself while its connections break, and looks at what it leaves.
    fn copy_there_and_back(&self, number: u64) {
        let [here, there, back] = ["here", "there", "back"].map(|name| self.user.sandbox.path(name));
        for folder in [&here, &there, &back] {
            drop(fs::remove_dir_all(folder));
        }
        let content: Vec<u8> =
            (0..24 * 1024 * 1024_u64).map(|byte| (byte.wrapping_mul(number + 7) % 251) as u8).collect();
        let large = Tree::new().file("large", content);
        let tree = (0..200).fold(large, |tree, name| tree.file(format!("d/{name}"), "x"));
        tree.write(&here);
        let remote = format!("r:{}", there.display());
        self.copy(here.to_str().unwrap(), &remote, &there);
        self.copy(&remote, back.to_str().unwrap(), &back);
        assert!(Tree::read(&there) == tree && Tree::read(&back) == tree, "copy {number} differs");
        for folder in ["tmp", "home/.cache/sclone/runs"] {
            let left: Vec<PathBuf> = fs::read_dir(self.user.sandbox.path(folder))
                .map_or_else(|_| Vec::new(), |entries| entries.map(|entry| entry.unwrap().path()).collect());
            assert!(left.is_empty(), "files were left: {left:?}");
        }
    }

    /// Copies, and breaks the connections once something has come to the folder `arrives`.
    fn copy(&self, from: &str, to: &str, arrives: &Path) {
        let run = self.user.sandbox.sclone(["copy", "--retries", "10", from, to]).within(PATIENCE * 4);
        let outcome = run.run_while(|_| {
            let end = Instant::now() + PATIENCE;
            while !arrives.exists() && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(5));
            }
            for _ in 0..BREAKS {
                self.server.kill_sessions();
                std::thread::sleep(ALONE);
            }
        });
        outcome.code(0);
    }

    /// How many certificates have been made since the first.
    fn renewals(&self) -> usize {
        fs::read_to_string(self.user.sandbox.path("renewals")).unwrap_or_default().lines().count()
    }

    /// How often keys were agreed on, at the beginning of connections and later.
    fn key_exchanges(&self) -> usize {
        self.server.log().matches("SSH2_MSG_NEWKEYS received").count()
    }
}

/// A `cert_command` that signs for ten seconds and counts.
fn renewal(user: &User) -> String {
    let (ca, key) = (user.authority.path().display(), user.key.public_path());
    let (name, key) = (current_user(), key.display());
    let script = format!(
        "#!/bin/sh\necho >> {}\nexec ssh-keygen -q -s {ca} -I renewed -n {name} -V -1m:+10s {key}\n",
        user.sandbox.path("renewals").display()
    );
    let path = user.sandbox.write("renew", script);
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// What this process holds.
#[derive(Debug)]
struct Belongings {
    descriptors: usize,
    threads: usize,
    children: usize,
    /// In MiB.
    memory: u64,
}

impl std::fmt::Display for Belongings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { descriptors, threads, children, memory } = self;
        write!(f, "{descriptors} descriptors, {threads} threads, {children} children, {memory} MiB of memory")
    }
}

impl Belongings {
    fn count() -> Self {
        let entries = |folder: &str| fs::read_dir(folder).unwrap().count();
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kibibytes: u64 = resident.trim().trim_end_matches(" kB").parse().unwrap();
        Self {
            descriptors: entries("/proc/self/fd"),
            threads: entries("/proc/self/task"),
            children: descendants(std::process::id()).len(),
            memory: kibibytes / 1024,
        }
    }

    /// Threads and children of a connection that was just broken may still be on their way out.
    fn assert_nothing_is_left(&self, after: &Self) {
        let few = 8;
        assert!(
            after.descriptors <= self.descriptors + few
                && after.threads <= self.threads + few
                && after.children <= self.children + few
                && after.memory <= self.memory + GROWTH,
            "before {self:?}, after {after:?}"
        );
    }
}

fn pool(user: &User, server: &Server, command: &str) -> Pool {
    let options = |name: &str| match name {
        "host" => Some("127.0.0.1".to_owned()),
        "port" => Some(server.port().to_string()),
        "user" => Some(current_user()),
        "key_file" => Some(user.key.path().display().to_string()),
        "known_hosts_file" => Some(server.known_hosts().display().to_string()),
        "cert_command" => Some(command.to_owned()),
        "cert_renew_before" => Some("2s".to_owned()),
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
