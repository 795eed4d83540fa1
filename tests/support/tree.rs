//! Trees of files: written, read back and compared, with any name a file can have.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// Names that break careless programs: blanks, quotes, shell characters, control characters, invalid UTF-8, and the
/// longest name there is.
pub(crate) const WEIRD_NAMES: [&[u8]; 33] = [
    b" ",
    b" leading",
    b"trailing ",
    b"-rf",
    b"...",
    b"*?[a]{b}",
    b"$(touch x)`id`;&|<>",
    b"it's \"quoted\"",
    b"back\\slash",
    b"new\nline",
    b"tab\tcr\r",
    b"\x1b[31mred\x07",
    b"\xff\xfe not UTF-8",
    b"latin-1 \xe9",
    "\u{fc}n\u{ef} \u{202e}code \u{1f600}".as_bytes(),
    "e\u{301} decomposed".as_bytes(),
    b"#comment, colon: and = sign",
    "\u{e9} composed".as_bytes(),
    "e\u{301} composed".as_bytes(),
    "\u{9b}2J C1".as_bytes(),
    "\u{2424}\u{ff0f} symbols".as_bytes(),
    b"\x7f delete",
    b"\n",
    b"--help",
    b"~",
    b"~root",
    b"%20%2e%2e",
    b"dot.",
    b".hidden",
    b"\"",
    b"x.partial",
    b"C:\\x",
    &[b'x'; 255],
];

/// One entry of a tree.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Node {
    File { content: Vec<u8>, mode: u32, modified: u64 },
    Directory,
    Symlink(Vec<u8>),
}

/// Compares as its parts do; shows the size of a file in place of its content.
impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File { content, mode, modified } => {
                write!(f, "file of {} bytes, mode {mode:o}, modified {modified}", content.len())
            }
            Self::Directory => write!(f, "folder"),
            Self::Symlink(target) => write!(f, "link to {}", target.escape_ascii()),
        }
    }
}

/// A tree of files: relative paths as bytes, and what stands there.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Tree(BTreeMap<Vec<u8>, Node>);

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map()
            .entries(self.0.iter().map(|(path, node)| (path.escape_ascii().to_string(), node)))
            .finish()
    }
}

impl Tree {
    /// An empty tree.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a file of mode 0644 from the first days of 2020.
    pub(crate) fn file(self, path: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        self.file_with(path, content, 0o644, 1_577_934_245)
    }

    /// Adds a file with these permissions and this time in seconds since 1970.
    pub(crate) fn file_with(
        mut self,
        path: impl AsRef<[u8]>,
        content: impl AsRef<[u8]>,
        mode: u32,
        modified: u64,
    ) -> Self {
        let content = content.as_ref().to_vec();
        self.add(path.as_ref(), Node::File { content, mode, modified });
        self
    }

    /// Adds a folder, needed only for an empty one.
    pub(crate) fn directory(mut self, path: impl AsRef<[u8]>) -> Self {
        self.add(path.as_ref(), Node::Directory);
        self
    }

    /// Adds a symbolic link.
    pub(crate) fn symlink(mut self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        self.add(path.as_ref(), Node::Symlink(target.as_ref().to_vec()));
        self
    }

    /// Adds a file under each of the [`WEIRD_NAMES`].
    pub(crate) fn weird_names(self, folder: &str) -> Self {
        WEIRD_NAMES
            .iter()
            .fold(self, |tree, name| tree.file([folder.as_bytes(), b"/", *name].concat(), *name))
    }

    fn add(&mut self, path: &[u8], node: Node) {
        for (end, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            self.0.entry(path[..end].to_vec()).or_insert(Node::Directory);
        }
        self.0.insert(path.to_vec(), node);
    }

    /// Writes the tree below a folder, which is made if it is missing.
    #[track_caller]
    pub(crate) fn write(&self, root: &Path) {
        fs::create_dir_all(root).unwrap();
        for (path, node) in &self.0 {
            let path = root.join(OsStr::from_bytes(path));
            match node {
                Node::Directory => fs::create_dir_all(path).unwrap(),
                Node::Symlink(target) => symlink(OsStr::from_bytes(target), path).unwrap(),
                Node::File { content, mode, modified } => {
                    fs::write(&path, content).unwrap();
                    let file = fs::File::open(&path).unwrap();
                    file.set_modified(UNIX_EPOCH + Duration::from_secs(*modified)).unwrap();
                    fs::set_permissions(&path, Permissions::from_mode(*mode)).unwrap();
                }
            }
        }
    }

    /// Every path and what stands there.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&[u8], &Node)> {
        self.0.iter().map(|(path, node)| (path.as_slice(), node))
    }

    /// The same content under the same names, with modes and times that say nothing.
    pub(crate) fn contents(mut self) -> Self {
        for node in self.0.values_mut() {
            if let Node::File { mode, modified, .. } = node {
                (*mode, *modified) = (0, 0);
            }
        }
        self
    }

    /// The tree without what these paths name.
    pub(crate) fn without(mut self, is_left_out: impl Fn(&[u8]) -> bool) -> Self {
        self.0.retain(|path, _| !is_left_out(path));
        self
    }

    /// Adds what another folder has at `path` now.
    #[track_caller]
    pub(crate) fn file_now(mut self, path: &str, root: &Path) -> Self {
        self.add(path.as_bytes(), read_node(&root.join(path)));
        self
    }

    /// Reads the tree below a folder. A link is not followed.
    #[track_caller]
    pub(crate) fn read(root: &Path) -> Self {
        let mut tree = Self::new();
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(root.join(&folder)).unwrap() {
                let relative = folder.join(entry.unwrap().file_name());
                let node = read_node(&root.join(&relative));
                if node == Node::Directory {
                    folders.push(relative.clone());
                }
                tree.0.insert(relative.as_os_str().as_bytes().to_vec(), node);
            }
        }
        tree
    }
}

fn read_node(path: &Path) -> Node {
    let metadata = fs::symlink_metadata(path).unwrap();
    if metadata.is_dir() {
        Node::Directory
    } else if metadata.is_symlink() {
        Node::Symlink(fs::read_link(path).unwrap().into_os_string().as_bytes().to_vec())
    } else {
        Node::File {
            content: fs::read(path).unwrap(),
            mode: metadata.mode() & 0o7777,
            modified: u64::try_from(metadata.mtime()).unwrap(),
        }
    }
}
