//! The filter flags on real trees, against the answers that rclone 1.75.2 gave for the same flags and files.

use std::collections::BTreeSet;
use std::path::Path;

use sclone::error::{Kind, Result};
use sclone::filter::{Filter, Listed, Patterns, Spec, lines, raw_lines};
use sclone::fs::{FileType, Metadata};
use sclone::path::{Name, RelPath};
use sclone::units::{ByteSize, Interval};

use super::support::sandbox::Sandbox;

/// Made by listing with rclone: the tree, then flags and what was shown.
const ANSWERS: &str = include_str!("data/rclone-filters.txt");

struct Case<'a> {
    flags: Vec<&'a str>,
    stdin: String,
    shown: BTreeSet<&'a str>,
}

fn tree() -> Vec<&'static str> {
    ANSWERS.lines().skip(2).take_while(|line| !line.starts_with("flags ")).collect()
}

fn cases() -> Vec<Case<'static>> {
    let mut cases: Vec<Case<'_>> = Vec::new();
    let mut stdin = String::new();
    for line in ANSWERS.lines().skip(2 + tree().len()) {
        if let Some(flags) = line.strip_prefix("flags ") {
            let flags = flags.split('\t').collect();
            cases.push(Case { flags, stdin: std::mem::take(&mut stdin), shown: BTreeSet::new() });
        } else if let Some(text) = line.strip_prefix("stdin\t") {
            stdin = text.replace("\\r", "\r").replace("\\n", "\n");
        } else {
            cases.last_mut().unwrap().shown.insert(line);
        }
    }
    cases
}

/// The filter that flags make. `--max-depth` is none of its business.
fn filter(case: &Case<'_>) -> Result<Filter> {
    let mut spec = Spec { ignore_case: case.flags.contains(&"--ignore-case"), ..Spec::default() };
    let mut flags = case.flags.iter().filter(|flag| **flag != "--ignore-case");
    while let (Some(flag), Some(value)) = (flags.next(), flags.next()) {
        let bytes = value.as_bytes().to_vec();
        let size = || value.parse::<ByteSize>().unwrap().bytes();
        let age = || u64::try_from(value.parse::<Interval>().unwrap().duration()?.as_nanos()).ok();
        match *flag {
            "--include" => spec.paths.include.get_or_insert_default().push(bytes),
            "--exclude" => spec.paths.exclude.get_or_insert_default().push(bytes),
            "--filter" => spec.paths.rules.push(bytes),
            "--exclude-if-present" => spec.exclude_if_present.push(Name::new(&bytes)?),
            "--min-size" => spec.min_size = size(),
            "--max-size" => spec.max_size = size(),
            "--min-age" => spec.min_age = age(),
            "--max-age" => spec.max_age = age(),
            "--hash-filter" => spec.hash_filter = Some((*value).to_owned()),
            "--files-from" | "--files-from-raw" => {
                let split = if *flag == "--files-from" { lines } else { raw_lines };
                let mut listed = Listed::default();
                for file in split(case.stdin.as_bytes()) {
                    listed.add(&file);
                }
                spec.files = Some(("--files-from", listed));
            }
            "--max-depth" => {}
            other => panic!("{other} is not known to this test"),
        }
    }
    Filter::new(spec, NOW)
}

/// Every file of the tree is a moment old.
const NOW: i128 = 1_800_000_000_000_000_000;

fn shown(filter: &Filter) -> BTreeSet<String> {
    let mut shown = BTreeSet::new();
    'files: for file in tree() {
        let path = RelPath::parse(file.as_bytes()).unwrap();
        let mut folders: Vec<_> = std::iter::successors(path.parent(), RelPath::parent).collect();
        folders.reverse();
        for folder in folders {
            if !filter.enter(&folder) {
                continue 'files;
            }
            if !folder.is_root() {
                shown.insert(format!("{folder}/"));
            }
        }
        let modified = Some(NOW - 1_000_000_000);
        let size = file.chars().count() as u64;
        if filter.keep(&path, &Metadata { file_type: FileType::File, size, modified, mode: None }) {
            shown.insert(file.to_owned());
        }
    }
    shown
}

#[test]
fn every_answer_of_rclone_is_ours() {
    let cases = cases();
    assert!(cases.len() > 200);
    let pure = |case: &&Case<'_>| {
        !case.flags.iter().any(|flag| ["--exclude-if-present", "--max-depth"].contains(flag))
    };
    for case in cases.iter().filter(pure) {
        let ours = shown(&filter(case).unwrap());
        let ours: BTreeSet<_> = ours.iter().map(String::as_str).collect();
        assert_eq!(ours, case.shown, "{:?} {:?}", case.flags, case.stdin);
    }
}

fn make_tree(root: &Path) {
    for file in tree() {
        let path = root.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "x".repeat(file.chars().count())).unwrap();
    }
}

/// The paths in the lines of `ls`.
fn listed(stdout: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8(stdout.to_vec()).unwrap();
    text.lines().map(|line| line.get(10..).unwrap().to_owned()).collect()
}

#[test]
fn listing_shows_what_rclone_lists() {
    let sandbox = Sandbox::new();
    make_tree(&sandbox.path("tree"));
    // One flag of each kind; the rest goes through the same filter.
    let picked =
        ["--exclude-if-present", "--max-depth", "--min-size", "--ignore-case", "--files-from", "--filter"];
    for case in cases().iter().filter(|case| picked.contains(&case.flags[0])) {
        let arguments = ["ls", "tree"].iter().chain(&case.flags);
        let outcome = sandbox.sclone(arguments).input(&case.stdin).run();
        let files = case.shown.iter().filter(|path| !path.ends_with('/'));
        let expected: BTreeSet<_> = files.map(|path| (*path).to_owned()).collect();
        assert_eq!(listed(&outcome.code(0).stdout), expected, "{:?}", case.flags);
    }
}

#[test]
fn copies_only_what_passes_and_sees_nothing_else_in_the_destination() {
    let sandbox = Sandbox::new();
    make_tree(&sandbox.path("tree"));
    let flags = ["--filter", "+ /dir/**.txt", "--filter", "- *"];
    sandbox.sclone(["copy", "tree", "copied"].iter().chain(&flags)).run().code(0);
    let outcome = sandbox.sclone(["ls", "copied"]).run();
    assert_eq!(
        listed(&outcome.code(0).stdout).into_iter().collect::<Vec<_>>(),
        ["dir/a.txt", "dir/sub/c.txt", "dir/sub/deep/a.txt"]
    );
}

#[test]
fn folders_that_cannot_match_are_not_read() {
    let sandbox = Sandbox::new();
    make_tree(&sandbox.path("tree"));
    let entered = |flag, pattern| {
        let outcome = sandbox.sclone(["ls", "tree", "-vv", flag, pattern]).run();
        String::from_utf8(outcome.code(0).stderr.clone()).unwrap()
    };
    let log = entered("--include", "/dir/*.txt");
    assert!(log.contains("tmp: Excluded") && !log.contains("tmp/"), "{log}");
    let log = entered("--exclude", "tmp/");
    assert!(log.contains("tmp: Excluded") && !log.contains("tmp/one"), "{log}");
}

#[test]
fn wrong_filters_end_the_run_with_rclones_words() {
    let sandbox = Sandbox::new();
    make_tree(&sandbox.path("tree"));
    let list = sandbox.write("list", "a.txt\n");
    let list = list.to_str().unwrap();
    for (flags, words) in [
        (&["--include", "{a"][..], r#"mismatched '{' and '}' in glob "{a""#),
        (&["--filter", "a"], r#"malformed rule "a""#),
        (&["--exclude-from", "none"], "read filters none: no such file or directory"),
        (
            &["--min-age", "1h", "--max-age", "1m"],
            r#"filter: --min-age "1h0m0s" can't be larger than --max-age "1m0s""#,
        ),
        (&["--hash-filter", "1/0"], "filter: --hash-filter: N must be greater than 0"),
        (
            &["--files-from", list, "--exclude", "x"],
            "the usage of --files-from overrides all other filters, it should be used alone or with --files-from-raw or --files-from0",
        ),
    ] {
        sandbox.sclone(["ls", "tree"].iter().chain(flags)).run().code(1).stdout("").stderr_has(&[words]);
    }
    for command in [&["ls", "tree/a.txt"][..], &["copy", "tree/a.txt", "there"]] {
        let outcome = sandbox.sclone(command.iter().chain(&["--exclude", "x"])).run();
        outcome.code(1).stderr_has(&["can't limit to single files when using filters"]);
    }
}

#[test]
fn the_rules_are_dumped_as_rclone_dumps_them() {
    let sandbox = Sandbox::new();
    make_tree(&sandbox.path("tree"));
    let flags = ["--include", "/sub/*.txt", "--dump", "filters", "--min-size", "100"];
    sandbox.sclone(["ls", "tree"].iter().chain(&flags)).run().code(0).stdout(
        "--- start filters ---\nMinimum size is: 100 KiB\n--- File filter rules ---\n+ ^sub/[^/]*\\.txt$\n- ^.*$\n\
         --- Directory filter rules ---\n+ ^sub/$\n- ^.*$\n--- end filters ---\n",
    );
}

#[test]
fn no_pattern_takes_long() {
    let path = RelPath::parse(&[b'a'; 4000]).unwrap();
    let metadata = Metadata { file_type: FileType::File, size: 0, modified: None, mode: None };
    for pattern in
        ["*a".repeat(60) + "b", "{{(a*)*(a|aa)+b}}".to_owned(), "{a,".repeat(200) + &"}".repeat(200)]
    {
        let paths = Patterns { exclude: Some(vec![pattern.clone().into_bytes()]), ..Patterns::default() };
        let spec = Spec { paths, ..Spec::default() };
        match Filter::new(spec, NOW) {
            Ok(filter) => assert!(filter.keep(&path, &metadata), "{pattern}"),
            Err(error) => assert_eq!(error.kind(), Kind::Config),
        }
    }
}

#[test]
fn flags_before_and_after_the_command_both_count() {
    let sandbox = Sandbox::new();
    make_tree(&sandbox.path("tree"));
    let outcome = sandbox.sclone(["-f", "- *.txt", "ls", "tree", "-f", "- x/**"]).run();
    let files = listed(&outcome.code(0).stdout);
    assert!(files.contains("b.jpg") && files.contains("A.TXT"), "{files:?}");
    for left_out in ["a.txt", "dir/a.txt", "x/y", "tmp/x/two"] {
        assert!(!files.contains(left_out), "{left_out}");
    }
}

#[test]
fn depth_is_counted_as_rclone_counts() {
    let sandbox = Sandbox::new();
    make_tree(&sandbox.path("tree"));
    let folders = |depth| {
        let outcome = sandbox.sclone(["lsd", "tree/dir", "--max-depth", depth]).run();
        String::from_utf8(outcome.code(0).stdout.clone()).unwrap().lines().count()
    };
    assert_eq!(["-1", "0", "1", "2"].map(folders), [1, 2, 1, 2]);
}
