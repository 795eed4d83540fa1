//! When this machine is what fails: a disk that takes no more or does not keep what it took, a run that dies at a rename,
//! a log that cannot be written.

use std::fs;
use std::path::Path;

use crate::support::ground::Ground;
use crate::support::sandbox::SCLONE;
use crate::support::tree::Tree;

fn new() -> Tree {
    Tree::new().file("large", vec![7; 400_000]).file("small", "small")
}

fn old() -> Tree {
    Tree::new().file_with("large", "old", 0o644, 1_500_000_000)
}

fn ground() -> Ground {
    let ground = Ground::new();
    new().write(&ground.here);
    old().write(&ground.there);
    ground
}

/// Source on the server and destination here.
fn places(ground: &Ground) -> [String; 2] {
    [format!("r:{}", ground.here.display()), ground.there.display().to_string()]
}

#[test]
fn a_file_that_may_not_grow_leaves_the_old_one_and_stops_no_other() {
    let ground = ground();
    // No file may grow beyond 200 blocks of 512 bytes; the signal that would end the program is ignored.
    let [from, to] = places(&ground);
    let line = format!("trap '' XFSZ; ulimit -f 200; exec {SCLONE} copy '{from}' '{to}'");
    let outcome = ground.user.sandbox.program(Path::new("/bin/sh"), ["-c", &line]).run();
    outcome.fails().stderr_has(&["ERROR : large: Failed to copy: write", "file too large"]);
    assert_eq!(Tree::read(&ground.there), old().file("small", "small"));
}

#[test]
fn a_file_that_may_not_grow_on_the_server_leaves_the_old_one_and_stops_no_other() {
    let server = crate::support::hostile::sftp_server();
    let line = format!("/bin/sh -c \"trap '' XFSZ; ulimit -f 200; exec {}\"", server.display());
    let ground = Ground::served(|builder| builder.subsystem(&line));
    new().write(&ground.here);
    old().write(&ground.there);
    ground.sclone("copy HERE @THERE").code(1).stderr_has(&["ERROR : large: Failed to copy: write"]);
    assert_eq!(Tree::read(&ground.there), old().file("small", "small"));
}

#[test]
fn what_the_disk_did_not_take_is_not_installed() {
    for (injection, flag, reason) in [
        ("pwrite64:error=EIO", "--retries=1", "write"),
        ("fsync:error=EIO", "--fsync", "flush"),
        ("/^rename:error=EIO", "--retries=1", "rename"),
    ] {
        let ground = ground();
        let [from, to] = places(&ground);
        let outcome = ground.user.sandbox.sclone_injected(&[injection], ["copy", flag, &from, &to]).run();
        outcome.code(1).stderr_has(&["ERROR : large: Failed to copy", reason, "input/output error"]);
        assert_eq!(fs::read(ground.there.join("large")).unwrap(), b"old", "{injection}");
        let left = fs::read_dir(&ground.there).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(left.into_iter().all(|name| name == "large" || name == "small"), "{injection}");
    }
}

#[test]
fn a_run_that_dies_at_a_rename_leaves_the_old_file_or_the_new_one() {
    for nth in 1..=3 {
        let ground = ground();
        let [from, to] = places(&ground);
        let injection = format!("/^rename:signal=KILL:when={nth}");
        let outcome = ground.user.sandbox.sclone_injected(&[&injection], ["copy", &from, &to]).run();
        let large = fs::read(ground.there.join("large")).unwrap();
        assert!(large == b"old" || large.len() == 400_000, "rename {nth}: {outcome}");
        assert_eq!(outcome.succeeded(), nth == 3, "two files, two renames: {outcome}");
        ground.sclone("copy @HERE THERE").code(0);
        assert_eq!(Tree::read(&ground.there).without(|path| path.ends_with(b".partial")), new());
    }
}

#[test]
fn what_cannot_be_written_to_standard_output_is_a_failure() {
    let ground = ground();
    let here = ground.here.display();
    for command in ["lsf", "ls", "lsjson", "cat"] {
        let line = format!("exec {SCLONE} {command} '{here}' > /dev/full");
        ground.user.sandbox.program(Path::new("/bin/sh"), ["-c", &line]).run().fails();
    }
}
