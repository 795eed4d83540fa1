//! The configuration file of a run, opened as the flags and the environment say.

use super::context::Ctx;
use crate::config::document::Document;
use crate::config::location::Location;
use crate::config::password::PasswordSources;
use crate::config::sources::Sources;
use crate::config::store::Store;
use crate::error::{Kind, Result};

/// Where the configuration file is, or would be.
pub fn locate(ctx: &Ctx) -> Location {
    Location::find(ctx.settings.config.as_deref(), &ctx.settings.environment)
}

/// Loads the configuration file; a missing one is empty.
///
/// # Errors
/// The file cannot be read, understood or decrypted.
pub fn open(ctx: &Ctx) -> Result<Store> {
    Store::load(locate(ctx), &passwords(ctx))
}

/// Where the password of the configuration file comes from.
pub fn passwords(ctx: &Ctx) -> PasswordSources<'_> {
    let environment = &ctx.settings.environment;
    PasswordSources {
        command: ctx.settings.password_command.as_deref(),
        variable: environment.text("SCLONE_CONFIG_PASS").or_else(|| environment.text("RCLONE_CONFIG_PASS")),
        questions: ctx.questions.as_ref(),
    }
}

/// Everything that options of remotes come from.
pub fn sources<'a>(ctx: &'a Ctx, store: &'a Store) -> Sources<'a> {
    let settings = &ctx.settings;
    Sources {
        store,
        environment: &settings.environment,
        flags: &settings.backend_flags,
        defaults: &settings.backend_defaults,
    }
}

/// Changes the configuration and saves it; under `--dry-run` it is changed in memory only.
///
/// # Errors
/// What `change` returns, as wrong usage, or why the file could not be read or saved.
pub fn edit(ctx: &Ctx, change: impl FnOnce(&mut Document) -> Result<()>) -> Result<Store> {
    let mut store = open(ctx)?;
    edit_open(ctx, &mut store, change)?;
    Ok(store)
}

/// As [`edit`], for a configuration that is open.
///
/// # Errors
/// As [`edit`].
pub fn edit_open(
    ctx: &Ctx,
    store: &mut Store,
    change: impl FnOnce(&mut Document) -> Result<()>,
) -> Result<()> {
    let change = |document: &mut Document| change(document).map_err(|error| error.with_kind(Kind::Usage));
    if !ctx.settings.dry_run {
        return store.edit(change);
    }
    let mut document = store.document().clone();
    change(&mut document)?;
    log::warn!("Skipped save of the configuration file as --dry-run is set");
    *store = store.preview(document);
    Ok(())
}
