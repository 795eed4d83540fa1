//! `sclone config encryption check`

use crate::cli::config_store;
use crate::cli::context::Ctx;
use crate::error::{Error, Kind, Result};

/// Check that the configuration file is encrypted, and by the password at hand
///
/// Example: `sclone config encryption check --password-command 'pass show rclone'`
///
/// Exit codes: 0 it is, 1 the password does not fit or the file cannot be read, 2 it is not encrypted.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args;

/// Decrypts the file.
///
/// # Errors
/// It is not encrypted, or the password does not fit.
pub fn run(ctx: &Ctx, _args: &Args) -> Result<()> {
    if config_store::open(ctx)?.is_encrypted() {
        return Ok(());
    }
    let reason = "config file is NOT encrypted";
    Err(Error::new(Kind::Usage, "check encryption", reason)
        .advice("`sclone config encryption set` encrypts it"))
}
