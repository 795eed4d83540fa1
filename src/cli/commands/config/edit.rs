//! `sclone config edit`

use super::menu;
use crate::cli::context::Ctx;
use crate::error::Result;

/// Make and change remotes by answering questions, as `sclone config` does
///
/// Example: `sclone config edit`
///
/// Ctrl-C leaves the file as it is.
///
/// Exit codes: 0 done, 1 the file cannot be read or saved, 2 there is no terminal.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args;

/// Asks until the person quits.
///
/// # Errors
/// There is no terminal, or the file cannot be read or saved.
pub fn run(ctx: &Ctx, _args: &Args) -> Result<()> {
    menu::run(ctx)
}
