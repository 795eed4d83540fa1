//! What to do with a certificate.

use clap::Subcommand;

use super::{check, renew, show};
use crate::cli::context::Ctx;
use crate::error::Result;

/// Show, check and renew SSH certificates
///
/// Example: `sclone cert show web1:`
///
/// A certificate is named by its file, by the file of its key, or by the remote that logs in with it.
///
/// Exit codes: 0 done, 1 some failure, 2 wrong usage, 21 certificate missing or unusable.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Clone, Debug)]
enum Action {
    Show(show::Args),
    Check(check::Args),
    Renew(renew::Args),
}

/// Runs the subcommand.
///
/// # Errors
/// Those of the subcommand.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    match &args.action {
        Action::Show(args) => show::run(ctx, args),
        Action::Check(args) => check::run(ctx, args),
        Action::Renew(args) => renew::run(ctx, args),
    }
}
