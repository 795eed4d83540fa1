//! What a check finds out about one path, and about all of them.

use crate::error::Error;
use crate::path::RelPath;

/// What a check found out about one path.
#[derive(Debug)]
pub enum Verdict {
    /// The same on both sides, as far as it was compared.
    Same,
    /// Not the same, and in what: `sizes differ`.
    Differ(String),
    /// Only the source has it.
    MissingOnDestination,
    /// Only the destination has it.
    MissingOnSource,
    /// The comparison failed.
    Failed(Error),
}

impl Verdict {
    /// The mark of combined reports: `=`, `*`, `+`, `-` or `!`.
    pub const fn mark(&self) -> char {
        match self {
            Self::Same => '=',
            Self::Differ(_) => '*',
            Self::MissingOnDestination => '+',
            Self::MissingOnSource => '-',
            Self::Failed(_) => '!',
        }
    }
}

/// Takes verdicts as they are reached, in order.
pub type Sink<'a> = &'a mut (dyn FnMut(&RelPath, &Verdict) -> crate::error::Result<()> + Send);

/// How many paths had which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The same on both sides.
    pub same: u64,
    /// Not the same.
    pub differ: u64,
    /// Only the source has them.
    pub missing_on_destination: u64,
    /// Only the destination has them.
    pub missing_on_source: u64,
    /// The comparison failed.
    pub failed: u64,
    /// Counted as the same although only their sizes were compared and hashes were asked for.
    pub unhashed: u64,
}

impl Summary {
    /// Counts one verdict.
    pub const fn count(&mut self, verdict: &Verdict) {
        let counter = match verdict {
            Verdict::Same => &mut self.same,
            Verdict::Differ(_) => &mut self.differ,
            Verdict::MissingOnDestination => &mut self.missing_on_destination,
            Verdict::MissingOnSource => &mut self.missing_on_source,
            Verdict::Failed(_) => &mut self.failed,
        };
        *counter = counter.saturating_add(1);
    }

    /// Paths that are not the same on both sides.
    pub const fn differences(&self) -> u64 {
        self.differ.saturating_add(self.missing_on_destination).saturating_add(self.missing_on_source)
    }
}
