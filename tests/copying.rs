//! `copy` when all goes well: every direction, what is left alone, what a new file looks like.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::support::ca::KeyType;
use crate::support::server::Server;
use crate::support::tree::Tree;
use crate::support::user::User;

/// A user who can log in as `r:`, and the folders `here` and `there`.
struct Ground {
    user: User,
    _server: Server,
    here: PathBuf,
    there: PathBuf,
}

impl Ground {
    fn new() -> Self {
        let user = User::new(KeyType::Ed25519);
        let server = user.server().start();
        user.remote("r", &server);
        let (here, there) = (user.sandbox.path("here"), user.sandbox.path("there"));
        Self { user, _server: server, here, there }
    }

    fn sclone(&self, arguments: &[&str]) -> crate::support::sandbox::Outcome {
        self.user.sandbox.sclone(arguments).run()
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn remote(path: &Path) -> String {
    format!("r:{}", path.display())
}

fn small_tree() -> Tree {
    Tree::new()
        .file("a", "first")
        .file("sub/empty", "")
        .file("sub/deep/b", "second")
        .file("sub-a", "between")
        .file("large", vec![7; 3_000_000])
}

#[test]
fn trees_are_copied_in_every_direction() {
    let ground = Ground::new();
    small_tree().write(&ground.here);
    let names = ["local", "up", "down", "across"].map(|name| ground.user.sandbox.path(name));
    let [local, up, down, across] = &names;
    for (from, to) in [
        (text(&ground.here), text(local)),
        (text(local), remote(up)),
        (remote(up), text(down)),
        (remote(up), remote(across)),
    ] {
        ground.sclone(&["copy", &from, &to]).code(0).stdout("").stderr("");
    }
    for place in &names {
        assert_eq!(Tree::read(place), small_tree(), "{}", place.display());
    }
}

#[test]
fn a_path_relative_to_the_login_folder_works() {
    let ground = Ground::new();
    small_tree().write(&ground.here);
    // The server logs in to the home of the real user; a name nobody has stands there for a moment.
    let name = format!("sclone-test-{}", std::process::id());
    let home = PathBuf::from(std::env::var_os("HOME").unwrap()).join(&name);
    ground.sclone(&["copy", &text(&ground.here), &format!("r:{name}/in/side")]).code(0).stderr("");
    let found = Tree::read(&home.join("in/side"));
    fs::remove_dir_all(&home).unwrap();
    assert_eq!(found, small_tree());
}

#[test]
fn one_file_goes_into_a_folder_under_its_name() {
    let ground = Ground::new();
    small_tree().write(&ground.here);
    for (from, to) in [
        (text(&ground.here.join("a")), remote(&ground.there)),
        (remote(&ground.here.join("a")), text(&ground.user.sandbox.path("back"))),
    ] {
        ground.sclone(&["copy", &from, &to]).code(0).stdout("").stderr("");
    }
    let only = Tree::new().file("a", "first");
    assert_eq!(Tree::read(&ground.there), only);
    assert_eq!(Tree::read(&ground.user.sandbox.path("back")), only);
}

#[test]
fn a_file_is_no_destination() {
    let ground = Ground::new();
    small_tree().write(&ground.here);
    let file = ground.user.sandbox.write("file", "mine");
    for destination in [text(&file), remote(&file)] {
        let outcome = ground.sclone(&["copy", &text(&ground.here), &destination]);
        outcome.code(1).stdout("").stderr_has(&["is a file not a directory"]);
    }
    assert_eq!(fs::read(&file).unwrap(), b"mine");
}

#[test]
fn a_missing_source_is_told_and_changes_nothing() {
    let ground = Ground::new();
    for source in [text(&ground.here), remote(&ground.here)] {
        ground.sclone(&["copy", &source, &remote(&ground.there)]).code(3).stdout("").stderr_has(&["here"]);
    }
    assert!(!ground.there.exists());
}

#[test]
fn what_is_the_same_is_left_alone_and_what_differs_is_replaced() {
    let ground = Ground::new();
    small_tree().write(&ground.here);
    small_tree().file("a", "FIRST").file("only-there", "kept").write(&ground.there);
    // The same size and time: taken for the same, whatever is inside.
    let quiet = ground.sclone(&["copy", "-v", &text(&ground.here), &remote(&ground.there)]);
    assert!(!String::from_utf8_lossy(&quiet.code(0).stderr).contains("Copied"), "{quiet}");
    assert_eq!(fs::read(ground.there.join("a")).unwrap(), b"FIRST");

    small_tree().file("a", "longer than first").write(&ground.here);
    let outcome = ground.sclone(&["copy", "-v", &text(&ground.here), &remote(&ground.there)]);
    outcome.code(0).stderr_has(&["INFO  : a: Copied (replaced existing)"]);
    let expected = small_tree().file("a", "longer than first").file("only-there", "kept");
    assert_eq!(Tree::read(&ground.there), expected);
}

#[test]
fn a_dry_run_says_what_a_run_would_do_and_does_nothing() {
    let ground = Ground::new();
    small_tree().write(&ground.here);
    let outcome = ground.sclone(&["copy", "--dry-run", &text(&ground.here), &remote(&ground.there)]);
    outcome.code(0).stdout("").stderr_has(&[
        "NOTICE: a: Skipped copy as --dry-run is set (size 5)",
        "NOTICE: sub/deep/b: Skipped copy as --dry-run is set (size 6)",
        "NOTICE: large: Skipped copy as --dry-run is set (size 2.861Mi)",
    ]);
    assert!(!ground.there.exists());
}

#[test]
fn empty_folders_are_made_only_when_asked_for() {
    let ground = Ground::new();
    Tree::new().file("a", "x").directory("none/at/all").write(&ground.here);
    let places = [text(&ground.here), remote(&ground.there)];
    ground.sclone(&["copy", &places[0], &places[1]]).code(0);
    assert!(!ground.there.join("none").exists());
    ground.sclone(&["copy", "--create-empty-src-dirs", &places[0], &places[1]]).code(0);
    assert!(ground.there.join("none/at/all").is_dir());
}

#[test]
fn new_files_are_never_more_open_than_the_source_and_old_ones_keep_their_mode() {
    let ground = Ground::new();
    let tree = Tree::new()
        .file_with("closed", "new", 0o600, 1_600_000_000)
        .file_with("program", "new", 0o4755, 1_600_000_000)
        .file_with("old", "new content", 0o644, 1_600_000_000);
    tree.write(&ground.here);
    for (destination, place) in [
        (remote(&ground.there), ground.there.clone()),
        (text(&ground.user.sandbox.path("l")), ground.user.sandbox.path("l")),
    ] {
        Tree::new().file_with("old", "x", 0o640, 1_500_000_000).write(&place);
        ground.sclone(&["copy", &text(&ground.here), &destination]).code(0).stderr("");
        for (name, mode) in [("closed", 0o600), ("program", 0o755), ("old", 0o640)] {
            let found = fs::metadata(place.join(name)).unwrap();
            assert_eq!(found.permissions().mode() & 0o7777, mode, "{destination} {name}");
            assert_eq!(found.mtime(), 1_600_000_000);
        }
    }
}

#[test]
fn links_and_pipes_are_left_out_with_a_word() {
    let ground = Ground::new();
    Tree::new().file("a", "x").symlink("link", "a").symlink("loop", ".").write(&ground.here);
    let outcome = ground.sclone(&["copy", &text(&ground.here), &remote(&ground.there)]);
    outcome.code(0).stderr_has(&["NOTICE: link: Can't follow symlink without -L/--copy-links"]);
    assert_eq!(Tree::read(&ground.there), Tree::new().file("a", "x"));
    // On a server links are followed, as rclone does, but no loop is.
    let back = ground.user.sandbox.path("back");
    ground.sclone(&["copy", &remote(&ground.here), &text(&back)]).code(0).stderr_has(&["loop"]);
    assert_eq!(Tree::read(&back), Tree::new().file("a", "x").file("link", "x"));
}

#[test]
fn nothing_is_written_through_a_link_that_leads_out_of_the_destination() {
    let ground = Ground::new();
    Tree::new().file("d/f", "evil").file("z", "fine").write(&ground.here);
    let outside = ground.user.sandbox.path("outside");
    fs::create_dir(&outside).unwrap();
    for destination in [remote(&ground.there), text(&ground.user.sandbox.path("l"))] {
        let place = PathBuf::from(destination.trim_start_matches("r:"));
        Tree::new().symlink("d", outside.to_str().unwrap()).write(&place);
        let outcome = ground.sclone(&["copy", &text(&ground.here), &destination]);
        outcome.code(1).stderr_has(&["d"]);
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "{destination}");
        assert_eq!(fs::read(place.join("z")).unwrap(), b"fine", "the rest is copied");
    }
}

#[test]
fn one_file_that_fails_does_not_stop_the_others() {
    let ground = Ground::new();
    small_tree().write(&ground.here);
    // A folder stands where the file must go: nobody, not even root, can replace it.
    fs::create_dir_all(ground.there.join("a/in the way")).unwrap();
    let outcome = ground.sclone(&["copy", &text(&ground.here), &remote(&ground.there)]);
    outcome.code(1).stdout("").stderr_has(&["ERROR : a: Failed to copy", "a folder stands there"]);
    assert_eq!(fs::read(ground.there.join("sub/deep/b")).unwrap(), b"second");
    assert!(ground.there.join("a/in the way").is_dir());
    let names: Vec<_> = fs::read_dir(&ground.there).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().ends_with(".partial")), "{names:?}");
}

#[test]
fn progress_without_a_terminal_is_plain_lines() {
    let ground = Ground::new();
    small_tree().write(&ground.here);
    let outcome = ground.sclone(&["copy", "-P", &text(&ground.here), &remote(&ground.there)]);
    outcome.code(0).stdout("").stderr_has(&["Transferred:", "5 / 5, 100%"]);
    assert!(!outcome.stderr.contains(&0x1b), "{outcome}");
}

#[test]
fn progress_at_a_terminal_shows_bars_and_totals() {
    let ground = Ground::new();
    small_tree().write(&ground.here);
    let (here, there) = (text(&ground.here), remote(&ground.there));
    let screen = ground.user.sandbox.sclone(["copy", "-P", &here, &there]).run_at_terminal(&[]);
    assert_eq!(screen.code, Some(0), "{}", screen.text);
    assert!(screen.text.contains("5 / 5, 100%"), "{}", screen.text);
    assert_eq!(Tree::read(&ground.there), small_tree());
}

#[test]
fn a_server_that_changes_keys_every_megabyte_is_no_obstacle() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().setting("RekeyLimit 1M").setting("LogLevel DEBUG1").start();
    user.remote("r", &server);
    let [here, there, back] = ["here", "there", "back"].map(|name| user.sandbox.path(name));
    let tree = Tree::new().file("large", vec![7; 20_000_000]).file("small", "x");
    tree.write(&here);
    let places = [text(&here), remote(&there), text(&back)];
    user.sandbox.sclone(["copy", &places[0], &places[1]]).run().code(0).stderr("");
    user.sandbox.sclone(["copy", &places[1], &places[2]]).run().code(0).stderr("");
    assert_eq!(Tree::read(&there), tree);
    assert_eq!(Tree::read(&back), tree);
    assert!(server.log().matches("SSH2_MSG_KEXINIT sent").count() > 10, "the server did not change keys");
}
