//! Flags of the commands that transfer files: what makes two files the same, in which order they go, how much may, where
//! old ones are kept, and what is reported. Names and defaults are rclone's (<https://rclone.org/docs/>).

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;

use super::context::Ctx;
use super::open::open;
use super::transfer_report::ReportFlags;
use crate::cli::summary::SummaryArgs;
use crate::error::{Error, Kind, Result};
use crate::fs::Fs;
use crate::transfer::backup::Backup;
use crate::transfer::ceiling::{Ceiling, Cutoff};
use crate::transfer::compare::Comparison;
use crate::transfer::order::Order;
use crate::transfer::plan::Traversal;
use crate::transfer::reference::References;
use crate::transfer::task::Rules;
use crate::transfer::{FileOptions, Preservation, Verify};
use crate::units::{ByteSize, Interval};

/// The flags as they were given.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Transfer flags")]
pub struct TransferArgs {
    /// Files are the same if size and hash are, whatever their times
    #[arg(short, long)]
    pub checksum: bool,

    /// Files are the same if their sizes are
    #[arg(long)]
    pub size_only: bool,

    /// Transfer all files, also those that are the same
    #[arg(short = 'I', long)]
    pub ignore_times: bool,

    /// Sizes do not matter when files are compared
    #[arg(long)]
    pub ignore_size: bool,

    /// Leave every file that exists in the destination
    #[arg(long)]
    pub ignore_existing: bool,

    /// Leave files that are newer in the destination
    #[arg(short, long)]
    pub update: bool,

    /// A file that exists may not change: fail where it would
    #[arg(long)]
    pub immutable: bool,

    /// Times that differ by less are the same
    #[arg(long, value_name = "DURATION", default_value = "1ns")]
    pub modify_window: Interval,

    /// Set the time of a file of the same size where no hash can be had, instead of transferring it
    #[arg(long)]
    pub refresh_times: bool,

    /// Leave the time of a file whose content is the same
    #[arg(long)]
    pub no_update_modtime: bool,

    /// Leave the times of folders as they come
    #[arg(long)]
    pub no_update_dir_modtime: bool,

    /// Look up each file in the destination by name instead of listing its folders
    #[arg(long)]
    pub no_traverse: bool,

    /// Do not look at the destination at all: transfer every file
    #[arg(long)]
    pub no_check_dest: bool,

    /// Compare everything before anything is transferred
    #[arg(long)]
    pub check_first: bool,

    /// Order of transfers: size, name or modtime, then ascending, descending or mixed, as in size,desc
    #[arg(long, value_name = "ORDER")]
    pub order_by: Option<String>,

    /// Most bytes to transfer
    #[arg(long, value_name = "SIZE", default_value = "off")]
    pub max_transfer: ByteSize,

    /// Most time to transfer for
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub max_duration: Interval,

    /// At such a limit: stop at once, complete what is under way, or begin nothing that would pass it
    #[arg(long, value_name = "MODE", default_value = "HARD", ignore_case = true)]
    pub cutoff_mode: CutoffMode,

    /// Keep what is replaced or deleted in this folder, on the same remote
    #[arg(long, value_name = "DIR")]
    pub backup_dir: Option<OsString>,

    /// Add this to the names of what is replaced or deleted, and keep it
    #[arg(long, value_name = "SUFFIX", default_value = "", hide_default_value = true)]
    pub suffix: OsString,

    /// Add the suffix before the extension
    #[arg(long)]
    pub suffix_keep_extension: bool,

    /// Leave out files that this place has too; may be given again
    #[arg(long, value_name = "DIR")]
    pub compare_dest: Vec<OsString>,

    /// Copy files that this place has too from there; may be given again
    #[arg(long, value_name = "DIR")]
    pub copy_dest: Vec<OsString>,

    /// End with code 9 if nothing was transferred
    #[arg(long)]
    pub error_on_no_transfer: bool,

    /// Lists.
    #[command(flatten)]
    pub reports: ReportFlags,

    /// What is printed at the end.
    #[command(flatten)]
    pub summary: SummaryArgs,
}

/// What `--cutoff-mode` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub enum CutoffMode {
    /// Stop at once.
    Hard,
    /// Complete what is under way.
    Soft,
    /// Begin nothing that would pass the limit.
    Cautious,
}

impl TransferArgs {
    /// What the flags come to for a run into `destination`. Other places that they name are opened.
    ///
    /// # Errors
    /// A value makes no sense, two flags contradict each other, or a place cannot be opened.
    pub fn rules(&self, ctx: &Ctx, destination: &Arc<dyn Fs>) -> Result<Rules> {
        let places = |arguments: &[OsString]| {
            arguments.iter().map(|argument| Ok(open(ctx, argument)?.tree)).collect::<Result<Vec<_>>>()
        };
        let references = References { compare: places(&self.compare_dest)?, copy: places(&self.copy_dest)? };
        if !references.compare.is_empty() && !references.copy.is_empty() {
            return Err(contradiction("can't use --compare-dest with --copy-dest"));
        }
        if references.copy.iter().any(|place| place.system() != destination.system()) {
            return Err(wrong("parameter to --copy-dest has to be on the same remote as destination"));
        }
        let backup = self.backup(ctx, destination)?.map(Arc::new);
        Ok(Rules {
            traversal: self.traversal(backup.is_some())?,
            comparison: self.comparison(),
            order: self.order()?,
            check_first: self.check_first,
            ceiling: self.ceiling(),
            backup,
            references,
            renames: None,
            leaves_folder_times: self.no_update_dir_modtime,
            witness: None,
        })
    }

    /// How files are carried, as [`Ctx::file_options`] says; what is told apart by hashes is compared by them once it has
    /// arrived.
    pub fn file_options(
        &self,
        ctx: &Ctx,
        metadata: Option<Arc<Preservation>>,
        verify: [Option<Verify>; 2],
    ) -> FileOptions {
        let options = ctx.file_options(metadata, verify);
        let verify =
            if self.checksum && options.verify == Verify::Risky { Verify::Hash } else { options.verify };
        FileOptions { verify, ..options }
    }

    fn comparison(&self) -> Comparison {
        Comparison {
            ignore_existing: self.ignore_existing,
            ignore_times: self.ignore_times,
            ignore_size: self.ignore_size,
            size_only: self.size_only,
            checksum: self.checksum,
            update: self.update,
            immutable: self.immutable,
            no_update_modtime: self.no_update_modtime,
            refresh_times: self.refresh_times,
            window: self.modify_window.duration().unwrap_or(Duration::ZERO),
        }
    }

    fn traversal(&self, keeps_old_files: bool) -> Result<Traversal> {
        match (self.no_check_dest, self.no_traverse) {
            (true, _) if self.immutable => Err(contradiction("can't use --no-check-dest with --immutable")),
            // What nobody has looked at cannot be kept.
            (true, _) if keeps_old_files => {
                Err(contradiction("can't use --no-check-dest with --backup-dir or --suffix"))
            }
            (true, _) => Ok(Traversal::Unseen),
            (false, true) => Ok(Traversal::LookedUp),
            (false, false) => Ok(Traversal::Listed),
        }
    }

    fn order(&self) -> Result<Option<Order>> {
        let text = self.order_by.as_deref().filter(|text| !text.is_empty());
        text.map(|text| text.parse().map_err(|reason: String| wrong(reason))).transpose()
    }

    fn ceiling(&self) -> Ceiling {
        let cutoff = match self.cutoff_mode {
            CutoffMode::Hard => Cutoff::Hard,
            CutoffMode::Soft => Cutoff::Soft,
            CutoffMode::Cautious => Cutoff::Cautious,
        };
        let duration = self.max_duration.duration().filter(|duration| !duration.is_zero());
        Ceiling::new(self.max_transfer.bytes(), duration, cutoff)
    }

    fn backup(&self, ctx: &Ctx, destination: &Arc<dyn Fs>) -> Result<Option<Backup>> {
        let suffix = self.suffix.as_bytes().to_vec();
        if suffix.contains(&b'/') {
            return Err(wrong("--suffix may not contain a slash"));
        }
        let keeps_extension = self.suffix_keep_extension;
        let Some(folder) = self.backup_dir.as_ref().filter(|folder| !folder.is_empty()) else {
            let backup =
                Backup { tree: Arc::clone(destination), suffix, is_elsewhere: false, keeps_extension };
            return Ok(Some(backup).filter(|backup| !backup.suffix.is_empty()));
        };
        let tree = open(ctx, folder)?.tree;
        if tree.system() != destination.system() {
            return Err(wrong("parameter to --backup-dir has to be on the same remote as destination")
                .on(Path::new(folder).as_os_str().as_bytes()));
        }
        Ok(Some(Backup { tree, suffix, is_elsewhere: true, keeps_extension }))
    }
}

/// Flags that make no sense, alone or together.
pub(super) fn contradiction(reason: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Kind::Config, "read flags", reason)
}

/// Values that do not fit the run refuse it, as in rclone.
fn wrong(reason: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Kind::Refused, "read flags", reason)
}
