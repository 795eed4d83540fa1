//! How much one run may delete (`--max-delete`, `--max-delete-size`).

use std::sync::Mutex;
use std::sync::PoisonError;

use crate::error::{Error, Kind, Result};
use crate::units::size;

/// The most that may go; `None` for any number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeleteLimit {
    /// Files.
    pub files: Option<u64>,
    /// Bytes of these files.
    pub bytes: Option<u64>,
}

/// What a run has asked to delete so far.
#[derive(Default)]
pub(super) struct Asked(Mutex<(u64, u64)>);

impl DeleteLimit {
    /// Whether there is a limit at all.
    pub(super) fn is_set(self) -> bool {
        self.files.is_some() || self.bytes.is_some()
    }
}

impl Asked {
    /// Adds files of these sizes, all or none of which go from `place`.
    ///
    /// # Errors
    /// [`Kind::Refused`] if more would go than may.
    pub(super) fn add(
        &self,
        limit: DeleteLimit,
        sizes: impl Iterator<Item = u64>,
        place: impl FnOnce() -> String,
    ) -> Result<()> {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *asked =
            sizes.fold(*asked, |(files, bytes), size| (files.saturating_add(1), bytes.saturating_add(size)));
        let (files, bytes) = *asked;
        let reason = match limit {
            DeleteLimit { files: Some(most), .. } if files > most => {
                format!("--max-delete threshold reached: {files} files would go, {most} may")
            }
            DeleteLimit { bytes: Some(most), .. } if bytes > most => format!(
                "--max-delete-size threshold reached: {} would go, {} may",
                size::short(bytes),
                size::short(most)
            ),
            _ => return Ok(()),
        };
        Err(Error::new(Kind::Refused, "delete", reason)
            .on(place())
            .advice("nothing more is deleted; raise the limit if this is what you mean"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(limit: DeleteLimit, batches: &[&[u64]]) -> Vec<bool> {
        let asked = Asked::default();
        batches.iter().map(|sizes| asked.add(limit, sizes.iter().copied(), String::new).is_err()).collect()
    }

    #[test]
    fn what_was_asked_for_before_counts() {
        let files = DeleteLimit { files: Some(2), bytes: None };
        assert_eq!(is_refused(files, &[&[9, 9], &[], &[9]]), [false, false, true]);
        let bytes = DeleteLimit { files: None, bytes: Some(10) };
        assert_eq!(is_refused(bytes, &[&[4, 6], &[0], &[1]]), [false, false, true]);
        assert_eq!(is_refused(DeleteLimit::default(), &[&[u64::MAX], &[u64::MAX]]), [false, false]);
        assert_eq!(is_refused(DeleteLimit { files: Some(0), bytes: None }, &[&[0]]), [true]);
    }
}
