//! What SFTP attributes say of a file, and the reverse.

use super::contract::{FileType, Metadata};
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
        modified: attributes.times.map(|(_, modified)| i128::from(modified).saturating_mul(NANOSECONDS)),
        mode: attributes.permissions.map(|mode| mode & 0o7777),
    }
}

/// Seconds as the protocol has them: 32 bits without a sign, up to the year 2106.
pub(super) fn seconds(nanoseconds: i128) -> Result<u32> {
    u32::try_from(nanoseconds.div_euclid(NANOSECONDS)).map_err(|_| {
        Error::new(
            Kind::OutOfRange,
            "set time",
            "SFTP carries times from 1970 to 2106 only, and this file's is outside",
        )
    })
}
