//! `--metadata`: owner, mode and times of copies, and what listings say of them.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use crate::support::ground::Ground;
use crate::support::hostile::{Action, Rule};

const ACCESSED: u64 = 1_600_000_000;
const MODIFIED: u64 = 1_500_000_000;

/// Gives a path a mode and times, and an owner of its own where this user may.
fn mark(path: &Path, mode: u32) {
    // Only root may give files away; everybody else's copies are his own like their sources.
    if rustix::process::geteuid().is_root() {
        chown(path, Some(12), Some(34)).unwrap();
    }
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let times = fs::FileTimes::new()
        .set_accessed(UNIX_EPOCH + Duration::from_secs(ACCESSED))
        .set_modified(UNIX_EPOCH + Duration::from_secs(MODIFIED));
    fs::File::open(path).unwrap().set_times(times).unwrap();
}

/// A file of an unusual mode in a folder of one.
fn ground_with(rules: &[Rule]) -> Ground {
    let ground = Ground::with(rules);
    let folder = ground.here.join("d");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("f"), "content").unwrap();
    mark(&folder.join("f"), 0o4762);
    mark(&folder, 0o2731);
    ground
}

#[track_caller]
fn assert_same(ground: &Ground, path: &str, mode: u32) {
    let (source, copy) =
        (ground.here.join(path).metadata().unwrap(), ground.there.join(path).metadata().unwrap());
    assert_eq!((copy.uid(), copy.gid(), copy.mode() & 0o7777), (source.uid(), source.gid(), mode), "{path}");
    assert_eq!(copy.mtime(), i64::try_from(MODIFIED).unwrap(), "{path}");
}

#[test]
fn copies_get_owner_mode_and_times_in_all_directions() {
    for line in [
        "copy -M HERE THERE",
        "copy -M HERE @THERE",
        "sync --metadata @HERE THERE",
        "copy -M --inplace @HERE @THERE",
    ] {
        let ground = ground_with(&[]);
        ground.sclone(line).code(0);
        let copy = ground.there.join("d/f").metadata().unwrap();
        assert_eq!(copy.atime(), i64::try_from(ACCESSED).unwrap(), "{line}");
        // Special bits would lend the rights of another owner.
        assert_same(&ground, "d/f", 0o762);
        assert_same(&ground, "d", 0o731);
    }
}

#[test]
fn a_replaced_file_gets_the_new_mode_only_with_metadata() {
    let ground = ground_with(&[]);
    fs::create_dir_all(ground.there.join("d")).unwrap();
    fs::write(ground.there.join("d/f"), "old").unwrap();
    fs::set_permissions(ground.there.join("d/f"), Permissions::from_mode(0o604)).unwrap();
    let mode = || ground.there.join("d/f").metadata().unwrap().mode() & 0o7777;
    ground.sclone("copy HERE @THERE").code(0);
    assert_eq!(mode(), 0o604);
    ground.sclone("copy -M --ignore-times HERE @THERE").code(0);
    assert_same(&ground, "d/f", 0o762);
}

#[test]
fn folders_keep_their_times_where_that_is_asked_for_and_get_the_mode() {
    let ground = ground_with(&[]);
    ground.sclone("copy -M --no-update-dir-modtime HERE @THERE").code(0);
    let folder = ground.there.join("d").metadata().unwrap();
    assert_eq!(folder.mode() & 0o7777, 0o731);
    assert_ne!(folder.mtime(), i64::try_from(MODIFIED).unwrap());
    assert_same(&ground, "d/f", 0o762);
}

#[test]
fn dry_run_changes_nothing() {
    let ground = ground_with(&[]);
    fs::create_dir_all(ground.there.join("d")).unwrap();
    let before = ground.there.join("d").metadata().unwrap();
    let outcome = ground.sclone("copy -M --dry-run HERE @THERE");
    outcome.code(0).stderr_has(&["d: Skipped update directory metadata as --dry-run is set"]);
    let after = ground.there.join("d").metadata().unwrap();
    assert_eq!((after.mode(), after.mtime()), (before.mode(), before.mtime()));
}

#[test]
fn a_link_shown_as_a_file_does_not_make_one_that_all_may_write() {
    let ground = Ground::new();
    fs::create_dir_all(&ground.here).unwrap();
    symlink("nowhere", ground.here.join("link")).unwrap();
    ground.sclone("copy -M --links HERE @THERE").code(0);
    let copy = ground.there.join("link.rclonelink").metadata().unwrap();
    assert_eq!(copy.mode() & 0o022, 0);
}

#[test]
fn an_owner_that_is_refused_is_told_and_costs_nothing_else() {
    let refusal = Action::Status { code: 3, text: "no".into() };
    let ground = ground_with(&[Rule::new("FSETSTAT", 1, refusal.clone()), Rule::new("SETSTAT", 1, refusal)]);
    ground
        .sclone("copy -M HERE @THERE")
        .code(0)
        .stderr_has(&["NOTICE", "d/f: copied, but its owner could not be set"]);
    let copy = ground.there.join("d/f").metadata().unwrap();
    assert_eq!((copy.mode() & 0o7777, copy.mtime()), (0o762, i64::try_from(MODIFIED).unwrap()));
}

#[test]
fn listings_tell_what_each_side_knows() {
    let ground = ground_with(&[]);
    let owner = ground.here.join("d/f").metadata().unwrap();
    let (user, group) = (owner.uid(), owner.gid());
    let rest = format!(r#""gid":"{group}","mode":"104762","mtime":"2017-07-14T02:40:00Z","uid":"{user}"}}"#);
    let atime = r#"{"atime":"2020-09-13T12:26:40Z","#;
    ground.sclone("lsf -F pM @HERE/d").code(0).stdout(format!("f;{atime}{rest}\n"));
    let item = r#"[
{"Path":"f","Name":"f","Size":7,"ModTime":"","IsDir":false,"Metadata":"#;
    let lsjson = "lsjson -M --no-mimetype --no-modtime";
    ground.sclone(&format!("{lsjson} @HERE/d")).code(0).stdout(format!("{item}{atime}{rest}}}\n]\n"));
    let here = ground.sclone(&format!("{lsjson} HERE/d"));
    let shown = String::from_utf8_lossy(&here.code(0).stdout).into_owned();
    assert!(shown.contains(&format!(r#"{atime}"btime":""#)) && shown.contains(&rest), "{shown}");
    let without = ground.sclone("lsjson --stat --no-mimetype --no-modtime HERE/d/f");
    assert!(!String::from_utf8_lossy(&without.stdout).contains("Metadata"));
}
