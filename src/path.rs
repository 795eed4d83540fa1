//! Names and relative paths as bytes. Names that a server must not send are refused here, once.
//!
//! A [`Name`] is one entry of a folder; a [`RelPath`] is a sequence of names under some root. Neither can be absolute,
//! climb with `..`, or hold NUL, so joining one to a root never leaves it. Text for people goes through [`escape`].

use std::borrow::Cow;
use std::fmt;

use crate::error::{Error, Kind, Result};

/// The name of one entry in a folder: never empty, `.` or `..`, and without `/` or NUL.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Box<[u8]>);

impl Name {
    /// Accepts a name that came from outside.
    ///
    /// # Errors
    /// [`Kind::InvalidName`] for a name that could reach outside its folder or that no file can have.
    pub fn new(bytes: &[u8]) -> Result<Self> {
        let reason = match bytes {
            b"" => "the name is empty",
            b"." | b".." => "the name is a folder reference",
            _ if bytes.contains(&b'/') => "the name contains a slash",
            _ if bytes.contains(&0) => "the name contains a NUL byte",
            _ => return Ok(Self(bytes.into())),
        };
        Err(Error::new(Kind::InvalidName, "refuse name", reason).on(bytes))
    }

    /// The name as it stands on disk.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(&self.0))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// A path below some root: names joined by `/`, or empty for the root itself.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelPath(Vec<u8>);

impl RelPath {
    /// The root itself.
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// Parses `a/b/c`. Extra slashes are dropped; every part must be a valid [`Name`].
    ///
    /// # Errors
    /// [`Kind::InvalidName`] if a part is `.`, `..` or contains NUL.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        bytes
            .split(|&byte| byte == b'/')
            .filter(|part| !part.is_empty())
            .try_fold(Self::root(), |path, part| Ok(path.join(&Name::new(part)?)))
    }

    /// This path with one more name.
    #[must_use]
    pub fn join(&self, name: &Name) -> Self {
        let mut bytes = Vec::with_capacity(self.0.len().saturating_add(name.0.len()).saturating_add(1));
        bytes.extend_from_slice(&self.0);
        if !bytes.is_empty() {
            bytes.push(b'/');
        }
        bytes.extend_from_slice(&name.0);
        Self(bytes)
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The path as bytes, without a leading slash.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether `path` is this path or below it.
    pub fn contains(&self, path: &Self) -> bool {
        self.is_root()
            || path
                .0
                .strip_prefix(self.0.as_slice())
                .is_some_and(|rest| rest.first().is_none_or(|byte| *byte == b'/'))
    }

    /// The folder that holds this path; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let cut = self.0.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
        Some(Self(self.0.get(..cut)?.to_vec()))
    }

    /// The last name; `None` for the root.
    pub fn file_name(&self) -> Option<Name> {
        let last = self.0.rsplit(|&byte| byte == b'/').next()?;
        (!last.is_empty()).then(|| Name(last.into()))
    }
}

/// At most the first `length` bytes of a name, cut at a character boundary where it is UTF-8.
pub fn shorten(name: &[u8], length: usize) -> &[u8] {
    let mut end = length.min(name.len());
    while end > 0 && end < name.len() && name.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
        end = end.saturating_sub(1);
    }
    name.get(..end).unwrap_or(name)
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(&self.0))
    }
}

impl fmt::Debug for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// Makes bytes from outside safe to show: control characters (C0, DEL, C1), bidirectional overrides and bytes that
/// are not UTF-8 become `\xNN` or `\u{NNNN}`. Text without any of these is returned as it is.
pub fn escape(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.chars().any(is_hostile)
    {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(bytes.len().saturating_add(8));
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => shown.push_str("\\n"),
                '\r' => shown.push_str("\\r"),
                '\t' => shown.push_str("\\t"),
                _ if is_hostile(c) && c.is_ascii() => shown.push_str(&format!("\\x{:02x}", u32::from(c))),
                _ if is_hostile(c) => shown.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
                _ => shown.push(c),
            }
        }
        for byte in chunk.invalid() {
            shown.push_str(&format!("\\x{byte:02x}"));
        }
    }
    Cow::Owned(shown)
}

/// Whether a character can change what a terminal shows around it.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_refused() {
        for bad in [&b""[..], b".", b"..", b"a/b", b"/abs", b"nul\0"] {
            assert_eq!(Name::new(bad).unwrap_err().kind(), Kind::InvalidName, "{bad:?}");
        }
        for good in [&b"..."[..], b" ", b"-dash", b"\xff\xfe", b"new\nline"] {
            assert_eq!(Name::new(good).unwrap().as_bytes(), good);
        }
    }

    #[test]
    fn relative_paths_never_climb() {
        assert_eq!(RelPath::parse(b"/a//b/").unwrap().as_bytes(), b"a/b");
        assert!(RelPath::parse(b"a/../b").is_err());
        let path = RelPath::parse(b"a/b").unwrap();
        assert_eq!(path.parent().unwrap().as_bytes(), b"a");
        assert_eq!(path.parent().unwrap().parent().unwrap(), RelPath::root());
        assert_eq!(RelPath::root().parent(), None);
        assert!(path.parent().unwrap().contains(&path) && !path.contains(&RelPath::parse(b"a/bc").unwrap()));
        assert_eq!(path.file_name().unwrap().as_bytes(), b"b");
    }

    #[test]
    fn escape_leaves_clean_text_and_defuses_the_rest() {
        assert!(matches!(escape("ünï code".as_bytes()), Cow::Borrowed(_)));
        assert_eq!(escape(b"\x1b[31m\n\xff"), "\\x1b[31m\\n\\xff");
        assert_eq!(escape("a\u{9b}b\u{202e}".as_bytes()), "a\\u{9b}b\\u{202e}");
    }
}
