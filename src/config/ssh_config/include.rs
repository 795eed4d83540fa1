//! The files that `Include` names: paths with `*`, `?` and `[...]`, as the shell expands them.

use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use regex::bytes::Regex;

/// The files that fit, sorted by name. `base` is the folder of a relative path.
pub fn files(pattern: &Path, base: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("/")];
    for component in base.join(pattern).components() {
        match component {
            Component::Normal(name) if is_pattern(name.as_bytes()) => {
                let fitting = Fitting::new(name.as_bytes());
                found = found.iter().flat_map(|folder| fitting.entries(folder)).collect();
            }
            component => found.iter_mut().for_each(|path| path.push(component)),
        }
    }
    found.retain(|path| path.symlink_metadata().is_ok());
    found
}

fn is_pattern(name: &[u8]) -> bool {
    name.iter().any(|byte| b"*?[".contains(byte))
}

/// One component of a pattern; no names fit where it makes no sense.
struct Fitting {
    pattern: Option<Regex>,
    shows_hidden: bool,
}

impl Fitting {
    fn new(name: &[u8]) -> Self {
        let pattern = translate(&String::from_utf8_lossy(name));
        Self { pattern: Regex::new(&pattern).ok(), shows_hidden: name.starts_with(b".") }
    }

    /// The entries of a folder that fit; none of one that cannot be read.
    fn entries(&self, folder: &Path) -> Vec<PathBuf> {
        let Some(pattern) = &self.pattern else { return Vec::new() };
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut names: Vec<Vec<u8>> = entries.map(|entry| entry.file_name().into_vec()).collect();
        names.retain(|name| (self.shows_hidden || !name.starts_with(b".")) && pattern.is_match(name));
        names.sort();
        names.iter().map(|name| folder.join(std::ffi::OsStr::from_bytes(name))).collect()
    }
}

/// The regular expression of a component.
fn translate(name: &str) -> String {
    let mut regex = String::from("(?s-u)^");
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        let class = after.get(1..).and_then(|inner| inner.find(']')).filter(|_| c == '[');
        rest = after;
        match (c, class) {
            ('*', _) => regex.push_str(".*"),
            ('?', _) => regex.push('.'),
            ('[', Some(end)) => {
                let end = end.saturating_add(1);
                let inner = after.get(..end).unwrap_or_default();
                let (sign, inner) = match inner.strip_prefix(['!', '^']) {
                    Some(inner) => ("^", inner),
                    None => ("", inner),
                };
                let quoted: String = inner.chars().map(quoted_in_class).collect();
                regex.push_str(&format!("[{sign}{quoted}]"));
                rest = after.get(end.saturating_add(1)..).unwrap_or_default();
            }
            _ => regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    regex.push('$');
    regex
}

fn quoted_in_class(c: char) -> String {
    if c.is_ascii_punctuation() && c != '-' { format!("\\{c}") } else { c.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_expanded_as_by_the_shell() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.conf", "b.conf", "[x].conf", ".hidden.conf", "c.txt", "sub/d.conf", "tub/d.conf"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let names = |pattern: &str| -> Vec<String> {
            let found = files(Path::new(pattern), folder.path());
            found.iter().map(|path| path.strip_prefix(folder.path()).unwrap().display().to_string()).collect()
        };
        assert_eq!(names("*.conf"), ["[x].conf", "a.conf", "b.conf"]);
        assert_eq!(names(".*.conf"), [".hidden.conf"]);
        assert_eq!(names("?.conf"), ["a.conf", "b.conf"]);
        assert_eq!(names("[!a].conf"), ["b.conf"]);
        assert_eq!(names("[a-b].c*"), ["a.conf", "b.conf"]);
        assert_eq!(names("*ub/*.conf"), ["sub/d.conf", "tub/d.conf"]);
        assert_eq!(names("a.conf"), ["a.conf"]);
        assert_eq!(names("none*"), Vec::<String>::new());
        assert_eq!(names("missing"), Vec::<String>::new());
        assert_eq!(names("[z-a]x"), Vec::<String>::new());
        assert_eq!(files(&folder.path().join("c.*"), Path::new("/")).len(), 1);
    }
}
