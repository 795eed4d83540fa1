//! `move`, `moveto` and `copyto`: nothing is lost on the way, and files get the names they are given.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::support::ground::Ground;
use crate::support::hostile::{Action, Rule};
use crate::support::tree::Tree;

fn tree() -> Tree {
    Tree::new().file("a", "first").file("sub/b", "second")
}

fn folders_only() -> Tree {
    Tree::new().directory("sub")
}

#[test]
fn files_are_moved_in_every_direction_and_folders_stay() {
    for line in ["HERE THERE", "HERE @THERE", "@HERE THERE", "@HERE @THERE"] {
        let ground = Ground::new();
        tree().write(&ground.here);
        Tree::new().file("a", "much older").file("mine", "kept").write(&ground.there);
        ground.sclone(&format!("move {line}")).code(0).stdout("").stderr("");
        assert_eq!(Tree::read(&ground.there), tree().file("mine", "kept"), "{line}");
        assert_eq!(Tree::read(&ground.here), folders_only(), "{line}");
    }
}

#[test]
fn within_a_remote_files_are_renamed_and_whole_folders_too() {
    let ground = Ground::new();
    tree().write(&ground.here);
    fs::create_dir(&ground.there).unwrap();
    let inode = fs::metadata(ground.here.join("sub/b")).unwrap().ino();
    ground.sclone("move -v @HERE @THERE").code(0).stderr_has(&["INFO  : sub/b: Moved (server-side)"]);
    assert_eq!(fs::metadata(ground.there.join("sub/b")).unwrap().ino(), inode);

    let line = "move -v @THERE @HERE/new/place";
    ground.sclone(line).code(0).stderr_has(&["Server side directory move succeeded"]);
    assert_eq!(Tree::read(&ground.here.join("new/place")), tree());
    assert!(!ground.there.exists());
}

#[test]
fn emptied_folders_go_if_asked_for_and_equal_files_leave_the_source() {
    let ground = Ground::new();
    tree().file("mine.tmp", "excluded").directory("empty").write(&ground.here);
    tree().write(&ground.there);
    ground.sclone("move --delete-empty-src-dirs --exclude *.tmp HERE @THERE").code(0).stderr("");
    assert_eq!(Tree::read(&ground.here), Tree::new().file("mine.tmp", "excluded"));
    assert_eq!(Tree::read(&ground.there), tree());

    tree().file("a", "another").write(&ground.here);
    ground.sclone("move --ignore-existing HERE @THERE").code(0).stderr("");
    assert_eq!(fs::read(ground.here.join("a")).unwrap(), b"another");
    assert_eq!(fs::read(ground.there.join("a")).unwrap(), b"first");
}

#[test]
fn one_file_gets_the_name_it_is_given() {
    for (command, line) in [
        ("copyto", "HERE/a @THERE/deep/new"),
        ("copyto", "@HERE/a THERE/deep/new"),
        ("moveto", "HERE/a @THERE/deep/new"),
        ("moveto", "@HERE/a @THERE/deep/new"),
        ("moveto", "HERE/a THERE/deep/new"),
    ] {
        let ground = Ground::new();
        tree().write(&ground.here);
        let outcome = ground.sclone(&format!("{command} -v {line}"));
        outcome.code(0).stderr_has(&["INFO  : a: ", " to: new"]);
        assert_eq!(Tree::read(&ground.there), Tree::new().file("deep/new", "first"), "{line}");
        assert_eq!(ground.here.join("a").exists(), command == "copyto", "{command} {line}");
    }
}

#[test]
fn a_file_is_not_written_over_itself_nor_over_a_folder() {
    let ground = Ground::new();
    tree().write(&ground.here);
    fs::hard_link(ground.here.join("a"), ground.here.join("same")).unwrap();
    for line in [
        "moveto HERE/a HERE/a",
        "moveto @HERE/a @HERE/sub/../a",
        "move @HERE/a @HERE",
        "copyto HERE/a HERE/a",
    ] {
        ground.sclone(line).code(0).stderr_has(&["source and destination are the same"]);
        assert_eq!(fs::read(ground.here.join("a")).unwrap(), b"first", "{line}");
    }
    for line in ["copyto HERE/a @HERE/sub", "moveto HERE/a @HERE/sub/"] {
        ground.sclone(line).code(1);
        assert_eq!(fs::read(ground.here.join("a")).unwrap(), b"first", "{line}");
    }
    // Two names of one file: one of them goes, the content stays.
    ground.sclone("moveto @HERE/same @HERE/a").code(0);
    assert_eq!(fs::read(ground.here.join("a")).unwrap(), b"first");
    assert!(!ground.here.join("same").exists());
}

#[test]
fn a_folder_is_copied_and_moved_under_a_new_name() {
    let ground = Ground::new();
    tree().write(&ground.here);
    ground.sclone("copyto HERE @THERE/copy").code(0).stderr("");
    assert_eq!(Tree::read(&ground.there.join("copy")), tree());
    ground.sclone("moveto HERE @THERE/moved").code(0).stderr("");
    assert_eq!(Tree::read(&ground.there.join("moved")), tree());
    assert_eq!(Tree::read(&ground.here), folders_only());
}

#[test]
fn what_was_not_copied_stays_in_the_source() {
    let status = |code| Action::Status { code, text: "told so".into() };
    for (rule, code) in [
        (Rule::new("WRITE", 0, status(4)), 1),
        (Rule::new("WRITE", 0, status(0)), 5),
        (Rule::new("CLOSE", 0, status(4)), 1),
        (Rule::new("posix-rename@openssh.com", 0, status(4)), 1),
    ] {
        let ground = Ground::with(std::slice::from_ref(&rule));
        Tree::new().file("f", vec![7; 100_000]).write(&ground.here);
        fs::create_dir(&ground.there).unwrap();
        ground.sclone("move --retries 1 HERE @THERE").code(code);
        assert_eq!(fs::read(ground.here.join("f")).unwrap().len(), 100_000, "{rule:?}");
    }
}

#[test]
fn a_rename_that_is_refused_becomes_a_copy() {
    let status = Action::Status { code: 4, text: "across file systems".into() };
    // The first one is that of the move, the second one that of the partial file.
    let ground = Ground::with(&[Rule::new("posix-rename@openssh.com", 1, status)]);
    Tree::new().file("f", "content").write(&ground.here);
    fs::create_dir(&ground.there).unwrap();
    ground.sclone("move -v @HERE @THERE").code(0).stderr_has(&["f: Copied (new)", "f: Deleted"]);
    assert_eq!(Tree::read(&ground.there), Tree::new().file("f", "content"));
    assert_eq!(Tree::read(&ground.here), Tree::new());
}

#[test]
fn nothing_is_removed_behind_a_link_in_the_source() {
    let ground = Ground::new();
    let outside = ground.user.sandbox.path("outside");
    Tree::new().file("precious", "kept").write(&outside);
    Tree::new().file("f", "x").symlink("link", outside.to_str().unwrap()).write(&ground.here);
    fs::create_dir(&ground.there).unwrap();
    let outcome = ground.sclone("move --delete-empty-src-dirs @HERE @THERE");
    outcome.code(0).stderr_has(&["link/precious: Not removed from the source: it is behind a symbolic link"]);
    assert_eq!(Tree::read(&ground.there), Tree::new().file("f", "x").file("link/precious", "kept"));
    assert_eq!(Tree::read(&outside), Tree::new().file("precious", "kept"));
    assert!(!ground.here.join("f").exists());
}

#[test]
fn files_that_another_place_has_are_left_out_or_copied_from_there() {
    let ground = Ground::new();
    tree().write(&ground.here);
    let other = ground.user.sandbox.path("other");
    tree().file("a", "not the first").write(&other);
    let flag = format!("r:{}", other.display());
    ground.sclone(&format!("copy --compare-dest {flag} HERE @THERE")).code(0).stderr("");
    assert_eq!(Tree::read(&ground.there), Tree::new().file("a", "first"));
    ground.sclone(&format!("copy --copy-dest {flag} HERE @THERE")).code(0).stderr("");
    assert_eq!(Tree::read(&ground.there), tree());
    ground.sclone("copy --copy-dest HERE HERE @THERE").code(7).stderr_has(&["same remote"]);
}

#[test]
fn a_server_that_can_copies_by_itself() {
    let ground = Ground::with(&[Rule::new("READ", u64::MAX, Action::Silence)]);
    let tree = Tree::new().file("large", vec![7; 3_000_000]).file("none", "");
    tree.write(&ground.here);
    fs::hard_link(ground.here.join("large"), ground.here.join("other name")).unwrap();
    ground.sclone("copy @HERE @THERE").code(0).stderr("");
    assert_eq!(Tree::read(&ground.there), Tree::read(&ground.here));
    let [one, other] =
        ["large", "other name"].map(|name| fs::metadata(ground.there.join(name)).unwrap().ino());
    assert_ne!(one, other, "hard links are copied apart");
    let requests = ground.server.requests();
    assert!(requests.iter().any(|request| request.starts_with("copy-data")), "{requests:?}");
    assert!(!requests.iter().any(|request| request.starts_with("WRITE")), "{requests:?}");
}
