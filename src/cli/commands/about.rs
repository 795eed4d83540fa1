//! `sclone about`

use std::ffi::OsString;

use futures_executor::block_on;

use crate::cli::context::Ctx;
use crate::cli::open::open;
use crate::error::{Kind, Result};
use crate::units::size;

/// Print how full the file system is
///
/// Example: `sclone about web1:/srv`
///
/// The server is asked by SFTP; one that does not tell is asked by `df`, if it runs commands.
///
/// Exit codes: 0 printed, 1 the server does not tell, 2 wrong usage, 3 path not found, 20 login refused,
/// 21 certificate unusable, 22 host key not trusted, 23 no connection.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// A path in the file system: remote:path, or a local path
    #[arg(value_name = "REMOTE:PATH")]
    pub path: OsString,

    /// Bytes instead of readable sizes
    #[arg(long)]
    pub full: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Asks and prints.
///
/// # Errors
/// The file system cannot be asked, or standard output cannot be written.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let place = open(ctx, &args.path)?;
    let usage = match block_on(ctx.cancel.or_stop(place.tree.usage())) {
        Err(error) if error.kind() == Kind::NotFound => return Err(error.with_kind(Kind::DirectoryNotFound)),
        usage => usage?,
    };
    if args.json {
        return ctx.stdout.line(format!(
            "{{\n\t\"total\": {},\n\t\"used\": {},\n\t\"free\": {}\n}}",
            usage.total, usage.used, usage.free
        ));
    }
    for (label, bytes) in [("Total:", usage.total), ("Used:", usage.used), ("Free:", usage.free)] {
        let shown = if args.full { bytes.to_string() } else { size::long(bytes) };
        ctx.stdout.line(format!("{label:<9}{shown}"))?;
    }
    Ok(())
}
