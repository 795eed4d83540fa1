//! Whatever two trees hold, a run leaves what a model of a few lines says.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;

use crate::support::sandbox::Sandbox;

/// Sizes, which tell contents apart, and times of files by their paths.
type Files = BTreeMap<String, (usize, u64)>;

fn files() -> impl Strategy<Value = Files> {
    let path = prop_oneof!["f[0-3]", "d[0-2]/f[0-2]", "d[0-1]/d[0-1]/f[0-1]"];
    prop::collection::btree_map(path, (0_usize..4, 0_u64..3), 0..8)
}

fn write(root: &Path, files: &Files) {
    fs::create_dir_all(root).unwrap();
    for (path, (size, age)) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, vec![b'x'; *size]).unwrap();
        let time = UNIX_EPOCH + Duration::from_secs(1_500_000_000 + 1000 * age);
        fs::File::open(&path).unwrap().set_modified(time).unwrap();
    }
}

fn read(root: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let found = fs::metadata(&path).unwrap();
            if found.is_dir() {
                folders.push(path);
                continue;
            }
            let age = found.modified().unwrap().duration_since(UNIX_EPOCH).unwrap().as_secs();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            files.insert(name, (usize::try_from(found.len()).unwrap(), (age - 1_500_000_000) / 1000));
        }
    }
    files
}

/// What a run is to leave in the destination, and its exit code.
fn model(command: &str, source: &Files, destination: &Files) -> (Files, i32) {
    let mut result = destination.clone();
    let mut code = 0;
    for (path, new) in source {
        let takes = match (destination.get(path), command) {
            (Some(_), "copy --ignore-existing") => false,
            (Some(old), "copy --update") => old.1 < new.1 || (old.1 == new.1 && old.0 != new.0),
            (Some(old), "copy --size-only") => old.0 != new.0,
            (Some(old), "copy --immutable") => {
                code = if old == new { code } else { 6 };
                false
            }
            _ => true,
        };
        if takes {
            result.insert(path.clone(), *new);
        }
    }
    if command.starts_with("sync") {
        if source.is_empty() && !destination.is_empty() {
            return (destination.clone(), 7);
        }
        result.retain(|path, _| source.contains_key(path));
    }
    (result, code)
}

const COMMANDS: [&str; 12] = [
    "copy",
    "copy --checksum",
    "copy --ignore-times",
    "copy --ignore-existing",
    "copy --update",
    "copy --size-only",
    "copy --immutable",
    "copy --no-traverse",
    "sync --check-first --order-by size,mixed",
    "sync --delete-before",
    "sync --delete-during",
    "move",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_run_leaves_what_the_model_says(source in files(), destination in files()) {
        for command in COMMANDS {
            let sandbox = Sandbox::new();
            let (here, there) = (sandbox.path("here"), sandbox.path("there"));
            write(&here, &source);
            write(&there, &destination);
            let places = [here.to_str().unwrap(), there.to_str().unwrap()];
            let outcome = sandbox.sclone(command.split(' ').chain(places)).run();
            let (mut expected, code) = model(command, &source, &destination);
            if command == "copy --checksum" {
                // Times do not matter: files of one size are the same.
                let kept = destination.iter().filter(|(path, old)| source.get(*path).is_some_and(|new| new.0 == old.0));
                expected.extend(kept.map(|(path, old)| (path.clone(), *old)));
            }
            outcome.code(code);
            prop_assert_eq!(read(&there), expected, "{}", command);
            let left = if command == "move" { Files::new() } else { source.clone() };
            prop_assert_eq!(read(&here), left, "{}", command);
        }
    }
}
