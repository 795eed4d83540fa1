//! `sclone config encryption set`

use crate::cli::config_store;
use crate::cli::context::Ctx;
use crate::error::{Error, Kind, Result};

/// Encrypt the configuration file by a new password
///
/// Example: `sclone config encryption set`
///
/// The new password is asked for twice. With --password-command that command prints it: it finds
/// `RCLONE_PASSWORD_CHANGE=1` in its environment when the new password is wanted, and not when the old one is.
///
/// Exit codes: 0 done, 1 the file cannot be read, decrypted or saved, 2 wrong usage.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args;

/// Sets the password of the file.
///
/// # Errors
/// No password is to be had, or the file cannot be changed.
pub fn run(ctx: &Ctx, _args: &Args) -> Result<()> {
    let mut store = config_store::open(ctx)?;
    if store.location().path().is_none() {
        let reason = "the configuration is in memory only";
        return Err(
            Error::new(Kind::Usage, "encrypt configuration", reason).advice("name a file with --config")
        );
    }
    if ctx.settings.dry_run {
        log::warn!("Skipped encryption of the configuration file as --dry-run is set");
        return Ok(());
    }
    let password = config_store::passwords(ctx).choose()?;
    store.set_password(Some(password))?;
    if ctx.settings.password_command.is_some() {
        return ctx.stdout.line("Read password using --password-command");
    }
    Ok(())
}
