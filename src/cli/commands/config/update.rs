//! `sclone config update`

use super::pairs::Pairs;
use super::show::show_remote;
use crate::cli::config_store;
use crate::cli::context::Ctx;
use crate::error::{Error, Kind, Result};

/// Change options of a remote
///
/// Example: `sclone config update web1 port=2222`
///
/// Passwords are obscured, unless they are already. Everything else in the file stays as it is.
///
/// Exit codes: 0 done, 1 the file cannot be read or saved, 2 wrong usage.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Name of the remote
    name: String,

    #[command(flatten)]
    pairs: Pairs,
}

/// Changes the remote and shows it.
///
/// # Errors
/// There is no such remote, an option is not acceptable, or the file cannot be changed.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let store = config_store::edit(ctx, |document| {
        let remote_type = document.get(&args.name, "type").ok_or_else(|| {
            Error::new(Kind::Usage, "update remote", "couldn't find type field in config")
                .on(&args.name)
                .advice("`sclone listremotes` shows the remotes there are")
        })?;
        let pairs = args.pairs.for_type(&remote_type)?;
        pairs.iter().try_for_each(|(key, value)| document.set(&args.name, key, value))
    })?;
    if args.pairs.no_output { Ok(()) } else { show_remote(ctx, store.document(), &args.name) }
}
