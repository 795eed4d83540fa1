//! `sclone delete`

use std::ffi::OsString;
use std::sync::Arc;

use crate::cli::context::Ctx;
use crate::cli::open::open;
use crate::cli::removing::{DeleteLimitArgs, carry_out, chosen};
use crate::error::Result;
use crate::path::RelPath;
use crate::transfer::Removal;
use crate::transfer::removal::{Files, Folders};

/// Delete the files below a path that the filters choose
///
/// Example: `sclone delete --min-age 30d web1:backup/logs`
///
/// Folders stay, unless they are then empty and --rmdirs is given. A symbolic link is never followed: one to a file
/// goes itself where listings show it, one to a folder stays. To see first what would be deleted, add --dry-run.
///
/// With --max-delete or --max-delete-size everything is found before the first file goes, and nothing goes if it is more.
///
/// Exit codes: 0 all are deleted, 1 some file cannot be deleted, 2 wrong usage, 3 nothing is there, 7 more than may go,
/// 20 login refused, 21 certificate unusable, 22 host key not trusted, 23 no connection, 130 stopped.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Where to delete: remote:path, or a local path
    #[arg(value_name = "REMOTE:PATH")]
    pub path: OsString,

    /// Also remove folders that are then empty, but not the path itself
    #[arg(long)]
    pub rmdirs: bool,

    /// How much may be deleted.
    #[command(flatten)]
    pub limit: DeleteLimitArgs,
}

/// Deletes the files. What fails is counted and logged.
///
/// # Errors
/// The path cannot be read as one.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let place = open(ctx, &args.path)?;
    let folders = if args.rmdirs { Folders::Below } else { Folders::None };
    carry_out(ctx, async {
        let (tree, only) = place.as_source().await?;
        let removal = chosen(ctx, Arc::clone(&tree), Files::Listed, folders);
        let removal = Removal { limit: args.limit.limit(), ..removal };
        match only.map(|name| RelPath::root().join(&name)) {
            None => removal.run().await,
            Some(path) => {
                let size = tree.stat(&path).await?.size;
                removal.remove_only(&path, size).await
            }
        }
    });
    Ok(())
}
