//! What to do about the encryption of the configuration file.

use clap::Subcommand;

use super::{check, remove, set};
use crate::cli::context::Ctx;
use crate::error::Result;

/// Encrypt the configuration file, or no longer
///
/// Example: `sclone config encryption set`
///
/// The whole file is encrypted by a password, in rclone's format. It is asked for whenever the file is read, or comes
/// from `RCLONE_CONFIG_PASS` or --password-command.
///
/// Exit codes: 0 done, 1 the file cannot be read, decrypted or saved, 2 wrong usage.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Clone, Debug)]
enum Action {
    Set(set::Args),
    Remove(remove::Args),
    Check(check::Args),
}

/// Runs the subcommand.
///
/// # Errors
/// Those of the subcommand.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    match &args.action {
        Action::Set(args) => set::run(ctx, args),
        Action::Remove(args) => remove::run(ctx, args),
        Action::Check(args) => check::run(ctx, args),
    }
}
