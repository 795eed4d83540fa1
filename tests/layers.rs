//! The rooms of the crate use each other in one direction only.

use std::fs;
use std::path::{Path, PathBuf};

/// Every room, each below the ones before it.
const ORDER: [&str; 16] = [
    "fuzzing",
    "cli",
    "output",
    "transfer",
    "filter",
    "fs",
    "sftp",
    "ssh",
    "config",
    "hash",
    "units",
    "questions",
    "pace",
    "cancel",
    "path",
    "error",
];

/// Errors show paths, and a bad path is an error.
const MUTUAL: [&str; 2] = ["path", "error"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn level(room: &str) -> usize {
    ORDER
        .iter()
        .position(|name| *name == room)
        .unwrap_or_else(|| panic!("the room {room} has no place in ORDER"))
}

/// The room names behind each `crate::`.
fn used(source: &str) -> impl Iterator<Item = &str> {
    source.split("crate::").skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(rest.len());
        &rest[..end]
    })
}

#[test]
fn no_room_uses_one_above_it() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&top, &mut files);
    assert!(files.len() > 100, "the sources were not found");
    for file in files {
        let inside = file.strip_prefix(&top).unwrap();
        let room = inside.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
        if ["lib", "main"].contains(&room) {
            continue;
        }
        for other in used(&fs::read_to_string(&file).unwrap()).filter(|other| ORDER.contains(other)) {
            let is_mutual = MUTUAL.contains(&room) && MUTUAL.contains(&other);
            assert!(level(other) >= level(room) || is_mutual, "{} uses {other}", inside.display());
        }
    }
}

#[test]
fn only_the_command_line_knows_clap_and_prints() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&top, &mut files);
    for file in files {
        let inside = file.strip_prefix(&top).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        let is_shown = ["cli", "output"].iter().any(|room| inside.starts_with(room));
        for word in ["clap::", "anyhow::", "indicatif::", "println!", "print!("] {
            assert!(is_shown || !text.contains(word), "{} has {word}", inside.display());
        }
    }
}
