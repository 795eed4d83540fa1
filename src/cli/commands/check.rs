//! `sclone check`

use std::ffi::OsString;
use std::sync::Arc;

use futures_executor::block_on;
use futures_util::future::try_join;

use crate::cli::check_report::{CheckReport, Sides};
use crate::cli::context::Ctx;
use crate::cli::open::open;
use crate::cli::path_lists::ListFlags;
use crate::cli::sum_check::SumCheck;
use crate::error::Result;
use crate::hash::HashType;
use crate::transfer::check::{Check, Depth};
use crate::transfer::content::Where;

/// Compare the files of two places, and change nothing
///
/// Example: `sclone check --combined - /srv/www web1:backup/www`
///
/// Sizes are compared, and a hash that both sides can compute; with --download the content itself. Times do not matter.
/// Without such a hash only sizes are compared; a notice says for how many files.
///
/// Exit codes: 0 all is the same, 1 something differs or cannot be compared, 2 wrong usage, 3 folder not found,
/// 20 login refused, 21 certificate unusable, 22 host key not trusted, 23 no connection.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// What to compare: remote:path, or a local path; with --checkfile a file of hashes
    #[arg(value_name = "SOURCE")]
    pub source: OsString,

    /// What to compare it with: remote:path, or a local path
    #[arg(value_name = "DESTINATION")]
    pub destination: OsString,

    /// Read the files from both sides and compare their content
    #[arg(long)]
    pub download: bool,

    /// Compare sizes only
    #[arg(long)]
    pub size_only: bool,

    /// Files that only the destination has do not matter
    #[arg(long)]
    pub one_way: bool,

    /// SOURCE is a file of hashes of this type
    #[arg(short = 'C', long, value_name = "HASH")]
    pub checkfile: Option<HashType>,

    /// Lists.
    #[command(flatten)]
    pub reports: ListFlags,
}

/// Compares.
///
/// # Errors
/// Something differs or cannot be compared.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    if let Some(hash) = args.checkfile {
        let place = if args.download { Where::Here } else { Where::There };
        let (sum_file, tree, one_way) = (&args.source, &args.destination, args.one_way);
        return SumCheck { hash, sum_file, tree, place, one_way }.run(ctx, &args.reports);
    }
    let (from, to) = (open(ctx, &args.source)?, open(ctx, &args.destination)?);
    let sides = Sides { source: from.tree.describe(), destination: to.tree.describe() };
    let report = CheckReport::create(ctx, &args.reports, sides)?;
    let summary = block_on(ctx.cancel.or_stop(async {
        let ((source, only), destination) = try_join(from.as_source(), to.as_destination()).await?;
        let check = Check {
            source,
            destination,
            only,
            depth: match (args.size_only, args.download) {
                (true, _) => Depth::Size,
                (_, true) => Depth::Content,
                _ => Depth::Hash,
            },
            one_way: args.one_way,
            folders: ctx.settings.folders_at_once(),
            max_depth: ctx.settings.max_depth,
            filter: Arc::clone(&ctx.settings.filter),
            stats: ctx.stats.clone(),
        };
        check.run(&mut |path, verdict| report.tell(path, verdict)).await
    }))?;
    report.finish(&summary)
}
