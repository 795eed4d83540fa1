//! `sclone copy`

use std::ffi::OsString;

use crate::cli::context::Ctx;
use crate::cli::open::{copy_tree, open_tree};
use crate::error::Result;

/// Copy files from source to destination, skipping those that are the same
///
/// Example: `sclone copy -P /srv/www web1:backup/www`
///
/// Copies what is in SOURCE, not SOURCE itself, into DESTINATION. Nothing is deleted there. Files are the same if
/// size and modification time are. A file gets its name only once it is whole.
///
/// Exit codes: 0 everything is there, 1 some file failed, 2 wrong usage, 3 folder not found, 4 file not found,
/// 5 trying again may help, 20 login refused, 21 certificate unusable, 22 host key not trusted,
/// 23 no connection or lost, 24 no space left, 130 stopped.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// What to copy: remote:path, or a local path
    #[arg(value_name = "SOURCE")]
    pub source: OsString,

    /// Where to: remote:path, or a local path
    #[arg(value_name = "DESTINATION")]
    pub destination: OsString,

    /// Also create folders that hold no files
    #[arg(long)]
    pub create_empty_src_dirs: bool,
}

/// Copies. What fails is counted and logged.
///
/// # Errors
/// None of its own: the statistics hold what failed.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    ctx.with_progress(|| {
        let source = open_tree(ctx, &args.source)?;
        let destination = open_tree(ctx, &args.destination)?;
        copy_tree(ctx, source.as_ref(), destination.as_ref(), args.create_empty_src_dirs)
    });
    Ok(())
}
