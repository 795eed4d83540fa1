//! The modes and owners that copies get, and places where nothing may be read or written.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use crate::support::ca::KeyType;
use crate::support::ground::Ground;
use crate::support::hostile::{Action, Rule};
use crate::support::tree::Tree;
use crate::support::user::User;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn no_copy_runs_with_the_rights_of_its_owner() {
    let ground = Ground::new();
    let tree = Tree::new().file_with("setuid", "x", 0o4755, 1_577_934_245);
    tree.file_with("setgid", "x", 0o2755, 1_577_934_245)
        .file_with("sticky", "x", 0o1644, 1_577_934_245)
        .write(&ground.here);
    for (line, root) in [("copy HERE @THERE", "there"), ("copy @HERE HERE/../back", "back")] {
        ground.sclone(line).code(0).stderr("");
        for (name, expected) in [("setuid", 0o755), ("setgid", 0o755), ("sticky", 0o644)] {
            assert_eq!(mode(&ground.user.sandbox.path(root).join(name)), expected, "{line}: {name}");
        }
    }
}

#[test]
fn the_umask_of_the_server_is_the_servers_business() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().subsystem("internal-sftp -u 0077").start();
    user.remote("r", &server);
    let (here, there) = (user.sandbox.path("here"), user.sandbox.path("there"));
    Tree::new().file("d/f", "content").write(&here);
    let to = format!("r:{}", there.display());
    user.sandbox.sclone(["copy", &here.display().to_string(), &to]).run().code(0).stderr("");
    assert_eq!(mode(&there.join("d")), 0o700);
    assert_eq!(std::fs::read(there.join("d/f")).unwrap(), b"content");
    assert!(mode(&there.join("d/f")) <= 0o644);
}

#[test]
fn a_private_file_is_private_at_every_moment_whatever_the_umask() {
    for line in ["copy 'HERE' 'r:THERE'", "copy 'r:HERE' 'THERE'", "copy 'HERE' 'THERE'"] {
        let ground = Ground::with(&[Rule::new("CLOSE", 0, Action::Delay(20))]);
        Tree::new().file_with("f", vec![7; 2_000_000], 0o600, 1_577_934_245).write(&ground.here);
        std::fs::create_dir(&ground.there).unwrap();
        let line = line.replace("THERE", &ground.there.display().to_string());
        let line = line.replace("HERE", &ground.here.display().to_string());
        let line = format!("umask 000; exec {} {line}", env!("CARGO_BIN_EXE_sclone"));
        let run = ground.user.sandbox.program(Path::new("/bin/sh"), ["-c", &line]);
        let there = ground.there.clone();
        run.run_while(|id| {
            while Path::new(&format!("/proc/{id}/exe")).exists() {
                for entry in std::fs::read_dir(&there).unwrap().flatten() {
                    // It may have got its name meanwhile.
                    let Ok(found) = entry.metadata() else { continue };
                    assert_eq!(found.mode() & 0o077, 0, "{:?}", entry.file_name());
                }
            }
        })
        .code(0);
        assert_eq!(mode(&ground.there.join("f")), 0o600);
    }
}

#[test]
fn nobody_is_made_the_owner_unless_asked() {
    let ground = Ground::with(&[Rule::new("READ", u64::MAX, Action::Silence)]);
    Tree::new().file("f", "x").write(&ground.here);
    let owner = || ground.server.requests().iter().filter(|request| request.starts_with("SETSTAT")).count();
    ground.sclone("copy HERE @THERE --no-update-dir-modtime").code(0);
    assert_eq!(owner(), 0, "{:?}", ground.server.requests());
    let kept = std::fs::metadata(ground.there.join("f")).unwrap();
    assert_eq!(
        (kept.uid(), kept.gid()),
        (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw())
    );
}

#[test]
fn what_may_not_be_read_is_named_and_the_rest_is_copied() {
    let sandbox = crate::support::sandbox::Sandbox::new();
    let (here, there) = (sandbox.path("here"), sandbox.path("there"));
    Tree::new().file("a", "x").file("closed/b", "x").file("secret", "x").file("z/c", "x").write(&here);
    std::fs::create_dir(&there).unwrap();
    // Root may read everything, so nobody runs the program.
    let line = format!(
        "chmod 700 '{0}/secret' '{0}/closed'; chmod 755 .; chmod 777 '{1}' home tmp; mkdir -p home/.cache; chmod -R 777 home; \
         if [ $(id -u) = 0 ]; then run='setpriv --reuid=65534 --regid=65534 --clear-groups'; \
         else run=; chmod 000 '{0}/secret' '{0}/closed'; fi; \
         $run {2} copy '{0}' '{1}'; code=$?; chmod 700 '{0}/secret' '{0}/closed'; exit $code",
        here.display(),
        there.display(),
        env!("CARGO_BIN_EXE_sclone"),
    );
    let outcome = sandbox.program(Path::new("/bin/sh"), ["-c", &line]).run();
    outcome.code(1).stderr_has(&["closed", "ERROR : secret: Failed to copy", "permission denied"]);
    std::fs::set_permissions(&there, Permissions::from_mode(0o755)).unwrap();
    let expected = Tree::new().file("a", "x").file("z/c", "x");
    assert_eq!(Tree::read(&there), expected, "{outcome}");
}
