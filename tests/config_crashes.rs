//! `rclone.conf` when the program is killed, the disk is full or two programs write: the old file or the new one.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use crate::support::sandbox::Sandbox;

const OLD: &str = "# by hand\n[web1]\ntype = sftp\nhost = old\nunknown_key = kept\n\n[other]\ntype = ftp\n";

fn new() -> String {
    OLD.replace("host = old", "host = new")
}

/// The system calls that a rewrite consists of.
const CALLS: [&str; 9] =
    ["openat", "write", "fchmod", "fsync", "rename", "renameat", "renameat2", "flock", "unlink"];

#[test]
fn killed_at_any_step_of_a_change_the_file_is_the_old_or_the_new_one() {
    let mut killed = 0;
    std::thread::scope(|scope| {
        let calls = CALLS.map(|call| scope.spawn(move || kill_at_each(call)));
        killed = calls.into_iter().map(|call| call.join().unwrap()).sum();
    });
    assert!(killed > 5, "only {killed} runs were killed");
}

/// Kills a change at the first, second, ... call of one kind on the folder of the configuration, as long as there is one.
fn kill_at_each(call: &str) -> usize {
    for nth in 1..20 {
        let sandbox = Sandbox::new();
        std::fs::write(sandbox.config_path(), OLD).unwrap();
        let folder = sandbox.path("home/.config/rclone");
        let line = format!(
            "exec strace -f -o /dev/null -e trace={call} -e inject={call}:signal=KILL:when={nth} {} config update web1 host new",
            env!("CARGO_BIN_EXE_sclone"),
        );
        let outcome = sandbox.program(Path::new("/bin/sh"), ["-c", &line]).run();
        let text = std::fs::read_to_string(sandbox.config_path()).unwrap();
        assert!(text == OLD || text == new(), "{call} {nth}: {text}");
        if outcome.succeeded() {
            assert_eq!(text, new(), "{outcome}");
            return nth - 1;
        }
        // The next change is not hindered by what was left.
        sandbox.sclone(["config", "update", "web1", "host", "new"]).run().code(0);
        assert_eq!(std::fs::read_to_string(sandbox.config_path()).unwrap(), new(), "{call} {nth}");
        assert!(folder.exists());
    }
    19
}

#[test]
fn a_change_that_cannot_be_written_leaves_the_old_file() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.config_path(), OLD).unwrap();
    let program = env!("CARGO_BIN_EXE_sclone");
    let change = "config update web1 host new";
    for line in [
        format!("trap '' XFSZ; ulimit -f 0; exec {program} {change}"),
        format!(
            "exec strace -f -o /dev/null -e trace=fsync -e inject=fsync:error=EIO:when=1 {program} {change}"
        ),
        format!(
            "exec strace -f -o /dev/null -e trace=rename,renameat,renameat2 -e inject=rename,renameat,renameat2:error=EROFS:when=1 {program} {change}"
        ),
    ] {
        sandbox.program(Path::new("/bin/sh"), ["-c", &line]).run().fails().stderr_has(&["rclone.conf"]);
        assert_eq!(std::fs::read_to_string(sandbox.config_path()).unwrap(), OLD, "{line}");
        let left: Vec<_> = std::fs::read_dir(sandbox.path("home/.config/rclone")).unwrap().collect();
        assert_eq!(left.len(), 1, "{line}: {left:?}");
    }
}

#[test]
fn many_processes_change_one_file_and_no_change_is_lost() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.config_path(), OLD).unwrap();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let sandbox = &sandbox;
            scope.spawn(move || {
                let name = format!("made{number}");
                sandbox.sclone(["config", "create", &name, "sftp", "host", "h", "--no-output"]).run().code(0);
            });
        }
    });
    let text = std::fs::read_to_string(sandbox.config_path()).unwrap();
    assert!(text.starts_with(OLD), "{text}");
    for number in 0..8 {
        assert_eq!(text.matches(&format!("[made{number}]\n")).count(), 1, "{text}");
    }
}

#[test]
fn a_new_file_is_private_whatever_the_umask() {
    let sandbox = Sandbox::new();
    std::fs::remove_file(sandbox.config_path()).unwrap();
    let line = format!("umask 000; exec {} config create a sftp host h", env!("CARGO_BIN_EXE_sclone"));
    sandbox.program(Path::new("/bin/sh"), ["-c", &line]).run().code(0);
    assert_eq!(std::fs::metadata(sandbox.config_path()).unwrap().mode() & 0o777, 0o600);
    std::fs::set_permissions(sandbox.config_path(), std::fs::Permissions::from_mode(0o640)).unwrap();
    sandbox.sclone(["config", "update", "a", "host", "i"]).run().code(0);
    assert_eq!(std::fs::metadata(sandbox.config_path()).unwrap().mode() & 0o777, 0o640);
}
