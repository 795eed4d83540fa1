//! `sclone lsd`

use std::ffi::OsString;

use jiff::tz::TimeZone;

use crate::cli::context::Ctx;
use crate::cli::visit::{Depth, visit};
use crate::error::Result;
use crate::fs::FileType;
use crate::output::listing;

/// List the folders in a path
///
/// Example: `sclone lsd web1:`
///
/// Every folder is one line: -1, the time of its last change, -1 (a folder has neither size nor count) and its name,
/// sorted. With -R folders below folders are shown too.
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
    visit(ctx, &args.path, depth, |path, metadata| {
        if metadata.file_type != FileType::Directory {
            return Ok(());
        }
        ctx.stdout.line(listing::lsd(metadata.modified, &ctx.stdout.name(path.as_bytes()), style, &zone))
    })
}
