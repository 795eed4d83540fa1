//! What the commands that remove have in common.

use std::sync::Arc;

use futures_executor::block_on;

use super::context::Ctx;
use crate::error::Result;
use crate::filter::Filter;
use crate::fs::Fs;
use crate::transfer::Removal;
use crate::transfer::delete_limit::DeleteLimit;
use crate::transfer::march::Limits;
use crate::transfer::removal::{Files, Folders};
use crate::units::ByteSize;

/// How much may be deleted.
#[derive(clap::Args, Clone, Debug)]
pub struct DeleteLimitArgs {
    /// Most files to delete, -1 for any number: if there are more, none is
    #[arg(long, value_name = "N", default_value = "-1")]
    pub max_delete: i64,

    /// Most bytes to delete: if there are more, nothing is deleted
    #[arg(long, value_name = "SIZE", default_value = "off")]
    pub max_delete_size: ByteSize,
}

impl DeleteLimitArgs {
    /// The limit they come to.
    pub fn limit(&self) -> DeleteLimit {
        DeleteLimit { files: u64::try_from(self.max_delete).ok(), bytes: self.max_delete_size.bytes() }
    }
}

/// Removes from `tree` what the filters choose.
pub fn chosen(ctx: &Ctx, tree: Arc<dyn Fs>, files: Files, folders: Folders) -> Removal {
    removal(ctx, tree, files, folders, (Arc::clone(&ctx.settings.filter), ctx.settings.max_depth))
}

/// Removes all of `tree`.
pub fn all(ctx: &Ctx, tree: Arc<dyn Fs>) -> Removal {
    removal(ctx, tree, Files::All, Folders::All, (Arc::default(), None))
}

fn removal(
    ctx: &Ctx,
    tree: Arc<dyn Fs>,
    files: Files,
    folders: Folders,
    (filter, max_depth): (Arc<Filter>, Option<usize>),
) -> Removal {
    let limits = Limits {
        concurrency: ctx.settings.folders_at_once(),
        max_depth,
        enter_destination_only: false,
        filter,
    };
    Removal {
        tree,
        files,
        folders,
        limits,
        limit: DeleteLimit::default(),
        gate: Arc::clone(&ctx.gate),
        stats: ctx.stats.clone(),
        cancel: ctx.cancel.clone(),
    }
}

/// Does `work` with its progress shown, until it is done or the run is stopped. A failure is counted.
pub fn carry_out(ctx: &Ctx, work: impl Future<Output = Result<()>>) {
    ctx.with_progress(|| block_on(ctx.cancel.or_stop(work)));
}
