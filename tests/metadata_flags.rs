//! Flags about metadata: what `--metadata-set` and `--metadata-mapper` give copies, which files `--metadata-include` and
//! its like let commands see, and what becomes of extended attributes.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::extended;
use crate::support::ground::Ground;
use crate::support::hostile::{Action, Rule};
use crate::support::process::signal;
use crate::support::sandbox::{Invocation, Outcome};
use crate::support::tree::Tree;

/// 2020-01-02 03:04:05
const TIME: i64 = 1_577_934_245;

fn ground_with(tree: &Tree, rules: &[Rule]) -> Ground {
    let ground = Ground::with(rules);
    tree.write(&ground.here);
    ground
}

fn ground() -> Ground {
    ground_with(&Tree::new().file("a", "text").file("d/b.txt", "more"), &[])
}

/// The ground, if files on it can have extended attributes: `a` and `d` have some.
fn ground_with_attributes() -> Option<Ground> {
    let ground = ground();
    let is_kept = extended::are_kept(ground.here.parent().unwrap());
    if is_kept {
        extended::set(&ground.here.join("a"), "Colour", "red");
        extended::set(&ground.here.join("a"), "bytes", b"\xff\0");
        extended::set(&ground.here.join("d"), "note", "a folder's");
        fs::set_permissions(ground.here.join("a"), Permissions::from_mode(0o444)).unwrap();
    }
    is_kept.then_some(ground)
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().mode() & 0o7777
}

#[test]
fn extended_attributes_are_copied_here_and_shown() {
    let Some(ground) = ground_with_attributes() else { return };
    ground.sclone("copy -M HERE THERE").code(0).stderr("");
    let copy = extended::all(&ground.there.join("a"));
    assert_eq!(copy, [("bytes".into(), "\u{fffd}\0".into()), ("colour".into(), "red".into())].into());
    assert_eq!(mode(&ground.there.join("a")), 0o444);
    let folder = extended::all(&ground.there.join("d"));
    assert_eq!(folder, [("note".into(), "a folder's".into())].into());
    let shown = ground.sclone("lsf -F M HERE/a");
    let shown: Value = serde_json::from_slice(&shown.code(0).stdout).unwrap();
    assert_eq!((&shown["colour"], &shown["bytes"]), (&"red".into(), &"\u{fffd}\0".into()), "{shown}");
    let shown: Value = serde_json::from_slice(&ground.sclone("lsjson -M --stat HERE/d").stdout).unwrap();
    assert_eq!(shown["Metadata"]["note"], "a folder's", "{shown}");
    ground.sclone("copy HERE THERE/without").code(0);
    assert!(extended::all(&ground.there.join("without/a")).is_empty());
}

#[test]
fn what_sftp_cannot_carry_is_said_once() {
    let Some(ground) = ground_with_attributes() else { return };
    let outcome = ground.sclone("copy -M HERE @THERE");
    outcome.code(0).stderr_has(&["NOTICE", "Extended attributes are not copied, as SFTP carries none"]);
    assert_eq!(String::from_utf8_lossy(&outcome.stderr).lines().count(), 1, "{outcome}");
    assert_eq!(mode(&ground.there.join("a")), 0o444);
    assert!(extended::all(&ground.there.join("a")).is_empty());
}

#[test]
fn what_is_set_goes_to_servers_too() {
    let set = "--metadata-set mode=100600 --metadata-set mtime=2020-01-02T04:04:05+01:00";
    for line in ["copy -M HERE @THERE", "copy -M @HERE THERE", "move -M @HERE @THERE"] {
        let ground = ground_with(&Tree::new().file_with("a", "text", 0o644, 1_500_000_000), &[]);
        ground.sclone(&format!("{line} {set}")).code(0);
        let copy = ground.there.join("a").metadata().unwrap();
        assert_eq!((copy.mode() & 0o7777, copy.mtime()), (0o600, TIME), "{line}");
    }
    let ground = ground();
    ground.invocation(&format!("rcat -M @THERE/new/file {set}")).input("text").run().code(0);
    ground.sclone(&format!("touch -M @THERE/new/other {set}")).code(0);
    for name in ["file", "other"] {
        let made = ground.there.join("new").join(name).metadata().unwrap();
        assert_eq!((made.mode() & 0o7777, made.mtime()), (0o600, TIME), "{name}");
    }
}

#[test]
fn nothing_is_set_without_the_flag_that_asks_for_metadata() {
    let ground = ground();
    let outcome = ground.sclone("copy --metadata-set mode=600 HERE @THERE");
    outcome.code(0).stderr_has(&["--metadata-set and --metadata-mapper do nothing without --metadata"]);
    assert_eq!(mode(&ground.there.join("a")), 0o644);
    for (flag, code) in [("--metadata-set=mode", 1), ("--metadata-set==x", 1), ("--metadata-mapper=\"x", 2)] {
        let name = flag.split('=').next().unwrap();
        ground.sclone(&format!("copy -M {flag} HERE THERE/new")).code(code).stderr_has(&[name]);
        assert!(!ground.there.join("new").exists(), "{flag}");
    }
}

/// Runs a line with a script of `sh` as the mapper. `FOLDER` in it stands for a folder of its own.
fn mapping(ground: &Ground, script: &str, line: &str) -> Invocation {
    let folder = ground.user.sandbox.path("mapper");
    fs::create_dir_all(&folder).unwrap();
    let script = script.replace("FOLDER", folder.to_str().unwrap());
    let path = ground.user.sandbox.write("mapper.sh", script);
    ground.invocation(line).env("RCLONE_METADATA_MAPPER", format!("sh {}", path.display()))
}

#[test]
fn the_mapper_is_told_of_files_and_folders_and_its_answer_is_what_they_get() {
    let ground = ground();
    let script = r#"cat > "FOLDER/$$"; echo '{"Metadata": {"mode": "0750"}, "Other": 1}'"#;
    mapping(&ground, script, "copy -M HERE @THERE").run().code(0).stderr("");
    for path in ["a", "d", "d/b.txt"] {
        assert_eq!(mode(&ground.there.join(path)), 0o750, "{path}");
    }
    assert_eq!(ground.there.join("a").metadata().unwrap().mtime(), TIME);
    let asked = fs::read_dir(ground.user.sandbox.path("mapper")).unwrap();
    let mut asked: Vec<Value> = asked
        .map(|entry| serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap())
        .collect();
    asked.sort_by_key(|question| question["Remote"].as_str().unwrap().to_owned());
    let told: Vec<_> = asked
        .iter()
        .map(|question| (&question["Remote"], &question["Size"], &question["MimeType"], &question["IsDir"]))
        .map(|(path, size, mime, is_dir)| format!("{path} {size} {mime} {is_dir}"))
        .collect();
    let expected = [
        r#""a" 4 "application/octet-stream" false"#,
        r#""d" -1 "inode/directory" true"#,
        r#""d/b.txt" 4 "text/plain; charset=utf-8" false"#,
    ];
    assert_eq!(told, expected);
    let there = format!("r:{}", ground.there.display());
    assert_eq!((&asked[0]["SrcFsType"], &asked[0]["DstFsType"]), (&"local".into(), &"sftp".into()));
    assert_eq!(asked[0]["SrcFs"], ground.here.to_str().unwrap());
    assert_eq!(asked[0]["DstFs"], there);
    assert_eq!(asked[0]["Metadata"]["mode"], "100644");
}

#[test]
fn a_mapper_that_fails_costs_the_copy_and_nothing_else() {
    for (script, reasons) in [
        (
            "printf 'so\\033[31m it\\n is' >&2; exit 3",
            &["exit status: 3", r"it said: so\x1b[31m it\n is"][..],
        ),
        ("echo nothing", &["its answer is not what is wanted", "it answered: nothing"]),
        ("echo '{\"Metadata\":[]}'", &["its answer is not what is wanted"]),
        ("kill -9 $$", &["signal: 9", "--dump mapper"]),
    ] {
        let ground = ground();
        Tree::new().file("a", "old").write(&ground.there);
        for line in ["copy -M HERE @THERE", "copy -M --inplace HERE THERE"] {
            mapping(&ground, script, line).run().code(1).stderr_has(reasons);
            assert_eq!(fs::read(ground.there.join("a")).unwrap(), b"old", "{script}");
            let left: Vec<_> = Tree::read(&ground.there).entries().map(|(path, _)| path.to_vec()).collect();
            assert_eq!(left, [&b"a"[..], b"d"], "{script}");
        }
    }
    let ground = ground();
    let outcome = ground.sclone("copy -M --metadata-mapper /nowhere/mapper HERE THERE");
    outcome.code(1).stderr_has(&["map metadata with /nowhere/mapper: no such file or directory"]);
}

#[test]
fn what_the_mapper_is_sent_and_answers_can_be_seen() {
    let ground = ground();
    let outcome = mapping(&ground, "echo '{}'", "copyto -M --dump mapper HERE/a THERE/b").run();
    let dumped = ["Metadata mapper sent:", "  \"Remote\": \"b\",", "Metadata mapper received:", "NOTICE: {}"];
    outcome.code(0).stderr_has(&dumped);
}

#[test]
fn a_stopped_run_stops_the_mapper() {
    let ground = ground();
    let id = ground.user.sandbox.path("id");
    let script = format!("trap '' INT; echo $$ > {0}.new; mv {0}.new {0}; sleep 60; sleep 60", id.display());
    let outcome = mapping(&ground, &script, "copy -M --transfers 1 HERE/a THERE").run_while(|process| {
        wait_until("the mapper did not start", || id.exists());
        signal(process, Signal::INT);
    });
    outcome.code(130);
    let process = Path::new("/proc").join(fs::read_to_string(&id).unwrap().trim());
    wait_until("the mapper runs on", || !process.exists());
    assert!(!ground.there.join("a").exists());
}

#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn lines(outcome: &Outcome) -> Vec<String> {
    String::from_utf8_lossy(&outcome.code(0).stdout).lines().map(str::to_owned).collect()
}

#[test]
fn commands_see_the_files_whose_metadata_the_rules_let_them_see() {
    let tree = Tree::new().file_with("a", "x", 0o600, 1).file_with("b", "x", 0o644, 1);
    let ground = ground_with(&tree.file_with("d/c", "x", 0o600, 1).symlink("z", "nowhere"), &[]);
    for place in ["HERE", "@HERE"] {
        let secret = format!("lsf -R --files-only --metadata-include mode=100600 {place}");
        assert_eq!(lines(&ground.sclone(&secret)), ["a", "d/c"], "{place}");
        let public = format!("lsf -R --files-only --metadata-exclude mode=100600 --exclude z {place}");
        assert_eq!(lines(&ground.sclone(&public)), ["b"], "{place}");
    }
    ground.sclone("copy --metadata-include mode=100600 @HERE THERE").code(0);
    let copied: Vec<_> = Tree::read(&ground.there).entries().map(|(path, _)| path.to_vec()).collect();
    assert_eq!(copied, [&b"a"[..], b"d", b"d/c"]);
    let dumped = "--- Metadata filter rules ---\n+ (^|/)mode=100600$\n- ^.*$\n--- end filters ---\n";
    let outcome = ground.sclone("size --dump filters --metadata-include mode=100600 HERE");
    let shown = String::from_utf8_lossy(&outcome.code(0).stdout).into_owned();
    assert!(shown.contains(dumped) && shown.contains("Total objects: 2"), "{shown}");
}

#[test]
fn a_sync_deletes_nothing_that_the_rules_hide_in_the_source() {
    let ground = ground_with(&Tree::new().file_with("a", "x", 0o600, 1).file("b", "x"), &[]);
    Tree::new().file("a", "old").file("b", "old").file("c", "old").write(&ground.there);
    ground.sclone("sync --metadata-exclude mode=100600 @HERE THERE").code(0);
    let left: Vec<_> = Tree::read(&ground.there).entries().map(|(path, _)| path.to_vec()).collect();
    assert_eq!(left, [b"a", b"b"]);
    assert_eq!(fs::read(ground.there.join("a")).unwrap(), b"old");
}

#[test]
fn files_that_cannot_be_asked_for_metadata_are_failures_and_nothing_is_deleted() {
    let refusal = Action::Status { code: 4, text: "no".into() };
    let ground = ground_with(&Tree::new().file("a", "x").file("b", "x"), &[Rule::new("STAT", 0, refusal)]);
    Tree::new().file("a", "x").file("old", "x").write(&ground.there);
    let outcome = ground.sclone("sync --metadata-exclude a=b --retries 1 @HERE THERE");
    outcome.code(1);
    assert!(ground.there.join("old").exists() && ground.there.join("a").exists(), "{outcome}");
}
