//! `sclone man`, which `make install` calls

use std::path::PathBuf;

use crate::cli::context::Ctx;
use crate::cli::help::manual::pages;
use crate::cli::parse::command_tree;
use crate::error::{Error, Result};

/// Write the manual pages into a folder
///
/// Example: `sclone man ~/.local/share/man/man1`
///
/// Exit codes: 0 written, 1 a file cannot be written, 2 wrong usage, 24 no space left.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The folder, which must be there
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
}

/// Writes them.
///
/// # Errors
/// A file cannot be written.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    for page in pages(command_tree())? {
        let path = args.folder.join(&page.file);
        if ctx.settings.dry_run {
            log::warn!(object:% = path.display(); "Skipped write as --dry-run is set");
            continue;
        }
        std::fs::write(&path, page.roff).map_err(|error| {
            Error::from_io("write manual page", error).on(path.as_os_str().as_encoded_bytes())
        })?;
    }
    Ok(())
}
