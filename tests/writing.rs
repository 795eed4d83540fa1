//! The commands that write files without a source: `touch`, `rcat` and, after those that were cut off, `cleanup`.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use crate::changing::{EVERYTHING, Ground, without};
use crate::support::hostile::{Action, Rule};

#[test]
fn times_are_set_and_missing_files_made() {
    let ground = Ground::new();
    let time = |path: &str| fs::metadata(ground.tree.join(path)).unwrap().mtime();
    for at in 0..2 {
        let path = |name: &str| ground.both(name)[at].clone();
        ground.plant();
        ground.sclone("touch -t 2006-01-02T15:04:05", &path("a")).code(0).stdout("").stderr("");
        ground.sclone("touch -t 061030", &path("new/one")).code(0).stderr("");
        assert_eq!((time("a"), time("new/one")), (1_136_214_245, 1_162_166_400));
        assert_eq!(fs::metadata(ground.tree.join("new/one")).unwrap().len(), 0);
        ground.sclone("touch -C", &path("nope")).code(0).stderr_has(&["Not touching nonexistent file"]);
        ground.sclone("touch -R", &path("nope")).code(0).stderr_has(&["due to --recursive"]);
        ground.sclone("touch --dry-run", &path("nope")).code(0).stderr_has(&["tree: Skipped touch (create)"]);
        assert!(!ground.tree.join("nope").exists());
        ground.sclone("touch -t 2006-01-02", &path("a")).code(1).stderr_has(&["YYMMDD"]);
        ground.sclone("touch -t 061030", &path("sub")).code(0).stderr("");
        assert!(time("sub/b.txt") == 1_162_166_400 && time("sub/deep/c") > 1_200_000_000);
        ground.sclone("touch -R -t 061031 --include c", &path("sub")).code(0).stderr("");
        assert_eq!((time("sub/b.txt"), time("sub/deep/c")), (1_162_166_400, 1_162_252_800));
        ground.sclone("touch", &path("a")).code(0).stderr("");
        assert!(time("a") > 1_200_000_000);
    }
}

#[test]
fn standard_input_becomes_a_file_whole_or_not_at_all() {
    let ground = Ground::new();
    let large = "four words of nonsense\n".repeat(100_000);
    for at in 0..2 {
        let path = |name: &str| ground.both(name)[at].clone();
        let rcat = |input: &str, words: &[&str], name: &str| {
            let path = path(name);
            let words = [&["rcat"], words, &[&path]].concat();
            ground.user.sandbox.sclone(&words).input(input).run()
        };
        ground.plant();
        let read = |name: &str| fs::read_to_string(ground.tree.join(name)).unwrap();
        rcat("hello", &[], "new/one").code(0).stdout("").stderr("");
        rcat(&large, &[], "large").code(0).stdout("").stderr("");
        rcat("", &["--size", "0"], "nothing").code(0).stderr("");
        assert_eq!((read("new/one").as_str(), read("nothing").as_str()), ("hello", ""));
        assert_eq!(read("large"), large);
        fs::set_permissions(ground.tree.join("a"), fs::Permissions::from_mode(0o640)).unwrap();
        rcat("hello", &["--size", "6"], "a").code(1).stderr_has(&["--size is 6"]);
        rcat(&large, &["--size", "6"], "a").code(1).stderr_has(&["--size is 6"]);
        rcat("hello", &["--dry-run"], "a").code(0).stderr_has(&["Skipped upload from pipe"]);
        assert_eq!(read("a"), "a\n");
        rcat("hello", &["--size", "5"], "a").code(0).stderr("");
        assert_eq!(read("a"), "hello");
        assert_eq!(fs::metadata(ground.tree.join("a")).unwrap().mode() & 0o777, 0o640);
        rcat("hello", &[], "sub").code(1).stderr_has(&["is a directory"]);
        assert!(ground.left().iter().all(|name| !name.contains("partial")));
    }
    let script = format!("exec '{}' rcat {} </dev/null", env!("CARGO_BIN_EXE_sclone"), ground.both("x")[0]);
    ground
        .user
        .sandbox
        .program(Path::new("/bin/sh"), ["-c", &script])
        .run()
        .code(1)
        .stderr_has(&["nothing to read from standard input"]);
}

#[test]
fn an_upload_that_is_stopped_leaves_the_old_file_and_nothing_else() {
    let ground = Ground::new();
    for path in ground.both("a") {
        let script = format!(
            "(head -c 3000000 /dev/zero; sleep 5) | timeout --foreground --preserve-status -s INT 3 '{}' rcat {path}",
            env!("CARGO_BIN_EXE_sclone")
        );
        ground.user.sandbox.program(Path::new("/bin/sh"), ["-c", &script]).run().code(130);
        assert_eq!(ground.left(), EVERYTHING);
        assert_eq!(fs::read(ground.tree.join("a")).unwrap(), b"a\n");
    }
}

#[test]
fn an_upload_that_fails_leaves_the_old_file() {
    let full = Action::Status { code: 4, text: "disk full".into() };
    let ground = Ground::with(&[Rule::new("WRITE", 1, full)]);
    let [_, remote] = ground.both("a");
    ground.user.sandbox.sclone(["rcat", &remote]).input("hello").run().code(1).stderr_has(&["disk full"]);
    assert_eq!(fs::read(ground.tree.join("a")).unwrap(), b"a\n");
    assert_eq!(ground.left(), EVERYTHING);
}

#[test]
fn incomplete_files_that_nobody_writes_are_removed() {
    let ground = Ground::new();
    for path in ground.both("") {
        ground.plant();
        for name in ["a.0123abcd.partial", "sub/b.txt.ffff0000.partial", "note.partial"] {
            fs::write(ground.tree.join(name), "half").unwrap();
        }
        let growing = ground.tree.join("sub/c.00000000.partial");
        fs::write(&growing, "").unwrap();
        let outcome = std::thread::scope(|scope| {
            let cleaning = scope.spawn(|| ground.sclone("cleanup", &path));
            while !cleaning.is_finished() {
                let size = fs::metadata(&growing).unwrap().len();
                fs::write(&growing, vec![0; usize::try_from(size).unwrap() + 1]).unwrap();
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            cleaning.join().unwrap()
        });
        outcome.code(0).stdout("").stderr_has(&[
            "a.0123abcd.partial: Removed this incomplete file (size 4)",
            "sub/c.00000000.partial: Left alone: somebody is writing it",
        ]);
        let more = ["note.partial".to_owned(), "sub/c.00000000.partial".to_owned()];
        let mut expected: Vec<_> = without(&[]).into_iter().chain(more).collect();
        expected.sort();
        assert_eq!(ground.left(), expected);
    }
}
