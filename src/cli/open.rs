//! The seam between the command line and the trees: what an argument names, walked or copied.

use std::ffi::OsStr;
use std::sync::Arc;

use futures_executor::block_on;

use super::context::Ctx;
use crate::error::{Error, Kind, Result};
use crate::fs::{Entry, FileType, Fs, Metadata};
use crate::path::RelPath;

/// How far a walk goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Only what is in the folder itself.
    One,
    /// Everything below it.
    All,
}

/// Opens the tree that `remote:path` or a local path names.
///
/// # Errors
/// The remote is not known or cannot be reached.
pub fn open_tree(_ctx: &Ctx, argument: &OsStr) -> Result<Arc<dyn Fs>> {
    Err(Error::new(Kind::Unsupported, "open", "no kind of tree is built in").on(argument.as_encoded_bytes()))
}

/// Copies what `source` has and `destination` lacks.
///
/// # Errors
/// Nothing can be copied at all; what fails for a single file is counted in the statistics.
pub fn copy_tree(_ctx: &Ctx, source: &dyn Fs, destination: &dyn Fs, _create_empty_dirs: bool) -> Result<()> {
    let reason = format!("no way from {} to {} is built in", source.describe(), destination.describe());
    Err(Error::new(Kind::Unsupported, "copy", reason))
}

/// Calls `seen` for every entry below what `argument` names, sorted by path. A folder that cannot be read is logged
/// and counted, and the walk goes on.
///
/// # Errors
/// The tree or its root cannot be read, the run is cancelled, or `seen` fails.
pub fn visit(
    ctx: &Ctx,
    argument: &OsStr,
    depth: Depth,
    mut seen: impl FnMut(&RelPath, &Metadata) -> Result<()>,
) -> Result<()> {
    let tree = open_tree(ctx, argument)?;
    let mut pending = list(ctx, tree.as_ref(), &RelPath::root())?;
    while let Some((path, entry)) = pending.pop() {
        ctx.cancel.check()?;
        seen(&path, &entry.metadata)?;
        let is_folder = entry.metadata.file_type == FileType::Directory && !entry.is_link;
        if depth == Depth::One || !is_folder {
            continue;
        }
        match list(ctx, tree.as_ref(), &path) {
            Ok(below) => pending.extend(below),
            Err(error) => {
                log::error!("{error}");
                ctx.stats.failed(&error);
            }
        }
    }
    Ok(())
}

/// The entries of one folder, the first by name last.
fn list(ctx: &Ctx, tree: &dyn Fs, folder: &RelPath) -> Result<Vec<(RelPath, Entry)>> {
    let entries = block_on(ctx.cancel.or_stop(tree.list(folder)))?;
    let mut entries: Vec<_> = entries.into_iter().map(|entry| (folder.join(&entry.name), entry)).collect();
    entries.sort_by(|(first, _), (second, _)| second.cmp(first));
    ctx.stats.listed(u64::try_from(entries.len()).unwrap_or(u64::MAX));
    Ok(entries)
}
