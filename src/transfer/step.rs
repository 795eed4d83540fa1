//! What a walk over two trees comes to.

use crate::error::{Error, Kind};
use crate::fs::{Entry, FileType};
use crate::path::RelPath;

/// Which of the two trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The tree that is read.
    Source,
    /// The tree that is changed.
    Destination,
}

/// What the walk comes to next.
#[derive(Debug)]
pub enum Step {
    /// A name in the source, the destination or both. Of the two entries either both are folders or neither is.
    Entry(Pair),
    /// A folder, or one name in it, could not be read. The walk goes on without it.
    Failed(Failure),
}

/// What could not be read.
#[derive(Debug)]
pub struct Failure {
    /// The tree it is in.
    pub side: Side,
    /// The folder that could not be read whole.
    pub folder: RelPath,
    /// Why.
    pub error: Error,
}

impl Failure {
    /// Whether there is no tree at all: its root is missing.
    pub fn is_missing_root(&self) -> bool {
        self.folder.is_root() && self.error.kind() == Kind::DirectoryNotFound
    }
}

/// One path in either tree or both.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The path in both trees.
    pub path: RelPath,
    /// What the source has there.
    pub source: Option<Entry>,
    /// What the destination has there.
    pub destination: Option<Entry>,
    /// Whether the destination has the folder that holds the path.
    pub has_parent: bool,
}

impl Pair {
    pub(super) fn is_dir(&self) -> bool {
        [&self.source, &self.destination].iter().any(|entry| entry.as_ref().is_some_and(is_dir))
    }

    pub(super) fn is_link(&self) -> bool {
        is_link(self.source.as_ref()) || is_link(self.destination.as_ref())
    }
}

impl Step {
    pub(super) fn pair(&self) -> Option<&Pair> {
        match self {
            Self::Entry(pair) => Some(pair),
            Self::Failed(_) => None,
        }
    }
}

/// Whether an entry is a folder, followed links included.
pub(super) fn is_dir(entry: &Entry) -> bool {
    entry.metadata.file_type == FileType::Directory
}

pub(super) fn is_link(entry: Option<&Entry>) -> bool {
    entry.is_some_and(|entry| entry.is_link)
}
