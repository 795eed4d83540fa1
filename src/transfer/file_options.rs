//! How the content of files is carried, as the user wants it.

use std::path::PathBuf;
use std::sync::Arc;

use super::bandwidth::Bandwidth;
use super::preservation::Preservation;
use super::verify::Verify;
use crate::units::bandwidth::Timetable;

/// When and over how many ways a large file is carried (`--multi-thread-cutoff`, `--multi-thread-streams`).
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    /// Files of this many bytes and more are large.
    pub cutoff: u64,
    /// Ways for one of them.
    pub most: usize,
}

/// How files are carried.
#[derive(Clone)]
pub struct FileOptions {
    /// How a large file is carried.
    pub streams: Streams,
    /// Permission bits that new files do not get.
    pub umask: u32,
    /// What copies get of their source besides (`--metadata`).
    pub metadata: Option<Arc<Preservation>>,
    /// Whether a file of this machine that changes while it is read is copied as far as it was listed
    /// (`--local-no-check-updated`).
    pub tolerates_change: bool,
    /// What is compared once a file has arrived.
    pub verify: Verify,
    /// What the name of a partial file ends with (`--partial-suffix`).
    pub partial_suffix: String,
    /// Whether files are written under their own names, without partial files (`--inplace`).
    pub in_place: bool,
    /// How fast all files together may be carried (`--bwlimit`).
    pub bandwidth: Option<Arc<Bandwidth>>,
    /// How fast each file may be carried (`--bwlimit-file`).
    pub file_bandwidth: Option<Timetable>,
    /// Whether a copy is only done when it is on the disk.
    pub fsync: bool,
    /// Where it is written down how far files are, so that a later run can go on; `None` for nowhere.
    pub journals: Option<PathBuf>,
}
