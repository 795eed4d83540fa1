//! `sclone lsl`

use std::ffi::OsString;

use jiff::tz::TimeZone;

use crate::cli::context::Ctx;
use crate::cli::open::open;
use crate::cli::visit::{Depth, visit};
use crate::error::Result;
use crate::output::listing;

/// List the files below a path with their sizes and times
///
/// Example: `sclone lsl web1:/var/log`
///
/// Every file is one line: its size in bytes (with --human-readable scaled), the time of its last change in the local
/// zone and its path below the one given, sorted. Folders are not shown; see lsd.
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
    let (style, zone) = (ctx.settings.size_style(), TimeZone::system());
    visit(ctx, &open(ctx, &args.path)?, Depth::All, |found| {
        if found.is_dir() {
            return Ok(());
        }
        let (metadata, name) = (&found.metadata, ctx.stdout.name(found.path.as_bytes()));
        ctx.stdout.line(listing::lsl(metadata.size, metadata.modified, &name, style, &zone))
    })
}
