//! Compares two trees and changes neither (rclone's `check`).

use std::sync::Arc;

use futures_util::future::join;

use super::content::{BATCH, Where};
use super::hashes::{common_hashes, hash_both};
use super::march::{Limits, March};
use super::stats::Stats;
use super::step::{Pair, Side, Step};
use super::verdict::{Sink, Summary, Verdict};
use crate::error::{Kind, Result};
use crate::filter::Filter;
use crate::fs::{Entry, FileType, Fs, Metadata};
use crate::hash::HashType;
use crate::path::{Name, RelPath};

/// What is compared beside sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Nothing.
    Size,
    /// A hash that both sides can compute.
    Hash,
    /// The content, which is read from both sides.
    Content,
}

/// A comparison to make.
pub struct Check {
    /// One tree.
    pub source: Arc<dyn Fs>,
    /// The other.
    pub destination: Arc<dyn Fs>,
    /// The only file of the source to compare, if it is not the whole tree.
    pub only: Option<Name>,
    /// What is compared.
    pub depth: Depth,
    /// Whether files that only the destination has are of no interest.
    pub one_way: bool,
    /// Folders read at once.
    pub folders: usize,
    /// Levels of folders to compare; `None` for all.
    pub max_depth: Option<usize>,
    /// Which files are compared.
    pub filter: Arc<Filter>,
    /// Counts what is done and what failed.
    pub stats: Stats,
}

/// A comparison under way.
struct Run<'a> {
    check: &'a Check,
    sink: Sink<'a>,
    summary: Summary,
    /// Hashes that may work on both sides, best first. Those that turn out not to are dropped.
    hashes: Vec<HashType>,
    /// Paths in order, those to hash without a verdict yet.
    waiting: Vec<(RelPath, Option<Verdict>)>,
}

impl Check {
    /// Compares and tells `sink` every verdict, sorted by path.
    ///
    /// # Errors
    /// A root cannot be read, the connection is lost, or `sink` fails. Folders below that cannot be read are logged and
    /// counted.
    pub async fn run(&self, sink: Sink<'_>) -> Result<Summary> {
        let hashes = match self.depth {
            Depth::Hash => common_hashes(&*self.source, &*self.destination),
            Depth::Size | Depth::Content => Vec::new(),
        };
        let mut run = Run { check: self, sink, summary: Summary::default(), hashes, waiting: Vec::new() };
        match &self.only {
            Some(name) => run.one(&RelPath::root().join(name)).await?,
            None => run.all().await?,
        }
        run.flush().await?;
        Ok(run.summary)
    }
}

impl Run<'_> {
    async fn one(&mut self, path: &RelPath) -> Result<()> {
        let (source, destination) =
            join(self.check.source.stat(path), self.check.destination.stat(path)).await;
        let destination = match destination {
            Err(error) if error.kind() == Kind::NotFound => None,
            found => Some(found?),
        };
        self.compare(path, Some(&source?), destination.as_ref()).await
    }

    async fn all(&mut self) -> Result<()> {
        let check = self.check;
        let limits = Limits {
            concurrency: check.folders,
            max_depth: check.max_depth,
            enter_destination_only: !check.one_way,
            filter: Arc::clone(&check.filter),
        };
        let mut march = March::of_both(check.source.clone(), check.destination.clone(), limits);
        while let Some(step) = march.next().await {
            match step {
                Step::Entry(pair) => {
                    check.stats.listed(1);
                    let source = pair.source.as_ref().and_then(|entry| file(&*check.source, &pair, entry));
                    let destination =
                        pair.destination.as_ref().and_then(|entry| file(&*check.destination, &pair, entry));
                    self.compare(&pair.path, source, destination).await?;
                }
                Step::Failed(failure) => {
                    let is_source_root = !march.has_root() && failure.side == Side::Source;
                    if is_source_root || failure.error.is_fatal() {
                        return Err(failure.error);
                    }
                    log::error!("{}", failure.error);
                    check.stats.failed(&failure.error);
                }
            }
        }
        Ok(())
    }

    async fn compare(
        &mut self,
        path: &RelPath,
        source: Option<&Metadata>,
        destination: Option<&Metadata>,
    ) -> Result<()> {
        let verdict = match (source, destination) {
            (None, None) => return Ok(()),
            (Some(_), None) => Some(Verdict::MissingOnDestination),
            (None, Some(_)) if self.check.one_way => return Ok(()),
            (None, Some(_)) => Some(Verdict::MissingOnSource),
            (Some(source), Some(destination)) if source.size != destination.size => {
                Some(Verdict::Differ("sizes differ".into()))
            }
            (Some(_), Some(_)) if self.check.depth == Depth::Size => Some(Verdict::Same),
            (Some(_), Some(_)) => None,
        };
        self.waiting.push((path.clone(), verdict));
        if self.waiting.len() >= BATCH { self.flush().await } else { Ok(()) }
    }

    /// Hashes what waits for it and gives every verdict.
    async fn flush(&mut self) -> Result<()> {
        let mut waiting = std::mem::take(&mut self.waiting);
        let open = waiting.iter().filter(|(_, verdict)| verdict.is_none());
        let paths: Vec<_> = open.map(|(path, _)| path.clone()).collect();
        let mut found = self.verdicts(&paths).await?.into_iter();
        for (path, verdict) in &mut waiting {
            let verdict = verdict.take().or_else(|| found.next()).unwrap_or(Verdict::Same);
            self.summary.count(&verdict);
            self.check.stats.checked();
            (self.sink)(path, &verdict)?;
        }
        Ok(())
    }

    async fn verdicts(&mut self, paths: &[RelPath]) -> Result<Vec<Verdict>> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        if self.check.depth == Depth::Content {
            return self.hashed(paths, HashType::Blake3, Where::Here, "contents differ").await;
        }
        while let Some(hash) = self.hashes.first().copied() {
            match self.hashed(paths, hash, Where::There, &format!("{hash} differ")).await {
                Err(error) if error.kind() == Kind::Unsupported => drop(self.hashes.remove(0)),
                verdicts => return verdicts,
            }
        }
        let count = u64::try_from(paths.len()).unwrap_or(u64::MAX);
        self.summary.unhashed = self.summary.unhashed.saturating_add(count);
        Ok(paths.iter().map(|_| Verdict::Same).collect())
    }

    async fn hashed(
        &self,
        paths: &[RelPath],
        kind: HashType,
        place: Where,
        reason: &str,
    ) -> Result<Vec<Verdict>> {
        let (source, destination) = (&self.check.source, &self.check.destination);
        let hashed = hash_both((source, paths), (destination, paths), kind, place).await?;
        Ok(hashed
            .into_iter()
            .map(|pair| match pair {
                (Ok(ours), Ok(theirs)) if ours == theirs => Verdict::Same,
                (Ok(_), Ok(_)) => Verdict::Differ(reason.to_owned()),
                (Err(error), _) | (_, Err(error)) => Verdict::Failed(error),
            })
            .collect())
    }
}

/// An entry that can be compared: a file, or what a tree lists as one. A FIFO is none, as reading it may never end.
fn file<'a>(tree: &dyn Fs, pair: &Pair, entry: &'a Entry) -> Option<&'a Metadata> {
    match entry.metadata.file_type {
        FileType::Directory => None,
        FileType::File => Some(&entry.metadata),
        FileType::Symlink if tree.features().lists_everything => Some(&entry.metadata),
        FileType::Symlink => {
            log::warn!(object:% = pair.path; "Can't follow symlink");
            None
        }
        FileType::Special => {
            tree.features().tell_special(&pair.path);
            None
        }
    }
}
