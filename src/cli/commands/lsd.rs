//! `sclone lsd`

use std::ffi::OsString;

use jiff::tz::TimeZone;

use crate::cli::context::Ctx;
use crate::cli::open::open;
use crate::cli::visit::{Depth, visit};
use crate::error::Result;
use crate::output::listing;

/// List the folders in a path
///
/// Example: `sclone lsd web1:`
///
/// Every folder is one line: its own size (-1 on a server), the time of its last change, -1 (the entries are not
/// counted) and its name, sorted. With -R folders below folders are shown too.
///
/// Exit codes: 0 listed, 1 some folder cannot be read, 2 wrong usage, 3 folder not found, 20 login refused,
/// 21 certificate unusable, 22 host key not trusted, 23 no connection.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// What to list: remote:path, or a local path
    #[arg(value_name = "REMOTE:PATH")]
    pub path: OsString,

    /// Descend into the folders
    #[arg(short = 'R', long)]
    pub recursive: bool,
}

/// Lists the folders.
///
/// # Errors
/// The tree cannot be opened, or standard output cannot be written.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let (style, zone) = (ctx.settings.size_style(), TimeZone::system());
    let depth = if args.recursive { Depth::All } else { Depth::One };
    let place = open(ctx, &args.path)?;
    let has_sizes = place.tree.features().folder_sizes;
    visit(ctx, &place, depth, |found| {
        if !found.is_dir() {
            return Ok(());
        }
        let (name, size) = (ctx.stdout.name(found.path.as_bytes()), has_sizes.then_some(found.metadata.size));
        ctx.stdout.line(listing::lsd(size, found.metadata.modified, &name, style, &zone))
    })
}
