//! `sclone config paths`

use std::path::Path;

use crate::cli::config_store;
use crate::cli::context::Ctx;
use crate::config::settings::SettingsFile;
use crate::error::Result;

/// Show the paths that are used
///
/// Example: `sclone config paths`
///
/// Exit codes: 0 shown, 2 wrong usage.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args;

/// Shows where configuration, settings, cached and temporary files are.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(ctx: &Ctx, _args: &Args) -> Result<()> {
    let line = |label: &str, path: &Path| {
        let path = ctx.stdout.name(path.as_os_str().as_encoded_bytes());
        ctx.stdout.line([label.as_bytes(), &path].concat())
    };
    line("Config file: ", config_store::locate(ctx).path().unwrap_or(Path::new("")))?;
    let cache = dirs::cache_dir().map(|folder| folder.join("sclone"));
    line("Cache dir:   ", cache.as_deref().unwrap_or(Path::new("")))?;
    line("Temp dir:    ", &std::env::temp_dir())?;
    let settings = SettingsFile::path(&ctx.settings.environment);
    line("Settings:    ", settings.as_deref().unwrap_or(Path::new("")))
}
