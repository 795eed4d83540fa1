//! What the counters of a run say at one moment.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::error::Kind;
use crate::hash::HashType;
use crate::path::RelPath;

/// How files were compared after they had arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Files of which only the size was.
    pub by_size: u64,
    /// Files of which this hash was.
    pub by_hash: BTreeMap<HashType, u64>,
}

/// `done` of `total`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ratio {
    /// How many are done.
    pub done: u64,
    /// How many are known of; grows while the trees are still being read.
    pub total: u64,
}

/// Files that a system has copied or moved by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerSide {
    /// How many.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What failed on which path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedPath {
    /// The path in the trees, or as the error has it; escaped.
    pub path: Option<String>,
    /// Why.
    pub error: String,
}

/// Errors so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Errors {
    /// How many.
    pub count: u64,
    /// Which kinds there were, each once, in the order of their first appearance.
    pub kinds: Vec<Kind>,
    /// The first of them, with their paths.
    pub failures: Vec<FailedPath>,
    /// The text of the last one.
    pub last: Option<String>,
    /// Whether running again can help any of them.
    pub retryable: bool,
    /// Whether one of them ended the run.
    pub fatal: bool,
}

/// A file on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Transferring {
    /// Tells this transfer from others of the same name; never used twice in a run.
    pub id: u64,
    /// The file.
    pub name: RelPath,
    /// Its size in bytes.
    pub size: u64,
    /// Bytes of it that have arrived.
    pub done: u64,
    /// Bytes per second since it started.
    pub speed: f64,
}

/// The counters at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Time since the run started.
    pub elapsed: Duration,
    /// Entries seen in listings.
    pub listed: u64,
    /// Files compared.
    pub checks: Ratio,
    /// Files transferred.
    pub transfers: Ratio,
    /// Bytes transferred.
    pub bytes: Ratio,
    /// Files deleted.
    pub deleted_files: u64,
    /// Folders deleted.
    pub deleted_dirs: u64,
    /// Bytes of the deleted files.
    pub deleted_bytes: u64,
    /// Files moved by a rename: instead of being transferred, or into a backup.
    pub moves: ServerSide,
    /// Files filled by the server itself.
    pub copies: ServerSide,
    /// Files left alone because they are the same on both sides.
    pub kept: u64,
    /// How what was transferred was compared.
    pub verified: Verified,
    /// What failed.
    pub errors: Errors,
    /// Bytes per second, a moving average over some seconds.
    pub speed: f64,
    /// Time until all known bytes are transferred, if it can be told.
    pub eta: Option<Duration>,
    /// Files on their way, oldest first.
    pub active: Vec<Transferring>,
}
