//! `sclone config update`

use super::dialogue::{self, Dialogue};
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

    #[command(flatten)]
    dialogue: Dialogue,
}

/// Changes the remote and shows it.
///
/// # Errors
/// There is no such remote, an option is not acceptable, or the file cannot be changed.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    change(ctx, &args.name, &args.pairs, &args.dialogue)
}

/// Changes the remote and shows it, or the next question about it.
pub(super) fn change(ctx: &Ctx, name: &str, options: &Pairs, dialogue: &Dialogue) -> Result<()> {
    let mut step = None;
    let store = config_store::edit(ctx, |document| {
        let remote_type = document.get(name, "type").ok_or_else(|| {
            Error::new(Kind::Usage, "update remote", "couldn't find type field in config")
                .on(name)
                .advice("`sclone listremotes` shows the remotes there are")
        })?;
        let pairs = options.for_type(&remote_type)?;
        pairs.iter().try_for_each(|(key, value)| document.set(name, key, value))?;
        let given: Vec<&str> = pairs.iter().map(|(key, _)| key.as_str()).collect();
        step = Some(dialogue.step(ctx, document, name, &given)?);
        Ok(())
    })?;
    match step.filter(|_| dialogue.is_wanted()) {
        Some(step) => dialogue::write(ctx, &step),
        None if options.no_output => Ok(()),
        None => show_remote(ctx, store.document(), name),
    }
}
