//! `sync` deletes nothing unless it is certain: after errors, behind listings that lie, beyond limits.

use std::fs;

use crate::support::ground::Ground;
use crate::support::hostile::{Action, Rule, sftp_server};
use crate::support::packet;
use crate::support::sandbox::injected;
use crate::support::tree::Tree;

const UNHARMED: &str = "what cannot be known to be gone from the source stays";

fn status(code: u32) -> Action {
    Action::Status { code, text: "told so".into() }
}

fn many(count: usize) -> Tree {
    (0..count).fold(Tree::new(), |tree, number| tree.file(format!("d/f{number:04}"), "x"))
}

/// Runs `sync @HERE THERE` with flags: it must fail with this code and delete nothing that was there.
#[track_caller]
fn assert_nothing_deleted(ground: &Ground, flags: &str, code: i32, reasons: &[&str]) {
    let before = Tree::read(&ground.there);
    ground.sclone(&format!("sync {flags} @HERE THERE").replace("  ", " ")).code(code).stderr_has(reasons);
    for request in ["REMOVE", "RMDIR"] {
        let asked = ground.server.requests().iter().any(|asked| asked.starts_with(request));
        assert!(!asked, "the server was asked to {request}");
    }
    assert_eq!(Tree::read(&ground.there), before, "{UNHARMED}");
}

#[test]
fn a_listing_that_fails_keeps_everything() {
    for (request, nth, code) in [("READDIR", 4, 4), ("OPENDIR", 2, 3)] {
        for when in ["", "--delete-before"] {
            let ground = Ground::with(&[Rule::new(request, nth, status(code))]);
            many(300).file("a", "x").write(&ground.here);
            many(300).file("a", "x").file("extra", "y").write(&ground.there);
            assert_nothing_deleted(&ground, when, 1, &["not deleting files as there were IO errors"]);
        }
    }
}

#[test]
fn a_listing_that_ends_early_without_an_error_keeps_everything() {
    // The second answer for the folder d is an end that is none: OpenSSH's server hides read errors like this.
    for when in ["", "--delete-before", "--delete-during"] {
        let ground = Ground::with(&[Rule::new("READDIR", 4, status(1)), Rule::new("READDIR", 5, status(1))]);
        many(300).write(&ground.here);
        many(300).write(&ground.there);
        assert_nothing_deleted(&ground, when, 1, &["the source has it, but its listing did not"]);
    }
}

#[test]
fn a_disk_of_the_server_that_fails_during_a_listing_keeps_everything() {
    // OpenSSH's server ends such a listing as if it were complete.
    let server = [injected(&["getdents64:error=EIO:when=2+"]), vec![sftp_server().display().to_string()]];
    let ground = Ground::served(|builder| builder.subsystem(&server.concat().join(" ")));
    // More than one call of the system brings.
    let tree = (0..2000).fold(Tree::new(), |tree, number| tree.file(format!("f{number:04}"), "x"));
    tree.write(&ground.here);
    tree.write(&ground.there);
    let outcome = ground.sclone("sync @HERE THERE");
    outcome.code(1).stderr_has(&["the source has it, but its listing did not"]);
    assert_eq!(Tree::read(&ground.there), tree, "{UNHARMED}");
}

#[test]
fn a_name_that_no_file_can_have_in_the_middle_of_a_listing_keeps_everything() {
    let listing = Action::Reply { kind: packet::NAME, body: packet::names(&[b"a", b"", b"b"]) };
    let ground = Ground::with(&[Rule::new("READDIR", 1, listing)]);
    let tree = Tree::new().file("a", "1").file("b", "2").file("c", "3");
    tree.write(&ground.here);
    tree.file("surplus", "x").write(&ground.there);
    assert_nothing_deleted(&ground, "", 1, &["the name is empty"]);
}

#[test]
fn an_empty_answer_in_a_listing_is_not_its_end() {
    let nothing = Action::Reply { kind: packet::NAME, body: packet::names(&[]) };
    for nth in [1, 2] {
        let ground = Ground::with(&[Rule::new("READDIR", nth, nothing.clone())]);
        let tree = many(3).file("a", "1");
        tree.write(&ground.here);
        tree.clone().file("surplus", "x").write(&ground.there);
        ground.sclone("sync @HERE THERE").code(0).stderr("");
        assert_eq!(Tree::read(&ground.there), tree, "READDIR {nth}");
    }
}

#[test]
fn a_folder_that_lists_as_empty_keeps_everything() {
    // As a folder that may be read but not searched does.
    let ground = Ground::with(&[Rule::new("READDIR", 0, status(1))]);
    many(5).write(&ground.here);
    many(5).file("extra", "y").write(&ground.there);
    assert_nothing_deleted(&ground, "", 7, &["the source has no files, so nothing is deleted"]);
    assert_nothing_deleted(
        &ground,
        "--allow-empty-source",
        1,
        &["the source has it, but its listing did not"],
    );
}

#[test]
fn what_is_behind_a_link_that_leads_nowhere_for_now_is_kept() {
    // A disk of the server is not mounted.
    for when in ["", "--delete-before", "--delete-during"] {
        let ground = Ground::with(&[Rule::new("SYMLINK", 1, status(4))]);
        Tree::new().file("a", "x").symlink("disk", "mnt").symlink("file", "mnt/f").write(&ground.here);
        Tree::new().file("a", "x").file("disk/f", "y").file("file", "y").write(&ground.there);
        assert_nothing_deleted(&ground, when, 1, &["follow link disk", "follow link file"]);
    }
}

#[test]
fn an_answer_other_than_no_such_file_keeps_everything() {
    for code in [3, 4] {
        let ground = Ground::with(&[Rule::new("LSTAT", 1, status(code))]);
        many(3).write(&ground.here);
        many(3).file("x", "1").file("y", "2").write(&ground.there);
        assert_nothing_deleted(&ground, "", 1, &["Not deleted", "not deleting files"]);
    }
    let ground = Ground::with(&[Rule::new("LSTAT", 0, Action::Silence)]);
    many(3).write(&ground.here);
    many(3).file("x", "1").write(&ground.there);
    assert_nothing_deleted(&ground, "--timeout 2s --retries 1", 23, &["no answer from the server for 2s"]);
}

#[test]
fn a_dry_run_asks_the_server_for_nothing_that_changes_anything() {
    let ground = Ground::with(&[Rule::new("READ", u64::MAX, Action::Silence)]);
    many(3).file("new", "1").file("differs", "now").write(&ground.here);
    Tree::new().file("differs", "before").file("surplus", "x").file("gone/too", "y").write(&ground.there);
    for command in ["sync", "sync --delete-before", "sync --track-renames", "copy", "move"] {
        ground.sclone(&format!("{command} --dry-run HERE @THERE")).code(0);
    }
    let reads =
        ["INIT", "OPENDIR", "READDIR", "CLOSE", "STAT", "LSTAT", "FSTAT", "REALPATH", "limits@openssh.com"];
    let asked = ground.server.requests();
    let changes: Vec<_> =
        asked.iter().filter(|asked| !reads.contains(&asked.split(' ').next().unwrap())).collect();
    assert!(changes.is_empty() && asked.len() > 5, "{changes:?}");
}

#[test]
fn names_that_look_alike_are_different_files() {
    let ground = Ground::new();
    let new = Tree::new().file("readme", "1").file("e\u{301}", "2");
    new.write(&ground.here);
    Tree::new().file("README", "1").file("\u{e9}", "2").write(&ground.there);
    let outcome = ground.sclone("sync -v HERE @THERE");
    assert_eq!(Tree::read(&ground.there), new);
    let log = String::from_utf8_lossy(&outcome.code(0).stderr).into_owned();
    let (copied, deleted) = (log.rfind("Copied (new)").unwrap(), log.find(": Deleted").unwrap());
    assert!(copied < deleted, "a file went before its like was there: {log}");
}

#[test]
fn a_transfer_that_fails_keeps_everything() {
    let ground = Ground::with(&[Rule::new("READ", 0, status(4))]);
    many(3).write(&ground.here);
    Tree::new().file("x", "1").directory("d").write(&ground.there);
    assert_nothing_deleted(&ground, "", 1, &["Failed to copy", "not deleting files as there were IO errors"]);
}

#[test]
fn a_missing_source_is_an_error_and_an_empty_one_needs_a_flag() {
    let ground = Ground::new();
    Tree::new().file("x", "1").file("d/y", "2").write(&ground.there);
    ground.sclone("sync @HERE THERE").code(3);
    ground.sclone("sync HERE @THERE").code(3);
    fs::create_dir(&ground.here).unwrap();
    for when in ["--delete-after", "--delete-during", "--delete-before"] {
        let outcome = ground.sclone(&format!("sync {when} HERE @THERE"));
        outcome.code(7).stderr_has(&["the source has no files", "--allow-empty-source"]);
    }
    assert!(ground.there.join("d/y").exists());
    ground.sclone("sync --allow-empty-source HERE @THERE").code(0).stderr("");
    assert_eq!(Tree::read(&ground.there), Tree::new());
}

#[test]
fn more_deletions_than_allowed_are_none() {
    let ground = Ground::new();
    many(2).write(&ground.here);
    many(2).file("x", "1").file("y", "22").file("z", "333").write(&ground.there);
    let before = Tree::read(&ground.there);
    for (limit, reason) in [
        ("--max-delete 2", "--max-delete threshold reached: 3 files would go, 2 may"),
        ("--max-delete 0", "3 files would go"),
        ("--max-delete-size 5B", "--max-delete-size threshold reached: 6 would go, 5 may"),
    ] {
        ground.sclone(&format!("sync {limit} HERE @THERE")).code(7).stderr_has(&[reason]);
        assert_eq!(Tree::read(&ground.there), before, "{limit}");
    }
    ground.sclone("sync --max-delete 3 --max-delete-size 6B HERE @THERE").code(0).stderr("");
    assert_eq!(Tree::read(&ground.there), many(2));
}

#[test]
fn a_limit_of_bytes_or_time_keeps_everything() {
    for (limit, code) in [
        ("--max-transfer 1B", 8),
        ("--max-transfer 1B --cutoff-mode soft", 8),
        ("--max-transfer 1B --cutoff-mode cautious", 8),
        ("--max-duration 1ns", 10),
    ] {
        let ground = Ground::new();
        Tree::new().file("a", "aa").file("b", "bb").write(&ground.here);
        Tree::new().file("x", "1").write(&ground.there);
        ground.sclone(&format!("sync {limit} HERE @THERE")).code(code);
        assert!(ground.there.join("x").exists(), "{limit}");
    }
}

#[test]
fn files_that_another_run_may_be_writing_stay() {
    let ground = Ground::new();
    Tree::new().file("a", "1").write(&ground.here);
    Tree::new().file("old.0123abcd.partial", "stale").write(&ground.there);
    fs::write(ground.there.join("new.0123abcd.partial"), "fresh").unwrap();
    ground.sclone("sync HERE @THERE").code(0);
    assert!(ground.there.join("new.0123abcd.partial").exists());
    assert!(!ground.there.join("old.0123abcd.partial").exists());
}

#[test]
fn a_folder_and_a_file_of_one_name_are_told_and_both_stay() {
    let ground = Ground::new();
    Tree::new().file("x/inside", "1").file("y", "2").write(&ground.here);
    Tree::new().file("x", "a file").file("y/inside", "3").file("z", "4").write(&ground.there);
    let before = Tree::read(&ground.there);
    ground.sclone("sync HERE @THERE").code(1).stderr_has(&["a file stands there", "a folder stands there"]);
    assert_eq!(Tree::read(&ground.there), before);
    ground.sclone("sync --delete-before HERE @THERE").code(0).stderr("");
    assert_eq!(Tree::read(&ground.there), Tree::read(&ground.here));
}
