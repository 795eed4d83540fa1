//! Flags of transfers that a careful backup script uses now and then.

use std::fs;

use crate::support::ca::KeyType;
use crate::support::ground::Ground;
use crate::support::hostile::{Action, Rule};
use crate::support::tree::Tree;
use crate::support::user::User;

fn refused() -> Action {
    Action::Status { code: 3, text: "told so".into() }
}

#[test]
fn errors_may_be_ignored_when_deleting_as_far_as_the_source_speaks() {
    // A file that cannot be read, and a folder that cannot be listed.
    for (request, nth) in [("READ", 0), ("READDIR", 3)] {
        let ground = Ground::with(&[Rule::new(request, nth, refused())]);
        let same = || Tree::new().file("a", "same");
        same().file("d/new", "1").write(&ground.here);
        same().file("d/old", "2").file("stale", "3").directory("gone").write(&ground.there);
        let before = Tree::read(&ground.there);
        ground.sclone("sync --retries 1 @HERE THERE").code(1);
        assert!(ground.there.join("stale").exists(), "{request}: {before:?}");
        ground
            .sclone("sync --retries 1 --ignore-errors @HERE THERE")
            .code(1)
            .stderr_has(&["permission denied"]);
        assert!(!ground.there.join("stale").exists() && !ground.there.join("gone").exists(), "{request}");
        assert_eq!(ground.there.join("d/old").exists(), request == "READDIR", "{request}");
    }
}

#[test]
fn what_the_source_does_not_deny_stays_even_if_errors_are_ignored() {
    let ground = Ground::with(&[Rule::new("LSTAT", 1, refused())]);
    Tree::new().file("a", "1").write(&ground.here);
    Tree::new().file("a", "1").file("x", "2").file("y", "3").write(&ground.there);
    ground.sclone("sync --ignore-errors @HERE THERE").code(1).stderr_has(&["Not deleted"]);
    let left = ["x", "y"].into_iter().filter(|name| ground.there.join(name).exists());
    assert_eq!(left.count(), 1);
}

#[test]
fn times_are_refreshed_where_no_hash_can_be_had() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    user.remote_with("r", &server, &[("disable_hashcheck", "true")]);
    let (here, there) = (user.sandbox.path("here"), user.sandbox.path("there"));
    let source = Tree::new().file("a", "same").file("longer", "longer");
    source.write(&here);
    let old = |name, content| Tree::new().file_with(name, content, 0o644, 1_500_000_000);
    let places = [here.display().to_string(), format!("r:{}", there.display())];
    let sync = |flags: &[&str]| {
        old("a", "SAME").write(&there);
        old("longer", "short").write(&there);
        user.sandbox.sclone([&["sync", "-v", &places[0], &places[1]], flags].concat()).run()
    };
    sync(&["--refresh-times"]).code(0).stderr_has(&[
        "INFO  : a: Updated modification time in destination",
        "INFO  : longer: Copied (replaced existing)",
    ]);
    assert_eq!(Tree::read(&there), Tree::new().file("a", "SAME").file("longer", "longer"));
    sync(&[]).code(0).stderr_has(&["INFO  : a: Copied (replaced existing)"]);
    assert_eq!(Tree::read(&there), source);
}

#[test]
fn more_removals_than_allowed_are_none() {
    let files = || Tree::new().file("a", "1").file("d/b", "22").file("d/c", "333");
    let ground = Ground::new();
    files().write(&ground.there);
    for place in ["THERE", "@THERE"] {
        for (limit, reason) in [
            ("--max-delete 2", "--max-delete threshold reached: 3 files would go, 2 may"),
            ("--max-delete-size 5B", "--max-delete-size threshold reached: 6 would go, 5 may"),
            ("--max-delete 0 --dry-run", "3 files would go, 0 may"),
        ] {
            ground.sclone(&format!("delete --rmdirs {limit} {place}")).code(7).stderr_has(&[reason]);
            assert_eq!(Tree::read(&ground.there), files(), "{limit} {place}");
        }
        ground.sclone(&format!("delete --max-delete 0 {place}/a")).code(7).stderr_has(&["1 files would go"]);
        assert!(ground.there.join("a").exists());
    }
    ground.sclone("delete --max-delete 1 --include b @THERE").code(0).stderr("");
    assert_eq!(Tree::read(&ground.there), Tree::new().file("a", "1").file("d/c", "333"));
    ground.sclone("delete --rmdirs --max-delete 2 --max-delete-size 4B @THERE").code(0).stderr("");
    assert_eq!(Tree::read(&ground.there), Tree::new());
}

#[test]
fn a_remote_says_how_what_arrives_is_compared() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    user.remote_with("hash", &server, &[("verify", "hash")]);
    user.remote_with("size", &server, &[("verify", "size")]);
    user.remote("none", &server);
    let settings = user.sandbox.path("home/.config/sclone");
    fs::create_dir_all(&settings).unwrap();
    for (number, (remote, settings_file, flags, expected)) in [
        ("hash", "", &[][..], "1 by md5"),
        ("none", "", &[], "1 by size"),
        ("hash", "", &["--verify", "size"], "1 by size"),
        ("hash", "", &["--ignore-checksum"], "1 by size"),
        ("size", "verify = 'hash'", &[], "1 by size"),
        ("hash", "ignore-checksum = true", &[], "1 by md5"),
        ("none", "verify = 'hash'", &[], "1 by md5"),
        ("none,verify=hash", "", &[], "1 by md5"),
        ("size", "", &["--verify", "hash"], "1 by md5"),
    ]
    .into_iter()
    .enumerate()
    {
        fs::write(settings.join("settings.toml"), settings_file).unwrap();
        let here = user.sandbox.path(format!("here{number}"));
        Tree::new().file("a", "1").write(&here);
        let there = format!("{remote}:{}", user.sandbox.path(format!("there{number}")).display());
        let outcome =
            user.sandbox.sclone([&["copy", "-v", here.to_str().unwrap(), &there], flags].concat()).run();
        outcome.code(0).stderr_has(&[&format!("Checked after transfer: {expected}")]);
    }
    user.remote_with("bad", &server, &[("verify", "maybe")]);
    user.sandbox.sclone(["ls", "bad:"]).run().code(1).stderr_has(&["\"maybe\" is not one of hash, size"]);
}

#[test]
fn a_folder_whose_connection_is_lost_is_made_over_the_next_one() {
    // One after the other: each waits for the one it is in.
    let ground = Ground::with(&[Rule::new("MKDIR", 3, Action::Close)]);
    let tree = Tree::new().directory("a/b/c/d/e");
    tree.write(&ground.here);
    let outcome = ground.sclone("copy --create-empty-src-dirs --retries 1 HERE @THERE");
    outcome.code(0).stderr_has(&[": attempt 1 of 10: talk to the server: the connection ended"]);
    assert_eq!(Tree::read(&ground.there), tree);
}

#[test]
fn what_the_server_did_by_itself_is_counted() {
    let ground = Ground::new();
    Tree::new().file("large", vec![7; 700_000]).file("small", "12").write(&ground.here);
    let outcome = ground.sclone("copy -v --json @HERE @THERE");
    outcome.code(0).stderr_has(&["\nServer Side Copies:     1 @ 683.594 KiB\n"]);
    let summary: serde_json::Value = serde_json::from_slice(&outcome.stdout).unwrap();
    assert_eq!(summary["copied_by_server"], 1, "{summary}");

    Tree::new().file("small", "older").write(&ground.there);
    let backup = ground.user.sandbox.path("backup");
    let line = format!("move -v --backup-dir r:{} --use-json-log @HERE @THERE", backup.display());
    let outcome = ground.sclone(&line);
    let text = String::from_utf8(outcome.code(0).stderr.clone()).unwrap();
    let last = text.lines().rfind(|line| line.contains("serverSideMoves")).unwrap();
    let stats = &serde_json::from_str::<serde_json::Value>(last).unwrap()["stats"];
    // The small file and the one it replaced; the large one is the same already.
    assert_eq!((&stats["serverSideMoves"], &stats["serverSideMoveBytes"]), (&2.into(), &7.into()), "{last}");
    assert!(text.contains("Server Side Moves:      2 @ 7 B"), "{text}");
}

#[test]
fn a_destination_that_is_not_looked_at_gets_everything() {
    let ground = Ground::new();
    let tree = Tree::new().file("same", "same").file("sub/other", "new");
    tree.write(&ground.here);
    Tree::new()
        .file("same", "same")
        .file("sub/other", "an older one")
        .file("mine", "kept")
        .write(&ground.there);
    ground.sclone("copy -v --no-check-dest HERE @THERE").code(0).stderr_has(&[
        "INFO  : same: Copied (new)",
        "INFO  : sub/other: Copied (new)",
        "Transferred:            2 / 2, 100%",
    ]);
    assert_eq!(Tree::read(&ground.there), tree.file("mine", "kept"));
    for (line, reason) in [
        ("sync --no-check-dest HERE @THERE", "use copy instead"),
        ("copy --no-check-dest --immutable HERE @THERE", "--immutable"),
        ("copy --no-check-dest --suffix .old HERE @THERE", "--suffix"),
    ] {
        ground.sclone(line).code(1).stderr_has(&["can't use --no-check-dest with ", reason]);
    }
}

#[test]
fn what_is_mounted_stays_outside_of_one_file_system() {
    let ground = Ground::new();
    let list = |flags: &str| {
        let outcome = ground.sclone(&format!("lsf --dirs-only {flags}/"));
        String::from_utf8(outcome.code(0).stdout.clone()).unwrap()
    };
    assert!(list("").lines().any(|line| line == "proc/"));
    let left = list("-x ");
    assert!(left.lines().any(|line| line == "etc/") && !left.contains("proc/"), "{left}");

    // One rename would take along what is mounted.
    Tree::new().file("a", "1").write(&ground.here);
    let outcome = ground.sclone("move -v -x HERE THERE");
    outcome.code(0).stderr_has(&["INFO  : a: Moved (server-side)"]);
    ground.sclone("delete THERE").code(0);

    // What is left out is as good as gone, also where the source is asked for it by name.
    Tree::new().file("proc/version", "old").write(&ground.there);
    let line = "sync --allow-empty-source --include /proc/version";
    ground.sclone(&format!("{line} -x / @THERE")).code(0);
    assert!(!ground.there.join("proc/version").exists());
}

#[test]
fn pipes_may_be_left_out_without_a_word() {
    let ground = Ground::new();
    Tree::new().file("a", "1").write(&ground.here);
    let pipe = ground.here.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for line in ["copy HERE @THERE", "lsf HERE", "check HERE @THERE", "cat HERE"] {
        ground.sclone(line).code(0).stderr_has(&["pipe: Can't transfer non file/directory"]);
        let quiet = ground.sclone(&format!("{line} --skip-specials"));
        assert!(!String::from_utf8_lossy(&quiet.code(0).stderr).contains("pipe"), "{line}");
    }
}

#[test]
fn one_server_by_two_names_is_seen_to_be_one() {
    let ground = Ground::new();
    let tree = Tree::new().file("a", "1").file("sub/b", "2");
    tree.write(&ground.here);
    // Another way to write the same address.
    let other = [("host", "127.1"), ("host_key_policy", "off")];
    ground.user.remote_with("other", &ground.server, &other);
    let here = ground.here.display();
    for (line, code, reason) in [
        (format!("sync other:{here}/sub @HERE"), 7, "overlapping remotes"),
        (format!("move other:{here} @HERE/sub"), 7, "overlapping remotes"),
        (format!("move other:{here} @HERE"), 0, "source and destination are the same"),
        (format!("moveto other:{here}/a @HERE/a"), 0, "source and destination are the same"),
        (format!("copy other:{here} @HERE"), 0, "source and destination are the same"),
    ] {
        ground.sclone(&line).code(code).stderr_has(&[reason]);
        assert_eq!(Tree::read(&ground.here), tree, "{line}");
    }
    ground.sclone(&format!("sync other:{here}/sub @THERE")).code(0);
    assert_eq!(Tree::read(&ground.there), Tree::new().file("b", "2"));
}
