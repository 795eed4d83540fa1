//! What a run will do: a stream of actions. A dry run prints the very actions a run executes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::compare::{Comparison, Decision};
use super::content::BATCH;
use super::march::{Limits, March};
use super::partial::is_partial;
use super::preservation::Subject;
use super::step::{Failure, Pair, Side, Step};
use super::undecided::Undecided;
use crate::error::{Error, Kind, Result};
use crate::fs::{Entry, FileType, Fs, Metadata};
use crate::path::RelPath;

/// Files of a destination that is not listed, looked up at once.
const LOOKED_UP: usize = 256;

/// One thing to do.
#[derive(Debug)]
pub enum Action {
    /// Copy a file.
    Copy(CopyFile),
    /// Give a file the time of its source; its content is the same.
    SetTime(CopyFile),
    /// Go into a folder of the source; files follow.
    Enter(Folder),
    /// Leave a file as it is, and why.
    Keep(CopyFile, &'static str),
    /// Leave out something that is not a file, and why.
    Skip(RelPath, &'static str),
    /// What only the destination has.
    Surplus(Surplus),
    /// Report what cannot be done.
    Fail(Failure),
}

/// A folder of the source.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Its path in both trees.
    pub path: RelPath,
    /// Its time in the source.
    pub modified: Option<i128>,
    /// Whether the source has a link to a folder there.
    pub is_link: bool,
    /// What the destination has there, if that is a folder too.
    pub destination: Option<Entry>,
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
    /// Whether the name in the source is a link to the file.
    pub is_link: bool,
    /// Whether a folder on its way in the source is a link, so that it may be somebody else's.
    pub is_behind_link: bool,
    /// The file it replaces.
    pub replaces: Option<Metadata>,
    /// Whether the folder it goes into exists.
    pub has_parent: bool,
}

impl CopyFile {
    /// What `--metadata` is told of it.
    pub(super) fn subject(&self) -> Subject {
        let Metadata { size, modified, .. } = self.source;
        Subject { path: self.to.clone(), size, modified, is_folder: false }
    }
}

/// Something only the destination has.
#[derive(Clone, Debug)]
pub struct Surplus {
    /// Its path.
    pub path: RelPath,
    /// What stands there. A symbolic link is removed, never followed.
    pub entry: Entry,
}

impl Surplus {
    /// Whether it is a folder, and not a link to one.
    pub fn is_folder(&self) -> bool {
        self.entry.metadata.file_type == FileType::Directory && !self.entry.is_link
    }

    /// Whether its name is one that a run gives a file while it writes it.
    pub fn is_partial(&self) -> bool {
        self.path.file_name().is_some_and(|name| is_partial(name.as_bytes()))
    }
}

/// How the destination is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Traversal {
    /// Its folders are read beside those of the source.
    #[default]
    Listed,
    /// Each file is looked up by its name (`--no-traverse`).
    LookedUp,
    /// Not at all: every file is transferred (`--no-check-dest`).
    Unseen,
}

/// The actions that make `destination` hold what `source` holds.
pub struct Plan {
    march: March,
    destination: Arc<dyn Fs>,
    comparison: Comparison,
    traversal: Traversal,
    /// Whether pipes, sockets and devices of the source are left out without a word.
    skips_specials: bool,
    undecided: Undecided,
    /// Whether links of the source stand for what they point to.
    follows_links: bool,
    /// Files of the source whose counterparts are not looked up yet.
    unseen: Vec<Pair>,
    ready: VecDeque<Action>,
}

impl Plan {
    /// Plans for what a walk of `source` sees.
    pub fn new(
        source: Arc<dyn Fs>,
        destination: Arc<dyn Fs>,
        limits: Limits,
        comparison: Comparison,
        traversal: Traversal,
    ) -> Self {
        let comparison =
            Comparison { window: comparison.window.max(window(&*source, &*destination)), ..comparison };
        let march = match traversal {
            Traversal::Listed => March::of_both(Arc::clone(&source), Arc::clone(&destination), limits),
            Traversal::LookedUp | Traversal::Unseen => March::over(Arc::clone(&source), limits),
        };
        let follows_links = source.features().lists_everything;
        let skips_specials = source.features().skips_specials;
        let undecided = Undecided::new(source, Arc::clone(&destination), comparison);
        let march = march.outside_of_destination_links();
        Self {
            march,
            destination,
            comparison,
            traversal,
            skips_specials,
            undecided,
            follows_links,
            unseen: Vec::new(),
            ready: VecDeque::new(),
        }
    }

    /// The same plan without what the source has at `path`.
    #[must_use]
    pub fn without(mut self, path: RelPath) -> Self {
        self.march = self.march.hiding(path);
        self
    }

    /// Plans for one pair that was found otherwise, as if a walk had come to it.
    pub async fn one(mut self, file: CopyFile) -> Vec<Action> {
        self.march = self.march.at_end();
        self.decide_file(file);
        let mut actions = Vec::new();
        while let Some(action) = self.next().await {
            actions.push(action);
        }
        actions
    }

    /// The next action, or `None` at the end.
    pub async fn next(&mut self) -> Option<Action> {
        loop {
            if let Some(action) = self.ready.pop_front() {
                return Some(action);
            }
            if self.unseen.len() >= LOOKED_UP {
                self.look_up().await;
            } else if self.undecided.len() >= BATCH {
                self.ready.extend(self.undecided.decide().await);
            } else {
                match self.march.next().await {
                    Some(Step::Failed(failure)) => return Some(Action::Fail(failure)),
                    Some(Step::Entry(pair)) => self.decide(pair),
                    None if !self.unseen.is_empty() => self.look_up().await,
                    None if self.undecided.len() > 0 => self.ready.extend(self.undecided.decide().await),
                    None => return None,
                }
            }
        }
    }

    /// Decides about one pair, or puts the decision off.
    fn decide(&mut self, pair: Pair) {
        let Some(source) = &pair.source else {
            if let Some(entry) = pair.destination {
                self.ready.push_back(Action::Surplus(Surplus { path: pair.path, entry }));
            }
            return;
        };
        match source.metadata.file_type {
            FileType::Directory => self.ready.push_back(Action::Enter(Folder {
                path: pair.path,
                modified: source.metadata.modified,
                is_link: source.is_link,
                destination: pair.destination,
            })),
            FileType::Symlink if self.follows_links => {
                // Nothing is known of what is behind it, least of all that it is gone.
                let error = Error::new(
                    Kind::Io,
                    "follow link",
                    "what it points to is missing, or may not be looked at",
                )
                .on(pair.path.as_bytes())
                .advice("leave it out with --exclude, or all links with the option skip_links");
                self.ready.push_back(fail(Side::Source, &pair.path, error));
            }
            FileType::Symlink => {
                self.ready.push_back(Action::Skip(pair.path, "Can't follow symlink without -L/--copy-links"));
            }
            FileType::Special if self.skips_specials => {}
            FileType::Special => {
                self.ready.push_back(Action::Skip(pair.path, "Can't transfer non file/directory"));
            }
            FileType::File if self.traversal == Traversal::LookedUp => self.unseen.push(pair),
            FileType::File => self.decide_file(CopyFile {
                from: pair.path.clone(),
                to: pair.path,
                source: source.metadata,
                is_link: source.is_link,
                is_behind_link: false,
                replaces: pair.destination.map(|Entry { metadata, .. }| metadata),
                has_parent: pair.has_parent,
            }),
        }
    }

    /// Asks the destination for the files of the source by their names.
    async fn look_up(&mut self) {
        let pairs = std::mem::take(&mut self.unseen);
        let destination = Arc::clone(&self.destination);
        let found = join_all(pairs.iter().map(|pair| destination.stat(&pair.path))).await;
        for (pair, found) in pairs.into_iter().zip(found) {
            let Some(source) = pair.source else { continue };
            match present(found) {
                Ok(replaces) => self.decide_file(CopyFile {
                    from: pair.path.clone(),
                    to: pair.path,
                    source: source.metadata,
                    is_link: source.is_link,
                    is_behind_link: false,
                    has_parent: replaces.is_some(),
                    replaces,
                }),
                Err(error) => self.ready.push_back(fail(Side::Destination, &pair.path, error)),
            }
        }
    }

    fn decide_file(&mut self, file: CopyFile) {
        let Some(found) = &file.replaces else {
            return self.ready.push_back(Action::Copy(file));
        };
        match found.file_type {
            FileType::Special => {
                let error =
                    Error::new(Kind::AlreadyExists, "replace", "a device, pipe or socket stands there");
                let error = error.on(file.to.as_bytes());
                self.ready.push_back(fail(Side::Destination, &file.to, error));
            }
            FileType::Directory | FileType::Symlink => self.ready.push_back(Action::Copy(file)),
            FileType::File => match self.comparison.decide(&file.source, found) {
                Decision::Keep(reason) => self.ready.push_back(Action::Keep(file, reason)),
                Decision::Transfer(reason) => {
                    log::debug!(object:% = file.from; "{reason}");
                    self.ready.push_back(changed(file, &self.comparison));
                }
                Decision::Hash(if_same) => self.undecided.push(file, if_same),
            },
        }
    }
}

/// What to do about a file that differs from the one in the destination.
pub(super) fn changed(file: CopyFile, comparison: &Comparison) -> Action {
    if !comparison.immutable {
        return Action::Copy(file);
    }
    let reason = "Source and destination exist but do not match: immutable file modified";
    let error = Error::new(Kind::Immutable, "replace", reason).on(file.to.as_bytes());
    fail(Side::Destination, &file.to, error)
}

pub(super) fn fail(side: Side, path: &RelPath, error: Error) -> Action {
    Action::Fail(Failure { side, folder: path.parent().unwrap_or_default(), error })
}

/// What was looked up, or that it is missing.
///
/// # Errors
/// It is not known whether it is there.
pub fn present(found: Result<Metadata>) -> Result<Option<Metadata>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(error.kind(), Kind::NotFound | Kind::DirectoryNotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Times closer than this are taken for equal: what the coarser of two trees can tell apart.
pub fn window(source: &dyn Fs, destination: &dyn Fs) -> Duration {
    source.precision().max(destination.precision())
}
