//! The name a file has while it is being written.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};

use crate::error::Result;
use crate::path::{Name, RelPath};

/// The longest file name that common file systems keep, in bytes.
const LONGEST: usize = 255;

/// A fresh name beside `path` in rclone's form, `NAME.xxxxxxxx.partial` with eight random hexadecimal digits. A long
/// name is cut, at a character boundary where it is UTF-8.
pub(crate) fn beside(path: &RelPath) -> Result<RelPath> {
    let random = RandomState::new().build_hasher().finish() & 0xffff_ffff;
    let suffix = format!(".{random:08x}.partial");
    let name = path.file_name().map(|name| name.as_bytes().to_vec()).unwrap_or_default();
    let kept = cut(&name, LONGEST.saturating_sub(suffix.len()));
    let name = Name::new(&[kept, suffix.as_bytes()].concat())?;
    Ok(path.parent().unwrap_or_default().join(&name))
}

/// Whether a name has this form.
pub(crate) fn is_partial(name: &[u8]) -> bool {
    let digits = name.strip_suffix(b".partial").and_then(|name| name.split_last_chunk::<9>());
    digits.is_some_and(|(stem, [dot, digits @ ..])| {
        !stem.is_empty() && *dot == b'.' && digits.iter().all(u8::is_ascii_hexdigit)
    })
}

fn cut(name: &[u8], length: usize) -> &[u8] {
    let mut end = length.min(name.len());
    while end > 0 && end < name.len() && name.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
        end = end.saturating_sub(1);
    }
    name.get(..end).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_stands_beside_its_file_and_is_never_too_long() {
        let partial = beside(&RelPath::parse(b"a/b.txt").unwrap()).unwrap();
        let text = std::str::from_utf8(partial.as_bytes()).unwrap();
        assert!(text.starts_with("a/b.txt.") && text.ends_with(".partial") && text.len() == 24, "{text}");
        let long = RelPath::parse("é".repeat(127).as_bytes()).unwrap();
        let partial = beside(&long).unwrap();
        assert!(partial.as_bytes().len() <= LONGEST && std::str::from_utf8(partial.as_bytes()).is_ok());
        assert_ne!(beside(&long).unwrap(), partial);
        assert!(is_partial(partial.as_bytes()) && is_partial(b"b.txt.0123abcd.partial"));
        assert!(
            !is_partial(b"b.partial")
                && !is_partial(b".0123abcd.partial")
                && !is_partial(b"b.0123abcg.partial")
        );
    }
}
