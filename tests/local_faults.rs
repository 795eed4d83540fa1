//! When this machine is what fails: a disk that takes no more, a log that cannot be written.

use std::path::Path;

use crate::support::ca::KeyType;
use crate::support::tree::Tree;
use crate::support::user::User;

#[test]
fn a_file_that_does_not_fit_leaves_the_old_one_and_stops_no_other() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    user.remote("r", &server);
    let [from, to] = ["from", "to"].map(|name| user.sandbox.path(name));
    Tree::new().file("large", vec![7; 400_000]).file("small", "small").write(&from);
    Tree::new().file_with("large", "old", 0o644, 1_500_000_000).write(&to);
    // No file may grow beyond 200 blocks of 512 bytes; the signal that would end the program is ignored.
    let program = env!("CARGO_BIN_EXE_sclone");
    let places = format!("'r:{}' '{}'", from.display(), to.display());
    let line = format!("trap '' XFSZ; ulimit -f 200; exec {program} copy {places}");
    let outcome = user.sandbox.program(Path::new("/bin/sh"), ["-c", &line]).run();
    outcome.fails().stderr_has(&["ERROR : large: Failed to copy: write", "file too large"]);
    let expected = Tree::new().file_with("large", "old", 0o644, 1_500_000_000).file("small", "small");
    assert_eq!(Tree::read(&to), expected);
}

#[test]
fn what_cannot_be_written_to_standard_output_is_a_failure() {
    let user = User::new(KeyType::Ed25519);
    Tree::new().file("f", "x").write(&user.sandbox.path("here"));
    let program = env!("CARGO_BIN_EXE_sclone");
    for command in ["lsf", "ls", "lsjson", "cat"] {
        let line = format!("exec {program} {command} here > /dev/full");
        user.sandbox.program(Path::new("/bin/sh"), ["-c", &line]).run().fails();
    }
}
