//! The filter flags on real trees, against the answers that rclone 1.75.2 gave for the same flags and files.

use std::collections::BTreeSet;
use std::path::Path;

use sclone::error::{Kind, Result};
use sclone::filter::{Filter, Listed, Spec, lines, raw_lines};
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
    let mut spec = Spec::default();
    for pair in case.flags.chunks(2) {
        let flag = pair[0];
        if flag == "--ignore-case" {
            spec.ignore_case = true;
        }
    }
    let mut flags = case.flags.iter().filter(|flag| **flag != "--ignore-case");
    while let (Some(flag), Some(value)) = (flags.next(), flags.next()) {
        let bytes = value.as_bytes().to_vec();
        let size = || value.parse::<ByteSize>().unwrap().bytes();
        let age = || Some(value.parse::<Interval>().unwrap().duration()?.as_nanos() as u64);
        match *flag {
            "--include" => spec.include.get_or_insert_default().push(bytes),
            "--exclude" => spec.exclude.get_or_insert_default().push(bytes),
            "--filter" => spec.rules.push(bytes),
            "--exclude-if-present" => spec.exclude_if_present.push(Name::new(&bytes)?),
            "--min-size" => spec.min_size = size(),
            "--max-size" => spec.max_size = size(),
            "--min-age" => spec.min_age = age(),
            "--max-age" => spec.max_age = age(),
            "--hash-filter" => spec.hash_filter = Some((*value).to_owned()),
            "--files-from" | "--files-from-raw" => {
                let split = if *flag == "--files-from" { lines } else { raw_lines };
                let mut listed = Listed::default();
                split(case.stdin.as_bytes()).iter().for_each(|file| listed.add(file));
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
        let size = file.len() as u64;
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
        std::fs::write(path, "x".repeat(file.len())).unwrap();
    }
}

/// The paths in the lines of `ls`.
fn listed(stdout: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8(stdout.to_vec()).unwrap();
    text.lines().map(|line| line.get(10..).unwrap().to_owned()).collect()
}
