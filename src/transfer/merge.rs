//! Both sides of one folder, sorted and paired.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::iter::Peekable;
use std::vec::IntoIter;

use super::step::{Failure, Pair, Side, Step, is_dir};
use crate::error::{Error, Kind, Result};
use crate::fs::{Entry, Listing};
use crate::path::RelPath;

/// A folder as it was read; `None` for a side that does not have it.
pub(super) struct Folder {
    pub(super) source: Option<Result<Listing>>,
    pub(super) destination: Option<Result<Listing>>,
}

impl Folder {
    /// How many entries it has, both sides together.
    pub(super) fn len(&self) -> usize {
        let entries = |side: &Option<Result<Listing>>| match side {
            Some(Ok(listing)) => listing.entries.len(),
            _ => 0,
        };
        entries(&self.source).saturating_add(entries(&self.destination))
    }
}

/// Sorts both sides and pairs what has the same name and kind. What failed comes first. Nothing else comes where the
/// source, or a destination that is there, could not be read: what is unknown is left alone.
pub(super) fn merge(path: &RelPath, folder: Folder) -> VecDeque<Step> {
    let mut merge =
        Merge { path, failed: Vec::new(), has_parent: matches!(&folder.destination, Some(Ok(_))) };
    let is_missing =
        matches!(&folder.destination, Some(Err(error)) if error.kind() == Kind::DirectoryNotFound);
    let destination = if is_missing { None } else { folder.destination };
    let source = merge.sort(Side::Source, folder.source);
    let destination = merge.sort(Side::Destination, destination);
    let pairs = match (source, destination) {
        (Some(source), Some(destination)) => merge.pair(source, destination),
        _ => Vec::new(),
    };
    merge.failed.into_iter().chain(pairs).collect()
}

struct Merge<'a> {
    path: &'a RelPath,
    failed: Vec<Step>,
    has_parent: bool,
}

impl Merge<'_> {
    fn fail(&mut self, side: Side, error: Error) {
        self.failed.push(Step::Failed(Failure { side, folder: self.path.clone(), error }));
    }

    /// The entries of one side in order, each name once; `None` if it could not be read.
    fn sort(&mut self, side: Side, listing: Option<Result<Listing>>) -> Option<Vec<Entry>> {
        let Listing { mut entries, refused } = match listing {
            None => return Some(Vec::new()),
            Some(Ok(listing)) => listing,
            Some(Err(error)) => {
                self.fail(side, error);
                return None;
            }
        };
        for error in refused {
            self.fail(side, error);
        }
        entries.sort_by(order);
        entries.dedup_by(|later, first| {
            let is_twice = order(later, first) == Ordering::Equal;
            if is_twice {
                let reason = "the name is listed twice; the first one is used";
                let path = self.path.join(&later.name);
                self.fail(side, Error::new(Kind::Protocol, "list", reason).on(path.as_bytes()));
            }
            is_twice
        });
        Some(entries)
    }

    fn pair(&self, source: Vec<Entry>, destination: Vec<Entry>) -> Vec<Step> {
        let mut steps = Vec::with_capacity(source.len().max(destination.len()));
        let (mut source, mut destination) =
            (source.into_iter().peekable(), destination.into_iter().peekable());
        while let Some((source, destination)) = next_pair(&mut source, &mut destination) {
            let Some(entry) = source.as_ref().or(destination.as_ref()) else { break };
            let path = self.path.join(&entry.name);
            steps.push(Step::Entry(Pair { path, source, destination, has_parent: self.has_parent }));
        }
        steps
    }
}

type Entries = Peekable<IntoIter<Entry>>;

/// The lowest entry of either side, or of both.
fn next_pair(source: &mut Entries, destination: &mut Entries) -> Option<(Option<Entry>, Option<Entry>)> {
    let which = match (source.peek(), destination.peek()) {
        (None, None) => return None,
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some(source), Some(destination)) => order(source, destination),
    };
    let in_source = if which == Ordering::Greater { None } else { source.next() };
    let in_destination = if which == Ordering::Less { None } else { destination.next() };
    Some((in_source, in_destination))
}

/// The order of bytes, with a slash behind the names of folders.
fn order(one: &Entry, other: &Entry) -> Ordering {
    let slash = |entry: &Entry| is_dir(entry).then_some(&b'/');
    let one_bytes = one.name.as_bytes().iter().chain(slash(one));
    one_bytes.cmp(other.name.as_bytes().iter().chain(slash(other)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::{FileType, Metadata};
    use crate::path::Name;

    fn listing(names: &[&str]) -> Listing {
        let entry = |text: &&str| {
            let file_type = if text.ends_with('/') { FileType::Directory } else { FileType::File };
            let metadata = Metadata { file_type, size: 0, modified: None, mode: None };
            Entry {
                name: Name::new(text.trim_end_matches('/').as_bytes()).unwrap(),
                metadata,
                is_link: false,
            }
        };
        Listing { entries: names.iter().map(entry).collect(), refused: Vec::new() }
    }

    fn shown(steps: VecDeque<Step>) -> Vec<String> {
        steps
            .into_iter()
            .map(|step| match step {
                Step::Failed(failure) => format!("failed: {}", failure.error.reason()),
                Step::Entry(pair) => {
                    let side = |entry: Option<Entry>, sign| if entry.is_some() { sign } else { "" };
                    format!("{} {}{}", pair.path, side(pair.source, "<"), side(pair.destination, ">"))
                }
            })
            .collect()
    }

    #[test]
    fn sides_are_paired_in_the_order_of_whole_paths() {
        let folder = Folder {
            source: Some(Ok(listing(&["b", "a/", "a-b", "c"]))),
            destination: Some(Ok(listing(&["c/", "a/", "b", "z"]))),
        };
        assert_eq!(shown(merge(&RelPath::root(), folder)), ["a-b <", "a <>", "b <>", "c <", "c >", "z >"]);
    }

    #[test]
    fn a_name_that_comes_twice_is_told_and_used_once() {
        let folder = Folder { source: Some(Ok(listing(&["b", "a", "b"]))), destination: None };
        assert_eq!(
            shown(merge(&RelPath::root(), folder)),
            ["failed: the name is listed twice; the first one is used", "a <", "b <"]
        );
    }

    #[test]
    fn an_unreadable_side_hides_the_folder_and_a_missing_destination_does_not() {
        let error = |kind| Some(Err(Error::new(kind, "list", "why")));
        let folder = Folder { source: Some(Ok(listing(&["a"]))), destination: error(Kind::PermissionDenied) };
        assert_eq!(shown(merge(&RelPath::root(), folder)), ["failed: why"]);
        let folder =
            Folder { source: Some(Ok(listing(&["a"]))), destination: error(Kind::DirectoryNotFound) };
        assert_eq!(shown(merge(&RelPath::root(), folder)), ["a <"]);
    }
}
