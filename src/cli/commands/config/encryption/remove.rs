//! `sclone config encryption remove`

use crate::cli::config_store;
use crate::cli::context::Ctx;
use crate::error::Result;

/// Decrypt the configuration file for good
///
/// Example: `sclone config encryption remove`
///
/// A file that is not encrypted is left as it is.
///
/// Exit codes: 0 it is not encrypted any more, 1 the file cannot be read, decrypted or saved.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args;

/// Removes the password of the file.
///
/// # Errors
/// The file cannot be decrypted or changed.
pub fn run(ctx: &Ctx, _args: &Args) -> Result<()> {
    let mut store = config_store::open(ctx)?;
    if !store.is_encrypted() {
        return Ok(());
    }
    if ctx.settings.dry_run {
        log::warn!("Skipped decryption of the configuration file as --dry-run is set");
        return Ok(());
    }
    store.set_password(None)
}
