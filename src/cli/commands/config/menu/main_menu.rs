//! What can be done with the remotes, until the person quits.

use super::talk::{Talk, nobody};
use super::{password, remotes};
use crate::cli::config_store;
use crate::cli::context::Ctx;
use crate::config::store::Store;
use crate::error::Result;

/// Asks what to do, and does it.
///
/// # Errors
/// There is no terminal, or the file cannot be read or saved.
pub(in crate::cli::commands::config) fn run(ctx: &Ctx) -> Result<()> {
    let talk = Talk { ctx };
    if !std::io::IsTerminal::is_terminal(&std::io::stdin()) || !ctx.settings.ask_password {
        return Err(nobody());
    }
    let mut store = config_store::open(ctx)?;
    while act(talk, &mut store)? {}
    Ok(())
}

/// One round; false to quit.
fn act(talk: Talk<'_>, store: &mut Store) -> Result<bool> {
    let names = remotes::names(store);
    let mut choices = vec![('n', "New remote")];
    if names.is_empty() {
        talk.say("No remotes found, make a new one?")?;
    } else {
        list(talk, store, &names)?;
        choices.insert(0, ('e', "Edit existing remote"));
        choices.extend([('d', "Delete remote"), ('r', "Rename remote"), ('c', "Copy remote")]);
    }
    choices.extend([('s', "Set configuration password"), ('q', "Quit config")]);
    match talk.letter(&choices, None)? {
        'n' => remotes::make(talk, store)?,
        'e' => remotes::edit(talk, store)?,
        'd' => remotes::delete(talk, store)?,
        'r' => remotes::rename(talk, store)?,
        'c' => remotes::copy(talk, store)?,
        's' => password::menu(talk, store)?,
        _ => return Ok(false),
    }
    talk.say("")?;
    Ok(true)
}

fn list(talk: Talk<'_>, store: &Store, names: &[String]) -> Result<()> {
    talk.say("Current remotes:\n\nName                 Type\n====                 ====")?;
    for name in names {
        let kind = store.document().get(name, "type").unwrap_or_default();
        talk.say(&format!("{name:<20} {kind}"))?;
    }
    talk.say("")
}
