//! What a run tells while it goes on and at its end: log formats, statistics, the summary for machines.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::sandbox::{Outcome, Sandbox};
use crate::support::tree::Tree;

fn ground() -> (Sandbox, PathBuf, PathBuf) {
    let sandbox = Sandbox::new();
    let (here, there) = (sandbox.path("here"), sandbox.path("there"));
    Tree::new().file("a", "one").file("same", "x").file("sub/b", "twelve bytes").write(&here);
    Tree::new().file("same", "x").write(&there);
    (sandbox, here, there)
}

fn copy(sandbox: &Sandbox, places: [&PathBuf; 2], flags: &[&str]) -> Outcome {
    let places = places.map(|place| place.display().to_string());
    sandbox.sclone([&["copy", &places[0], &places[1]], flags].concat()).run()
}

#[test]
fn the_summary_for_machines_counts_what_was_done() {
    let (sandbox, here, there) = ground();
    let outcome = copy(&sandbox, [&here, &there], &["--json", "--verify=hash"]);
    let summary: Value = serde_json::from_slice(&outcome.code(0).stdout).unwrap();
    for (key, count) in [("transferred", 2), ("skipped", 1), ("checked", 1), ("bytes", 15), ("errors", 0)] {
        assert_eq!(summary[key], count, "{key}: {summary}");
    }
    assert_eq!(summary["verified"]["md5"], 2, "{summary}");

    // A folder where a file belongs fails, and is told by its path.
    fs::remove_file(there.join("a")).unwrap();
    fs::create_dir(there.join("a")).unwrap();
    let outcome = copy(&sandbox, [&here, &there], &["--json"]);
    let summary: Value = serde_json::from_slice(&outcome.code(1).stdout).unwrap();
    assert_eq!((&summary["errors"], &summary["failures"][0]["path"]), (&1.into(), &"a".into()), "{summary}");
    outcome.stderr_has(&["Can't retry any of the errors - not attempting retries"]);
}

#[test]
fn how_files_were_checked_is_said() {
    let (sandbox, here, there) = ground();
    copy(&sandbox, [&here, &there], &["-v"]).stderr_has(&["INFO  : Checked after transfer: 2 by size"]);
    Tree::new().file("new", "new").write(&here);
    copy(&sandbox, [&here, &there], &["-v", "--verify", "hash"])
        .stderr_has(&["INFO  : Checked after transfer: 1 by md5"]);
}

#[test]
fn lines_have_the_form_that_was_asked_for() {
    for (flags, begins) in [
        (&["--log-format="][..], "INFO  : "),
        (&["--log-format", "nolevel"], "a: Copied (new)"),
        (&["--log-systemd"], "<6>INFO  : "),
        (&["--use-json-log"], "{"),
        (&["--log-format", "json"], "{"),
    ] {
        let (sandbox, here, there) = ground();
        let outcome = copy(&sandbox, [&here, &there], &[&["-v", "--stats-one-line"], flags].concat());
        let text = String::from_utf8(outcome.code(0).stderr.clone()).unwrap();
        let mut lines = text.lines().filter(|line| line.contains("Copied (new)"));
        assert!(lines.any(|line| line.starts_with(begins)), "{flags:?}\n{text}");
    }
    let (sandbox, here, there) = ground();
    copy(&sandbox, [&here, &there], &["--log-format", "date,tiem"]).code(2).stderr_has(&["tiem"]);
}

#[test]
fn the_log_goes_to_its_file_whole_and_is_added_to() {
    let (sandbox, here, there) = ground();
    let log = sandbox.path("log");
    let name = log.display().to_string();
    copy(&sandbox, [&here, &there], &["-v", "--log-file", &name, "-P"]).code(0).stdout("").stderr("");
    copy(&sandbox, [&here, &there], &["-v", "--log-file", &name]).code(0).stderr("");
    let text = fs::read_to_string(log).unwrap();
    assert_eq!(text.matches("Elapsed time:").count(), 2, "{text}");
    assert_eq!(text.matches("INFO  : a: Copied (new)").count(), 1, "{text}");
}

#[test]
fn statistics_have_the_form_that_was_asked_for() {
    for (flags, expected) in [
        (&["--stats-log-level=NOTICE"][..], "NOTICE: \nTransferred:"),
        (&["--stats-one-line", "-P"], " 15 B / 15 B, 100%, "),
        (&["--stats-one-line-date", "-P"], " -          15 B / 15 B, 100%, "),
        (&["--stats-unit=bits", "-P"], "bit/s, ETA -"),
        (&["--stats-one-line-date-format", "AD 2006|", "-P"], "NOTICE: AD 20"),
        (&["--stats-one-line-date-format", "AD|", "-P"], "NOTICE: AD|         15 B / 15 B, 100%, "),
    ] {
        let (sandbox, here, there) = ground();
        copy(&sandbox, [&here, &there], flags).code(0).stdout("").stderr_has(&[expected]);
    }
}

#[test]
fn a_log_file_is_rotated_when_it_is_too_large() {
    let (sandbox, here, there) = ground();
    let files = (0..100).fold(Tree::new(), |tree, number| tree.file(format!("many/{number}"), "x"));
    files.write(&here);
    fs::create_dir(sandbox.path("logs")).unwrap();
    let log = sandbox.path("logs/run.log").display().to_string();
    let limits = ["--log-file-max-size", "1k", "--log-file-max-backups=2", "--log-file-compress"];
    copy(&sandbox, [&here, &there], &[&["-v", "--log-file", &log], &limits[..]].concat()).code(0).stderr("");
    let mut names: Vec<_> = fs::read_dir(sandbox.path("logs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(
        names[..2].iter().all(|name| name.starts_with("run-20") && name.ends_with(".log.gz")),
        "{names:?}"
    );
    assert!(fs::read_to_string(&log).unwrap().contains("Elapsed time:"));
    assert!(fs::metadata(&log).unwrap().len() <= 1024);

    let outcome = copy(&sandbox, [&here, &there], &["--log-file", &log, "--log-file-max-age=1d"]);
    outcome.code(1).stderr_has(&["need --log-file-max-size"]);
    let outcome = copy(&sandbox, [&here, &there], &["--log-file", &log, "--syslog"]);
    outcome.code(1).stderr_has(&["can't use --syslog and --log-file together"]);
    copy(&sandbox, [&here, &there], &["--syslog-facility", "LOCAL9"]).code(2).stderr_has(&["LOCAL9"]);
}

#[test]
fn the_title_of_a_terminal_tells_the_rest_of_the_time() {
    let (sandbox, here, there) = ground();
    Tree::new().file("large", vec![1; 400_000]).write(&here);
    let places = [here, there].map(|place| place.display().to_string());
    let flags = ["-P", "--bwlimit=200k", "--progress-terminal-title"];
    let screen =
        sandbox.sclone([&["copy", &places[0], &places[1]], &flags[..]].concat()).run_at_terminal(&[]);
    assert_eq!(screen.code, Some(0), "{}", screen.text);
    assert!(screen.text.contains("\x1b]0;ETA: "), "{:?}", screen.text);
    assert!(screen.text.contains("\x1b]0;\x07"), "{:?}", screen.text);
}

#[test]
fn what_can_be_lost_is_kept_where_it_is_wanted() {
    let (sandbox, here, there) = ground();
    let cache = sandbox.path("cache");
    copy(&sandbox, [&here, &there], &["--lock", "--cache-dir", cache.to_str().unwrap()]).code(0).stderr("");
    assert!(cache.join("locks").is_dir());
    assert!(!sandbox.path("home/.cache").exists());
}
