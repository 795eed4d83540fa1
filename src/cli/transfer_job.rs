//! What copy, copyto, move, moveto and sync have in common: from their arguments to a run of the engine.

use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use futures_executor::block_on;
use futures_util::future::try_join;

use super::context::Ctx;
use super::descriptors::files_at_once;
use super::metadata_mapper::{Ends, preservation};
use super::open::{Place, open};
use super::transfer_args::{TransferArgs, contradiction};
use super::transfer_report::TransferReport;
use crate::error::{Error, Kind, Result};
use crate::fs::Fs;
use crate::transfer::Copy;
use crate::transfer::copy::{IN_FLIGHT, Single};
use crate::transfer::plan::Traversal;
use crate::transfer::renames::Strategy;
use crate::transfer::task::{Rules, Task};

/// The two places of a transfer.
#[derive(clap::Args, Clone, Debug)]
pub struct Places {
    /// What to read: remote:path, or a local path
    #[arg(value_name = "SOURCE")]
    pub source: OsString,

    /// Where to: remote:path, or a local path
    #[arg(value_name = "DESTINATION")]
    pub destination: OsString,
}

/// What one file is to be called in the destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// As in the source: the destination is a folder.
    Kept,
    /// The destination is the file's new path.
    Given,
}

/// A transfer to make.
pub struct TransferJob<'a> {
    /// Its places.
    pub places: &'a Places,
    /// Its flags.
    pub flags: &'a TransferArgs,
    /// What it is for.
    pub task: Task,
    /// Whether folders that hold no files are made.
    pub empty_dirs: bool,
    /// What one file is to be called.
    pub naming: Naming,
    /// How files that were only renamed are found, if they are looked for.
    pub renames: Option<Strategy>,
}

impl TransferJob<'_> {
    /// Transfers. What fails is counted and logged.
    ///
    /// # Errors
    /// [`Kind::NothingTransferred`] if that is what happened and was to be told.
    pub fn run(&self, ctx: &Ctx) -> Result<()> {
        ctx.with_progress(|| self.transfer(ctx));
        self.flags.summary.print(ctx)?;
        let snapshot = ctx.stats.snapshot();
        if self.flags.error_on_no_transfer && snapshot.errors.count == 0 && snapshot.transfers.done == 0 {
            let reason = "no files were transferred";
            return Err(Error::new(Kind::NothingTransferred, "transfer", reason));
        }
        Ok(())
    }

    fn transfer(&self, ctx: &Ctx) -> Result<()> {
        let source = open(ctx, &self.places.source)?;
        let place = open(ctx, &self.places.destination)?;
        source.warn_of_certificate_end();
        place.warn_of_certificate_end();
        let deletes = matches!(self.task, Task::Sync(_));
        let report = TransferReport::create(&ctx.stdout, &self.flags.reports, deletes)?;
        block_on(async {
            let (tree, only, destination) = ctx.cancel.or_stop(self.look_up(&source, &place)).await?;
            let _lock = ctx.lock_job(&*tree, &*destination).await?;
            let witness = report.as_ref().map(TransferReport::witness);
            let mut rules = Rules { renames: self.renames, witness, ..self.flags.rules(ctx, &destination)? };
            // What only the destination has is seen in its listings alone.
            if deletes && rules.traversal == Traversal::Unseen {
                return Err(contradiction("can't use --no-check-dest with sync: use copy instead"));
            }
            if deletes && rules.traversal == Traversal::LookedUp {
                log::warn!("Ignoring --no-traverse with sync");
                rules.traversal = Traversal::Listed;
            }
            let metadata = preservation(ctx, self.ends(&source, &place, only.as_ref()));
            let copy = Copy {
                source: tree,
                only,
                destination,
                task: self.task,
                rules,
                in_flight: files_at_once(IN_FLIGHT),
                files: self.flags.file_options(ctx, metadata, [source.verify(), place.verify()]),
                transfers: ctx.settings.transfers,
                folders: ctx.settings.folders_at_once(),
                max_depth: ctx.settings.max_depth,
                filter: Arc::clone(&ctx.settings.filter),
                empty_dirs: self.empty_dirs,
                gate: Arc::clone(&ctx.gate),
                retries: ctx.settings.job.retries(),
                stats: ctx.stats.clone(),
                cancel: ctx.cancel.clone(),
            };
            copy.retries.repeat(&ctx.stats, &ctx.cancel, || copy.run()).await
        })?;
        report.map_or(Ok(()), |report| report.finish())
    }

    /// The places that trees were looked up for.
    fn ends(&self, source: &Place, destination: &Place, only: Option<&Single>) -> Ends {
        let is_named = only.is_some() && self.naming == Naming::Given;
        let of = |place: &Place, is_file| if is_file { place.name.holder() } else { place.name.clone() };
        Ends { source: of(source, only.is_some()), destination: of(destination, is_named) }
    }

    /// The trees, and the names of the file if there is only one.
    async fn look_up(
        &self,
        source: &Place,
        destination: &Place,
    ) -> Result<(Arc<dyn Fs>, Option<Single>, Arc<dyn Fs>)> {
        if self.naming == Naming::Kept {
            let ((tree, only), destination) =
                try_join(source.as_source(), destination.as_destination()).await?;
            return Ok((tree, only.map(|name| Single { from: name.clone(), to: name }), destination));
        }
        match source.as_source().await? {
            (tree, None) => Ok((tree, None, destination.as_destination().await?)),
            (tree, Some(from)) => {
                let (folder, to) = destination.as_new_file(shown(&self.places.destination))?;
                Ok((tree, Some(Single { from, to }), folder))
            }
        }
    }
}

fn shown(argument: &OsStr) -> &[u8] {
    argument.as_encoded_bytes()
}
