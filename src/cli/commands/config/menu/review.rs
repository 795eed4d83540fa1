//! The last look at a remote: does it connect, and is it to be kept.

use super::draft::Draft;
use super::interview;
use super::talk::Talk;
use crate::cli::config_store;
use crate::cli::open::surroundings;
use crate::config::remote_type::RemoteType;
use crate::config::resolve::{Resolved, resolve};
use crate::config::store::Store;
use crate::error::{Error, Kind, Result};
use crate::ssh::Factory;

/// Shows the section and offers a test, then writes the remote, asks everything again or forgets it.
pub(super) fn finish(
    talk: Talk<'_>,
    store: &mut Store,
    mut draft: Draft,
    remote_type: &RemoteType,
) -> Result<()> {
    loop {
        let section = draft.shown(store.document())?;
        talk.say(&format!("\nConfiguration complete. This is the section:\n\n{section}"))?;
        if remote_type.name == "sftp" && talk.agrees("Test the connection?", true)? {
            test(talk, store, &draft)?;
        }
        talk.say(&format!("\nKeep this \"{}\" remote?", draft.name))?;
        let choices = [('y', "Yes this is OK"), ('e', "Edit this remote"), ('d', "Drop what was entered")];
        match talk.letter(&choices, Some('y'))? {
            'y' => return config_store::edit_open(talk.ctx, store, |document| draft.write(document)),
            'e' => interview::ask(talk, &mut draft, remote_type)?,
            _ => return Ok(()),
        }
    }
}

/// Logs in, and says how it went. Only the end of the run is an error.
fn test(talk: Talk<'_>, store: &Store, draft: &Draft) -> Result<()> {
    match connect(talk, store, draft) {
        Ok(address) => talk.say(&format!("Logged in to {address}")),
        Err(error) if error.kind() == Kind::Cancelled => Err(error),
        Err(error) => talk.say(&format!("The test failed: {error}")),
    }
}

fn connect(talk: Talk<'_>, store: &Store, draft: &Draft) -> Result<String> {
    let mut document = store.document().clone();
    draft.write(&mut document)?;
    let preview = store.preview(document);
    let argument = format!("{}:", draft.name);
    let resolved = resolve(argument.as_bytes(), &config_store::sources(talk.ctx, &preview))?;
    let Resolved::Sftp { name, options, .. } = resolved else {
        return Err(Error::new(Kind::Config, "connect", "it is not an sftp remote").on(&draft.name));
    };
    let factory = Factory::new(&name, *options, surroundings(talk.ctx))?;
    factory.connect()?.shut_down();
    Ok(factory.address())
}
