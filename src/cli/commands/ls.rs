//! `sclone ls`

use std::ffi::OsString;

use crate::cli::context::Ctx;
use crate::cli::open::open;
use crate::cli::visit::{Depth, visit};
use crate::error::Result;
use crate::output::listing;

/// List the files below a path with their sizes
///
/// Example: `sclone ls web1:/var/log`
///
/// Every file is one line: its size in bytes (with --human-readable scaled) and its path below the one given, sorted.
/// Folders are not shown; see lsd. Names are written as they are, or escaped on a terminal.
///
/// Exit codes: 0 listed, 1 some folder cannot be read, 2 wrong usage, 3 folder not found, 20 login refused,
/// 21 certificate unusable, 22 host key not trusted, 23 no connection.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// What to list: remote:path, or a local path
    #[arg(value_name = "REMOTE:PATH")]
    pub path: OsString,
}

/// Lists the files.
///
/// # Errors
/// The tree cannot be opened, or standard output cannot be written.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let style = ctx.settings.size_style();
    visit(ctx, &open(ctx, &args.path)?, Depth::All, |found| {
        if found.is_dir() {
            return Ok(());
        }
        ctx.stdout.line(listing::ls(found.metadata.size, &ctx.stdout.name(found.path.as_bytes()), style))
    })
}
