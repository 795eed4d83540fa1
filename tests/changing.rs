//! The commands that make and remove folders and files: `mkdir rmdir rmdirs delete deletefile purge`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::support::ca::KeyType;
use crate::support::hostile::{Action, Rule};
use crate::support::sandbox::Outcome;
use crate::support::server::Server;
use crate::support::user::User;

/// A user who can log in as `r:`, a tree to change, and something outside it that nobody may touch.
pub(crate) struct Ground {
    pub(crate) user: User,
    pub(crate) server: Server,
    pub(crate) tree: PathBuf,
    pub(crate) outside: PathBuf,
}

impl Ground {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(rules: &[Rule]) -> Self {
        let user = User::new(KeyType::Ed25519);
        let server = match rules {
            [] => user.server().start(),
            rules => user.server().hostile(rules).start(),
        };
        user.remote("r", &server);
        let (tree, outside) = (user.sandbox.path("tree"), user.sandbox.path("outside"));
        let ground = Self { user, server, tree, outside };
        ground.plant();
        ground
    }

    /// Makes everything as it was at first.
    pub(crate) fn plant(&self) {
        for folder in [&self.tree, &self.outside] {
            if folder.exists() {
                fs::remove_dir_all(folder).unwrap();
            }
        }
        for folder in ["sub/deep", "empty/more"] {
            fs::create_dir_all(self.tree.join(folder)).unwrap();
        }
        for (file, content) in [("a", "a\n"), ("sub/b.txt", "bb\n"), ("sub/deep/c", "c\n")] {
            fs::write(self.tree.join(file), content).unwrap();
        }
        fs::create_dir(&self.outside).unwrap();
        fs::write(self.outside.join("kept"), "kept").unwrap();
        symlink(&self.outside, self.tree.join("folder-link")).unwrap();
        symlink("a", self.tree.join("file-link")).unwrap();
    }

    /// Both ways to a path of the tree.
    pub(crate) fn both(&self, path: &str) -> [String; 2] {
        let full = self.tree.join(path).display().to_string();
        let full = full.strip_suffix('/').filter(|_| path.is_empty()).unwrap_or(&full).to_owned();
        [full.clone(), format!("r:{full}")]
    }

    #[track_caller]
    pub(crate) fn sclone(&self, command: &str, path: &str) -> Outcome {
        let words: Vec<_> = command.split(' ').chain([path]).collect();
        self.user.sandbox.sclone(&words).run()
    }

    /// Every path of the tree that is left, sorted.
    pub(crate) fn left(&self) -> Vec<String> {
        assert_eq!(fs::read(self.outside.join("kept")).unwrap(), b"kept");
        let mut found = Vec::new();
        if self.tree.exists() {
            collect(&self.tree, &self.tree, &mut found);
        }
        found.sort();
        found
    }
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        found.push(entry.path().strip_prefix(root).unwrap().display().to_string());
        if entry.file_type().unwrap().is_dir() {
            collect(root, &entry.path(), found);
        }
    }
}

pub(crate) const EVERYTHING: [&str; 9] =
    ["a", "empty", "empty/more", "file-link", "folder-link", "sub", "sub/b.txt", "sub/deep", "sub/deep/c"];

pub(crate) fn without(gone: &[&str]) -> Vec<String> {
    EVERYTHING.iter().filter(|path| !gone.contains(path)).map(|path| (*path).to_owned()).collect()
}

#[test]
fn folders_are_made_and_removed() {
    let ground = Ground::new();
    for path in ground.both("new/one/two") {
        ground.plant();
        ground.sclone("mkdir", &path).code(0).stdout("").stderr("");
        ground.sclone("mkdir", &path).code(0).stderr("");
        ground.sclone("rmdir", &path).code(0).stdout("").stderr("");
        assert!(ground.tree.join("new/one").exists() && !ground.tree.join("new/one/two").exists());
        ground.sclone("rmdir", &path).code(3).stdout("").stderr_has(&["no such file"]);
        ground
            .sclone("mkdir --dry-run", &path)
            .code(0)
            .stderr_has(&["Skipped make directory as --dry-run is set"]);
        assert!(!ground.tree.join("new/one/two").exists());
    }
    for command in ["mkdir", "rmdir", "rmdirs", "purge"] {
        for path in ground.both("a") {
            ground.sclone(command, &path).code(1).stdout("").stderr_has(&["is a file not a directory"]);
        }
    }
    for path in ground.both("sub") {
        ground.sclone("rmdir", &path).code(1).stdout("").stderr_has(&["directory not empty"]);
    }
    for path in ground.both("folder-link") {
        ground.sclone("rmdir", &path).code(1).stdout("").stderr_has(&["symbolic link"]);
    }
}

#[test]
fn empty_folders_are_removed_with_those_they_empty() {
    let ground = Ground::new();
    for path in ground.both("") {
        ground.plant();
        ground.sclone("rmdirs -v", &path).code(0).stdout("").stderr_has(&["empty/more: Removing directory"]);
        assert_eq!(ground.left(), without(&["empty", "empty/more"]));
    }
    for path in ground.both("empty") {
        ground.plant();
        ground.sclone("rmdirs --leave-root", &path).code(0).stderr("");
        assert_eq!(ground.left(), without(&["empty/more"]));
        ground.sclone("rmdirs", &path).code(0).stderr("");
        assert_eq!(ground.left(), without(&["empty", "empty/more"]));
        ground.sclone("rmdirs", &path).code(3).stdout("");
    }
}

#[test]
fn delete_takes_files_and_follows_no_link() {
    let ground = Ground::new();
    let [local, remote] = ground.both("");
    for (path, link) in [(&local, None), (&remote, Some("file-link"))] {
        let files = || ["a", "sub/b.txt", "sub/deep/c"].into_iter().chain(link);
        ground.plant();
        let dry = ground.sclone("delete --dry-run", path);
        dry.code(0)
            .stdout("")
            .stderr_has(&["a: Skipped delete as --dry-run is set (size 2)", "sub/deep/c: Skipped delete"]);
        assert_eq!(ground.left(), EVERYTHING);
        ground.sclone("delete -v", path).code(0).stdout("").stderr_has(&["sub/deep/c: Deleted"]);
        assert_eq!(ground.left(), without(&files().collect::<Vec<_>>()));
        ground.plant();
        ground.sclone("delete --rmdirs", path).code(0).stdout("");
        let folders = ["empty", "empty/more", "sub", "sub/deep"];
        assert_eq!(ground.left(), without(&files().chain(folders).collect::<Vec<_>>()));
        ground.plant();
        // No folder is called *.txt.
        ground.sclone("delete --rmdirs --include *.txt", path).code(0).stdout("");
        assert_eq!(ground.left(), without(&["sub/b.txt"]));
        ground.plant();
        ground.sclone("delete --rmdirs --exclude /sub/deep/**", path).code(0).stdout("");
        assert!(!ground.left().contains(&"empty".into()));
    }
}

#[test]
fn one_file_is_deleted() {
    let ground = Ground::new();
    for (at, path) in ground.both("a").into_iter().enumerate() {
        let missing = &ground.both("nope")[at];
        ground.plant();
        ground.sclone("delete --exclude x", &path).code(1).stderr_has(&["can't limit to single files"]);
        ground.sclone("delete", &path).code(0).stdout("").stderr("");
        assert_eq!(ground.left(), without(&["a"]));
        ground.plant();
        ground.sclone("deletefile --exclude a", &path).code(0).stdout("").stderr("");
        assert_eq!(ground.left(), without(&["a"]));
        ground.sclone("delete", missing).code(3).stdout("");
        ground.sclone("deletefile", missing).code(4).stderr_has(&["is a directory or doesn't exist"]);
        for folder in ["sub", "folder-link"] {
            ground.sclone("deletefile", &ground.both(folder)[at]).code(4);
        }
        ground.sclone("deletefile", &ground.both("file-link")[at]).code(0).stderr("");
        assert_eq!(ground.left(), without(&["a", "file-link"]));
    }
}

#[test]
fn purge_removes_links_and_never_follows_one() {
    let ground = Ground::new();
    for path in ground.both("") {
        ground.plant();
        ground
            .sclone("purge --dry-run", &path)
            .code(0)
            .stderr_has(&["folder-link: Skipped delete", "sub: Skipped"]);
        assert_eq!(ground.left(), EVERYTHING);
        for filter in ["--include=a", "--max-depth=1"] {
            ground
                .sclone(&format!("purge {filter}"), &path)
                .code(1)
                .stderr_has(&["filters are not supported"]);
        }
        ground.sclone("purge", &path).code(0).stdout("").stderr("");
        assert!(ground.left().is_empty() && !ground.tree.exists());
        ground.sclone("purge", &path).code(3).stdout("");
    }
    for path in ground.both("folder-link") {
        ground.plant();
        ground.sclone("purge", &path).code(0).stdout("").stderr("");
        assert_eq!(ground.left(), without(&["folder-link"]));
    }
}

#[test]
fn what_cannot_be_removed_is_told_once_and_keeps_the_folders_above() {
    let refused = Action::Status { code: 3, text: "no".into() };
    let ground = Ground::with(&[Rule::new("REMOVE", 1, refused)]);
    let [_, remote] = ground.both("sub/deep");
    let outcome = ground.sclone("purge", &remote);
    outcome.code(1).stdout("").stderr_has(&[
        "c: Couldn't delete: ",
        "Failed to purge: ",
        "permission denied",
    ]);
    assert_eq!(ground.left(), EVERYTHING);
    let asked = |kind: &str| ground.server.requests().iter().any(|line| line.starts_with(kind));
    assert!(!asked("RMDIR"));
}

#[test]
fn a_lost_connection_is_made_again() {
    let ground = Ground::with(&[Rule::new("REMOVE", 2, Action::Close)]);
    let [_, remote] = ground.both("");
    // Each connection ends at its second removal, so every file takes a connection of its own in the end.
    for name in 0..2 {
        fs::write(ground.tree.join(format!("more-{name}")), "").unwrap();
    }
    ground.sclone("purge", &format!("{remote}/sub")).code(0);
    assert!(!ground.tree.join("sub").exists());
}

#[test]
fn many_files_are_removed_with_few_round_trips() {
    let ground = Ground::new();
    for number in 0..3000 {
        fs::write(ground.tree.join(format!("sub/deep/{number}")), "").unwrap();
    }
    let [_, remote] = ground.both("");
    ground.sclone("purge", &remote).code(0).stderr("");
    assert!(!ground.tree.exists());
}

#[test]
fn each_change_is_asked_for() {
    let ground = Ground::new();
    let [_, remote] = ground.both("");
    let run = |command: &[&str], answers: &str| {
        ground.plant();
        ground.user.sandbox.sclone([command, &[&remote]].concat()).input(answers).run()
    };
    let outcome = run(&["delete", "-i"], "y\nwhat?\nn\n!\n");
    outcome.code(0).stderr_has(&["Skipped delete as --interactive is set", "Doing all delete operations"]);
    assert_eq!(ground.left(), without(&["a", "sub/b.txt", "sub/deep/c"]));
    run(&["purge", "--interactive"], "s\ns\n").code(0);
    assert_eq!(ground.left(), EVERYTHING);
    run(&["delete", "-i"], "y\nq\n").code(0).stderr_has(&["Quitting now"]);
    assert_eq!(ground.left(), without(&["a"]));
    run(&["delete", "-i"], "").code(1).stderr_has(&["there is nobody to answer"]);
    assert_eq!(ground.left(), EVERYTHING);
}

#[test]
fn a_person_at_the_terminal_is_asked() {
    let ground = Ground::new();
    let [_, remote] = ground.both("a");
    let screen = ground
        .user
        .sandbox
        .sclone(["-i", "deletefile", &remote])
        .run_at_terminal(&[("delete \"a\"?", ""), ("y/n/s/!/q> ", "n\n")]);
    assert_eq!(screen.code, Some(0));
    assert_eq!(ground.left(), EVERYTHING);
}
