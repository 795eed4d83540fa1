//! `--files-from`: exactly the files of a list, and the folders that hold them.

use std::collections::HashSet;

use super::text;

/// A list of files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    files: HashSet<String>,
    folders: HashSet<String>,
}

impl Listed {
    /// Adds a file by its path; slashes at both ends are dropped.
    pub fn add(&mut self, path: &[u8]) {
        let path = text::of(path);
        let path = path.trim_matches('/');
        self.files.insert(path.to_owned());
        let mut below = path;
        while let Some((folder, _)) = below.rsplit_once('/') {
            if !self.folders.insert(folder.to_owned()) {
                break;
            }
            below = folder;
        }
    }

    pub(crate) fn has_file(&self, text: &str) -> bool {
        self.files.contains(text)
    }

    pub(crate) fn has_folder(&self, text: &str) -> bool {
        self.folders.contains(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_bring_the_folders_above_them() {
        let mut listed = Listed::default();
        for path in [&b"/a/b/c.txt"[..], b"a/d", b"e\xff/"] {
            listed.add(path);
        }
        assert!(
            listed.has_file("a/b/c.txt") && listed.has_file("a/d") && listed.has_file(&text::of(b"e\xff"))
        );
        assert!(listed.has_folder("a") && listed.has_folder("a/b"));
        assert!(!listed.has_folder("e") && !listed.has_folder("a/d") && !listed.has_file("a"));
    }
}
