//! `sclone config file`

use crate::cli::config_store;
use crate::cli::context::Ctx;
use crate::error::Result;

/// Show where the configuration file is
///
/// Example: `sclone config file`
///
/// Exit codes: 0 shown, 2 wrong usage.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args;

/// Shows the path, whether or not the file exists.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(ctx: &Ctx, _args: &Args) -> Result<()> {
    let location = config_store::locate(ctx);
    let Some(path) = location.path() else {
        return ctx.stdout.line("Configuration is in memory only");
    };
    let heading = if path.exists() {
        "Configuration file is stored at:"
    } else {
        "Configuration file doesn't exist, but sclone will use this path:"
    };
    ctx.stdout.line(heading)?;
    ctx.stdout.line(ctx.stdout.name(path.as_os_str().as_encoded_bytes()))
}
