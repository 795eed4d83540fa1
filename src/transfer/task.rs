//! What a run is for, and the rules it keeps beside.

use std::sync::Arc;

use super::backup::Backup;
use super::ceiling::Ceiling;
use super::compare::Comparison;
use super::delete_limit::DeleteLimit;
use super::order::Order;
use super::plan::Traversal;
use super::reference::References;
use super::renames::Strategy;
use super::verdict::Verdict;
use crate::path::RelPath;

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// The destination gets what the source has.
    Copy,
    /// The destination gets what the source has, and loses what the source does not have.
    Sync(Deletion),
    /// The destination gets what the source has, and the source loses it.
    Move {
        /// Whether folders that are empty then go too.
        removes_empty_dirs: bool,
    },
}

impl Task {
    /// Whether the source loses what it has.
    pub(super) fn is_move(self) -> bool {
        matches!(self, Self::Move { .. })
    }
}

/// When and how much is deleted from the destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deletion {
    /// When.
    pub when: When,
    /// How much.
    pub limit: DeleteLimit,
    /// Whether it goes on after errors (`--ignore-errors`).
    pub ignores_errors: bool,
    /// Whether a source without files empties the destination (`--allow-empty-source`).
    pub allows_empty_source: bool,
}

/// When files are deleted. Whatever the moment, the source is asked first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// After everything was transferred (`--delete-after`).
    #[default]
    After,
    /// As they are met (`--delete-during`).
    During,
    /// After both trees were read and before anything is transferred (`--delete-before`).
    Before,
}

/// Takes verdicts as they are reached.
pub type Witness = Arc<dyn Fn(&RelPath, &Verdict) + Send + Sync>;

/// What a run keeps to, whatever it is for. The default is what happens without flags.
#[derive(Default)]
pub struct Rules {
    /// What makes two files the same.
    pub comparison: Comparison,
    /// How the destination is seen.
    pub traversal: Traversal,
    /// The order of transfers, if it matters.
    pub order: Option<Order>,
    /// Whether everything is compared before anything is transferred.
    pub check_first: bool,
    /// How much is transferred, and for how long.
    pub ceiling: Ceiling,
    /// Where what is replaced or deleted goes.
    pub backup: Option<Arc<Backup>>,
    /// Other places that may have a file already.
    pub references: References,
    /// How files that were only renamed are found, if they are looked for.
    pub renames: Option<Strategy>,
    /// Whether the times of folders are left as they come.
    pub leaves_folder_times: bool,
    /// Who is told about every path.
    pub witness: Option<Witness>,
}
