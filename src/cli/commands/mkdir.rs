//! `sclone mkdir`

use std::ffi::OsString;

use futures_executor::block_on;

use crate::cli::context::Ctx;
use crate::cli::open::open;
use crate::error::Result;
use crate::path::RelPath;

/// Make a folder, and those above it that are missing
///
/// Example: `sclone mkdir web1:backup/2026`
///
/// A folder that is there already is fine.
///
/// Exit codes: 0 the folder is there, 1 it cannot be made, 2 wrong usage, 20 login refused, 21 certificate unusable,
/// 22 host key not trusted, 23 no connection.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The folder to make: remote:path, or a local path
    #[arg(value_name = "REMOTE:PATH")]
    pub path: OsString,
}

/// Makes the folder.
///
/// # Errors
/// A file stands there, or the folder cannot be made.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let place = open(ctx, &args.path)?;
    block_on(ctx.cancel.or_stop(async {
        let tree = place.as_destination().await?;
        if ctx.gate.allows("make directory", tree.describe(), None)? {
            log::info!(object:% = tree.describe(); "Making directory");
            tree.make_dir(&RelPath::root()).await?;
        }
        Ok(())
    }))
}
