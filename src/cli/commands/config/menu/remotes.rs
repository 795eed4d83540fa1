//! Remotes made, edited, deleted, renamed and copied.

use super::draft::Draft;
use super::talk::Talk;
use super::{interview, review};
use crate::cli::config_store;
use crate::config::document::Document;
use crate::config::remote::check_name;
use crate::config::remote_type::{RemoteType, TYPES};
use crate::config::store::Store;
use crate::error::Result;

/// The remotes of the file, sorted.
pub(super) fn names(store: &Store) -> Vec<String> {
    let document = store.document();
    let mut names: Vec<String> = document.sections().into_iter().map(str::to_owned).collect();
    names.retain(|name| document.get(name, "type").is_some());
    names.sort();
    names
}

pub(super) fn make(talk: Talk<'_>, store: &mut Store) -> Result<()> {
    let name = new_name(talk, store.document(), "Enter name for new remote.")?;
    talk.say("\nOption Storage.\nType of storage to configure.\nChoose a number from below, or type in your own value.")?;
    let types: Vec<_> =
        TYPES.iter().rev().map(|known| (known.name.to_owned(), known.description.to_owned())).collect();
    let remote_type = loop {
        let answer = talk.pick("Storage", &types, "sftp")?;
        match RemoteType::find(&answer) {
            Some(remote_type) => break remote_type,
            None => talk.say("The types are sftp, local and alias.")?,
        }
    };
    let mut draft = Draft::new(&name, remote_type.name);
    interview::ask(talk, &mut draft, remote_type)?;
    review::finish(talk, store, draft, remote_type)
}

pub(super) fn edit(talk: Talk<'_>, store: &mut Store) -> Result<()> {
    let name = existing(talk, store)?;
    let kind = store.document().get(&name, "type").unwrap_or_default();
    let Some(remote_type) = RemoteType::find(&kind) else {
        return talk.say(&format!("Type {kind} is not one this program has; rclone config can edit it."));
    };
    let mut draft = Draft::of(store.document(), &name);
    talk.say(&format!("\nEditing existing \"{name}\" remote:\n\n{}", draft.shown(store.document())?))?;
    interview::ask(talk, &mut draft, remote_type)?;
    review::finish(talk, store, draft, remote_type)
}

pub(super) fn delete(talk: Talk<'_>, store: &mut Store) -> Result<()> {
    let name = existing(talk, store)?;
    config_store::edit_open(talk.ctx, store, |document| {
        document.remove_section(&name);
        Ok(())
    })
}

pub(super) fn rename(talk: Talk<'_>, store: &mut Store) -> Result<()> {
    let name = existing(talk, store)?;
    let new = new_name(talk, store.document(), &format!("Enter new name for \"{name}\" remote."))?;
    config_store::edit_open(talk.ctx, store, |document| document.rename_section(&name, &new))
}

pub(super) fn copy(talk: Talk<'_>, store: &mut Store) -> Result<()> {
    let name = existing(talk, store)?;
    let new = new_name(talk, store.document(), &format!("Enter name for copy of \"{name}\" remote."))?;
    config_store::edit_open(talk.ctx, store, |document| {
        document.add_section(&new)?;
        let keys: Vec<String> = document.keys(&name).into_iter().map(str::to_owned).collect();
        for key in keys {
            let value = document.own(&name, &key).unwrap_or_default().into_owned();
            document.set(&new, &key, &value)?;
        }
        Ok(())
    })
}

fn existing(talk: Talk<'_>, store: &Store) -> Result<String> {
    talk.say("Select remote.\nChoose a number from below, or type in an existing value.")?;
    let names = names(store);
    for (number, name) in (1..).zip(&names) {
        talk.say(&format!("{number:2} > {name}"))?;
    }
    loop {
        let answer = talk.line("remote")?;
        let numbered = answer.parse::<usize>().ok().and_then(|number| names.get(number.checked_sub(1)?));
        match numbered.or_else(|| names.iter().find(|name| **name == answer)) {
            Some(name) => return Ok(name.clone()),
            None => talk.say("There is no such remote.")?,
        }
    }
}

fn new_name(talk: Talk<'_>, document: &Document, question: &str) -> Result<String> {
    loop {
        talk.say(question)?;
        let name = talk.line("name")?;
        if name.is_empty() {
            talk.say("Can't use empty name.")?;
        } else if let Err(error) = check_name(&name) {
            talk.say(&format!("Can't use \"{name}\": {}.", error.reason()))?;
        } else if document.has_section(&name) {
            talk.say(&format!("Remote \"{name}\" already exists."))?;
        } else {
            return Ok(name);
        }
    }
}
