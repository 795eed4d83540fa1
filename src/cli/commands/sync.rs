//! `sclone sync`

use crate::cli::context::Ctx;
use crate::cli::removing::DeleteLimitArgs;
use crate::cli::transfer_args::TransferArgs;
use crate::cli::transfer_args::contradiction;
use crate::cli::transfer_job::{Naming, Places, TransferJob};
use crate::error::Result;
use crate::transfer::renames::Strategy;
use crate::transfer::task::Task;
use crate::transfer::task::{Deletion, When};

/// Make the destination hold what the source holds, and nothing else
///
/// Example: `sclone sync --backup-dir web1:old /srv/www web1:www`
///
/// As `sclone copy`, and what only DESTINATION has is deleted. Try it with --dry-run first.
///
/// Deleting is shy. After any error of the run nothing is deleted. Before a file is deleted the source is asked for that
/// very path, and only its answer "no such file" counts: a server can leave out files in a listing without a word. A
/// source without files empties nothing unless --allow-empty-source is given. Files that filters exclude stay, unless
/// --delete-excluded is given. --ignore-errors deletes after errors too, as far as the source says of a path that it is
/// not there: a mirror then no longer holds what the source has lost to the very fault that was reported.
/// --delete-during and --delete-before ask and check in the same way; they only begin earlier,
/// so that an error that comes later does not bring back what is gone.
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

    /// Delete after everything is transferred; the default
    #[arg(long)]
    pub delete_after: bool,

    /// Delete while transferring, as soon as something surplus is met
    #[arg(long)]
    pub delete_during: bool,

    /// Delete before transferring, after both places were read to the end
    #[arg(long)]
    pub delete_before: bool,

    /// How much may be deleted.
    #[command(flatten)]
    pub limit: DeleteLimitArgs,

    /// Delete although something failed: what could not be read or copied may then be lost on both sides
    #[arg(long)]
    pub ignore_errors: bool,

    /// Let a source without files empty the destination
    #[arg(long)]
    pub allow_empty_source: bool,

    /// Rename files in the destination that were only renamed in the source
    #[arg(long)]
    pub track_renames: bool,

    /// What makes a file the same one under another name, beside its size: hash, modtime, leaf, with commas between
    #[arg(long, value_name = "STRATEGY", default_value = "hash")]
    pub track_renames_strategy: String,

    /// How.
    #[command(flatten)]
    pub transfer: TransferArgs,
}

/// Makes the destination the same. What fails is counted and logged.
///
/// # Errors
/// Nothing was transferred, and that was to be told. The statistics hold what failed.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let job = TransferJob {
        places: &args.places,
        flags: &args.transfer,
        task: Task::Sync(args.deletion()?),
        empty_dirs: args.create_empty_src_dirs,
        naming: Naming::Kept,
        renames: args.strategy()?,
    };
    job.run(ctx)
}

impl Args {
    fn deletion(&self) -> Result<Deletion> {
        let when = match (self.delete_before, self.delete_during, self.delete_after) {
            (false, false, _) => When::After,
            (true, false, false) => When::Before,
            (false, true, false) => When::During,
            _ => {
                return Err(contradiction(
                    "only one of --delete-before, --delete-during and --delete-after may be given",
                ));
            }
        };
        Ok(Deletion {
            // Whether a file was renamed is known only once both places were read.
            when: if self.track_renames { When::After } else { when },
            limit: self.limit.limit(),
            ignores_errors: self.ignore_errors,
            allows_empty_source: self.allow_empty_source,
        })
    }

    fn strategy(&self) -> Result<Option<Strategy>> {
        if !self.track_renames {
            return Ok(None);
        }
        self.track_renames_strategy.parse().map(Some).map_err(|reason: String| contradiction(reason))
    }
}
