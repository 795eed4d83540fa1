//! `sclone rmdir`

use std::ffi::OsString;

use futures_executor::block_on;

use crate::cli::context::Ctx;
use crate::cli::open::open;
use crate::error::{Error, Kind, Result};
use crate::path::RelPath;

/// Remove an empty folder
///
/// Example: `sclone rmdir web1:backup/2025`
///
/// A folder that is not empty stays: `sclone purge` removes one with all that is in it.
///
/// Exit codes: 0 removed, 1 not empty or cannot be removed, 2 wrong usage, 3 folder not found, 20 login refused,
/// 21 certificate unusable, 22 host key not trusted, 23 no connection.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The folder to remove: remote:path, or a local path
    #[arg(value_name = "REMOTE:PATH")]
    pub path: OsString,
}

/// Removes the folder.
///
/// # Errors
/// It is missing, not empty, no folder, or cannot be removed.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let place = open(ctx, &args.path)?;
    let removed = block_on(ctx.cancel.or_stop(async {
        let tree = place.as_destination().await?;
        if place.is_link().await {
            let reason = "it is a symbolic link, not a folder";
            return Err(Error::new(Kind::NotADirectory, "remove folder", reason).on(tree.describe()));
        }
        if ctx.gate.allows("remove directory", tree.describe(), None)? {
            log::info!(object:% = tree.describe(); "Removing directory");
            tree.remove_dir(&RelPath::root()).await?;
        }
        Ok(())
    }));
    removed.map_err(|error| match error.kind() {
        Kind::NotFound => error.with_kind(Kind::DirectoryNotFound),
        _ => error,
    })
}
