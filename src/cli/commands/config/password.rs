//! `sclone config password`

use super::pairs::read_pairs;
use super::show::show_remote;
use crate::cli::config_store;
use crate::cli::context::Ctx;
use crate::config::obscure::obscure;
use crate::error::{Error, Kind, Result};

/// Set passwords of a remote
///
/// Example: `sclone config password web1 pass=secret`
///
/// Every value is taken in clear and obscured, whatever it looks like. Others on this machine may see it while the
/// command runs; `sclone config` asks for it instead.
///
/// Exit codes: 0 done, 1 the file cannot be read or saved, 2 wrong usage.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Name of the remote
    name: String,

    /// Passwords in clear: `key=value`, or `key value`
    #[arg(value_name = "KEY=VALUE")]
    passwords: Vec<String>,
}

/// Obscures the passwords, sets them and shows the remote.
///
/// # Errors
/// There is no such remote, a key has no value, or the file cannot be changed.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let pairs = read_pairs(&args.passwords)?;
    let store = config_store::edit(ctx, |document| {
        if document.get(&args.name, "type").is_none() {
            let reason = "couldn't find type field in config";
            return Err(Error::new(Kind::Usage, "set passwords", reason).on(&args.name));
        }
        pairs.iter().try_for_each(|(key, value)| document.set(&args.name, key, &obscure(value)?))
    })?;
    show_remote(ctx, store.document(), &args.name)
}
