//! Finds files that were only renamed in the source, so that they can be renamed in the destination instead of being
//! transferred (`--track-renames`).

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use super::content::{BATCH, Where, hash};
use super::hashes::{ask_both, common_hashes};
use super::plan::{CopyFile, Surplus};
use crate::error::Result;
use crate::fs::{FileType, Fs, Metadata};
use crate::hash::{Digest, HashType};
use crate::path::RelPath;

/// What beside its size makes a file the same one under another name (`--track-renames-strategy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strategy {
    hash: bool,
    modified: bool,
    leaf: bool,
}

impl FromStr for Strategy {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let mut strategy = Self { hash: false, modified: false, leaf: false };
        for part in text.split(',').map(str::trim) {
            match part {
                "hash" => strategy.hash = true,
                "modtime" => strategy.modified = true,
                "leaf" => strategy.leaf = true,
                "size" => {}
                other => return Err(format!("unknown track renames strategy \"{other}\"")),
            }
        }
        Ok(strategy)
    }
}

/// What two files that are the same have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Mark {
    size: u64,
    modified: Option<i128>,
    leaf: Option<Vec<u8>>,
    digest: Option<Digest>,
}

impl Strategy {
    /// Pairs new files with those that only the destination has. Returns the places in `surplus`, by those in `new`.
    pub(super) async fn find(
        self,
        (source, destination): (&Arc<dyn Fs>, &Arc<dyn Fs>),
        new: &[CopyFile],
        surplus: &[Surplus],
    ) -> Result<HashMap<usize, usize>> {
        let window = source.precision().max(destination.precision());
        let is_file =
            |item: &&Surplus| item.entry.metadata.file_type == FileType::File && !item.entry.is_link;
        let ours = new.iter().map(|file| self.mark(&file.from, &file.source, window)).collect::<Vec<_>>();
        let theirs = surplus.iter().map(|item| {
            Some(item).filter(is_file).map(|item| self.mark(&item.path, &item.entry.metadata, window))
        });
        let theirs: Vec<_> = theirs.collect();
        let ours: Vec<_> = candidates(ours.into_iter().map(Some), &theirs);
        let theirs: Vec<_> = candidates(theirs.into_iter(), &ours);
        if !self.hash {
            return Ok(pair(ours, theirs));
        }
        for kind in common_hashes(&**source, &**destination) {
            let (mut ours, mut theirs) = (ours.clone(), theirs.clone());
            let hashed = async {
                ask_both(&**source, &**destination, kind).await?;
                add_digests(source, kind, &mut ours, |place| new.get(place).map(|file| &file.from)).await?;
                add_digests(destination, kind, &mut theirs, |place| surplus.get(place).map(|it| &it.path))
                    .await
            };
            match hashed.await {
                Ok(()) => return Ok(pair(ours, theirs)),
                Err(error) if error.is_fatal() => return Err(error),
                Err(error) => log::debug!("{kind}: {error}"),
            }
        }
        log::error!("Ignoring --track-renames as the source and destination do not have a common hash");
        Ok(HashMap::new())
    }

    fn mark(self, path: &RelPath, metadata: &Metadata, window: Duration) -> Mark {
        let window = i128::try_from(window.as_nanos()).unwrap_or(1).max(1);
        Mark {
            size: metadata.size,
            modified: metadata.modified.filter(|_| self.modified).map(|time| time.div_euclid(window)),
            leaf: path.file_name().filter(|_| self.leaf).map(|name| name.as_bytes().to_vec()),
            digest: None,
        }
    }
}

/// Drops the marks that nothing on the other side has; the others keep their places.
fn candidates(marks: impl Iterator<Item = Option<Mark>>, others: &[Option<Mark>]) -> Vec<Option<Mark>> {
    let others: std::collections::HashSet<_> = others.iter().flatten().collect();
    marks.map(|mark| mark.filter(|mark| others.contains(mark))).collect()
}

/// Adds hashes to marks. A file that cannot be hashed is no candidate.
async fn add_digests<'a>(
    tree: &Arc<dyn Fs>,
    kind: HashType,
    marks: &mut [Option<Mark>],
    path: impl Fn(usize) -> Option<&'a RelPath>,
) -> Result<()> {
    let mut waiting: Vec<_> = marks.iter_mut().enumerate().filter(|(_, mark)| mark.is_some()).collect();
    for batch in waiting.chunks_mut(BATCH) {
        let paths: Vec<_> = batch.iter().filter_map(|(place, _)| path(*place)).cloned().collect();
        let found = hash(tree, &paths, kind, Where::There).await?;
        for ((_, slot), digest) in batch.iter_mut().zip(found) {
            **slot = match (slot.take(), digest) {
                (Some(mark), Ok(digest)) => Some(Mark { digest: Some(digest), ..mark }),
                _ => None,
            };
        }
    }
    Ok(())
}

/// Uses each file of the destination once, in order.
fn pair(ours: Vec<Option<Mark>>, theirs: Vec<Option<Mark>>) -> HashMap<usize, usize> {
    let mut places: HashMap<Mark, Vec<usize>> = HashMap::new();
    for (place, mark) in theirs.into_iter().enumerate().rev() {
        if let Some(mark) = mark {
            places.entry(mark).or_default().push(place);
        }
    }
    let mut take = |(place, mark): (usize, Option<Mark>)| Some((place, places.get_mut(&mark?)?.pop()?));
    ours.into_iter().enumerate().filter_map(&mut take).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strategies_are_rclones() {
        let strategy = |text: &str| text.parse::<Strategy>();
        assert_eq!(strategy("hash").unwrap(), Strategy { hash: true, modified: false, leaf: false });
        assert_eq!(strategy("modtime,leaf").unwrap(), Strategy { hash: false, modified: true, leaf: true });
        assert_eq!(strategy("foo").unwrap_err(), "unknown track renames strategy \"foo\"");
    }
}
