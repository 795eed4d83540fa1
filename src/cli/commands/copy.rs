//! `sclone copy`

use crate::cli::context::Ctx;
use crate::cli::transfer_args::TransferArgs;
use crate::cli::transfer_job::{Naming, Places, TransferJob};
use crate::error::Result;
use crate::transfer::task::Task;

/// Copy files from source to destination, skipping those that are the same
///
/// Example: `sclone copy -P /srv/www web1:backup/www`
///
/// Copies what is in SOURCE, not SOURCE itself, into DESTINATION. Nothing is deleted there. Files are the same if
/// size and modification time are; where only the time differs and the hash is the same, only the time is set. A file gets
/// its name only once it is whole. What fails for a lost connection is tried again, and a large file goes on where it
/// stopped, also in the next run. Within one server that offers copy-data, it copies by itself.
///
/// Exit codes: 0 everything is there, 1 some file failed, 2 wrong usage, 3 folder not found, 4 file not found,
/// 5 trying again may help, 6 an immutable file would change, 7 refused, 8 --max-transfer met, 9 nothing transferred
/// with --error-on-no-transfer, 10 --max-duration met, 20 login refused, 21 certificate unusable, 22 host key not trusted,
/// 23 no connection or lost, 24 no space left, 25 locked by another run, 130 stopped.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// From where, and where to.
    #[command(flatten)]
    pub places: Places,

    /// Also create folders that hold no files
    #[arg(long)]
    pub create_empty_src_dirs: bool,

    /// How.
    #[command(flatten)]
    pub transfer: TransferArgs,
}

/// Copies. What fails is counted and logged.
///
/// # Errors
/// Nothing was transferred, and that was to be told; standard output cannot be written. The statistics hold what failed.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let job = TransferJob {
        places: &args.places,
        flags: &args.transfer,
        task: Task::Copy,
        empty_dirs: args.create_empty_src_dirs,
        naming: Naming::Kept,
        renames: None,
    };
    job.run(ctx)
}
