//! Whether a file needs to be transferred (rclone's `operations.NeedTransfer`).

use std::time::Duration;

use crate::fs::Metadata;

/// Whether two files are taken to be the same: equal size, and modification times less than `window` apart.
///
/// A time that one side does not tell is no reason to transfer.
pub fn is_unchanged(source: &Metadata, destination: &Metadata, window: Duration) -> bool {
    let window = i128::try_from(window.as_nanos()).unwrap_or(i128::MAX);
    let is_same_time = match (source.modified, destination.modified) {
        (Some(source), Some(destination)) => source.abs_diff(destination) < window.unsigned_abs(),
        _ => true,
    };
    source.size == destination.size && is_same_time
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::FileType;

    #[test]
    fn size_and_time_decide_within_the_window() {
        let file = |size, modified| Metadata { file_type: FileType::File, size, modified, mode: None };
        let second = Duration::from_secs(1);
        let at = |nanoseconds| file(5, Some(nanoseconds));
        assert!(is_unchanged(&at(1_999_999_999), &at(1_000_000_000), second));
        assert!(!is_unchanged(&at(2_000_000_000), &at(1_000_000_000), second));
        assert!(!is_unchanged(&at(-1), &at(1_000_000_000), second));
        assert!(!is_unchanged(&at(0), &file(6, Some(0)), second));
        assert!(is_unchanged(&at(0), &file(5, None), second));
    }
}
