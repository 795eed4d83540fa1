//! `sclone rcat`

use std::ffi::OsString;
use std::os::unix::fs::FileTypeExt as _;

use futures_executor::block_on;

use crate::cli::context::Ctx;
use crate::cli::metadata_mapper::{Ends, preservation};
use crate::cli::open::open;
use crate::cli::remote_name::RemoteName;
use crate::error::{Error, Kind, Result};
use crate::transfer::{Gate, Upload};

/// Write standard input to a file
///
/// Example: `tar -c /etc | sclone rcat web1:backup/etc.tar`
///
/// The file gets its name only once it is whole; what stood there before survives until then. Folders above it are
/// made. If --size is given and standard input has another size, nothing is written.
///
/// Exit codes: 0 written, 1 cannot be written or nothing to read, 2 wrong usage, 20 login refused,
/// 21 certificate unusable, 22 host key not trusted, 23 no connection or lost, 24 no space left, 130 stopped.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The file to write: remote:path, or a local path
    #[arg(value_name = "REMOTE:PATH")]
    pub path: OsString,

    /// Bytes to expect on standard input; -1 for any number
    #[arg(long, value_name = "BYTES", default_value_t = -1)]
    pub size: i64,
}

/// Writes the file. A failure is counted.
///
/// # Errors
/// The path cannot be read as one or names a folder, or standard input is a terminal.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    if is_device() {
        return Err(Error::new(Kind::Config, "rcat", "nothing to read from standard input (stdin)")
            .advice("pipe the content of the file into this command"));
    }
    let place = open(ctx, &args.path)?;
    let Some((tree, path)) = place.in_holder() else {
        return Err(
            Error::new(Kind::IsADirectory, "write", "is a directory").on(args.path.as_encoded_bytes())
        );
    };
    let ends = Ends { source: RemoteName::standard_input(), destination: place.name.holder() };
    // Standard input is what is written, so that answers can come from the terminal alone.
    let gate = Gate::new(ctx.settings.caution, ctx.questions.clone());
    ctx.with_progress(|| {
        if !gate.allows("upload from pipe", &path, None)? {
            return Ok(());
        }
        let upload = Upload {
            tree,
            path,
            size: u64::try_from(args.size).ok(),
            umask: ctx.umask,
            metadata: preservation(ctx, ends),
            stats: ctx.stats.clone(),
            cancel: ctx.cancel.clone(),
        };
        block_on(upload.run(std::io::stdin()))
    });
    Ok(())
}

/// Whether standard input is a terminal or a device such as `/dev/null`.
fn is_device() -> bool {
    std::fs::metadata("/dev/stdin").is_ok_and(|found| found.file_type().is_char_device())
}
