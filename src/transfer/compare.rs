//! Whether a file needs to be transferred (rclone's `operations.NeedTransfer`, flag by flag).

use std::time::Duration;

use crate::fs::Metadata;

/// What makes two files the same (<https://rclone.org/docs/>, under each flag's name).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Leave every file that exists (`--ignore-existing`).
    pub ignore_existing: bool,
    /// Transfer every file (`--ignore-times`).
    pub ignore_times: bool,
    /// Sizes do not matter (`--ignore-size`).
    pub ignore_size: bool,
    /// Only sizes matter (`--size-only`).
    pub size_only: bool,
    /// Sizes and hashes matter, times do not (`--checksum`).
    pub checksum: bool,
    /// Leave files that are newer in the destination (`--update`).
    pub update: bool,
    /// A file that exists may not change (`--immutable`).
    pub immutable: bool,
    /// Leave the time of a file that is the same (`--no-update-modtime`).
    pub no_update_modtime: bool,
    /// Set the time of a file of the same size where no hash can be had (`--refresh-times`).
    pub refresh_times: bool,
    /// Times differ by no less than this (`--modify-window`), and by what the coarser of two trees can keep.
    pub window: Duration,
}

/// What comes of comparing two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// They differ, and in what.
    Transfer(&'static str),
    /// The file stays as it is, and why.
    Keep(&'static str),
    /// Their hashes decide.
    Hash(IfSame),
}

/// What to do about two files whose hashes turn out to be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfSame {
    /// Nothing. Without a hash in common the sizes have decided.
    Keep,
    /// Set the time. Without a hash in common the file is transferred, unless that is enough for `--refresh-times`.
    SetTime,
}

impl Comparison {
    /// Compares a file with the one that has its name in the destination.
    pub fn decide(&self, source: &Metadata, destination: &Metadata) -> Decision {
        if self.ignore_existing {
            return Decision::Keep("Destination exists, skipping");
        }
        if self.ignore_times {
            return Decision::Transfer("Transferring unconditionally as --ignore-times is in use");
        }
        let age = self.age(source, destination);
        match age {
            Age::DestinationNewer if self.update => {
                Decision::Keep("Destination is newer than source, skipping")
            }
            Age::SourceNewer if self.update => self.content(source, destination, Age::SourceNewer),
            _ if self.update && !self.checksum => self.size(source, destination),
            age => self.content(source, destination, age),
        }
    }

    fn size(&self, source: &Metadata, destination: &Metadata) -> Decision {
        if self.sizes_differ(source, destination) {
            Decision::Transfer("Sizes differ")
        } else {
            Decision::Keep("Sizes identical")
        }
    }

    fn sizes_differ(&self, source: &Metadata, destination: &Metadata) -> bool {
        !self.ignore_size && source.size != destination.size
    }

    fn content(&self, source: &Metadata, destination: &Metadata, age: Age) -> Decision {
        if self.size_only || self.sizes_differ(source, destination) {
            return self.size(source, destination);
        }
        match age {
            _ if self.checksum => Decision::Hash(IfSame::Keep),
            Age::Same => Decision::Keep("Size and modification time the same"),
            Age::SourceNewer | Age::DestinationNewer => Decision::Hash(IfSame::SetTime),
        }
    }

    /// A time that one side does not tell is no reason to transfer.
    fn age(&self, source: &Metadata, destination: &Metadata) -> Age {
        match (source.modified, destination.modified) {
            (Some(source), Some(destination)) if !is_same_time(source, destination, self.window) => {
                if destination > source {
                    Age::DestinationNewer
                } else {
                    Age::SourceNewer
                }
            }
            _ => Age::Same,
        }
    }
}

#[derive(Clone, Copy)]
enum Age {
    Same,
    SourceNewer,
    DestinationNewer,
}

/// Whether two times, in nanoseconds since 1970, are less than `window` apart.
pub fn is_same_time(one: i128, other: i128, window: Duration) -> bool {
    one.abs_diff(other) < window.as_nanos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::FileType;

    const SECOND: Duration = Duration::from_secs(1);

    fn file(size: u64, modified: i128) -> Metadata {
        Metadata { file_type: FileType::File, size, modified: Some(modified), mode: None }
    }

    fn decide(comparison: Comparison, source: (u64, i128), destination: (u64, i128)) -> Decision {
        let comparison = Comparison { window: SECOND, ..comparison };
        comparison.decide(&file(source.0, source.1), &file(destination.0, destination.1))
    }

    #[test]
    fn size_and_time_decide_within_the_window() {
        let plain = Comparison::default();
        let same = Decision::Keep("Size and modification time the same");
        assert_eq!(decide(plain, (5, 1_999_999_999), (5, 1_000_000_000)), same);
        assert_eq!(decide(plain, (5, 2_000_000_000), (5, 1_000_000_000)), Decision::Hash(IfSame::SetTime));
        assert_eq!(decide(plain, (5, -1), (5, 1_000_000_000)), Decision::Hash(IfSame::SetTime));
        assert_eq!(decide(plain, (5, 0), (6, 0)), Decision::Transfer("Sizes differ"));
        let unknown = Metadata { modified: None, ..file(5, 0) };
        assert_eq!(Comparison { window: SECOND, ..plain }.decide(&file(5, 9_000_000_000), &unknown), same);
    }

    #[test]
    fn each_flag_changes_what_it_says() {
        let (keep, set_time) = (Decision::Hash(IfSame::Keep), Decision::Hash(IfSame::SetTime));
        let (early, late) = (0, 5_000_000_000);
        let flags = Comparison::default();
        for (flags, source, destination, expected) in [
            (Comparison { checksum: true, ..flags }, (5, early), (5, early), keep),
            (
                Comparison { checksum: true, ..flags },
                (5, early),
                (6, early),
                Decision::Transfer("Sizes differ"),
            ),
            (
                Comparison { size_only: true, ..flags },
                (5, early),
                (5, late),
                Decision::Keep("Sizes identical"),
            ),
            (Comparison { ignore_size: true, ..flags }, (5, early), (6, late), set_time),
            (
                Comparison { ignore_size: true, size_only: true, ..flags },
                (5, 0),
                (6, 0),
                Decision::Keep("Sizes identical"),
            ),
            (Comparison { update: true, ..flags }, (5, late), (5, early), set_time),
            (Comparison { update: true, ..flags }, (5, late), (6, early), Decision::Transfer("Sizes differ")),
            (Comparison { update: true, ..flags }, (5, early), (5, early), Decision::Keep("Sizes identical")),
            (Comparison { update: true, checksum: true, ..flags }, (5, early), (5, early), keep),
        ] {
            assert_eq!(decide(flags, source, destination), expected, "{flags:?} {source:?} {destination:?}");
        }
        let newer = decide(Comparison { update: true, ..flags }, (5, early), (6, late));
        assert!(matches!(newer, Decision::Keep(reason) if reason.contains("newer")));
        assert!(matches!(
            decide(Comparison { ignore_existing: true, ..flags }, (5, 0), (6, late)),
            Decision::Keep(_)
        ));
        assert!(matches!(
            decide(Comparison { ignore_times: true, ..flags }, (5, 0), (5, 0)),
            Decision::Transfer(_)
        ));
    }
}
