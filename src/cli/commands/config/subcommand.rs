//! Which part of the configuration to look at or to change.

use clap::Subcommand;

use super::{
    create, delete, dump, edit, encryption, file, menu, password, paths, providers, redacted, show, string,
    touch, unset, update,
};
use crate::cli::context::Ctx;
use crate::error::Result;

/// Look at the remotes in rclone.conf, and change them
///
/// Example: `sclone config create web1 sftp host=web1.example.com user=me key_file=~/.ssh/id_ed25519`
///
/// Without a subcommand it asks what to do: new, edit, delete, rename, copy, set the password. Ctrl-C leaves the file as
/// it is.
///
/// Comments, unknown keys and the remotes of other programs stay as they are.
///
/// Exit codes: 0 done, 1 the file cannot be read or saved, 2 wrong usage.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand, Clone, Debug)]
enum Action {
    Edit(edit::Args),
    Create(create::Args),
    Update(update::Args),
    Unset(unset::Args),
    Password(password::Args),
    Delete(delete::Args),
    Show(show::Args),
    Redacted(redacted::Args),
    Dump(dump::Args),
    File(file::Args),
    String(string::Args),
    Providers(providers::Args),
    Encryption(encryption::Args),
    Paths(paths::Args),
    Touch(touch::Args),
}

/// Runs the subcommand.
///
/// # Errors
/// Those of the subcommand.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let Some(action) = &args.action else { return menu::run(ctx) };
    match action {
        Action::Edit(args) => edit::run(ctx, args),
        Action::Create(args) => create::run(ctx, args),
        Action::Update(args) => update::run(ctx, args),
        Action::Unset(args) => unset::run(ctx, args),
        Action::Password(args) => password::run(ctx, args),
        Action::Delete(args) => delete::run(ctx, args),
        Action::Show(args) => show::run(ctx, args),
        Action::Redacted(args) => redacted::run(ctx, args),
        Action::Dump(args) => dump::run(ctx, args),
        Action::File(args) => file::run(ctx, args),
        Action::String(args) => string::run(ctx, args),
        Action::Providers(args) => providers::run(ctx, args),
        Action::Encryption(args) => encryption::run(ctx, args),
        Action::Paths(args) => paths::run(ctx, args),
        Action::Touch(args) => touch::run(ctx, args),
    }
}
