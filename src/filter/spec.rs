//! What a filter is made from.

use super::listed::Listed;
use crate::path::Name;

/// Rules as flags give them. Of each list, `None` is a flag that was not given.
#[derive(Clone, Debug, Default)]
pub struct Patterns {
    /// Globs of `--include`, then those of `--include-from`.
    pub include: Option<Vec<Vec<u8>>>,
    /// Globs of `--exclude`, then those of `--exclude-from`.
    pub exclude: Option<Vec<Vec<u8>>>,
    /// Rules of `--filter`, then those of `--filter-from`.
    pub rules: Vec<Vec<u8>>,
}

/// What the flags say, with the lines of every file they name.
#[derive(Clone, Debug, Default)]
pub struct Spec {
    /// Rules for paths.
    pub paths: Patterns,
    /// Rules for `key=value`, of flags whose names begin with `--metadata-`.
    pub metadata: Patterns,
    /// Files of `--files-from`, `--files-from-raw` and `--files-from0`, and the first of these flags.
    pub files: Option<(&'static str, Listed)>,
    /// Files that leave out the folder they are in.
    pub exclude_if_present: Vec<Name>,
    /// Fewest bytes.
    pub min_size: Option<u64>,
    /// Most bytes.
    pub max_size: Option<u64>,
    /// Youngest, in nanoseconds.
    pub min_age: Option<u64>,
    /// Oldest, in nanoseconds.
    pub max_age: Option<u64>,
    /// Part of all names: `K/N` or `@/N`.
    pub hash_filter: Option<String>,
    /// Whether globs match whatever the case.
    pub ignore_case: bool,
    /// Whether what is left out of the source counts as missing there.
    pub delete_excluded: bool,
}
