//! `--fsync`: what counts as copied is on the disk.

use std::fs;

use crate::support::ca::KeyType;
use crate::support::hostile::{Action, Rule};
use crate::support::server::ServerBuilder;
use crate::support::tree::Tree;
use crate::support::user::User;

/// A user whose `r:` is served as `serve` says, and the arguments of an upload of `d/f` over an old one.
fn ground(
    serve: impl FnOnce(ServerBuilder) -> ServerBuilder,
) -> (User, crate::support::server::Server, [String; 3]) {
    let user = User::new(KeyType::Ed25519);
    let server = serve(user.server()).start();
    user.remote("r", &server);
    Tree::new().file("d/f", "new").write(&user.sandbox.path("here"));
    Tree::new().file_with("d/f", "old", 0o644, 1_500_000_000).write(&user.sandbox.path("there"));
    let (here, there) = (user.sandbox.path("here"), user.sandbox.path("there"));
    let arguments = ["copy".into(), here.display().to_string(), format!("r:{}", there.display())];
    (user, server, arguments)
}

fn content(user: &User) -> String {
    fs::read_to_string(user.sandbox.path("there/d/f")).unwrap()
}

#[test]
fn a_file_is_flushed_before_it_gets_its_name_and_its_folders_at_the_end() {
    let nothing = Rule::new("READ", u64::MAX, Action::Silence);
    let (user, server, arguments) = ground(|builder| builder.hostile(&[nothing]));
    user.sandbox
        .sclone(arguments.iter().map(String::as_str).chain(["--fsync", "--no-update-dir-modtime"]))
        .run()
        .code(0)
        .stderr("");
    let requests = server.requests();
    let kinds: Vec<_> = requests.iter().map(|request| request.split(' ').next().unwrap()).collect();
    let first = kinds.iter().position(|kind| *kind == "WRITE").unwrap();
    let (of_file, of_folders) = kinds[first..].split_at(7);
    let flushed_and_named =
        ["WRITE", "FSETSTAT", "FSTAT", "fsync@openssh.com", "CLOSE", "posix-rename@openssh.com", "LSTAT"];
    assert_eq!(of_file, flushed_and_named, "{requests:?}");
    // Both folders at once, whichever answers first. The program may end without waiting until they are closed.
    let mut of_folders: Vec<_> = of_folders.iter().copied().filter(|kind| *kind != "CLOSE").collect();
    of_folders.sort_unstable();
    let flushed = ["OPEN", "OPEN", "fsync@openssh.com", "fsync@openssh.com"];
    assert_eq!(of_folders, flushed, "{requests:?}");
    assert_eq!(content(&user), "new");
}

#[test]
fn nothing_is_flushed_unless_asked() {
    let nothing = Rule::new("READ", u64::MAX, Action::Silence);
    let (user, server, arguments) = ground(|builder| builder.hostile(&[nothing]));
    user.sandbox.sclone(&arguments).run().code(0).stderr("");
    assert!(server.requests().iter().all(|request| !request.starts_with("fsync")));
    assert_eq!(content(&user), "new");
}

#[test]
fn a_file_that_cannot_be_flushed_is_not_copied() {
    let fault = Action::Status { code: 4, text: "Input/output error".into() };
    let (user, _server, arguments) =
        ground(|builder| builder.hostile(&[Rule::new("fsync@openssh.com", 1, fault)]));
    let outcome = user.sandbox.sclone(arguments.iter().map(String::as_str).chain(["--fsync"])).run();
    outcome.code(1).stderr_has(&["ERROR : d/f: Failed to copy: flush", "Input/output error"]);
    let old = Tree::new().file_with("d/f", "old", 0o644, 1_500_000_000);
    assert_eq!(Tree::read(&user.sandbox.path("there")), old);
}

#[test]
fn a_server_that_cannot_flush_is_said_to_be_one() {
    let (user, _server, arguments) =
        ground(|builder| builder.subsystem("/usr/lib/openssh/sftp-server -P fsync"));
    let outcome = user.sandbox.sclone(arguments.iter().map(String::as_str).chain(["--fsync"])).run();
    outcome.code(1).stderr_has(&["no fsync@openssh.com", "leave out --fsync"]);
    assert_eq!(content(&user), "old");
}

#[test]
fn downloads_are_flushed_too() {
    let (user, _server, [copy, here, there]) = ground(|builder| builder);
    fs::remove_file(user.sandbox.path("here/d/f")).unwrap();
    user.sandbox.sclone([&copy, &there, &here, "--fsync"]).run().code(0).stderr("");
    assert_eq!(Tree::read(&user.sandbox.path("here")), Tree::read(&user.sandbox.path("there")));
}
