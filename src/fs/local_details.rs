//! Owner, mode, times and user's attributes of what is on this machine.

use std::fs::{File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::time::UNIX_EPOCH;

use rustix::fs::{Timespec, Timestamps, UTIME_OMIT};

use super::details::{Details, Owner, UserAttributes};
use super::user_attributes;

const NANOSECONDS: i128 = 1_000_000_000;

/// Everything the system tells of an entry, which has these attributes.
pub(super) fn details_of(found: &Metadata, user: UserAttributes) -> Details {
    let created = found.created().ok().and_then(|created| created.duration_since(UNIX_EPOCH).ok());
    Details {
        mode: Some(found.mode()),
        owner: Some(Owner { user: found.uid(), group: found.gid() }),
        accessed: Some(nanoseconds(found.atime(), found.atime_nsec())),
        modified: Some(nanoseconds(found.mtime(), found.mtime_nsec())),
        created: created.and_then(|created| i128::try_from(created.as_nanos()).ok()),
        user,
    }
}

/// Gives an open file or folder what there is in `details`. Attributes come first, as the new owner and mode may not let
/// this user write them; then the owner, as the mode may not be his to change. Everything is tried.
///
/// # Errors
/// The first thing that could not be set.
pub(super) fn set_details(opened: &File, details: &Details) -> io::Result<()> {
    let attributed = user_attributes::write(opened, &details.user);
    let owned = match details.owner {
        Some(owner) => fchown(opened, Some(owner.user), Some(owner.group)),
        None => Ok(()),
    };
    let moded = match details.mode {
        Some(mode) => opened.set_permissions(Permissions::from_mode(mode & 0o777)),
        None => Ok(()),
    };
    let times = Timestamps { last_access: kept(details.accessed), last_modification: kept(details.modified) };
    let dated = rustix::fs::futimens(opened, &times).map_err(io::Error::from);
    attributed.and(owned).and(moded).and(dated)
}

/// A time to set, or the word to leave it.
fn kept(time: Option<i128>) -> Timespec {
    time.map_or(Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT }, timespec)
}

/// A time as system calls take it.
pub(super) fn timespec(nanoseconds: i128) -> Timespec {
    let seconds = nanoseconds.div_euclid(NANOSECONDS);
    Timespec {
        tv_sec: i64::try_from(seconds).unwrap_or(i64::MAX),
        tv_nsec: i64::try_from(nanoseconds.rem_euclid(NANOSECONDS)).unwrap_or(0),
    }
}

/// A time of the system, in nanoseconds since 1970.
pub(super) fn nanoseconds(seconds: i64, rest: i64) -> i128 {
    i128::from(seconds).saturating_mul(NANOSECONDS).saturating_add(i128::from(rest))
}
