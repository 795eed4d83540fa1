//! What a copy will do: a stream of actions. A dry run prints the very actions a run executes.

use std::sync::Arc;
use std::time::Duration;

use super::compare::is_unchanged;
use super::march::{Failure, Limits, March, Pair, Side, Step};
use crate::error::{Error, Kind};
use crate::fs::{Entry, FileType, Fs, Metadata};
use crate::path::RelPath;

/// One thing to do.
#[derive(Debug)]
pub enum Action {
    /// Copy a file.
    Copy(CopyFile),
    /// Go into a folder of the source; files follow.
    Enter(Folder),
    /// Leave a file that is the same on both sides.
    Keep(RelPath),
    /// Leave out something that is not a file, and why.
    Skip(RelPath, &'static str),
    /// Report what cannot be done.
    Fail(Failure),
}

/// A folder of the source.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Its path in both trees.
    pub path: RelPath,
    /// Whether the destination has it.
    pub exists: bool,
}

/// A file to copy.
#[derive(Clone, Debug)]
pub struct CopyFile {
    /// Its path in the source.
    pub from: RelPath,
    /// Its path in the destination.
    pub to: RelPath,
    /// What the source had when it was listed.
    pub source: Metadata,
    /// The file it replaces.
    pub replaces: Option<Metadata>,
    /// Whether the folder it goes into exists.
    pub has_parent: bool,
}

/// The actions that make `destination` hold what `source` holds.
pub struct Plan {
    march: March,
    window: Duration,
}

impl Plan {
    /// Plans a copy of what a walk of `source` sees.
    pub fn copy(source: Arc<dyn Fs>, destination: Arc<dyn Fs>, limits: Limits) -> Self {
        let window = window(&*source, &*destination);
        Self { march: March::of_both(source, destination, limits), window }
    }

    /// The next action, or `None` at the end.
    pub async fn next(&mut self) -> Option<Action> {
        loop {
            match self.march.next().await? {
                Step::Failed(failure) => return Some(Action::Fail(failure)),
                Step::Entry(pair) => {
                    if let Some(action) = decide(pair, self.window) {
                        return Some(action);
                    }
                }
            }
        }
    }
}

/// What to do about one pair; `None` for what only the destination has.
fn decide(pair: Pair, window: Duration) -> Option<Action> {
    let source = pair.source?.metadata;
    match source.file_type {
        FileType::Directory => {
            return Some(Action::Enter(Folder { path: pair.path, exists: pair.destination.is_some() }));
        }
        FileType::Symlink => {
            return Some(Action::Skip(pair.path, "Can't follow symlink without -L/--copy-links"));
        }
        FileType::Special => return Some(Action::Skip(pair.path, "Can't transfer non file/directory")),
        FileType::File => {}
    }
    let replaces = pair.destination.map(|Entry { metadata, .. }| metadata);
    Some(file(pair.path.clone(), pair.path, source, replaces, pair.has_parent, window))
}

/// Times closer than this are taken for equal: what the coarser of two trees can tell apart.
pub fn window(source: &dyn Fs, destination: &dyn Fs) -> Duration {
    source.precision().max(destination.precision())
}

/// What to do about one file of the source.
pub fn file(
    from: RelPath,
    to: RelPath,
    source: Metadata,
    replaces: Option<Metadata>,
    has_parent: bool,
    window: Duration,
) -> Action {
    match &replaces {
        Some(found) if found.file_type == FileType::Special => {
            let error = Error::new(Kind::AlreadyExists, "replace", "a device, pipe or socket stands there");
            Action::Fail(Failure {
                side: Side::Destination,
                folder: to.parent().unwrap_or_default(),
                error: error.on(to.as_bytes()),
            })
        }
        Some(found) if found.file_type == FileType::File && is_unchanged(&source, found, window) => {
            Action::Keep(to)
        }
        _ => Action::Copy(CopyFile { from, to, source, replaces, has_parent }),
    }
}
