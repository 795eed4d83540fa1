//! What a copy gets from its source besides the content: mode and time, and with `--metadata` the owner too.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join;

use super::plan::CopyFile;
use crate::error::{Error, Kind, Result};
use crate::fs::{Dates, Details, Owner, WriteFile};
use crate::path::RelPath;

/// The type of a regular file in `st_mode`.
const REGULAR: u32 = 0o100_000;

/// What one copy gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attributes {
    mode: u32,
    dates: Option<Dates>,
    owner: Option<Owner>,
}

impl Attributes {
    /// A file that is replaced keeps its mode; a new one gets the source's less the umask, or `unknown`. With the
    /// `details` of the source the copy gets the very same, but for the special bits: those could lend it the rights of
    /// another owner.
    pub(super) fn of(file: &CopyFile, details: Option<&Details>, umask: u32, unknown: u32) -> Self {
        let same = details.and_then(|details| details.mode).filter(|mode| mode & 0o170_000 == REGULAR);
        let kept = file.replaces.as_ref().and_then(|replaced| replaced.mode);
        let new = || file.source.mode.map_or(unknown, |mode| mode & !umask);
        let accessed = details.and_then(|details| details.accessed);
        Self {
            mode: same.or(kept).unwrap_or_else(new) & 0o777,
            dates: file.source.modified.map(|modified| Dates { modified, accessed }),
            owner: details.and_then(|details| details.owner),
        }
    }

    /// Sets all of it; nothing of that is worth losing the copy for. All is asked for at once.
    ///
    /// # Errors
    /// What has to do with the connection rather than with the file.
    pub(super) async fn set(self, writer: &dyn WriteFile, to: &RelPath, refusals: &Refusals) -> Result<()> {
        let owning = async {
            match self.owner {
                Some(owner) => writer.set_owner(owner).await,
                None => Ok(()),
            }
        };
        let (owned, set) = join(owning, writer.set_metadata(self.mode, self.dates)).await;
        if let Err(error) = owned {
            tolerate(error, |error| refusals.report(to, error))?;
        }
        if let Err(error) = set {
            tolerate(error, |error| {
                log::warn!("{to}: copied, but its time and mode could not be set: {error}");
            })?;
        }
        Ok(())
    }
}

/// Reports what a server does not let anybody set.
///
/// # Errors
/// What has to do with the connection rather than with the file.
pub(super) fn tolerate(error: Error, report: impl FnOnce(&Error)) -> Result<()> {
    match error.kind() {
        Kind::PermissionDenied | Kind::Unsupported | Kind::Failure => {
            report(&error);
            Ok(())
        }
        _ => Err(error),
    }
}

/// Owners that could not be given. Who may give one away may nearly always give all, so one warning tells enough.
#[derive(Default)]
pub(super) struct Refusals {
    is_told: AtomicBool,
}

impl Refusals {
    fn report(&self, path: &RelPath, error: &Error) {
        let level =
            if self.is_told.swap(true, Ordering::Relaxed) { log::Level::Info } else { log::Level::Warn };
        log::log!(level, "{path}: copied, but its owner could not be set: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::{FileType, Metadata};

    fn attributes(source: u32, replaced: Option<u32>, details: Option<u32>) -> Attributes {
        let metadata =
            |mode| Metadata { file_type: FileType::File, size: 0, modified: Some(7), mode: Some(mode) };
        let path = || RelPath::parse(b"a").unwrap();
        let file = CopyFile {
            from: path(),
            to: path(),
            source: metadata(source),
            is_link: false,
            is_behind_link: false,
            replaces: replaced.map(metadata),
            has_parent: true,
        };
        let owner = Some(Owner { user: 1, group: 2 });
        let details =
            details.map(|mode| Details { mode: Some(mode), owner, accessed: Some(5), ..Details::default() });
        Attributes::of(&file, details.as_ref(), 0o022, 0o600)
    }

    #[test]
    fn only_details_override_the_umask_and_what_stood_there() {
        for (source, replaced, details, mode) in [
            (0o666, None, None, 0o644),
            (0o666, Some(0o604), None, 0o604),
            (0o666, None, Some(0o100_666), 0o666),
            (0o666, Some(0o604), Some(0o100_666), 0o666),
            (0o4755, None, Some(0o104_755), 0o755),
            // A link's own mode says nothing of what it leads to.
            (0o777, None, Some(0o120_777), 0o755),
        ] {
            let found = attributes(source, replaced, details);
            assert_eq!(found.mode, mode, "{source:o} {replaced:?} {details:?}");
            assert_eq!(found.owner.is_some(), details.is_some());
            assert_eq!(found.dates, Some(Dates { modified: 7, accessed: details.map(|_| 5) }));
        }
    }
}
