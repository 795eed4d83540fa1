//! The name a file has while it is being written.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};

use crate::error::Result;
use crate::path::{Name, RelPath, shorten};

/// What the name of a partial ends in, unless told otherwise.
pub(super) const SUFFIX: &str = ".partial";
/// The longest file name that common file systems keep, in bytes.
const LONGEST: usize = 255;

/// A tag that no other run has, as far as chance goes.
pub(super) fn random_tag() -> u32 {
    let [a, b, c, d, ..] = RandomState::new().build_hasher().finish().to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// The name beside `path` in rclone's form, `NAME.xxxxxxxx.partial`, that a run with this tag gives it: eight
/// hexadecimal digits of the tag and the path, then the suffix. A long name is cut, at a character boundary where it
/// is UTF-8; the digits still tell it from its neighbours.
pub(crate) fn beside(path: &RelPath, tag: u32, suffix: &str) -> Result<RelPath> {
    let digits = tag ^ crc32fast::hash(path.as_bytes());
    let suffix = format!(".{digits:08x}{suffix}");
    let name = path.file_name().map(|name| name.as_bytes().to_vec()).unwrap_or_default();
    let kept = shorten(&name, LONGEST.saturating_sub(suffix.len()));
    let name = Name::new(&[kept, suffix.as_bytes()].concat())?;
    Ok(path.parent().unwrap_or_default().join(&name))
}

/// Whether a name has this form.
pub(crate) fn is_partial(name: &[u8]) -> bool {
    let digits = name.strip_suffix(b".partial").and_then(|name| name.split_last_chunk::<9>());
    digits.is_some_and(|(stem, [dot, digits @ ..])| {
        !stem.is_empty()
            && *dot == b'.'
            && digits.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partial(path: &str, tag: u32) -> String {
        let path = RelPath::parse(path.as_bytes()).unwrap();
        String::from_utf8(beside(&path, tag, ".partial").unwrap().as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn a_partial_stands_beside_its_file_and_each_run_has_its_own() {
        let name = partial("a/b.txt", 7);
        assert!(name.starts_with("a/b.txt.") && name.ends_with(".partial") && name.len() == 24, "{name}");
        assert_eq!(name, partial("a/b.txt", 7));
        assert_ne!(name, partial("a/b.txt", 8));
    }

    #[test]
    fn it_is_never_too_long_and_long_neighbours_stay_apart() {
        let long = "é".repeat(125);
        let (one, other) = (partial(&format!("{long}aaaa"), 7), partial(&format!("{long}bbbb"), 7));
        assert!(one.len() <= LONGEST && other.len() <= LONGEST);
        assert_ne!(one, other);
    }

    #[test]
    fn only_names_in_this_form_are_partial() {
        for name in ["a.0123abcd.partial", "a.b.ffffffff.partial", "..00000000.partial"] {
            assert!(is_partial(name.as_bytes()), "{name}");
        }
        for name in [
            "a.partial",
            ".0123abcd.partial",
            "a.0123ABCD.partial",
            "a.0123abcd.partial.old",
            "a-0123abcd.partial",
            "a.0123abc.partial",
        ] {
            assert!(!is_partial(name.as_bytes()), "{name}");
        }
    }
}
