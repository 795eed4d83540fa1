//! `sclone config touch`

use std::fs::{OpenOptions, create_dir_all};
use std::os::unix::fs::OpenOptionsExt;

use crate::cli::config_store;
use crate::cli::context::Ctx;
use crate::error::{Error, Result};

/// Make sure the configuration file exists
///
/// Example: `sclone config touch`
///
/// A new file can be read by its owner only. One that exists is left as it is.
///
/// Exit codes: 0 it exists, 1 it cannot be made.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args;

/// Creates an empty file if there is none.
///
/// # Errors
/// The file or its folder cannot be created.
pub fn run(ctx: &Ctx, _args: &Args) -> Result<()> {
    let location = config_store::locate(ctx);
    let Some(path) = location.path() else {
        return Ok(());
    };
    if ctx.settings.dry_run {
        log::warn!("Skipped touch of the configuration file as --dry-run is set");
        return Ok(());
    }
    let failed =
        |error| Error::from_io("create configuration file", error).on(path.as_os_str().as_encoded_bytes());
    path.parent().map_or(Ok(()), create_dir_all).map_err(failed)?;
    OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(failed)?;
    Ok(())
}
