//! The password of the configuration file.

use super::talk::Talk;
use crate::cli::config_store;
use crate::config::store::Store;
use crate::error::Result;

/// Adds, changes or removes the password until the person is content.
pub(super) fn menu(talk: Talk<'_>, store: &mut Store) -> Result<()> {
    loop {
        let choice = if store.is_encrypted() {
            talk.say("Your configuration is encrypted.")?;
            talk.letter(
                &[('c', "Change Password"), ('u', "Unencrypt configuration"), ('q', "Quit to main menu")],
                None,
            )?
        } else {
            talk.say("Your configuration is not encrypted.\nIf you add a password, you will protect the passwords in it.")?;
            talk.letter(&[('a', "Add Password"), ('q', "Quit to main menu")], None)?
        };
        if choice == 'q' {
            return Ok(());
        }
        if talk.ctx.settings.dry_run {
            log::warn!("Skipped change of the password as --dry-run is set");
            return Ok(());
        }
        if choice == 'u' {
            store.set_password(None)?;
        } else {
            store.set_password(Some(config_store::passwords(talk.ctx).choose()?))?;
            talk.say("Password set")?;
        }
    }
}
