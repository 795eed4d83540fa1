//! Modes and extended attributes of the tree `tagged`.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::extended;

/// Names and values.
type Attributes = &'static [(&'static str, &'static str)];

/// What stands where.
const TAGS: [(&str, u32, Attributes); 4] = [
    ("red", 0o640, &[("colour", "red"), ("path", "x/y")]),
    ("blue", 0o604, &[("colour", "blue"), ("odd", "<&> \"q\"")]),
    ("folder", 0o751, &[("colour", "brown")]),
    ("folder/big", 0o606, &[("Size", "Big"), ("mode", "no mode")]),
];

pub(super) fn write(root: &Path) {
    for (path, mode, attributes) in TAGS {
        let path = root.join(path);
        for (name, value) in attributes {
            extended::set(&path, name, value);
        }
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }
}

/// What stands at a path, one line each.
pub(super) fn shown(root: &Path, tree: &str, path: &[u8]) -> Vec<String> {
    let full = root.join(tree).join(OsStr::from_bytes(path));
    let mode = fs::metadata(&full).unwrap().permissions().mode() & 0o7777;
    let path = String::from_utf8_lossy(path);
    let attributes = extended::all(&full);
    let attributes = attributes.iter().map(|(name, value)| format!("+ {tree}/{path} {name}={value}"));
    [format!("+ {tree}/{path} mode {mode:o}")].into_iter().chain(attributes).collect()
}
