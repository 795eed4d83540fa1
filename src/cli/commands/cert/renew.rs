//! `sclone cert renew`

use std::ffi::OsString;

use crate::cli::context::Ctx;
use crate::cli::open;
use crate::error::Result;

/// Renew the certificate of a remote now
///
/// Example: `sclone cert renew -v web1:`
///
/// Runs the command of the option `cert_command`, which otherwise runs by itself when it is time. -v shows what it
/// prints. It may take no longer than --contimeout.
///
/// Exit codes: 0 there is a certificate that lasts, 1 `cert_command` is not set, 2 wrong usage, 21 it failed.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The remote
    #[arg(value_name = "REMOTE:")]
    remote: OsString,
}

/// Runs the command.
///
/// # Errors
/// There is none, it fails, or leaves no certificate that lasts.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let factory = open::factory(ctx, &args.remote)?;
    if ctx.settings.dry_run {
        log::warn!("Skipped renewal of the certificate as --dry-run is set");
        return Ok(());
    }
    factory.renew()
}
