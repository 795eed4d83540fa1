//! The commands that change a tree: `mkdir rmdir rmdirs delete deletefile purge touch rcat cleanup`.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use crate::support::ca::KeyType;
use crate::support::hostile::{Action, Rule};
use crate::support::sandbox::Outcome;
use crate::support::server::Server;
use crate::support::user::User;

/// A user who can log in as `r:`, a tree to change, and something outside it that nobody may touch.
struct Ground {
    user: User,
    server: Server,
    tree: PathBuf,
    outside: PathBuf,
}

impl Ground {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(rules: &[Rule]) -> Self {
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
    fn plant(&self) {
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
    fn both(&self, path: &str) -> [String; 2] {
        let full = self.tree.join(path).display().to_string();
        let full = full.strip_suffix('/').filter(|_| path.is_empty()).unwrap_or(&full).to_owned();
        [full.clone(), format!("r:{full}")]
    }

    #[track_caller]
    fn sclone(&self, command: &str, path: &str) -> Outcome {
        let words: Vec<_> = command.split(' ').chain([path]).collect();
        self.user.sandbox.sclone(&words).run()
    }

    /// Every path of the tree that is left, sorted.
    fn left(&self) -> Vec<String> {
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

const EVERYTHING: [&str; 9] =
    ["a", "empty", "empty/more", "file-link", "folder-link", "sub", "sub/b.txt", "sub/deep", "sub/deep/c"];

fn without(gone: &[&str]) -> Vec<String> {
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

#[test]
fn times_are_set_and_missing_files_made() {
    let ground = Ground::new();
    let time = |path: &str| fs::metadata(ground.tree.join(path)).unwrap().mtime();
    for at in 0..2 {
        let path = |name: &str| ground.both(name)[at].clone();
        ground.plant();
        ground.sclone("touch -t 2006-01-02T15:04:05", &path("a")).code(0).stdout("").stderr("");
        ground.sclone("touch -t 061030", &path("new/one")).code(0).stderr("");
        assert_eq!((time("a"), time("new/one")), (1_136_214_245, 1_162_166_400));
        assert_eq!(fs::metadata(ground.tree.join("new/one")).unwrap().len(), 0);
        ground.sclone("touch -C", &path("nope")).code(0).stderr_has(&["Not touching nonexistent file"]);
        ground.sclone("touch -R", &path("nope")).code(0).stderr_has(&["due to --recursive"]);
        ground.sclone("touch --dry-run", &path("nope")).code(0).stderr_has(&["tree: Skipped touch (create)"]);
        assert!(!ground.tree.join("nope").exists());
        ground.sclone("touch -t 2006-01-02", &path("a")).code(1).stderr_has(&["YYMMDD"]);
        ground.sclone("touch -t 061030", &path("sub")).code(0).stderr("");
        assert!(time("sub/b.txt") == 1_162_166_400 && time("sub/deep/c") > 1_200_000_000);
        ground.sclone("touch -R -t 061031 --include c", &path("sub")).code(0).stderr("");
        assert_eq!((time("sub/b.txt"), time("sub/deep/c")), (1_162_166_400, 1_162_252_800));
        ground.sclone("touch", &path("a")).code(0).stderr("");
        assert!(time("a") > 1_200_000_000);
    }
}

#[test]
fn standard_input_becomes_a_file_whole_or_not_at_all() {
    let ground = Ground::new();
    let large = "four words of nonsense\n".repeat(100_000);
    for at in 0..2 {
        let path = |name: &str| ground.both(name)[at].clone();
        let rcat = |input: &str, words: &[&str], name: &str| {
            let path = path(name);
            let words = [&["rcat"], words, &[&path]].concat();
            ground.user.sandbox.sclone(&words).input(input).run()
        };
        ground.plant();
        let read = |name: &str| fs::read_to_string(ground.tree.join(name)).unwrap();
        rcat("hello", &[], "new/one").code(0).stdout("").stderr("");
        rcat(&large, &[], "large").code(0).stdout("").stderr("");
        rcat("", &["--size", "0"], "nothing").code(0).stderr("");
        assert_eq!((read("new/one").as_str(), read("nothing").as_str()), ("hello", ""));
        assert_eq!(read("large"), large);
        fs::set_permissions(ground.tree.join("a"), fs::Permissions::from_mode(0o640)).unwrap();
        rcat("hello", &["--size", "6"], "a").code(1).stderr_has(&["--size is 6"]);
        rcat(&large, &["--size", "6"], "a").code(1).stderr_has(&["--size is 6"]);
        rcat("hello", &["--dry-run"], "a").code(0).stderr_has(&["Skipped upload from pipe"]);
        assert_eq!(read("a"), "a\n");
        rcat("hello", &["--size", "5"], "a").code(0).stderr("");
        assert_eq!(read("a"), "hello");
        assert_eq!(fs::metadata(ground.tree.join("a")).unwrap().mode() & 0o777, 0o640);
        rcat("hello", &[], "sub").code(1).stderr_has(&["is a directory"]);
        assert!(ground.left().iter().all(|name| !name.contains("partial")));
    }
    let script = format!("exec '{}' rcat {} </dev/null", env!("CARGO_BIN_EXE_sclone"), ground.both("x")[0]);
    ground
        .user
        .sandbox
        .program(Path::new("/bin/sh"), ["-c", &script])
        .run()
        .code(1)
        .stderr_has(&["nothing to read from standard input"]);
}

#[test]
fn an_upload_that_is_stopped_leaves_the_old_file_and_nothing_else() {
    let ground = Ground::new();
    for path in ground.both("a") {
        let script = format!(
            "(head -c 3000000 /dev/zero; sleep 5) | timeout --foreground --preserve-status -s INT 3 '{}' rcat {path}",
            env!("CARGO_BIN_EXE_sclone")
        );
        ground.user.sandbox.program(Path::new("/bin/sh"), ["-c", &script]).run().code(130);
        assert_eq!(ground.left(), EVERYTHING);
        assert_eq!(fs::read(ground.tree.join("a")).unwrap(), b"a\n");
    }
}

#[test]
fn an_upload_that_fails_leaves_the_old_file() {
    let full = Action::Status { code: 4, text: "disk full".into() };
    let ground = Ground::with(&[Rule::new("WRITE", 1, full)]);
    let [_, remote] = ground.both("a");
    ground.user.sandbox.sclone(["rcat", &remote]).input("hello").run().code(1).stderr_has(&["disk full"]);
    assert_eq!(fs::read(ground.tree.join("a")).unwrap(), b"a\n");
    assert_eq!(ground.left(), EVERYTHING);
}

#[test]
fn incomplete_files_that_nobody_writes_are_removed() {
    let ground = Ground::new();
    for path in ground.both("") {
        ground.plant();
        for name in ["a.0123abcd.partial", "sub/b.txt.ffff0000.partial", "note.partial"] {
            fs::write(ground.tree.join(name), "half").unwrap();
        }
        let growing = ground.tree.join("sub/c.00000000.partial");
        fs::write(&growing, "").unwrap();
        let outcome = std::thread::scope(|scope| {
            let cleaning = scope.spawn(|| ground.sclone("cleanup", &path));
            while !cleaning.is_finished() {
                let size = fs::metadata(&growing).unwrap().len();
                fs::write(&growing, vec![0; usize::try_from(size).unwrap() + 1]).unwrap();
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            cleaning.join().unwrap()
        });
        outcome.code(0).stdout("").stderr_has(&[
            "a.0123abcd.partial: Removed this incomplete file (size 4)",
            "sub/c.00000000.partial: Left alone: somebody is writing it",
        ]);
        let more = ["note.partial".to_owned(), "sub/c.00000000.partial".to_owned()];
        let mut expected: Vec<_> = without(&[]).into_iter().chain(more).collect();
        expected.sort();
        assert_eq!(ground.left(), expected);
    }
}
