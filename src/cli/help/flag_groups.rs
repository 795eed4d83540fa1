//! The groups of flags that every command takes. The grouping is that of rclone (`rclone help flags`), so that a flag is
//! found where a user of rclone looks for it.

/// Flags for one purpose, in the order of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlagGroup {
    /// What nearly every run may need.
    Important,
    /// How files are copied.
    Copying,
    /// What `sync` deletes.
    Syncing,
    /// How files are compared.
    Check,
    /// Which files a command sees.
    Filter,
    /// How listings look.
    Listing,
    /// How much is done at once.
    Performance,
    /// How long and how often a server is tried.
    Networking,
    /// What is told meanwhile.
    Logging,
    /// Where settings come from.
    Config,
    /// What helps to find a fault.
    Debugging,
    /// Options of remotes.
    Sftp,
    /// None of these.
    Other,
}

use FlagGroup::{
    Check, Config, Copying, Debugging, Filter, Important, Listing, Logging, Networking, Other, Performance,
    Sftp, Syncing,
};

/// The flags of each group. Those of SFTP are known by their prefix.
const FLAGS: [(FlagGroup, &[&str]); 11] = [
    (Important, &["dry-run", "interactive", "verbose", "quiet", "progress"]),
    (
        Copying,
        &[
            "check-first",
            "checksum",
            "compare-dest",
            "copy-dest",
            "copy-links",
            "cutoff-mode",
            "fsync",
            "ignore-checksum",
            "ignore-existing",
            "ignore-size",
            "ignore-times",
            "immutable",
            "inplace",
            "links",
            "local-no-check-updated",
            "lock",
            "lock-wait",
            "max-duration",
            "max-transfer",
            "metadata",
            "metadata-mapper",
            "metadata-set",
            "modify-window",
            "multi-thread-cutoff",
            "multi-thread-streams",
            "no-check-dest",
            "no-traverse",
            "no-update-dir-modtime",
            "no-update-modtime",
            "one-file-system",
            "order-by",
            "partial-suffix",
            "refresh-times",
            "size-only",
            "skip-links",
            "skip-specials",
            "update",
            "verify",
        ],
    ),
    (
        Syncing,
        &[
            "allow-empty-source",
            "backup-dir",
            "delete-after",
            "delete-before",
            "delete-during",
            "ignore-errors",
            "max-delete",
            "max-delete-size",
            "suffix",
            "suffix-keep-extension",
            "track-renames",
            "track-renames-strategy",
        ],
    ),
    (Check, &["one-way", "download"]),
    (
        Filter,
        &[
            "delete-excluded",
            "exclude",
            "exclude-from",
            "exclude-if-present",
            "files-from",
            "files-from-raw",
            "files-from0",
            "filter",
            "filter-from",
            "hash-filter",
            "ignore-case",
            "include",
            "include-from",
            "max-age",
            "max-depth",
            "max-size",
            "metadata-exclude",
            "metadata-exclude-from",
            "metadata-filter",
            "metadata-filter-from",
            "metadata-include",
            "metadata-include-from",
            "min-age",
            "min-size",
        ],
    ),
    (Listing, &["human-readable"]),
    (Performance, &["checkers", "transfers"]),
    (
        Networking,
        &[
            "bwlimit",
            "bwlimit-file",
            "contimeout",
            "low-level-retries",
            "retries",
            "retries-sleep",
            "timeout",
            "tpslimit",
            "tpslimit-burst",
        ],
    ),
    (
        Logging,
        &[
            "error-on-no-transfer",
            "json",
            "log-file",
            "log-file-compress",
            "log-file-max-age",
            "log-file-max-backups",
            "log-file-max-size",
            "log-format",
            "log-level",
            "log-systemd",
            "progress-terminal-title",
            "stats",
            "stats-file-name-length",
            "stats-log-level",
            "stats-one-line",
            "stats-one-line-date",
            "stats-one-line-date-format",
            "stats-unit",
            "syslog",
            "syslog-facility",
            "use-json-log",
        ],
    ),
    (Config, &["ask-password", "cache-dir", "config", "password-command"]),
    (Debugging, &["dump"]),
];

impl FlagGroup {
    /// The group of a flag, by its long name.
    pub fn of(flag: &str) -> Self {
        if flag.starts_with("sftp-") {
            return Sftp;
        }
        FLAGS.iter().find(|(_, flags)| flags.contains(&flag)).map_or(Other, |(group, _)| *group)
    }

    /// What stands above the flags.
    pub const fn heading(self) -> &'static str {
        match self {
            Important => "Important flags",
            Copying => "Flags for copying",
            Syncing => "Flags for making a place like another",
            Check => "Flags for comparing",
            Filter => "Flags that choose files",
            Listing => "Flags for listing",
            Performance => "Flags for doing more at once",
            Networking => "Flags for slow and faulty networks",
            Logging => "Flags for logs and statistics",
            Config => "Flags for configuration and passwords",
            Debugging => "Flags for finding faults",
            Sftp => "Options of SFTP, for every remote of that type",
            Other => "Other flags",
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;
    use crate::cli::parse::command_tree;

    #[test]
    fn every_flag_has_one_group() {
        let all: Vec<_> = FLAGS.iter().flat_map(|(_, flags)| *flags).collect();
        for flag in &all {
            assert_eq!(all.iter().filter(|other| *other == flag).count(), 1, "{flag} stands in two groups");
        }
        let tree = command_tree();
        for flag in tree.get_arguments().filter_map(Arg::get_long) {
            assert_ne!(FlagGroup::of(flag), Other, "put --{flag} into one of the groups");
        }
    }
}
