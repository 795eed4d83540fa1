//! `sclone purge`

use std::ffi::OsString;

use crate::cli::context::Ctx;
use crate::cli::open::open_as_it_is;
use crate::cli::removing::{all, carry_out};
use crate::error::{Error, Kind, Result};

/// Remove a folder and everything in it
///
/// Example: `sclone purge web1:backup/2024`
///
/// Symbolic links are removed and never followed, the path itself included. Filters are refused: `sclone delete`
/// obeys them. To see first what would be removed, add --dry-run.
///
/// Exit codes: 0 removed, 1 something cannot be removed, 2 wrong usage, 3 folder not found, 20 login refused,
/// 21 certificate unusable, 22 host key not trusted, 23 no connection, 130 stopped.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The folder to remove: remote:path, or a local path
    #[arg(value_name = "REMOTE:PATH")]
    pub path: OsString,
}

/// Removes the folder. What fails is counted and logged.
///
/// # Errors
/// The path cannot be read as one, or filters are set.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    if ctx.settings.filter.is_active() || ctx.settings.max_depth.is_some() {
        let reason = "filters are not supported with purge (purge will delete everything unconditionally)";
        return Err(Error::new(Kind::Config, "purge", reason).advice("use `sclone delete --rmdirs`"));
    }
    let place = open_as_it_is(ctx, &args.path)?;
    carry_out(ctx, async {
        match place.in_holder() {
            Some((holder, path)) if place.is_link().await => {
                all(ctx, holder).remove_file(&path, 0).await.map(drop)
            }
            _ => all(ctx, place.as_destination().await?).run().await,
        }
    });
    Ok(())
}
