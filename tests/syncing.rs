//! `sync` when all goes well: the destination holds what the source holds, and what was there is dealt with as asked.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::support::ca::KeyType;
use crate::support::ground::Ground;
use crate::support::tree::Tree;
use crate::support::user::User;

fn source() -> Tree {
    Tree::new().file("a", "first").file("sub/b", "second").file("sub/deep/c", "third")
}

fn with_surplus() -> Tree {
    source()
        .file("sub/b", "an older second")
        .file("top", "1")
        .file("extra/e", "22")
        .file("extra/deep/f", "333")
}

fn write(ground: &Ground) {
    source().write(&ground.here);
    with_surplus().write(&ground.there);
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn both_sides_are_the_same_afterwards_in_every_direction_and_order() {
    for (line, when) in [
        ("HERE THERE", "--delete-after"),
        ("HERE @THERE", "--delete-after"),
        ("HERE @THERE", "--delete-before"),
        ("@HERE THERE", "--delete-during"),
        ("@HERE @THERE", "--delete-during"),
    ] {
        let ground = Ground::new();
        write(&ground);
        fs::create_dir_all(ground.there.join("empty/below")).unwrap();
        let outcome = ground.sclone(&format!("sync -v {when} {line}"));
        outcome.code(0).stdout("").stderr_has(&[
            "INFO  : sub/b: Copied (replaced existing)",
            "INFO  : extra/deep/f: Deleted",
            "INFO  : extra/deep: Removing directory",
            "Deleted:                3 (files), 4 (dirs), 6 B (freed)",
        ]);
        assert_eq!(Tree::read(&ground.there), source(), "{line} {when}");
        assert_eq!(Tree::read(&ground.here), source());
    }
}

#[test]
fn a_dry_run_prints_the_plan_in_rclones_words_and_changes_nothing() {
    let ground = Ground::new();
    write(&ground);
    let before = Tree::read(&ground.there);
    ground.sclone("sync --dry-run HERE @THERE").code(0).stdout("").stderr_has(&[
        "NOTICE: sub/b: Skipped copy as --dry-run is set (size 6)",
        "NOTICE: top: Skipped delete as --dry-run is set (size 1)",
        "NOTICE: extra: Skipped remove directory as --dry-run is set",
        "Deleted:                3 (files), 2 (dirs)",
    ]);
    assert_eq!(Tree::read(&ground.there), before);
}

#[test]
fn each_change_is_asked_for_where_that_is_wanted() {
    let ground = Ground::new();
    Tree::new().file("a", "1").write(&ground.here);
    Tree::new().file("x", "1").file("y", "2").write(&ground.there);
    let outcome =
        ground.invocation("sync --interactive --no-update-dir-modtime HERE THERE").input("y\ny\nn\n").run();
    outcome.code(0).stderr_has(&["y: Skipped delete as --interactive is set"]);
    assert_eq!(names(&ground.there), ["a", "y"]);
}

#[test]
fn only_a_time_that_differs_is_set_without_a_copy() {
    let ground = Ground::new();
    Tree::new().file("a", "same").write(&ground.here);
    Tree::new().file_with("a", "same", 0o644, 1_500_000_000).write(&ground.there);
    let inode = fs::metadata(ground.there.join("a")).unwrap().ino();
    let outcome = ground.sclone("sync -v HERE @THERE");
    outcome.code(0).stderr_has(&["INFO  : a: Updated modification time in destination"]);
    assert_eq!(Tree::read(&ground.there), Tree::read(&ground.here));
    assert_eq!(fs::metadata(ground.there.join("a")).unwrap().ino(), inode, "the file is not another one");
}

#[test]
fn folders_get_the_times_of_their_sources() {
    let ground = Ground::new();
    write(&ground);
    let set = |path: &Path, seconds| {
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        fs::File::open(path).unwrap().set_modified(time).unwrap();
    };
    set(&ground.here.join("sub/deep"), 1_400_000_000);
    set(&ground.here.join("sub"), 1_300_000_000);
    fs::remove_dir_all(ground.there.join("sub/deep")).unwrap();
    ground.sclone("sync HERE @THERE").code(0).stderr("");
    assert_eq!(fs::metadata(ground.there.join("sub/deep")).unwrap().mtime(), 1_400_000_000);
    assert_eq!(fs::metadata(ground.there.join("sub")).unwrap().mtime(), 1_300_000_000);
    set(&ground.there.join("sub"), 1_200_000_000);
    ground.sclone("sync --no-update-dir-modtime HERE @THERE").code(0).stderr("");
    assert_eq!(fs::metadata(ground.there.join("sub")).unwrap().mtime(), 1_200_000_000);
}

#[test]
fn old_files_are_kept_in_the_backup_folder_or_under_another_name() {
    let ground = Ground::new();
    write(&ground);
    let backup = ground.user.sandbox.path("backup");
    ground
        .sclone(&format!("sync --backup-dir r:{} --suffix .old HERE @THERE", backup.display()))
        .code(0)
        .stderr("");
    assert_eq!(Tree::read(&ground.there), source());
    let kept = Tree::new()
        .file("sub/b.old", "an older second")
        .file("top.old", "1")
        .file("extra/e.old", "22")
        .file("extra/deep/f.old", "333");
    assert_eq!(Tree::read(&backup), kept);

    Tree::new().file("n.txt", "newest").write(&ground.here);
    Tree::new().file("n.txt", "old").write(&ground.there);
    ground.sclone("copy --suffix .bak --suffix-keep-extension HERE THERE").code(0);
    assert_eq!(fs::read(ground.there.join("n.bak.txt")).unwrap(), b"old");
    assert_eq!(fs::read(ground.there.join("n.txt")).unwrap(), b"newest");
}

#[test]
fn a_file_to_be_written_in_place_is_kept_as_well() {
    let ground = Ground::new();
    for (here, there) in [("HERE", "THERE"), ("HERE", "@THERE")] {
        Tree::new().file("n.txt", "newest").write(&ground.here);
        Tree::new().file("n.txt", "old").write(&ground.there);
        ground.sclone(&format!("copy --inplace --suffix .bak {here} {there}")).code(0);
        assert_eq!(fs::read(ground.there.join("n.txt.bak")).unwrap(), b"old", "{there}");
        assert_eq!(fs::read(ground.there.join("n.txt")).unwrap(), b"newest", "{there}");
    }
}

#[test]
fn a_backup_must_be_elsewhere_on_the_same_remote() {
    let ground = Ground::new();
    write(&ground);
    for (backup, reason) in
        [("THERE", "same remote"), ("@THERE/old", "mustn't overlap"), ("@HERE", "mustn't overlap")]
    {
        let outcome = ground.sclone(&format!("sync --backup-dir {backup} @HERE @THERE"));
        outcome.code(7).stderr_has(&[reason]);
    }
    assert_eq!(Tree::read(&ground.there), with_surplus());
    ground.sclone("sync --backup-dir @THERE/old --exclude /old/** @HERE @THERE").code(0).stderr("");
    assert_eq!(fs::read(ground.there.join("old/top")).unwrap(), b"1");
}

#[test]
fn files_that_were_renamed_in_the_source_are_renamed_in_the_destination() {
    for strategy in ["hash", "modtime", "leaf"] {
        let ground = Ground::new();
        let content = vec![7; 100_000];
        Tree::new().file("new/large", &content).file("a", "x").write(&ground.here);
        Tree::new().file("old/large", &content).file("a", "x").write(&ground.there);
        let inode = fs::metadata(ground.there.join("old/large")).unwrap().ino();
        let outcome = ground
            .sclone(&format!("sync -v --track-renames --track-renames-strategy {strategy} HERE @THERE"));
        outcome.code(0).stderr_has(&["INFO  : new/large: Renamed from \"old/large\""]);
        assert_eq!(Tree::read(&ground.there), Tree::read(&ground.here), "{strategy}");
        assert_eq!(fs::metadata(ground.there.join("new/large")).unwrap().ino(), inode);
    }
}

#[test]
fn without_a_hash_in_common_files_are_transferred() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().setting("ForceCommand internal-sftp").start();
    user.remote("r", &server);
    let (here, there) = (user.sandbox.path("here"), user.sandbox.path("there"));
    let source = Tree::new().file("a", "same").file("new", "name");
    source.write(&here);
    Tree::new().file_with("a", "same", 0o644, 1_500_000_000).file("old", "name").write(&there);
    let places = [here.display().to_string(), format!("r:{}", there.display())];
    let outcome = user.sandbox.sclone(["sync", "-v", "--track-renames", &places[0], &places[1]]).run();
    outcome.code(0).stderr_has(&[
        "INFO  : a: Copied (replaced existing)",
        "INFO  : new: Copied (new)",
        "Ignoring --track-renames as the source and destination do not have a common hash",
    ]);
    assert_eq!(Tree::read(&there), source);
}

#[test]
fn places_that_overlap_are_refused_whatever_they_are_called() {
    let ground = Ground::new();
    write(&ground);
    let link = ground.user.sandbox.path("link");
    std::os::unix::fs::symlink(&ground.here, &link).unwrap();
    let (link, port) = (link.display(), ground.server.port());
    for line in [
        "@HERE @HERE".to_owned(),
        "@HERE @HERE/sub".to_owned(),
        "@HERE/sub @HERE".to_owned(),
        "HERE HERE/new/folder".to_owned(),
        format!("HERE {link}/sub"),
        format!("@HERE r,port={port}:{link}/sub"),
    ] {
        for command in ["sync", "move"] {
            let outcome = ground.sclone(&format!("{command} {line}"));
            if command == "move" && line == "@HERE @HERE" {
                outcome.code(0).stderr_has(&["source and destination are the same"]);
            } else {
                outcome.code(7).stderr_has(&["can't sync or move files on overlapping remotes"]);
            }
        }
    }
    assert_eq!(Tree::read(&ground.here), source());
    ground.sclone("copy HERE HERE").code(0).stderr_has(&["source and destination are the same"]);
    ground.sclone("sync --exclude /sub/** HERE HERE/sub/copy").code(0);
    assert_eq!(fs::read(ground.here.join("sub/copy/a")).unwrap(), b"first");
}

#[test]
fn a_copy_into_a_folder_of_the_source_ends() {
    let ground = Ground::new();
    source().write(&ground.here);
    for _ in 0..2 {
        ground.sclone("copy @HERE @HERE/sub/copy").code(0).stderr("");
        assert_eq!(Tree::read(&ground.here.join("sub/copy")), source());
    }
}

#[test]
fn excluded_files_stay_unless_they_are_to_go() {
    let ground = Ground::new();
    source().file("a.tmp", "s").write(&ground.here);
    source().file("a.tmp", "old").file("b.tmp", "old").write(&ground.there);
    ground.sclone("sync --exclude *.tmp @HERE THERE").code(0).stderr("");
    assert_eq!(names(&ground.there), ["a", "a.tmp", "b.tmp", "sub"]);
    ground.sclone("sync --exclude *.tmp --delete-excluded @HERE THERE").code(0).stderr("");
    assert_eq!(Tree::read(&ground.there), source());
}

#[test]
fn links_in_the_destination_are_removed_and_never_followed() {
    let ground = Ground::new();
    source().write(&ground.here);
    let outside = ground.user.sandbox.path("outside");
    Tree::new().file("precious", "kept").write(&outside);
    source().symlink("link", outside.to_str().unwrap()).symlink("dangling", "nowhere").write(&ground.there);
    ground.sclone("sync HERE @THERE").code(0).stderr("");
    assert_eq!(Tree::read(&ground.there), source());
    assert_eq!(fs::read(outside.join("precious")).unwrap(), b"kept");
}

#[test]
fn lists_tell_what_was_found() {
    let ground = Ground::new();
    write(&ground);
    let after = ground.user.sandbox.path("after");
    let outcome = ground.sclone(&format!("sync --combined - --dest-after {} HERE @THERE", after.display()));
    outcome.code(0).stdout("= a\n- extra/deep/f\n- extra/e\n* sub/b\n= sub/deep/c\n- top\n").stderr("");
    assert_eq!(fs::read_to_string(after).unwrap(), "a\nsub/b\nsub/deep/c\n");
}
