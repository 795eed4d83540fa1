//! `sclone copy`

use std::ffi::OsString;
use std::sync::Arc;

use futures_executor::block_on;
use futures_util::future::try_join;

use crate::cli::context::Ctx;
use crate::cli::descriptors::files_at_once;
use crate::cli::open::open;
use crate::error::Result;
use crate::transfer::Copy;
use crate::transfer::copy::IN_FLIGHT;

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
        let source = open(ctx, &args.source)?;
        let destination = open(ctx, &args.destination)?;
        source.warn_of_certificate_end();
        destination.warn_of_certificate_end();
        block_on(async {
            let looked_up = ctx.cancel.or_stop(try_join(source.as_source(), destination.as_destination()));
            let ((source, only), destination) = looked_up.await?;
            let retries = ctx.settings.retries;
            let copy = Copy {
                source,
                only,
                destination,
                in_flight: files_at_once(IN_FLIGHT),
                streams: ctx.settings.streams,
                transfers: ctx.settings.transfers,
                folders: ctx.settings.folders_at_once(),
                max_depth: ctx.settings.max_depth,
                filter: Arc::clone(&ctx.settings.filter),
                empty_dirs: args.create_empty_src_dirs,
                dry_run: ctx.settings.dry_run,
                umask: ctx.umask,
                fsync: ctx.settings.fsync,
                retries,
                stats: ctx.stats.clone(),
                cancel: ctx.cancel.clone(),
            };
            retries.repeat(&ctx.stats, &ctx.cancel, || copy.run()).await
        })
    });
    Ok(())
}
