//! What counts as copied is all there: contents of any size, lies of the server about them, and times.

use std::fs;

use crate::support::ground::Ground;
use crate::support::hostile::{Action, Rule};
use crate::support::tree::Tree;

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|number| u8::try_from(number % 251).unwrap()).collect()
}

#[test]
fn files_of_every_size_arrive_both_ways() {
    let chunk = 261_120;
    let around = [32_768, 65_536, chunk, 262_144, 2 * chunk].into_iter().flat_map(|size| size - 1..=size + 1);
    let tree = around
        .chain([0, 1, 5_000_001])
        .fold(Tree::new(), |tree, size| tree.file(size.to_string(), content(size)));
    let ground = Ground::new();
    tree.write(&ground.here);
    ground.sclone("copy HERE @THERE").code(0).stderr("");
    assert_eq!(Tree::read(&ground.there), tree);
    fs::remove_dir_all(&ground.here).unwrap();
    ground.sclone("copy @THERE HERE").code(0).stderr("");
    assert_eq!(Tree::read(&ground.here), tree);
}

#[test]
fn a_file_with_holes_arrives_with_the_same_content() {
    let ground = Ground::new();
    Tree::new().file("f", "beginning").write(&ground.here);
    let file = fs::File::options().write(true).open(ground.here.join("f")).unwrap();
    file.set_len(30_000_000).unwrap();
    drop(file);
    ground.sclone("copy HERE @THERE").code(0).stderr("");
    let found = fs::read(ground.there.join("f")).unwrap();
    assert!(found.len() == 30_000_000 && found.starts_with(b"beginning"));
    assert!(found[9..].iter().all(|byte| *byte == 0));
}

#[test]
fn a_write_that_is_lost_in_the_middle_is_found_by_its_hash() {
    for flag in ["--verify hash", "--checksum"] {
        let lost = Action::Status { code: 0, text: "Success".into() };
        let ground = Ground::with(&[Rule::new("WRITE", 3, lost)]);
        Tree::new().file("f", content(2_000_000)).write(&ground.here);
        let old = Tree::new().file_with("f", "old", 0o644, 1_500_000_000);
        old.write(&ground.there);
        let outcome = ground.sclone(&format!("copy --retries 1 {flag} HERE @THERE"));
        outcome.code(5).stderr_has(&["ERROR : f: Failed to copy", "hashes differ"]);
        assert_eq!(Tree::read(&ground.there), old, "{flag}");
    }
}

#[test]
fn answers_of_a_thousand_bytes_are_put_together() {
    let ground = Ground::with(&[Rule::new("READ", 0, Action::ShortData(1000))]);
    let tree = Tree::new().file("f", content(150_000)).file("g", content(2500));
    tree.write(&ground.here);
    ground.sclone("copy @HERE THERE").code(0).stderr("");
    assert_eq!(Tree::read(&ground.there), tree);
}

#[test]
fn a_read_that_fails_leaves_the_old_file_and_stops_no_other() {
    let fault = Action::Status { code: 4, text: "Input/output error".into() };
    let ground = Ground::with(&[Rule::new("READ", 5, fault)]);
    let large = || Tree::new().file("f", content(3_000_000));
    large().write(&ground.here);
    let old = Tree::new().file_with("f", "old", 0o644, 1_500_000_000);
    old.write(&ground.there);
    ground.sclone("copy @HERE THERE").code(1).stderr_has(&["ERROR : f: Failed to copy: read"]);
    assert_eq!(Tree::read(&ground.there), old);
    let small = (0..8).fold(Tree::new(), |tree, number| tree.file(number.to_string(), "content"));
    fs::remove_file(ground.here.join("f")).unwrap();
    small.write(&ground.here);
    ground.sclone("copy @HERE THERE").code(1);
    assert_eq!(fs::read_dir(&ground.there).unwrap().count(), 8, "the old file and seven of eight");
}

#[test]
fn a_time_that_a_server_does_not_set_is_told_of_in_every_run_and_is_no_failure() {
    for shell in [true, false] {
        let ground = Ground::served(|builder| builder.hostile_without("setstat,fsetstat", &[]));
        // Without one there is no hash to tell that only the time differs.
        if !shell {
            ground.user.remote_with("r", &ground.server, &[("shell_type", "none")]);
        }
        Tree::new().file("f", "content").write(&ground.here);
        let again =
            if shell { "f: the same, but its time could not be set" } else { "f: copied, but its time" };
        for told in ["f: copied, but its time and mode could not be set", again] {
            let outcome = ground.sclone("sync -v --no-update-dir-modtime HERE @THERE");
            outcome.code(0).stderr_has(&["NOTICE", told]);
            assert_eq!(fs::read(ground.there.join("f")).unwrap(), b"content");
        }
        let outcome = ground.sclone("sync -v --size-only --no-update-dir-modtime HERE @THERE");
        outcome.code(0).stderr_has(&["There was nothing to transfer"]);
    }
}

#[test]
fn the_same_size_and_time_is_taken_for_the_same_unless_hashes_are_asked_for() {
    for places in ["HERE @THERE", "@HERE THERE", "HERE THERE"] {
        let ground = Ground::new();
        Tree::new().file("f", "one").write(&ground.here);
        Tree::new().file("f", "two").write(&ground.there);
        ground.sclone(&format!("copy {places}")).code(0);
        assert_eq!(fs::read(ground.there.join("f")).unwrap(), b"two", "{places}");
        ground.sclone(&format!("copy --checksum {places}")).code(0);
        assert_eq!(fs::read(ground.there.join("f")).unwrap(), b"one", "{places}");
    }
}

#[test]
fn times_are_kept_and_those_that_sftp_cannot_carry_are_refused() {
    let ground = Ground::new();
    let within = [0, 1_700_000_000, (1 << 31) - 1, 1 << 31, 4_102_444_800, u64::from(u32::MAX)];
    let tree =
        within.iter().fold(Tree::new(), |tree, time| tree.file_with(time.to_string(), "x", 0o644, *time));
    tree.write(&ground.here);
    for places in ["HERE @THERE", "@HERE THERE"] {
        let line = format!("copy -v {places}");
        ground.sclone(&line).code(0);
        assert_eq!(Tree::read(&ground.there), tree, "{places}");
        ground.sclone(&line).code(0).stderr_has(&["There was nothing to transfer"]);
        fs::remove_dir_all(&ground.there).unwrap();
    }
    let beyond = (1 << 32) + 5;
    Tree::new().file_with("beyond", "x", 0o644, beyond).write(&ground.here);
    let outcome = ground.sclone("copy HERE @THERE");
    outcome.fails().stderr_has(&["beyond: Failed to copy", "SFTP carries times from 1970 to 2106 only"]);
    assert_eq!(Tree::read(&ground.there), tree);
    ground.sclone("copy HERE THERE").code(0);
    assert_eq!(Tree::read(&ground.there), Tree::read(&ground.here), "on this machine nothing is lost");
}

#[test]
fn another_time_zone_copies_nothing_again() {
    let ground = Ground::new();
    // An hour that the clocks of Europe do not have.
    Tree::new().file_with("f", "x", 0o644, 1_774_747_800).write(&ground.here);
    ground.invocation("copy HERE @THERE").env("TZ", "Europe/Berlin").run().code(0);
    for zone in ["America/New_York", "Asia/Tokyo", "UTC"] {
        for places in ["HERE @THERE", "@THERE HERE"] {
            let again = ground.invocation(&format!("copy -v {places}")).env("TZ", zone).run();
            again.code(0).stderr_has(&["There was nothing to transfer"]);
        }
    }
}
