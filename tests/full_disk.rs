//! Disks that are really full, here and on a server: what fits arrives whole, nothing else is left, and the exit code
//! is 24.

use std::fs;
use std::path::PathBuf;

use crate::support::ground::Ground;
use crate::support::hostile::sftp_server;
use crate::support::place::mounting;
use crate::support::process::find;
use crate::support::sandbox::Outcome;
use crate::support::tree::{Node, Tree};

/// A line for a shell that may mount: fills a disk of a given size with what stands in a folder, runs the rest of its
/// arguments, and keeps what is on the disk then.
const ON_A_SMALL_DISK: &str = "
    size=$1 place=$2; shift 2
    cp -a \"$place\" \"$place.before\" && mount -t tmpfs -o \"size=$size\" none \"$place\" || exit 99
    cp -a \"$place.before/.\" \"$place\"
    \"$@\"; code=$?
    cp -a \"$place/.\" \"$place.after\"
    exit $code";

const SMALL: usize = 10_000;
const LARGE: usize = 3_000_000;

/// Files that fit and files that do not, by turns.
fn source() -> Tree {
    let large = (0..6).fold(Tree::new(), |tree, number| tree.file(format!("{number}-large"), vec![7; LARGE]));
    (0..11).fold(large, |tree, number| tree.file(format!("{}-{number}", number % 6), vec![8; SMALL]))
}

/// An old file that a large one would replace.
fn destination() -> Tree {
    Tree::new().file_with("3-large", "old", 0o644, 1_500_000_000)
}

/// The old file, and every new one that is not large.
fn what_fits() -> Tree {
    destination().entries().fold(source().without(|path| path.ends_with(b"large")), |tree, (path, node)| {
        let Node::File { content, mode, modified } = node else { panic!("{node:?}") };
        tree.file_with(path, content, *mode, *modified)
    })
}

/// The ground with a remote `x:` whose server runs where the program runs, so that both see the same small disk.
fn ground(source: &Tree, destination: &Tree) -> Ground {
    let ground = Ground::new();
    source.write(&ground.here);
    destination.write(&ground.there);
    let script = ground.user.sandbox.write("server", format!("exec {}\n", sftp_server().display()));
    let ssh = format!("/bin/sh {}", script.display());
    ground.user.sandbox.remote_at("x", 1, &[("ssh", &ssh), ("shell_type", "none")]);
    ground
}

/// Runs the program with `there` on a disk of 2 MiB, and returns what was on it in the end. Where nothing can be
/// mounted nothing is run.
fn on_a_small_disk(ground: &Ground, line: &str) -> Option<(Outcome, Tree)> {
    let [unshare, flag] = mounting()?;
    let there = ground.there.display().to_string();
    let place = |word: &str| match word {
        "HERE" => ground.here.display().to_string(),
        "THERE" => there.clone(),
        "@HERE" => format!("r:{}", ground.here.display()),
        "x:THERE" => format!("x:{there}"),
        other => other.to_owned(),
    };
    let own = ["-c", ON_A_SMALL_DISK, "sh", "2m", &there, env!("CARGO_BIN_EXE_sclone")];
    let arguments = [flag, "/bin/sh"].into_iter().chain(own).map(str::to_owned);
    let arguments = arguments.chain(line.split(' ').map(place));
    let program = find(unshare, "util-linux");
    let outcome = ground.user.sandbox.program(&program, arguments).run();
    let after = Tree::read(&PathBuf::from(format!("{there}.after")));
    Some((outcome, after))
}

#[test]
fn what_fits_arrives_and_what_does_not_leaves_the_old_file() {
    for (line, reason) in [
        ("copy @HERE THERE", "no space left on device"),
        ("copy HERE THERE", "no space left on device"),
        ("copy HERE x:THERE", "no space left on the server"),
    ] {
        let ground = ground(&source(), &destination());
        let Some((outcome, after)) = on_a_small_disk(&ground, line) else { continue };
        outcome.code(24).stderr_has(&["ERROR : 3-large: Failed to copy", reason, "6 errors"]);
        assert_eq!(after, what_fits(), "{line}: {outcome}");
    }
}

#[test]
fn a_disk_that_takes_no_small_file_either_ends_the_run() {
    let many = (0..200).fold(Tree::new(), |tree, number| tree.file(format!("{number:03}"), vec![8; 100_000]));
    for line in ["copy @HERE THERE", "copy HERE x:THERE"] {
        let ground = ground(&many, &destination());
        let Some((outcome, after)) = on_a_small_disk(&ground, line) else { continue };
        outcome.code(24).stderr_has(&["no space left"]);
        let found = after.entries().map(|(path, node)| match node {
            Node::File { content, .. } => (path != b"3-large").then_some(content.len()),
            other => panic!("{other:?}"),
        });
        let sizes: Vec<_> = found.flatten().collect();
        assert!(sizes.len() > 5 && sizes.iter().all(|size| *size == 100_000), "{line}: {sizes:?}");
    }
}

#[test]
fn a_sync_to_a_full_disk_deletes_nothing() {
    let ground = ground(&source(), &destination().file("surplus", "x"));
    let Some((outcome, after)) = on_a_small_disk(&ground, "sync @HERE THERE") else { return };
    outcome.code(24).stderr_has(&["not deleting files as there were IO errors"]);
    assert_eq!(after, what_fits().file("surplus", "x"));
}

/// As the system says it, wherever the tests run.
#[test]
fn every_word_of_the_system_for_a_full_disk_is_understood() {
    for error in ["ENOSPC", "EDQUOT"] {
        let ground = ground(&Tree::new().file("3-large", vec![7; LARGE]), &destination());
        let arguments = ["copy", &format!("r:{}", ground.here.display()), ground.there.to_str().unwrap()];
        let injection = format!("pwrite64:error={error}");
        ground.user.sandbox.sclone_injected(&[&injection], arguments).run().code(24);
        assert_eq!(Tree::read(&ground.there), destination(), "{error}");
        assert_eq!(fs::read_dir(&ground.there).unwrap().count(), 1);
    }
}
