//! `sclone cleanup`

use std::ffi::OsString;

use crate::cli::context::Ctx;
use crate::cli::open::open;
use crate::cli::removing::{carry_out, chosen};
use crate::error::Result;
use crate::transfer::cleanup::Cleanup;
use crate::transfer::removal::{Files, Folders};

/// Remove incomplete files that transfers which were cut off left behind
///
/// Example: `sclone cleanup web1:backup`
///
/// They are named NAME.xxxxxxxx.partial, with eight hexadecimal digits. Each is looked at twice, some seconds apart,
/// and left alone if somebody still writes it. Every file removed is named.
///
/// Exit codes: 0 none is left, 1 some file cannot be removed, 2 wrong usage, 3 folder not found, 20 login refused,
/// 21 certificate unusable, 22 host key not trusted, 23 no connection, 130 stopped.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Where to look: remote:path, or a local path
    #[arg(value_name = "REMOTE:PATH")]
    pub path: OsString,
}

/// Removes the incomplete files. What fails is counted and logged.
///
/// # Errors
/// The path cannot be read as one.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let place = open(ctx, &args.path)?;
    carry_out(ctx, async {
        let tree = place.as_destination().await?;
        Cleanup { removal: chosen(ctx, tree, Files::Listed, Folders::None) }.run().await
    });
    Ok(())
}
