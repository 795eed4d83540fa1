//! `sclone config delete`

use crate::cli::config_store;
use crate::cli::context::Ctx;
use crate::error::Result;

/// Remove a remote from the configuration file
///
/// Example: `sclone config delete web1`
///
/// A remote that is not there is no error.
///
/// Exit codes: 0 it is not there any more, 1 the file cannot be read or saved.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Name of the remote
    name: String,
}

/// Removes the remote.
///
/// # Errors
/// The file cannot be changed.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    config_store::edit(ctx, |document| {
        document.remove_section(&args.name);
        Ok(())
    })?;
    Ok(())
}
