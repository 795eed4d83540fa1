//! Names that no careful person gives a file: they arrive byte for byte, do nothing to a terminal or a log, and are
//! never taken for flags, patterns or commands.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use crate::support::ground::Ground;
use crate::support::tree::{Tree, WEIRD_NAMES};

fn ground() -> Ground {
    let ground = Ground::new();
    Tree::new().weird_names("names").write(&ground.here);
    ground
}

/// What no terminal may be told: all control characters but the end of a line, and the tabs of the statistics.
fn is_control(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\r' | '\n' | '\t')
}

#[test]
fn names_arrive_byte_for_byte_and_the_next_run_copies_nothing() {
    let ground = ground();
    for (line, root) in [("HERE @THERE", "there"), ("@THERE HERE/../back", "back")] {
        ground.sclone(&format!("copy {line}")).code(0).stderr("");
        assert_eq!(Tree::read(&ground.user.sandbox.path(root)), Tree::read(&ground.here));
        ground.sclone(&format!("sync -v {line}")).code(0).stderr_has(&["There was nothing to transfer"]);
    }
    ground.sclone("check HERE @THERE").code(0);
    ground.sclone("purge @THERE").code(0).stderr("");
    assert!(!ground.there.exists());
}

#[test]
fn no_name_reaches_a_terminal_as_more_than_text() {
    let ground = ground();
    Tree::new().file("names/\u{1b}[1mold\u{9b}2J", "surplus").write(&ground.there);
    for line in [
        "ls @HERE",
        "lsl @HERE",
        "lsf -R @HERE",
        "lsf -R --format pst HERE",
        "tree @HERE",
        "tree --full-path HERE",
        "lsjson -R @HERE",
        "md5sum @HERE",
        "check HERE @THERE --combined -",
        "sync HERE @THERE --dry-run",
        "copy HERE @THERE -vv --dry-run",
        "sync HERE @THERE -v",
        "delete @THERE -vv",
    ] {
        let screen = ground.invocation(line).run_at_terminal(&[]);
        let found = screen.text.chars().find(|letter| is_control(*letter));
        assert_eq!(found, None, "{line}:\n{}", screen.text.escape_debug());
        assert!(!screen.text.contains("tab\tcr"), "{line}:\n{}", screen.text);
        // A line feed in a name begins no line.
        assert!(!screen.text.lines().any(|text| text.starts_with("line")), "{line}:\n{}", screen.text);
    }
}

#[test]
fn progress_shows_names_as_text() {
    let ground = ground();
    let screen = ground.invocation("copy HERE @THERE -P --transfers 1 --bwlimit 2k").run_at_terminal(&[]);
    assert_eq!(screen.code, Some(0), "{}", screen.text);
    for hostile in ["\u{1b}[31mred", "\u{7}", "\u{9b}", "\u{202e}", "new\nline", "new\r\nline"] {
        assert!(!screen.text.contains(hostile), "{hostile:?}:\n{}", screen.text.escape_debug());
    }
}

#[test]
fn json_is_valid_and_two_names_stay_two() {
    let ground = ground();
    let outcome = ground.sclone("lsjson @HERE/names");
    let listed: serde_json::Value = serde_json::from_slice(&outcome.code(0).stdout).unwrap();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), WEIRD_NAMES.len());
    let names: std::collections::BTreeSet<_> = listed.iter().map(|entry| entry["Name"].to_string()).collect();
    assert_eq!(names.len(), WEIRD_NAMES.len(), "{names:?}");
}

#[test]
fn a_log_has_one_record_a_line_whatever_names_hold() {
    let ground = ground();
    let outcome = ground.sclone("copy -v HERE @THERE");
    let plain = String::from_utf8_lossy(&outcome.code(0).stderr).into_owned();
    let copied = plain.lines().filter(|line| line.contains("INFO  : ") && line.ends_with("Copied (new)"));
    assert_eq!(copied.count(), WEIRD_NAMES.len(), "{plain}");
    std::fs::remove_dir_all(&ground.there).unwrap();
    let outcome = ground.sclone("copy -v --use-json-log HERE @THERE");
    let log = String::from_utf8(outcome.code(0).stderr.clone()).unwrap();
    let records = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect(line));
    let copied = records.filter(|record| record["msg"].as_str().unwrap().contains("Copied (new)"));
    assert_eq!(copied.count(), WEIRD_NAMES.len(), "{log}");
}

#[test]
fn names_like_flags_and_patterns_are_taken_literally() {
    let ground = Ground::new();
    for name in ["-rf", "--help", "[a]*", "a", "{b,c}", "b"] {
        Tree::new().file(format!("{name}/f"), name).write(&ground.here);
    }
    let cd = ground.here.display();
    for name in ["-rf", "--help", "[a]*", "{b,c}"] {
        let remote = format!("r:{cd}/{name}");
        for place in [remote.clone(), format!("{cd}/{name}")] {
            ground.user.sandbox.sclone(["lsf", &place]).run().code(0).stdout("f\n");
            ground.user.sandbox.sclone(["cat", &format!("{place}/f")]).run().code(0).stdout(name);
        }
        let to = ground.there.join(name).display().to_string();
        ground.user.sandbox.sclone(["copy", &remote, &to]).run().code(0).stderr("");
        assert_eq!(std::fs::read_to_string(ground.there.join(name).join("f")).unwrap(), name);
    }
    std::fs::create_dir(ground.user.sandbox.path("-dash")).unwrap();
    std::fs::write(ground.user.sandbox.path("-dash/f"), "").unwrap();
    ground.user.sandbox.sclone(["lsf", "--", "-dash"]).run().code(0).stdout("f\n");
}

#[test]
fn no_name_runs_anything_where_hashes_are_made() {
    let ground = Ground::new();
    let mark = ground.user.sandbox.path("run");
    let commands = [
        "$(touch MARK)",
        "`touch MARK`",
        "'; touch MARK; '",
        "\"; touch MARK; \"",
        "x\ntouch MARK\n",
        "| touch MARK",
    ];
    // A slash ends a name, so the shell has to make it.
    let hidden = mark.display().to_string().replace('/', "${HOME%%[!/]*}");
    let tree = commands.iter().fold(Tree::new(), |tree, name| tree.file(name.replace("MARK", &hidden), "x"));
    tree.write(&ground.here);
    let outcome = ground.sclone("md5sum @HERE");
    let lines =
        outcome.code(0).stdout.windows(32).filter(|hash| *hash == b"9dd4e461268c8034f5c8564e155c67a6");
    assert_eq!(lines.count(), commands.len(), "{outcome}");
    ground.sclone("check HERE @HERE/. --one-way").code(0);
    assert!(!mark.exists(), "a name was run");
}

#[test]
fn every_odd_name_can_be_an_argument() {
    let ground = ground();
    for name in WEIRD_NAMES {
        let path = [ground.here.as_os_str().as_encoded_bytes(), b"/names/", name].concat();
        let remote = OsString::from_vec([b"r:", &*path].concat());
        ground.user.sandbox.sclone([OsString::from("cat"), remote]).run().code(0).stdout(name);
    }
}
