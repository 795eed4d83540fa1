//! Removes partial files that nobody will complete any more.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_channel::oneshot;

use super::march::March;
use super::partial::is_partial;
use super::removal::Removal;
use super::step::{Pair, Step};
use crate::error::{Error, Kind, Result};
use crate::fs::{FileType, Metadata};
use crate::path::RelPath;

/// Between two looks at a partial: a transfer under way writes more often, and one about to end takes the name away.
const PAUSE: Duration = Duration::from_secs(3);

/// The removal of the partial files in a tree.
pub struct Cleanup {
    /// Says where to look and what to do with each; its choice of files and folders does not matter.
    pub removal: Removal,
}

impl Cleanup {
    /// Removes them. A failure is logged and counted, and does not stop the rest.
    ///
    /// # Errors
    /// The root cannot be read, nobody gets in, or the run was stopped.
    pub async fn run(&self) -> Result<()> {
        let Removal { tree, limits, cancel, .. } = &self.removal;
        let mut march = March::over(Arc::clone(tree), limits.clone()).without_links();
        let mut partials = Vec::new();
        while let Some(step) = march.next().await {
            cancel.check()?;
            match step {
                Step::Failed(failure) if !march.has_root() => return Err(failure.error),
                Step::Failed(failure) => self.fail(failure.error)?,
                Step::Entry(pair) => partials.extend(partial(pair)),
            }
        }
        if partials.is_empty() { Ok(()) } else { self.look_again(partials).await }
    }

    /// Removes those that are as they were a moment ago.
    async fn look_again(&self, partials: Vec<(RelPath, Metadata)>) -> Result<()> {
        pause().await?;
        for (path, before) in partials {
            match self.removal.tree.look_up(&path).await {
                Ok(now) if (now.size, now.modified) == (before.size, before.modified) => {
                    self.remove(&path, now.size).await?;
                }
                Ok(_) => log::warn!(object:% = path; "Left alone: somebody is writing it"),
                Err(error) if error.kind() == Kind::NotFound => {}
                Err(error) => self.fail(error)?,
            }
        }
        Ok(())
    }

    async fn remove(&self, path: &RelPath, size: u64) -> Result<()> {
        let is_gone = self.removal.remove_file(path, size).await?;
        if is_gone && !self.removal.gate.is_dry_run() {
            let size = crate::units::size::short(size);
            log::warn!(object:% = path; "Removed this incomplete file (size {size})");
        }
        Ok(())
    }

    fn fail(&self, error: Error) -> Result<()> {
        if error.is_fatal() {
            return Err(error);
        }
        log::error!("{error}");
        self.removal.stats.failed(&error);
        Ok(())
    }
}

fn partial(pair: Pair) -> Option<(RelPath, Metadata)> {
    let entry = pair.source.filter(|entry| !entry.is_link && entry.metadata.file_type == FileType::File)?;
    is_partial(entry.name.as_bytes()).then_some((pair.path, entry.metadata))
}

/// Waits until a partial that is being written has changed, without keeping the run from being stopped.
pub(super) async fn pause() -> Result<()> {
    let (sender, receiver) = oneshot::channel::<Infallible>();
    let timer = std::thread::Builder::new().name("pause".into()).spawn(move || {
        std::thread::sleep(PAUSE);
        drop(sender);
    });
    timer.map_err(|error| Error::from_io("start thread", error))?;
    let Err(oneshot::Canceled) = receiver.await;
    Ok(())
}
