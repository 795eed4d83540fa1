//! What the engine asks of a server: the fewest round trips, the ways it carries a large file, and that it makes do
//! with less.

use std::path::Path;

use crate::support::ca::KeyType;
use crate::support::hostile::{Action, Rule};
use crate::support::proxy::{Direction, Fault, Proxy};
use crate::support::server::ServerBuilder;
use crate::support::tree::Tree;
use crate::support::user::User;

/// No request is numbered so high: the server notes everything and does nothing else.
fn noting(builder: ServerBuilder) -> ServerBuilder {
    builder.hostile(&[Rule::new("READ", u64::MAX, Action::Silence)])
}

fn kinds(requests: &[String]) -> Vec<&str> {
    requests.iter().map(|request| request.split(' ').next().unwrap()).collect()
}

fn places(user: &User) -> [std::path::PathBuf; 3] {
    ["here", "there", "back"].map(|name| user.sandbox.path(name))
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn remote(path: &Path) -> String {
    format!("r:{}", path.display())
}

fn large() -> Tree {
    let content: Vec<u8> = (0..12_000_000_u32).map(|number| (number % 251) as u8).collect();
    Tree::new().file("large", content)
}

#[test]
fn a_listing_costs_one_connection_and_two_round_trips_after_the_opening_one() {
    let user = User::new(KeyType::Ed25519);
    let server = noting(user.server()).start();
    user.remote("r", &server);
    let [here, ..] = places(&user);
    Tree::new().directory("a").file("b", "x").write(&here);
    user.sandbox.sclone(["lsd", &remote(&here)]).run().code(0);
    // Both READDIR are sent at once; nobody waits for the CLOSE, and the end of the connection may overtake it.
    let requests = server.requests();
    let requests: Vec<_> = kinds(&requests).into_iter().filter(|kind| *kind != "CLOSE").collect();
    assert_eq!(requests, ["INIT", "OPENDIR", "READDIR", "READDIR"]);
    assert_eq!(server.connections(), 1);
}

#[test]
fn what_is_unchanged_costs_the_listing_and_nothing_else() {
    let user = User::new(KeyType::Ed25519);
    let server = noting(user.server()).start();
    user.remote("r", &server);
    let [here, there, _] = places(&user);
    let tree = (0..50).fold(Tree::new(), |tree, number| tree.file(format!("d{}/f{number}", number % 5), "x"));
    tree.write(&here);
    tree.write(&there);
    user.sandbox.sclone(["copy", &text(&here), &remote(&there)]).run().code(0).stderr("");
    let requests = server.requests();
    let others: Vec<_> = kinds(&requests)
        .into_iter()
        .filter(|kind| !["INIT", "STAT", "OPENDIR", "READDIR", "CLOSE"].contains(kind))
        .collect();
    assert!(others.is_empty(), "{others:?}");
    assert_eq!(kinds(&requests).iter().filter(|kind| **kind == "OPENDIR").count(), 6);
    assert_eq!(kinds(&requests).iter().filter(|kind| **kind == "STAT").count(), 1, "{requests:?}");
}

#[test]
fn a_small_file_costs_seven_requests() {
    let user = User::new(KeyType::Ed25519);
    let server = noting(user.server()).start();
    user.remote("r", &server);
    let [here, there, _] = places(&user);
    Tree::new().file("f", "x").write(&here);
    std::fs::create_dir(&there).unwrap();
    user.sandbox.sclone(["copy", &text(&here), &remote(&there)]).run().code(0).stderr("");
    let requests = server.requests();
    let kinds = kinds(&requests);
    let first = kinds.iter().position(|kind| *kind == "OPEN").unwrap();
    assert_eq!(
        kinds[first..],
        ["OPEN", "WRITE", "FSETSTAT", "FSTAT", "CLOSE", "posix-rename@openssh.com", "LSTAT"],
        "{requests:?}"
    );
}

#[test]
fn a_large_file_is_carried_over_several_ways_in_both_directions() {
    let user = User::new(KeyType::Ed25519);
    let server = noting(user.server()).start();
    user.remote("r", &server);
    let [here, there, back] = places(&user);
    large().write(&here);
    let cutoff = ["copy", "--multi-thread-cutoff", "1Mi"];
    let run = |from: &str, to: &str| user.sandbox.sclone(cutoff.into_iter().chain([from, to])).run();
    run(&text(&here), &remote(&there)).code(0).stderr("");
    run(&remote(&there), &text(&back)).code(0).stderr("");
    assert_eq!(Tree::read(&there), large());
    assert_eq!(Tree::read(&back), large());
    assert!(server.requests().iter().filter(|request| request.starts_with("INIT")).count() > 2);
}

#[test]
fn small_files_do_not_wait_for_a_large_one() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    let slow = Proxy::to(server.port()).fault(Direction::ToServer, Fault::Rate(3_000_000)).start();
    let port = slow.port().to_string();
    user.remote_with("r", &server, &[("port", &port), ("host_key_policy", "off")]);
    let [here, there, _] = places(&user);
    let tree = (0..40).fold(large(), |tree, number| tree.file(format!("small{number:02}"), "content"));
    tree.write(&here);
    let outcome = user.sandbox.sclone(["copy", "-v", &text(&here), &remote(&there)]).run();
    outcome.code(0);
    let log = String::from_utf8_lossy(&outcome.stderr).into_owned();
    let copied: Vec<_> = log.lines().filter(|line| line.contains("Copied (new)")).collect();
    assert_eq!(copied.len(), 41);
    assert!(copied[40].contains("large: "), "{copied:#?}");
    assert_eq!(Tree::read(&there), tree);
}

#[test]
fn the_options_of_rclone_bound_connections_and_requests() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    let options = [("connections", "1"), ("concurrency", "2"), ("chunk_size", "16Ki")];
    user.remote_with("r", &server, &options);
    let [here, there, back] = places(&user);
    large().write(&here);
    for (from, to) in [(text(&here), remote(&there)), (remote(&there), text(&back))] {
        // A hash would be computed over a connection of its own.
        let flags = ["--multi-thread-cutoff", "1Mi", "--ignore-checksum"];
        let outcome = user.sandbox.sclone([&["copy", &from, &to], &flags[..]].concat()).run();
        outcome.code(0).stderr("");
    }
    assert_eq!(Tree::read(&back), large());
    assert_eq!(server.connections(), 2, "one for each run");
}

#[test]
fn a_server_that_allows_one_channel_and_one_connection_is_made_do_with() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().setting("MaxSessions 1").start();
    user.remote("r", &server);
    let [here, there, back] = places(&user);
    large().write(&here);
    for (from, to) in [(text(&here), remote(&there)), (remote(&there), text(&back))] {
        let outcome = user.sandbox.sclone(["copy", "--multi-thread-cutoff", "1Mi", &from, &to]).run();
        outcome.code(0).stderr("");
    }
    assert_eq!(Tree::read(&there), large());
    assert_eq!(Tree::read(&back), large());
}

#[test]
fn nothing_is_hashed_here_when_the_server_has_no_hash_to_compare_it_with() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    let no_commands = [("md5sum_command", "none"), ("sha1sum_command", "none")];
    user.remote_with("none", &server, &[("shell_type", "none")]);
    user.remote_with("commands", &server, &no_commands);
    user.remote("able", &server);
    let here = user.sandbox.path("here");
    large().write(&here);
    let program = env!("CARGO_BIN_EXE_sclone");
    for (name, opened) in [("none", 1), ("commands", 1), ("able", 2)] {
        let calls = user.sandbox.path(name);
        let there = user.sandbox.path(format!("there-{name}"));
        let places = format!("'{}' '{name}:{}'", here.display(), there.display());
        let opened_by = |command: &str| {
            let line = format!(
                "exec strace -f -e trace=openat -o '{}' {program} {command} {places}",
                calls.display()
            );
            user.sandbox.program(Path::new("/bin/sh"), ["-c", &line]).run().code(0);
            let calls = std::fs::read_to_string(&calls).unwrap();
            calls.lines().filter(|line| line.contains("here/") && line.contains("O_RDONLY")).count()
        };
        assert_eq!(opened_by("copy --multi-thread-cutoff 1Mi"), opened, "{name}");
        assert_eq!(opened_by("copy --checksum"), opened - 1, "{name}");
        assert_eq!(opened_by("check"), opened - 1, "{name}");
    }
}

#[test]
fn many_files_go_both_ways_with_few_descriptors() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    user.remote("r", &server);
    let [here, there, back] = places(&user);
    let tree = (0..600).fold(Tree::new(), |tree, number| tree.file(format!("f{number:03}"), "content"));
    tree.write(&here);
    let program = env!("CARGO_BIN_EXE_sclone");
    for (from, to) in [(text(&here), remote(&there)), (remote(&there), text(&back))] {
        let line = format!("ulimit -n 64; exec {program} copy '{from}' '{to}'");
        user.sandbox.program(Path::new("/bin/sh"), ["-c", &line]).run().code(0).stderr("");
    }
    assert_eq!(Tree::read(&back), tree);
}
