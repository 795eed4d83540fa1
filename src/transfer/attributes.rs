//! What a copy gets from its source besides the content: mode and time, and with `--metadata` owner and user's
//! attributes too.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join3;

use super::plan::CopyFile;
use crate::error::{Error, Kind, Result};
use crate::fs::{Dates, Details, Owner, UserAttributes, WriteFile};
use crate::path::RelPath;

/// The type of a symbolic link in `st_mode`.
const LINK: u32 = 0o120_000;

/// What one copy gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attributes {
    mode: u32,
    dates: Option<Dates>,
    owner: Option<Owner>,
    user: UserAttributes,
}

impl Attributes {
    /// A file that is replaced keeps its mode; a new one gets the source's less the umask, or `unknown`. With the
    /// `details` it gets the very same, but for the special bits: those could lend it the rights of another owner.
    pub(super) fn of(file: &CopyFile, details: Option<Details>, umask: u32, unknown: u32) -> Self {
        let has_details = details.is_some();
        let details = details.unwrap_or_default();
        let same = details.mode.filter(|mode| mode & 0o170_000 != LINK);
        let kept = file.replaces.as_ref().and_then(|replaced| replaced.mode);
        let new = || file.source.mode.map_or(unknown, |mode| mode & !umask);
        let modified = if has_details { details.modified } else { file.source.modified };
        Self {
            mode: same.or(kept).unwrap_or_else(new) & 0o777,
            dates: modified.map(|modified| Dates { modified, accessed: details.accessed }),
            owner: details.owner,
            user: details.user,
        }
    }

    /// Sets all of it; nothing of that is worth losing the copy for. All is asked for at once; the new owner and mode,
    /// which may not let this user write attributes, come after those.
    ///
    /// # Errors
    /// What has to do with the connection rather than with the file.
    pub(super) async fn set(self, writer: &dyn WriteFile, to: &RelPath, refusals: &Refusals) -> Result<()> {
        let attributing = async {
            if self.user.is_empty() { Ok(()) } else { writer.set_user_attributes(&self.user).await }
        };
        let owning = async {
            match self.owner {
                Some(owner) => writer.set_owner(owner).await,
                None => Ok(()),
            }
        };
        let (attributed, owned, set) =
            join3(attributing, owning, writer.set_metadata(self.mode, self.dates)).await;
        if let Err(error) = attributed {
            refusals.attributes.report(to, "extended attributes", &error);
        }
        if let Err(error) = owned {
            tolerate(error, |error| refusals.owner.report(to, "owner", error))?;
        }
        if let Err(error) = set {
            tolerate(error, |error| refusals.rest.report(to, "time and mode", error))?;
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

/// What could not be given. What is refused once is nearly always refused, so one warning tells enough.
#[derive(Default)]
pub(super) struct Refusals {
    owner: Refusal,
    attributes: Refusal,
    rest: Refusal,
}

#[derive(Default)]
struct Refusal {
    is_told: AtomicBool,
}

impl Refusal {
    fn report(&self, path: &RelPath, what: &str, error: &Error) {
        let level =
            if self.is_told.swap(true, Ordering::Relaxed) { log::Level::Info } else { log::Level::Warn };
        log::log!(level, object:% = path; "copied, but its {what} could not be set: {error}");
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
        let details = details.map(|mode| Details {
            mode: Some(mode),
            owner,
            accessed: Some(5),
            modified: Some(7),
            ..Details::default()
        });
        Attributes::of(&file, details, 0o022, 0o600)
    }

    #[test]
    fn only_details_override_the_umask_and_what_stood_there() {
        for (source, replaced, details, mode) in [
            (0o666, None, None, 0o644),
            (0o666, Some(0o604), None, 0o604),
            (0o666, None, Some(0o100_666), 0o666),
            (0o666, Some(0o604), Some(0o100_666), 0o666),
            (0o4755, None, Some(0o104_755), 0o755),
            // One that was set need not have a type.
            (0o666, Some(0o604), Some(0o640), 0o640),
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
