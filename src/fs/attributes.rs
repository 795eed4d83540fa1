//! What SFTP attributes say of a file, and the reverse.

use super::contract::{Dates, FileType, Metadata};
use super::details::{Details, Owner, UserAttributes};
use crate::error::{Error, Kind, Result};
use crate::sftp::Attributes;

const NANOSECONDS: i128 = 1_000_000_000;

/// Describes a file by its attributes; without a type it is special, so that nobody opens it.
pub(super) fn metadata_of(attributes: &Attributes) -> Metadata {
    let file_type = match attributes.permissions.map(|mode| mode & 0o170_000) {
        Some(0o100_000) => FileType::File,
        Some(0o040_000) => FileType::Directory,
        Some(0o120_000) => FileType::Symlink,
        _ => FileType::Special,
    };
    Metadata {
        file_type,
        size: attributes.size.unwrap_or(0),
        modified: attributes.times.map(|(_, modified)| nanoseconds(modified)),
        mode: attributes.permissions.map(|mode| mode & 0o7777),
    }
}

/// All that attributes say besides the size. The protocol has no time of creation.
pub(super) fn details_of(attributes: &Attributes) -> Details {
    Details {
        mode: attributes.permissions,
        owner: attributes.owner.map(|(user, group)| Owner { user, group }),
        accessed: attributes.times.map(|(accessed, _)| nanoseconds(accessed)),
        modified: attributes.times.map(|(_, modified)| nanoseconds(modified)),
        created: None,
        user: UserAttributes::new(),
    }
}

/// Access and change as the protocol has them, always both.
pub(super) fn times_of(dates: Dates) -> Result<(u32, u32)> {
    let modified = seconds(dates.modified)?;
    // A time of access that cannot be carried is not worth a failure.
    let accessed = dates.accessed.and_then(|accessed| seconds(accessed).ok());
    Ok((accessed.unwrap_or(modified), modified))
}

fn nanoseconds(seconds: u32) -> i128 {
    i128::from(seconds).saturating_mul(NANOSECONDS)
}

/// Seconds as the protocol has them: 32 bits without a sign, up to the year 2106.
fn seconds(nanoseconds: i128) -> Result<u32> {
    u32::try_from(nanoseconds.div_euclid(NANOSECONDS)).map_err(|_| {
        Error::new(
            Kind::OutOfRange,
            "set time",
            "SFTP carries times from 1970 to 2106 only, and this file's is outside",
        )
    })
}
