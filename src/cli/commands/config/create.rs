//! `sclone config create`

use super::dialogue::{self, Dialogue};
use super::pairs::Pairs;
use super::show::show_remote;
use super::update;
use crate::cli::config_store;
use crate::cli::context::Ctx;
use crate::config::nearest::nearest;
use crate::config::remote_type::{RemoteType, TYPES};
use crate::error::{Error, Kind, Result};

/// Make a remote, in place of one of that name
///
/// Example: `sclone config create web1 sftp host=web1.example.com user=me pubkey_file=~/.ssh/id-cert.pub`
///
/// Passwords are obscured, unless they are already. The remote is not connected to.
///
/// Exit codes: 0 done, 1 the file cannot be read or saved, 2 wrong usage.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Name of the remote
    name: String,

    /// Type of the remote: sftp, local or alias
    #[arg(value_name = "TYPE")]
    remote_type: String,

    #[command(flatten)]
    pairs: Pairs,

    #[command(flatten)]
    dialogue: Dialogue,
}

/// Makes the remote and shows it.
///
/// # Errors
/// The name, the type or an option is not acceptable, or the file cannot be changed.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    if RemoteType::find(&args.remote_type).is_none() {
        return Err(unknown_type(&args.remote_type));
    }
    let pairs = args.pairs.for_type(&args.remote_type)?;
    if args.dialogue.is_answer() {
        return update::change(ctx, &args.name, &args.pairs, &args.dialogue);
    }
    let mut step = None;
    let store = config_store::edit(ctx, |document| {
        document.remove_section(&args.name);
        document.add_section(&args.name)?;
        document.set(&args.name, "type", &args.remote_type)?;
        pairs.iter().try_for_each(|(key, value)| document.set(&args.name, key, value))?;
        let given: Vec<&str> = pairs.iter().map(|(key, _)| key.as_str()).collect();
        step = Some(args.dialogue.step(ctx, document, &args.name, &given)?);
        Ok(())
    })?;
    match step.filter(|_| args.dialogue.is_wanted()) {
        Some(step) => dialogue::write(ctx, &step),
        None if args.pairs.no_output => Ok(()),
        None => show_remote(ctx, store.document(), &args.name),
    }
}

fn unknown_type(remote_type: &str) -> Error {
    let error =
        Error::new(Kind::Usage, "create remote", format!("couldn't find backend for type \"{remote_type}\""));
    let names = TYPES.map(|known| known.name);
    match nearest(remote_type, names) {
        Some(near) => error.advice(format!("did you mean {near}?")),
        None => error.advice(format!("the types are {}", names.join(", "))),
    }
}
