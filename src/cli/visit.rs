//! Walks what an argument names, for the commands that list.

use std::sync::Arc;

use futures_executor::block_on;

use super::context::Ctx;
use super::open::Place;
use crate::error::{Kind, Result};
use crate::fs::{FileType, Metadata};
use crate::path::RelPath;
use crate::transfer::March;
use crate::transfer::content::BATCH;
use crate::transfer::march::Limits;
use crate::transfer::step::{Failure, Step};

/// How far a walk goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Only what is in the folder itself.
    One,
    /// As many levels of folders.
    Levels(usize),
    /// Everything below it.
    All,
}

/// One entry of a walk.
#[derive(Clone, Debug)]
pub struct Found {
    /// The path to show.
    pub path: RelPath,
    /// The path in the tree: the root where the argument names a file.
    pub at: RelPath,
    /// What it is.
    pub metadata: Metadata,
}

impl Found {
    /// Whether it is a folder.
    pub fn is_dir(&self) -> bool {
        self.metadata.file_type == FileType::Directory
    }
}

/// A walk over what an argument names, sorted by path; over a file alone if it names one. A folder that cannot be read
/// is logged and counted, and the walk goes on.
pub struct Walk<'a> {
    ctx: &'a Ctx,
    place: &'a Place,
    march: Option<March>,
}

impl<'a> Walk<'a> {
    /// A walk that has not begun.
    pub fn new(ctx: &'a Ctx, place: &'a Place, depth: Depth) -> Self {
        let limits = Limits {
            concurrency: ctx.settings.folders_at_once(),
            max_depth: ctx.settings.max_depth.or(match depth {
                Depth::One => Some(1),
                Depth::Levels(levels) => Some(levels),
                Depth::All => None,
            }),
            enter_destination_only: false,
            filter: Arc::clone(&ctx.settings.filter),
        };
        Self { ctx, place, march: Some(March::over(place.tree.clone(), limits)) }
    }

    /// The next entry.
    ///
    /// # Errors
    /// The tree or its root cannot be read.
    pub async fn next(&mut self) -> Result<Option<Found>> {
        while let Some(march) = &mut self.march {
            match march.next().await {
                None => self.march = None,
                Some(Step::Entry(pair)) => {
                    self.ctx.stats.listed(1);
                    if let Some(entry) = pair.source
                        && self.is_shown(&pair.path, &entry.metadata)
                    {
                        return Ok(Some(Found {
                            at: pair.path.clone(),
                            path: pair.path,
                            metadata: entry.metadata,
                        }));
                    }
                }
                Some(Step::Failed(failure)) if !march.has_root() || failure.error.is_fatal() => {
                    self.march = None;
                    return match self.place.as_file().await {
                        Ok(Some((name, metadata))) => Ok(Some(Found {
                            path: RelPath::root().join(&name),
                            at: RelPath::root(),
                            metadata,
                        })),
                        Err(error) if error.kind() == Kind::Config => Err(error),
                        _ => Err(failure.error),
                    };
                }
                Some(Step::Failed(Failure { error, .. })) => {
                    log::error!("{error}");
                    self.ctx.stats.failed(&error);
                }
            }
        }
        Ok(None)
    }

    /// Takes the next entries that `wanted` accepts, as many as are hashed together; none at the end.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn batch(&mut self, wanted: impl Fn(&Found) -> bool) -> Result<Vec<Found>> {
        let mut batch = Vec::new();
        while batch.len() < BATCH
            && let Some(found) = self.next().await?
        {
            if wanted(&found) {
                batch.push(found);
            }
        }
        Ok(batch)
    }

    /// A local tree shows what can be copied; what cannot is told of.
    fn is_shown(&self, path: &RelPath, metadata: &Metadata) -> bool {
        let features = self.place.tree.features();
        if features.lists_everything {
            return true;
        }
        match metadata.file_type {
            FileType::File | FileType::Directory => return true,
            FileType::Symlink => log::warn!(object:% = path; "Can't follow symlink without -L/--copy-links"),
            FileType::Special => features.tell_special(path),
        }
        false
    }
}

/// Calls `seen` for every entry of a [`Walk`].
///
/// # Errors
/// The tree or its root cannot be read, the run is cancelled, or `seen` fails.
pub fn visit(
    ctx: &Ctx,
    place: &Place,
    depth: Depth,
    mut seen: impl FnMut(&Found) -> Result<()>,
) -> Result<()> {
    block_on(ctx.cancel.or_stop(async {
        let mut walk = Walk::new(ctx, place, depth);
        while let Some(found) = walk.next().await? {
            seen(&found)?;
        }
        Ok(())
    }))
}
