//! `sclone moveto`

use crate::cli::context::Ctx;
use crate::cli::transfer_args::TransferArgs;
use crate::cli::transfer_job::{Naming, Places, TransferJob};
use crate::error::Result;
use crate::transfer::task::Task;

/// Move one file to another name, or a folder as move does
///
/// Example: `sclone moveto web1:www/index.new web1:www/index.html`
///
/// If SOURCE is a file, DESTINATION is its new path, not the folder that holds it. Otherwise as `sclone move`.
/// Within one remote files are renamed. Otherwise a file is copied, and removed from the source only when its copy is whole,
/// checked and in place, and the source has not changed meanwhile.
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

    /// Remove folders of the source that are empty then
    #[arg(long)]
    pub delete_empty_src_dirs: bool,

    /// How.
    #[command(flatten)]
    pub transfer: TransferArgs,
}

/// Moves. What fails is counted and logged.
///
/// # Errors
/// Nothing was transferred, and that was to be told. The statistics hold what failed.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let job = TransferJob {
        places: &args.places,
        flags: &args.transfer,
        task: Task::Move { removes_empty_dirs: args.delete_empty_src_dirs },
        empty_dirs: args.create_empty_src_dirs,
        naming: Naming::Given,
        renames: None,
    };
    job.run(ctx)
}
