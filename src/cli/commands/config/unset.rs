//! `sclone config unset`

use super::show::show_remote;
use crate::cli::config_store;
use crate::cli::context::Ctx;
use crate::error::{Error, Kind, Result};

/// Remove options from a remote
///
/// Example: `sclone config unset web1 port known_hosts_file`
///
/// What is removed has its default again. A key that is not there is no error.
///
/// Exit codes: 0 done, 1 the file cannot be read or saved, 2 wrong usage.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Name of the remote
    name: String,

    /// Options to remove
    #[arg(value_name = "KEY", required = true)]
    keys: Vec<String>,
}

/// Removes the options and shows the remote.
///
/// # Errors
/// There is no such remote, its type was to be removed, or the file cannot be changed.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let refuse = |reason: String| Err(Error::new(Kind::Usage, "unset options", reason).on(&args.name));
    if args.keys.iter().any(|key| key == "type") {
        let reason =
            "can't unset the \"type\" of a remote - use \"config delete\" to remove the whole remote";
        return refuse(reason.to_owned());
    }
    let store = config_store::edit(ctx, |document| {
        if document.get(&args.name, "type").is_none() {
            return refuse(format!("remote \"{}\" doesn't exist", args.name));
        }
        for key in &args.keys {
            document.remove_key(&args.name, key);
        }
        Ok(())
    })?;
    show_remote(ctx, store.document(), &args.name)
}
