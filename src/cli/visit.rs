//! Walks what an argument names, for the commands that list.

use std::ffi::OsStr;
use std::sync::Arc;

use futures_executor::block_on;

use super::context::Ctx;
use super::open::open;
use crate::error::{Kind, Result};
use crate::fs::Metadata;
use crate::path::RelPath;
use crate::transfer::March;
use crate::transfer::march::{Failure, Limits, Step};

/// How far a walk goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Only what is in the folder itself.
    One,
    /// Everything below it.
    All,
}

/// Calls `seen` for every entry below what `argument` names, sorted by path; for a file, for that file alone. A folder
/// that cannot be read is logged and counted, and the walk goes on.
///
/// # Errors
/// The tree or its root cannot be read, the run is cancelled, or `seen` fails.
pub fn visit(
    ctx: &Ctx,
    argument: &OsStr,
    depth: Depth,
    mut seen: impl FnMut(&RelPath, &Metadata) -> Result<()>,
) -> Result<()> {
    let place = open(ctx, argument)?;
    let limits = Limits {
        concurrency: ctx.settings.folders_at_once(),
        max_depth: ctx.settings.max_depth.or((depth == Depth::One).then_some(1)),
        enter_destination_only: false,
        filter: Arc::clone(&ctx.settings.filter),
    };
    block_on(ctx.cancel.or_stop(async {
        let mut march = March::over(place.tree.clone(), limits);
        while let Some(step) = march.next().await {
            match step {
                Step::Entry(pair) => {
                    ctx.stats.listed(1);
                    if let Some(entry) = pair.source {
                        seen(&pair.path, &entry.metadata)?;
                    }
                }
                Step::Failed(failure) if failure.folder.is_root() || failure.error.is_fatal() => {
                    return match place.as_file().await {
                        Ok(Some((name, metadata))) => seen(&RelPath::root().join(&name), &metadata),
                        Err(error) if error.kind() == Kind::Config => Err(error),
                        _ => Err(failure.error),
                    };
                }
                Step::Failed(Failure { error, .. }) => {
                    log::error!("{error}");
                    ctx.stats.failed(&error);
                }
            }
        }
        Ok(())
    }))
}
