//! `check` and `checksum`, against what rclone 1.75 prints for the same trees.

use std::fs;
use std::path::Path;

use crate::support::ca::KeyType;
use crate::support::sandbox::{Outcome, Sandbox};
use crate::support::server::Server;
use crate::support::tree::Tree;
use crate::support::user::User;

/// Two trees that differ in every way, and the second on a server.
struct Scene {
    user: User,
    server: Server,
    source: String,
    destination: String,
}

impl Scene {
    fn new() -> Self {
        let user = User::new(KeyType::Ed25519);
        let server = user.server().start();
        user.remote("a", &server);
        let (source, destination) = (user.sandbox.path("s"), user.sandbox.path("t"));
        let same = Tree::new().file("e", "same");
        same.file("a", "hello").file("b", "world").file("d/c", "12345").write(&source);
        Tree::new()
            .file("e", "same")
            .file("a", "hellO")
            .file("d/c", "longer")
            .file("n", "new")
            .write(&destination);
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        Self { source: text(&source), destination: text(&destination), user, server }
    }

    fn sandbox(&self) -> &Sandbox {
        &self.user.sandbox
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        self.sandbox().sclone(arguments).run()
    }
}

#[test]
fn check_lists_what_rclone_lists() {
    let scene = Scene::new();
    for place in [scene.destination.clone(), format!("a:{}", scene.destination)] {
        let check = |flags: &[&str]| scene.run(&[&["check", &scene.source, &place], flags].concat());
        check(&["--combined", "-"]).code(1).stdout("* a\n+ b\n* d/c\n= e\n- n\n").stderr_has(&[
            "ERROR : a: md5 differ",
            "ERROR : b: file not in ",
            "ERROR : d/c: sizes differ",
            "4 differences found",
            "1 matching files",
        ]);
        check(&["--download", "--combined", "-"]).code(1).stdout("* a\n+ b\n* d/c\n= e\n- n\n");
        check(&["--size-only", "--combined", "-"]).code(1).stdout("= a\n+ b\n* d/c\n= e\n- n\n");
        check(&["--one-way", "--combined", "-"]).code(1).stdout("* a\n+ b\n* d/c\n= e\n");
        for (flag, listed) in [
            ("--differ", "a\nd/c\n"),
            ("--match", "e\n"),
            ("--missing-on-dst", "b\n"),
            ("--missing-on-src", "n\n"),
            ("--error", ""),
        ] {
            check(&[flag, "-"]).code(1).stdout(listed);
        }
    }
    let list = scene.sandbox().path("list");
    scene
        .run(&["check", &scene.source, &scene.destination, "--match", list.to_str().unwrap()])
        .code(1)
        .stdout("");
    assert_eq!(fs::read_to_string(list).unwrap(), "e\n");
}

#[test]
fn check_ends_as_rclone_ends() {
    let scene = Scene::new();
    let source = scene.source.as_str();
    let file = format!("{source}/a");
    scene
        .run(&["check", source, source])
        .code(0)
        .stdout("")
        .stderr_has(&["0 differences found", "4 matching"]);
    scene.run(&["check", source, &format!("a:{source}")]).code(0).stdout("");
    scene.run(&["check", &file, &scene.destination, "--combined", "-"]).code(1).stdout("* a\n");
    scene.run(&["check", &format!("{source}/e"), &scene.destination]).code(0).stdout("");
    scene.run(&["check", source, "nope", "--missing-on-dst", "-"]).code(1).stdout("a\nb\nd/c\ne\n");
    scene.run(&["check", "nope", source]).code(3).stdout("");
    scene.run(&["check", source, &file]).code(1).stdout("");
    scene.run(&["check", source, source, "--combined", "no/such"]).code(1).stdout("");
}

#[test]
fn a_check_that_could_compare_no_hash_says_so() {
    let scene = Scene::new();
    let no_shell = scene.user.server().setting("ForceCommand internal-sftp").start();
    scene.user.remote("b", &no_shell);
    scene.user.remote_with("c", &scene.server, &[("disable_hashcheck", "true")]);
    for remote in ["b", "c"] {
        let place = format!("{remote}:{}", scene.source);
        let hashed = scene.run(&["check", &scene.source, &place, "--combined", "-"]);
        hashed
            .code(0)
            .stdout("= a\n= b\n= d/c\n= e\n")
            .stderr_has(&["4 hashes could not be checked", "--download"]);
        scene.run(&["check", "--download", &scene.source, &place]).code(0);
        scene.run(&["check", "--size-only", &scene.source, &place]).code(0);
    }
}

#[test]
fn checksum_lists_what_rclone_lists() {
    let scene = Scene::new();
    let sums = "5d41402abc4b2a76b9719d911017c592  a\n\
                7d793037a0760186574b0282f2f435e7 *b\n\
                bad line\n\
                00000000000000000000000000000000  e\n\
                5d41402abc4b2a76b9719d911017c592  gone\n";
    let file = scene.sandbox().write("sums", sums);
    let file = file.to_str().unwrap();
    let listed = "= a\n= b\n- d/c\n* e\n+ gone\n";
    for place in [scene.source.clone(), format!("a:{}", scene.source)] {
        scene.run(&["checksum", "md5", file, &place, "--combined", "-"]).code(1).stdout(listed);
        scene.run(&["check", "-C", "md5", file, &place, "--combined", "-"]).code(1).stdout(listed);
        scene.run(&["md5sum", "-C", file, &place]).code(1).stdout(listed).stderr_has(&["checksum line 3"]);
        let one_way =
            scene.run(&["checksum", "md5", file, &place, "--one-way", "--download", "--combined", "-"]);
        one_way.code(1).stdout("= a\n= b\n* e\n+ gone\n");
    }
    scene.run(&["checksum", "md5", "nope", &scene.source]).code(1).stdout("");
    scene.run(&["checksum", "bad", file, &scene.source]).code(2).stdout("");
    let printed = scene.run(&["sha1sum", &scene.source]);
    let printed = scene.sandbox().write("printed", &printed.code(0).stdout);
    scene.run(&["sha1sum", "-C", printed.to_str().unwrap(), &format!("a:{}", scene.source)]).code(0);
}
