//! Runs that die at any moment: every file is whole, the old one or the new one, and the next run completes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::ca::KeyType;
use crate::support::hostile::{Action, Rule};
use crate::support::process::signal;
use crate::support::proxy::{Direction, Ending, Fault, Proxy};
use crate::support::server::Server;
use crate::support::tree::Tree;
use crate::support::user::User;

/// Large enough to be gone on with.
const LARGE: usize = 6_000_000;
const SMALL_FILES: usize = 24;
/// Login shells may take their time, and these are many runs.
const NO_SHELL: (&str, &str) = ("shell_type", "none");

/// Numbers that are the same in every run of the tests (the generator of Knuth's MMIX).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A tree of one kind; no file of it is like one of another kind.
fn tree(kind: u8, modified: u64) -> Tree {
    let large: Vec<_> = (0..LARGE).map(|at| u8::try_from(at / 1000 % 250).unwrap() ^ kind).collect();
    (0..SMALL_FILES).fold(Tree::new().file_with("large", large, 0o644, modified), |tree, number| {
        let content = vec![kind; 100 + number * 1000 + usize::from(kind)];
        tree.file_with(format!("folder{}/{number}", number % 3), content, 0o644, modified)
    })
}

struct Ground {
    user: User,
    server: Server,
    here: PathBuf,
    there: PathBuf,
    old_tree: Tree,
    old: BTreeMap<PathBuf, Vec<u8>>,
    new: BTreeMap<PathBuf, Vec<u8>>,
}

impl Ground {
    fn new(rules: &[Rule]) -> Self {
        let user = User::new(KeyType::Ed25519);
        let server = user.server().hostile(rules).start();
        user.remote_with("r", &server, &[NO_SHELL]);
        let (here, there) = (user.sandbox.path("here"), user.sandbox.path("there"));
        tree(2, 1_600_000_000).write(&here);
        let old_tree = tree(1, 1_500_000_000);
        old_tree.write(&there);
        let (old, new) = (files(&there), files(&here));
        Self { user, server, here, there, old_tree, old, new }
    }

    /// Puts the old files back, and nothing else.
    fn reset(&self) {
        if self.there.exists() {
            fs::remove_dir_all(&self.there).unwrap();
        }
        self.old_tree.write(&self.there);
    }

    fn places(&self, from: &str, to: &str) -> [String; 2] {
        let place = |remote: &str, path: &Path| match remote {
            "" => path.display().to_string(),
            remote => format!("{remote}:{}", path.display()),
        };
        [place(from, &self.here), place(to, &self.there)]
    }

    /// Every file is there, old or new; what is incomplete has another name.
    #[track_caller]
    fn assert_whole(&self, round: &str) {
        let found = files(&self.there);
        for path in self.new.keys() {
            let content = found.get(path);
            let is_whole = content == self.old.get(path) || content == self.new.get(path);
            assert!(is_whole, "{round}: {}: {:?} bytes", path.display(), content.map(Vec::len));
        }
        let mut others = found.keys().filter(|path| !self.new.contains_key(*path));
        assert!(others.all(|path| path.extension().is_some_and(|it| it == "partial")), "{round}");
    }

    /// A run that nobody disturbs completes and leaves nothing behind.
    #[track_caller]
    fn assert_completes(&self, places: &[String; 2], round: &str) {
        self.user.sandbox.sclone(["copy", &places[0], &places[1]]).run().code(0);
        assert!(files(&self.there) == self.new, "{round}: {:?}", files(&self.there).keys());
        let left = fs::read_dir(self.user.sandbox.path("home/.cache/sclone/runs")).map_or(0, Iterator::count);
        assert_eq!(left, 0, "{round}: journals are left");
    }
}

/// The files below a folder, by their paths in it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Kills `rounds` runs at moments spread over the length of one, and lets every fifth of them be completed.
fn kill(from: &str, to: &str, rounds: u64) {
    let ground = Ground::new(&[]);
    let places = ground.places(from, to);
    let started = Instant::now();
    ground.assert_completes(&places, "undisturbed");
    let length = u64::try_from(started.elapsed().as_micros()).unwrap();
    ground.reset();
    let mut numbers = Numbers(rounds);
    for number in 0..rounds {
        let moment = Duration::from_micros(numbers.below(length));
        let round = format!("{from}->{to}, round {number}, killed after {moment:?}");
        ground.user.sandbox.sclone(["copy", &places[0], &places[1]]).run_while(|id| {
            std::thread::sleep(moment);
            signal(id, Signal::KILL);
        });
        ground.assert_whole(&round);
        if number % 5 == 4 {
            ground.assert_completes(&places, &round);
            ground.reset();
        }
    }
}

#[test]
fn a_killed_local_copy_leaves_whole_files() {
    kill("", "", 150);
}

#[test]
fn a_killed_upload_leaves_whole_files() {
    kill("", "r", 30);
}

#[test]
fn a_killed_download_leaves_whole_files() {
    kill("r", "", 30);
}

#[test]
fn a_connection_cut_at_any_byte_leaves_whole_files() {
    let ground = Ground::new(&[]);
    let mut numbers = Numbers(7);
    for number in 0..16 {
        let (direction, ending) = match number % 4 {
            0 => (Direction::ToServer, Ending::Reset),
            1 => (Direction::ToServer, Ending::Close),
            2 => (Direction::ToClient, Ending::Reset),
            _ => (Direction::ToClient, Ending::Close),
        };
        let after = 3000 + numbers.below(LARGE as u64);
        let proxy =
            Proxy::to(ground.server.port()).fault_on(0, direction, Fault::Cut { after, ending }).start();
        let (name, port) = (format!("p{number}"), proxy.port().to_string());
        ground.user.remote_with(
            &name,
            &ground.server,
            &[NO_SHELL, ("port", &port), ("host_key_policy", "off")],
        );
        let places = match direction {
            Direction::ToServer => ground.places("", &name),
            Direction::ToClient => ground.places(&name, ""),
        };
        let round = format!("round {number}, {direction:?} cut after {after} bytes");
        ground.user.sandbox.sclone(["copy", &places[0], &places[1]]).run();
        ground.assert_whole(&round);
        ground.assert_completes(&places, &round);
        ground.reset();
    }
}

#[test]
fn a_server_that_dies_at_any_request_leaves_whole_files() {
    for (request, nth) in
        [("OPEN", 9), ("WRITE", 1), ("WRITE", 20), ("CLOSE", 5), ("posix-rename@openssh.com", 11)]
    {
        let ground = Ground::new(&[Rule::new(request, nth, Action::Close)]);
        let places = ground.places("", "r");
        let round = format!("{request} {nth}");
        // Every connection dies at this request, so it takes several.
        let few = ["--low-level-retries=3", "--retries=1"];
        ground.user.sandbox.sclone([&["copy", &places[0], &places[1]], &few[..]].concat()).run();
        ground.assert_whole(&round);
    }
}
