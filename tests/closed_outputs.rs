//! Standard output and the log when they are full, closed, or read no further.

use std::path::Path;

use crate::support::ground::Ground;
use crate::support::sandbox::Outcome;
use crate::support::tree::Tree;

/// Runs a line of a shell in which `sclone` is the program.
fn shell(ground: &Ground, line: &str) -> Outcome {
    let line = line.replace("sclone", env!("CARGO_BIN_EXE_sclone"));
    let line = line.replace("THERE", &ground.there.display().to_string());
    let line = line.replace("HERE", &ground.here.display().to_string());
    ground.user.sandbox.program(Path::new("/bin/bash"), ["-c", &line]).run()
}

fn ground() -> Ground {
    let ground = Ground::new();
    Tree::new().file("a", "first").file("d/b", "second").write(&ground.here);
    ground
}

#[test]
fn a_result_that_cannot_be_written_is_a_failure_of_every_command() {
    let ground = ground();
    for words in [
        "ls r:HERE",
        "lsl r:HERE",
        "lsd r:HERE",
        "lsf r:HERE",
        "lsjson r:HERE",
        "tree r:HERE",
        "size r:HERE",
        "about r:HERE",
        "cat r:HERE/a",
        "md5sum r:HERE",
        "check r:HERE HERE --combined -",
        "listremotes",
        "config show",
        "config dump",
        "config file",
        "cert show r:",
        "doctor r:",
        "copy HERE r:THERE --json",
        "obscure secret",
        "completion bash",
        "version",
        "help flags",
        "copy --help",
    ] {
        let outcome = shell(&ground, &format!("exec sclone {words} > /dev/full"));
        outcome.code(24).stderr_has(&["write to standard output: no space left on device"]);
    }
}

#[test]
fn whoever_stops_reading_ends_the_listing_in_silence() {
    let ground = ground();
    let many = (0..5_000).fold(Tree::new(), |tree, number| tree.file(format!("f{number}"), ""));
    many.write(&ground.there);
    for words in ["lsf r:THERE", "lsjson r:THERE", "ls r:THERE", "tree r:THERE", "cat r:HERE", "lsf -R THERE"]
    {
        let outcome =
            shell(&ground, &format!("sclone {words} | head -n 1 > /dev/null; exit ${{PIPESTATUS[0]}}"));
        outcome.code(0).stderr("");
    }
}

#[test]
fn a_lost_reader_hides_no_failure() {
    let ground = ground();
    for (words, code) in [
        ("copy --dump filters r:HERE/missing THERE", 3),
        ("copy --json r:HERE/missing THERE", 3),
        ("copy --json HERE nowhere:", 1),
        ("check r:HERE THERE --combined -", 1),
    ] {
        let outcome = shell(&ground, &format!("sclone {words} | true; exit ${{PIPESTATUS[0]}}"));
        outcome.code(code).stderr_has(&["ERROR"]);
    }
}

#[test]
fn a_log_that_nobody_reads_stops_no_copy() {
    for (number, closed) in ["2> /dev/full", "2>&-", "2> >(true)", ">&- 2>&- <&-"].into_iter().enumerate() {
        let ground = ground();
        let outcome = shell(&ground, &format!("sclone copy -vv HERE r:THERE {closed}"));
        outcome.code(0);
        assert_eq!(Tree::read(&ground.there), Tree::read(&ground.here), "{number}: {closed}");
        shell(&ground, &format!("sclone copy HERE/missing r:THERE {closed}")).code(3);
        shell(&ground, &format!("sclone lsf --no-such-flag {closed}")).code(2);
    }
}
