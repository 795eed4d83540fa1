//! `sclone deletefile`

use std::ffi::OsString;

use crate::cli::context::Ctx;
use crate::cli::open::open;
use crate::cli::removing::{all, carry_out};
use crate::error::{Error, Kind, Result};
use crate::fs::{FileType, Metadata};

/// Delete one file
///
/// Example: `sclone deletefile web1:backup/old.tar`
///
/// Unlike `sclone delete` it takes no folder and obeys no filters. A symbolic link to a file goes itself.
///
/// Exit codes: 0 deleted, 1 cannot be deleted, 2 wrong usage, 4 no such file, 20 login refused,
/// 21 certificate unusable, 22 host key not trusted, 23 no connection.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The file to delete: remote:path, or a local path
    #[arg(value_name = "REMOTE:PATH")]
    pub path: OsString,
}

/// Deletes the file. A failure is counted.
///
/// # Errors
/// The path cannot be read as one.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let place = open(ctx, &args.path)?;
    let missing = || {
        let reason = "is a directory or doesn't exist: object not found";
        Error::new(Kind::NotFound, "delete", reason).on(args.path.as_encoded_bytes())
    };
    carry_out(ctx, async {
        let (tree, path) = place.in_holder().ok_or_else(missing)?;
        let found = match tree.look_up(&path).await {
            Err(error) if error.kind() == Kind::NotFound => return Err(missing()),
            found => found?,
        };
        // A link to a folder lists as a folder.
        let is_dir = |found: &Metadata| found.file_type == FileType::Directory;
        if is_dir(&found) || tree.stat(&path).await.is_ok_and(|found| is_dir(&found)) {
            return Err(missing());
        }
        all(ctx, tree).remove_file(&path, found.size).await.map(drop)
    });
    Ok(())
}
