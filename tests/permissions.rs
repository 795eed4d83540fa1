//! Places that may not be read or not be written to: told once for each file, nothing lost, nothing deleted.

use std::fs;

use crate::support::ground::Ground;
use crate::support::hostile::sftp_server;
use crate::support::place::{Permitted, as_nobody, mounting};
use crate::support::process::find;
use crate::support::sandbox::{Outcome, SCLONE};
use crate::support::tree::Tree;

fn new() -> Tree {
    Tree::new().file("f", "new content")
}

fn old() -> Tree {
    Tree::new().file_with("f", "old", 0o666, 1_500_000_000)
}

/// A server that is held to permissions, started with these options.
fn ground(options: &str) -> Ground {
    let server = [as_nobody(), vec![sftp_server().display().to_string(), options.into()]].concat().join(" ");
    let ground = Ground::served(|builder| builder.subsystem(server.trim_end()));
    open_the_way(&ground);
    ground
}

/// Whoever runs the server may enter what the sandbox holds.
fn open_the_way(ground: &Ground) {
    let folder = ground.user.sandbox.path("");
    fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

/// How often something is said.
fn count(outcome: &Outcome, text: &str) -> usize {
    String::from_utf8_lossy(&outcome.stderr).matches(text).count()
}

#[test]
fn a_folder_that_takes_no_new_file_keeps_the_old_one_and_the_way_around_is_told() {
    let ground = ground("");
    new().write(&ground.here);
    old().write(&ground.there);
    let _closed = Permitted::only(&ground.there, 0o555);
    let outcome = ground.sclone("copy HERE @THERE");
    outcome.code(1).stderr_has(&["permission denied", "--inplace writes into the old one"]);
    assert_eq!(count(&outcome, "could not remove"), 0, "nothing was made that could be removed: {outcome}");
    assert_eq!(Tree::read(&ground.there), old());
    ground.sclone("copy --inplace HERE @THERE").code(0);
    assert_eq!(fs::read(ground.there.join("f")).unwrap(), b"new content");
}

#[test]
fn a_server_that_is_read_only_can_be_read_and_says_no_once_for_each_file() {
    let ground = ground("-R");
    Tree::new().file("a", "1").file("b", "2").write(&ground.here);
    Tree::new().file_with("a", "old", 0o666, 1_500_000_000).file("surplus", "x").write(&ground.there);
    let before = Tree::read(&ground.there);
    for command in ["copy", "sync", "move"] {
        let outcome = ground.sclone(&format!("{command} HERE @THERE"));
        outcome.code(1);
        for file in ["a", "b"] {
            assert_eq!(count(&outcome, &format!("ERROR : {file}: Failed to")), 1, "{outcome}");
        }
        assert_eq!(count(&outcome, "could not remove"), 0, "{outcome}");
        assert_eq!(Tree::read(&ground.there), before, "{command}");
    }
    assert_eq!(Tree::read(&ground.here), Tree::new().file("a", "1").file("b", "2"));
    let back = ground.user.sandbox.path("back");
    ground.sclone(&format!("copy @THERE {}", back.display())).code(0).stderr("");
    assert_eq!(Tree::read(&back).entries().count(), 2);
}

#[test]
fn a_folder_of_the_source_that_cannot_be_searched_keeps_everything() {
    let ground = ground("");
    Tree::new().file("a", "1").file("d/f", "2").write(&ground.here);
    Tree::new().file("a", "1").file("d/f", "2").file("d/g", "3").file("surplus", "4").write(&ground.there);
    let before = Tree::read(&ground.there);
    // One that may be read but not searched lists as empty, without an error.
    for mode in [0o444, 0o000] {
        let _closed = Permitted::only(&ground.here.join("d"), mode);
        let outcome = ground.sclone("sync @HERE THERE");
        outcome.code(1).stderr_has(&["permission denied", "not deleting files as there were IO errors"]);
        assert_eq!(Tree::read(&ground.there), before, "{mode:o}");
    }
}

#[test]
fn a_folder_here_that_cannot_be_searched_keeps_everything_on_the_server() {
    let ground = Ground::new();
    open_the_way(&ground);
    Tree::new().file("a", "1").file("d/f", "2").write(&ground.here);
    Tree::new().file("a", "1").file("d/f", "2").file("d/g", "3").file("surplus", "4").write(&ground.there);
    // Whoever owns nothing here cannot read a key either, so the server is one that asks for none.
    let script = ground.user.sandbox.write("server", format!("exec {}\n", sftp_server().display()));
    let ssh = format!("/bin/sh {}", script.display());
    ground.user.sandbox.remote_at("x", 1, &[("ssh", &ssh), ("shell_type", "none")]);
    let before = Tree::read(&ground.there);
    let (here, there) = (ground.here.display().to_string(), format!("x:{}", ground.there.display()));
    for mode in [0o444, 0o000] {
        let _closed = Permitted::only(&ground.here.join("d"), mode);
        let own = [SCLONE, "sync", &here, &there].map(str::to_owned);
        let all = [as_nobody(), own.into()].concat();
        let program = find(&all[0], "util-linux");
        let outcome = ground.user.sandbox.program(&program, &all[1..]).run();
        outcome.code(1).stderr_has(&["permission denied", "not deleting files as there were IO errors"]);
        assert_eq!(Tree::read(&ground.there), before, "{mode:o}");
    }
}

#[test]
fn an_upload_that_is_forbidden_keeps_what_would_be_deleted() {
    let ground = ground("");
    Tree::new().file("locked/f", "new").file("open/g", "new").write(&ground.here);
    Tree::new().file("locked/h", "old").file("open/surplus", "x").directory("open").write(&ground.there);
    let _open = Permitted::only(&ground.there.join("open"), 0o777);
    let _locked = Permitted::only(&ground.there.join("locked"), 0o555);
    let outcome = ground.sclone("sync --no-update-dir-modtime HERE @THERE");
    outcome
        .code(1)
        .stderr_has(&["ERROR : locked/f: Failed to copy", "not deleting files as there were IO errors"]);
    assert!(ground.there.join("locked/h").exists() && ground.there.join("open/surplus").exists());
    assert_eq!(fs::read(ground.there.join("open/g")).unwrap(), b"new", "what is allowed is done");
}

#[test]
fn a_read_only_file_system_here_is_told_and_keeps_its_files() {
    let ground = Ground::new();
    new().write(&ground.here);
    old().write(&ground.there);
    let (here, there) = (format!("r:{}", ground.here.display()), ground.there.display().to_string());
    let Some([unshare, flag]) = mounting() else {
        // Where nothing can be mounted, the system calls say the same.
        let injected = ["fchmod:error=EROFS", "renameat:error=EROFS", "unlinkat:error=EROFS"];
        ground.user.sandbox.sclone_injected(&injected, ["copy", &here, &there]).run().code(1);
        assert_eq!(fs::read(ground.there.join("f")).unwrap(), b"old");
        return;
    };
    let line = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" || exit 99; shift; exec \"$@\"";
    let own = [flag, "/bin/sh", "-c", line, "sh", &there, SCLONE, "copy", &here, &there];
    let program = find(unshare, "util-linux");
    let outcome = ground.user.sandbox.program(&program, own).run();
    outcome.code(1).stderr_has(&["ERROR : f: Failed to copy: create", "read-only file"]);
    assert_eq!(count(&outcome, "could not remove"), 0, "{outcome}");
    assert_eq!(Tree::read(&ground.there), old());
}
