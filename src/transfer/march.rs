//! Walks one tree, or two in step, in the order of the bytes of their paths.
//!
//! Each folder is sorted with folders named `name/`, so that whole paths come out in byte order: what `LC_ALL=C sort`
//! gives, and the same for both trees. Folders ahead of the walk are read meanwhile, a bounded number at a time, and
//! only folders on the way and those read ahead are held in memory.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use futures_util::future::{BoxFuture, join};
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::merge::{Folder, merge};
use super::overlap::below;
use super::selection::select;
use super::step::{Failure, Pair, Side, Step, is_link};
use crate::error::{Error, Kind, Result};
use crate::filter::Filter;
use crate::fs::{Fs, Listing};
use crate::path::RelPath;

/// Entries of folders read ahead that may be held at once.
const ENTRIES_AHEAD: usize = 50_000;

/// Levels of folders that are entered. A path of Linux, of at most 4,095 bytes, has 2,048; a server that goes on and on
/// must not fill the memory.
const MOST_LEVELS: usize = 2_100;

/// What bounds a walk.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Folders read at once.
    pub concurrency: usize,
    /// Levels of folders to enter; `None` for all. One level is the root alone.
    pub max_depth: Option<usize>,
    /// Whether to enter folders that only the destination has.
    pub enter_destination_only: bool,
    /// What the walk sees.
    pub filter: Arc<Filter>,
}

/// A walk under way.
pub struct March {
    source: Option<Arc<dyn Fs>>,
    destination: Option<Arc<dyn Fs>>,
    limits: Limits,
    /// The folders from the root to where the walk is.
    frames: Vec<Frame>,
    /// The folder to enter before the next step.
    next: Option<Visit>,
    reading: FuturesUnordered<BoxFuture<'static, (RelPath, Folder)>>,
    asked: HashSet<RelPath>,
    /// Whether links to folders that only the destination has are left closed.
    skips_destination_links: bool,
    /// What of the source nobody is to see.
    hidden: Option<RelPath>,
    read: HashMap<RelPath, Folder>,
    /// Entries of the largest folder so far.
    largest: usize,
    follows_links: bool,
    has_root: bool,
}

struct Frame {
    path: RelPath,
    steps: VecDeque<Step>,
    /// Folders among the steps that nobody asked for yet.
    ahead: VecDeque<Visit>,
    /// The path with every link resolved, once a link was met below.
    real: Option<Vec<u8>>,
}

#[derive(Clone, Debug)]
struct Visit {
    path: RelPath,
    in_source: bool,
    in_destination: bool,
    is_link: bool,
    is_destination_link: bool,
}

impl Visit {
    fn of(pair: &Pair) -> Self {
        Self {
            path: pair.path.clone(),
            in_source: pair.source.is_some(),
            in_destination: pair.destination.is_some(),
            is_link: pair.is_link(),
            is_destination_link: is_link(pair.destination.as_ref()),
        }
    }
}

impl March {
    /// Walks `source` alone.
    pub fn over(source: Arc<dyn Fs>, limits: Limits) -> Self {
        Self::start(Some(source), None, limits)
    }

    /// Walks `source` and `destination` in step. A destination root that does not exist counts as empty.
    pub fn of_both(source: Arc<dyn Fs>, destination: Arc<dyn Fs>, limits: Limits) -> Self {
        Self::start(Some(source), Some(destination), limits)
    }

    fn start(source: Option<Arc<dyn Fs>>, destination: Option<Arc<dyn Fs>>, limits: Limits) -> Self {
        let root = Visit {
            path: RelPath::root(),
            in_source: source.is_some(),
            in_destination: destination.is_some(),
            is_link: false,
            is_destination_link: false,
        };
        Self {
            source,
            destination,
            limits,
            frames: Vec::new(),
            next: Some(root),
            reading: FuturesUnordered::new(),
            asked: HashSet::new(),
            skips_destination_links: false,
            hidden: None,
            read: HashMap::new(),
            largest: 0,
            follows_links: true,
            has_root: false,
        }
    }

    /// Whether the root of the source could be read. What fails in it then is about single names.
    pub fn has_root(&self) -> bool {
        self.has_root
    }

    /// The same walk that enters no symbolic link, whatever the tree makes of it.
    #[must_use]
    pub fn without_links(mut self) -> Self {
        self.follows_links = false;
        self
    }

    /// The same walk, that does not go through links which only the destination has.
    pub(super) fn outside_of_destination_links(mut self) -> Self {
        self.skips_destination_links = true;
        self
    }

    /// The same walk, without what the source has at `path`.
    pub(super) fn hiding(mut self, path: RelPath) -> Self {
        self.hidden = Some(path);
        self
    }

    /// The walk when everything is seen.
    pub(super) fn at_end(mut self) -> Self {
        self.next = None;
        self
    }

    /// The next step, or `None` when both trees are walked.
    pub async fn next(&mut self) -> Option<Step> {
        loop {
            if let Some(visit) = self.next.take() {
                self.enter(visit).await;
            }
            self.read_ahead();
            let frame = self.frames.last_mut()?;
            let Some(step) = frame.steps.pop_front() else {
                self.frames.pop();
                continue;
            };
            if let Step::Entry(pair) = &step
                && self.is_entered(pair)
            {
                self.next = Some(Visit::of(pair));
            }
            return Some(step);
        }
    }

    fn is_entered(&self, pair: &Pair) -> bool {
        self.is_wanted(pair) && self.limits.max_depth.is_none_or(|depth| self.frames.len() < depth)
    }

    /// Whether a pair is a folder to enter, however deep it is.
    fn is_wanted(&self, pair: &Pair) -> bool {
        let is_link = pair.destination.as_ref().is_some_and(|entry| entry.is_link);
        let is_seen = pair.source.is_some()
            || (self.limits.enter_destination_only && !(is_link && self.skips_destination_links));
        pair.is_dir() && (self.follows_links || !pair.is_link()) && is_seen
    }

    /// Makes a folder the current one.
    async fn enter(&mut self, visit: Visit) {
        if let Some(above) = self.frames.last_mut()
            && above.ahead.front().is_some_and(|ahead| ahead.path == visit.path)
        {
            above.ahead.pop_front();
        }
        if self.frames.len() >= MOST_LEVELS {
            return self.fail_too_deep(visit);
        }
        let real = if visit.is_link {
            match self.follow(&visit).await {
                Ok(Some(real)) => Some(real),
                Ok(None) => return,
                Err((side, error)) => return self.fail(visit.path, side, error),
            }
        } else {
            None
        };
        if !self.asked.contains(&visit.path) {
            self.ask(visit.clone());
        }
        let folder = loop {
            if let Some(folder) = self.read.remove(&visit.path) {
                break folder;
            }
            match self.reading.next().await {
                Some((path, folder)) => {
                    self.largest = self.largest.max(folder.len());
                    self.read.insert(path, folder);
                }
                None => return,
            }
        };
        self.asked.remove(&visit.path);
        if visit.path.is_root() {
            self.has_root = matches!(folder.source, Some(Ok(_)));
        }
        let steps = merge(&visit.path, folder);
        let mut frame = Frame { path: visit.path, steps, ahead: VecDeque::new(), real };
        let deepest = self.limits.max_depth.unwrap_or(MOST_LEVELS).min(MOST_LEVELS);
        if self.frames.len().saturating_add(1) < deepest {
            let pairs = frame.steps.iter().filter_map(Step::pair);
            frame.ahead = pairs.filter(|pair| self.is_wanted(pair)).map(Visit::of).collect();
        }
        self.frames.push(frame);
    }

    /// Resolves a link to a folder. `None` if it leads back to a folder the walk is in.
    async fn follow(&mut self, visit: &Visit) -> std::result::Result<Option<Vec<u8>>, (Side, Error)> {
        if visit.is_destination_link
            && let Some(tree) = self.destination.clone()
        {
            check_inside(&*tree, &visit.path).await.map_err(|error| (Side::Destination, error))?;
        }
        let real = self.resolve(&visit.path).await.map_err(|error| (Side::Source, error))?;
        let is_loop = self
            .frames
            .iter()
            .filter_map(|frame| frame.real.as_ref())
            .any(|above| below(&real, above).is_some());
        if is_loop {
            log::warn!("{}: not following a link that leads back to a folder above it", visit.path);
        }
        Ok((!is_loop).then_some(real))
    }

    /// Resolves a link, and the folders the walk is in that were not resolved yet.
    async fn resolve(&mut self, path: &RelPath) -> Result<Vec<u8>> {
        let Some(tree) = self.source.clone() else { return Err(Error::cancelled()) };
        for frame in &mut self.frames {
            if frame.real.is_none() {
                frame.real = Some(tree.real_path(&frame.path).await?);
            }
        }
        tree.real_path(path).await
    }

    fn fail_too_deep(&mut self, visit: Visit) {
        let reason = format!("it lies too deep, below {MOST_LEVELS} folders");
        let error = Error::new(Kind::Unsupported, "list", reason).on(visit.path.as_bytes());
        let side = if visit.in_source { Side::Source } else { Side::Destination };
        self.fail(visit.path, side, error);
    }

    fn fail(&mut self, path: RelPath, side: Side, error: Error) {
        let steps = VecDeque::from([Step::Failed(Failure { side, folder: path.clone(), error })]);
        self.frames.push(Frame { path, steps, ahead: VecDeque::new(), real: None });
    }

    /// Keeps the allowed number of folders being read, nearest first. Links wait until the walk comes to them. Where
    /// folders are large only a few are read ahead, so that what is held stays bounded.
    fn read_ahead(&mut self) {
        while self.asked.len() < self.limits.concurrency
            && self.asked.len().saturating_mul(self.largest) <= ENTRIES_AHEAD
        {
            let Some(visit) = self.frames.iter_mut().rev().find_map(|frame| frame.ahead.pop_front()) else {
                return;
            };
            if !visit.is_link {
                self.ask(visit);
            }
        }
    }

    fn ask(&mut self, visit: Visit) {
        self.asked.insert(visit.path.clone());
        let source = self.source.clone().filter(|_| visit.in_source);
        let destination = self.destination.clone().filter(|_| visit.in_destination);
        let filter = Arc::clone(&self.limits.filter);
        let hidden = self.hidden.clone();
        let of_destination = (!filter.deletes_excluded()).then(|| Arc::clone(&filter));
        self.reading.push(Box::pin(async move {
            let path = visit.path;
            let folder = {
                let list = async |tree: Option<Arc<dyn Fs>>, filter: Option<Arc<Filter>>| {
                    let tree = tree?;
                    let listing = tree.list(&path).await;
                    Some(match (listing, filter) {
                        (Ok(listing), Some(filter)) => Ok(select(&*tree, &filter, &path, listing).await),
                        (listing, _) => listing,
                    })
                };
                let (source, destination) =
                    join(list(source, Some(filter)), list(destination, of_destination)).await;
                Folder { source: source.map(|listing| without(listing, &path, hidden.as_ref())), destination }
            };
            (path, folder)
        }));
    }
}

/// A listing without the one entry that nobody is to see.
fn without(listing: Result<Listing>, folder: &RelPath, hidden: Option<&RelPath>) -> Result<Listing> {
    let hidden =
        hidden.filter(|hidden| hidden.parent().as_ref() == Some(folder)).and_then(RelPath::file_name);
    listing.map(|mut listing| {
        listing.entries.retain(|entry| hidden.as_ref() != Some(&entry.name));
        listing
    })
}

/// Nothing is written through a link that leads out of the tree.
async fn check_inside(tree: &dyn Fs, path: &RelPath) -> Result<()> {
    let root = tree.real_path(&RelPath::root()).await?;
    let real = tree.real_path(path).await?;
    if below(&root, &real).is_some() {
        return Ok(());
    }
    let reason = format!(
        "a symbolic link stands there that leads out of the destination, to {}",
        crate::path::escape(&real)
    );
    Err(Error::new(Kind::PermissionDenied, "write into", reason)
        .on(path.as_bytes())
        .advice("replace the link by a folder, or name its target as the destination"))
}
