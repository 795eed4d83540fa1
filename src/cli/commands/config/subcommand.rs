//! Which part of the configuration to look at or to change.

use clap::Subcommand;

use super::{create, delete, dump, file, paths, redacted, show, touch, update};
use crate::cli::context::Ctx;
use crate::error::Result;

/// Look at the remotes in rclone.conf, and change them
///
/// Example: `sclone config create web1 sftp host=web1.example.com user=me key_file=~/.ssh/id_ed25519`
///
/// Comments, unknown keys and the remotes of other programs stay as they are.
///
/// Exit codes: 0 done, 2 anything else.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Clone, Debug)]
enum Action {
    Create(create::Args),
    Update(update::Args),
    Delete(delete::Args),
    Show(show::Args),
    Redacted(redacted::Args),
    Dump(dump::Args),
    File(file::Args),
    Paths(paths::Args),
    Touch(touch::Args),
}

/// Runs the subcommand.
///
/// # Errors
/// Those of the subcommand.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    match &args.action {
        Action::Create(args) => create::run(ctx, args),
        Action::Update(args) => update::run(ctx, args),
        Action::Delete(args) => delete::run(ctx, args),
        Action::Show(args) => show::run(ctx, args),
        Action::Redacted(args) => redacted::run(ctx, args),
        Action::Dump(args) => dump::run(ctx, args),
        Action::File(args) => file::run(ctx, args),
        Action::Paths(args) => paths::run(ctx, args),
        Action::Touch(args) => touch::run(ctx, args),
    }
}
