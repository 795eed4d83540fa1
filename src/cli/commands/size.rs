//! `sclone size`

use std::ffi::OsString;

use crate::cli::context::Ctx;
use crate::cli::open::open;
use crate::cli::visit::{Depth, visit};
use crate::error::Result;
use crate::units::size;

/// Print how many files are below a path, and their size in all
///
/// Example: `sclone size web1:/var/log`
///
/// Exit codes: 0 counted, 1 some folder cannot be read, 2 wrong usage, 3 folder not found, 20 login refused,
/// 21 certificate unusable, 22 host key not trusted, 23 no connection.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// What to measure: remote:path, or a local path
    #[arg(value_name = "REMOTE:PATH")]
    pub path: OsString,

    /// Print {"count":N,"bytes":N,"sizeless":0}
    #[arg(long)]
    pub json: bool,
}

/// Counts the files.
///
/// # Errors
/// The tree cannot be opened, or standard output cannot be written.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let (mut count, mut bytes) = (0_u64, 0_u64);
    visit(ctx, &open(ctx, &args.path)?, Depth::All, |found| {
        if !found.is_dir() {
            count = count.saturating_add(1);
            bytes = bytes.saturating_add(found.metadata.size);
        }
        Ok(())
    })?;
    if args.json {
        // A file whose size is not known does not exist here.
        return ctx.stdout.line(format!(r#"{{"count":{count},"bytes":{bytes},"sizeless":0}}"#));
    }
    let readable =
        if count < 1000 { count.to_string() } else { format!("{} ({count})", size::thousands(count)) };
    ctx.stdout.line(format!("Total objects: {readable}"))?;
    ctx.stdout.line(format!("Total size: {} ({bytes} Byte)", size::long(bytes)))
}
