//! Trees as deep, and paths as long, as a system can have: the depth of a tree is not the depth of the stack.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};

use crate::support::ground::Ground;
use crate::support::sandbox::Outcome;

const LEVELS: usize = 2_000;

/// Makes folders with this name in each other, however long the path becomes, and returns the last.
fn descend(root: &Path, name: &str, levels: usize) -> OwnedFd {
    std::fs::create_dir_all(root).unwrap();
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut folder = openat(CWD, root, flags, Mode::empty()).unwrap();
    for _ in 0..levels {
        mkdirat(&folder, name, Mode::from_raw_mode(0o755)).unwrap();
        folder = openat(&folder, name, flags, Mode::empty()).unwrap();
    }
    folder
}

fn write_in(folder: &OwnedFd, name: &str) {
    let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC;
    let file = openat(folder, name, flags, Mode::from_raw_mode(0o644)).unwrap();
    File::from(file).write_all(b"content").unwrap();
}

/// Runs with an eighth of the usual stack.
fn with_little_stack(ground: &Ground, words: &str) -> Outcome {
    let program = env!("CARGO_BIN_EXE_sclone");
    let words = words.replace("THERE", &ground.there.display().to_string());
    let words = words.replace("HERE", &ground.here.display().to_string());
    let line = format!("ulimit -s 1024; exec {program} {words}");
    ground.user.sandbox.program(Path::new("/bin/sh"), ["-c", &line]).run()
}

fn leaf(root: &Path) -> PathBuf {
    root.join("d/".repeat(LEVELS)).join("leaf")
}

#[test]
fn a_tree_of_two_thousand_levels_is_copied_listed_and_removed() {
    let ground = Ground::new();
    write_in(&descend(&ground.here, "d", LEVELS), "leaf");
    with_little_stack(&ground, "copy HERE THERE").code(0).stdout("").stderr("");
    assert_eq!(std::fs::read(leaf(&ground.there)).unwrap(), b"content");
    let drawn = with_little_stack(&ground, "tree THERE");
    let text = String::from_utf8_lossy(&drawn.code(0).stdout).into_owned();
    assert!(text.ends_with("└── leaf\n\n2000 directories, 1 files\n"));
    with_little_stack(&ground, "sync HERE THERE -v").code(0).stderr_has(&["nothing to transfer"]);
    with_little_stack(&ground, "purge THERE").code(0).stderr("");
    assert!(!ground.there.exists());
}

#[test]
fn a_deep_tree_of_a_server_comes_here_and_goes_there() {
    let ground = Ground::new();
    let levels = LEVELS / 4;
    write_in(&descend(&ground.there, "d", levels), "leaf");
    with_little_stack(&ground, "copy r:THERE HERE").code(0).stderr("");
    assert!(ground.here.join("d/".repeat(levels)).join("leaf").exists());
    with_little_stack(&ground, "purge r:THERE").code(0).stderr("");
    assert!(!ground.there.exists());
}

/// Makes a file below `root` whose path has this many bytes.
fn file_with_path_of(root: &Path, bytes: usize) {
    let left = bytes - root.as_os_str().len();
    let levels = (left - 2) / 200;
    let folder = descend(root, &"p".repeat(199), levels);
    write_in(&folder, &"f".repeat(left - levels * 200 - 1));
}

#[test]
fn a_path_that_is_too_long_fails_alone_and_is_said() {
    for (bytes, fits) in [(4_000, true), (4_095, true), (4_097, false), (4_400, false)] {
        for (line, is_local_source) in
            [("copy HERE THERE", true), ("copy HERE @THERE", true), ("copy @HERE THERE", false)]
        {
            let ground = Ground::new();
            file_with_path_of(&ground.here, bytes);
            std::fs::write(ground.here.join("zz"), "short").unwrap();
            let outcome = ground.sclone(line);
            assert_eq!(std::fs::read(ground.there.join("zz")).unwrap(), b"short", "{outcome}");
            if bytes == 4_000 || fits && !line.contains("@THERE") {
                outcome.code(0).stderr("");
            } else if line.contains("@THERE") && fits {
                // The name until the file is whole is longer than the server takes.
                outcome.code(1).stderr_has(&["may be too long"]);
            } else if is_local_source {
                outcome.code(1).stderr_has(&["file name too long"]);
            } else {
                // Such a name is shown by no OpenSSH server.
                outcome.code(0);
            }
        }
    }
}
