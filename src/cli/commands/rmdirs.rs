//! `sclone rmdirs`

use std::ffi::OsString;

use crate::cli::context::Ctx;
use crate::cli::open::open;
use crate::cli::removing::{carry_out, chosen};
use crate::error::Result;
use crate::transfer::removal::{Files, Folders};

/// Remove the empty folders below a path, and the path itself if it is then empty
///
/// Example: `sclone rmdirs --leave-root web1:backup`
///
/// A folder that holds only empty folders is empty. Symbolic links are neither followed nor removed.
///
/// Exit codes: 0 removed, 1 some folder cannot be read or removed, 2 wrong usage, 3 folder not found,
/// 20 login refused, 21 certificate unusable, 22 host key not trusted, 23 no connection, 130 stopped.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Where to look: remote:path, or a local path
    #[arg(value_name = "REMOTE:PATH")]
    pub path: OsString,

    /// Leave the path itself, even if it is empty
    #[arg(long)]
    pub leave_root: bool,
}

/// Removes the folders. What fails is counted and logged.
///
/// # Errors
/// The path cannot be read as one.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let place = open(ctx, &args.path)?;
    let folders = if args.leave_root { Folders::Below } else { Folders::All };
    carry_out(ctx, async {
        let tree = place.as_destination().await?;
        chosen(ctx, tree, Files::None, folders).run().await
    });
    Ok(())
}
