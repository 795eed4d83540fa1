//! What a server offers beyond SFTP version 3 (OpenSSH's PROTOCOL file, section 4).

use super::wire::Fields;
use crate::error::Result;

/// Extensions announced in the server's `VERSION` packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// `posix-rename@openssh.com`: rename that replaces in one step.
    pub posix_rename: bool,
    /// `statvfs@openssh.com`: free space of a file system.
    pub statvfs: bool,
    /// `fsync@openssh.com`: flush one file to disk.
    pub fsync: bool,
    /// `check-file`: hash a file where it is (draft-ietf-secsh-filexfer-extensions-00, section 3).
    pub check_file: bool,
    /// `limits@openssh.com`: how long packets, reads and writes may be.
    pub limits: bool,
    /// `copy-data`: copy from one open file to another.
    pub copy_data: bool,
}

impl Extensions {
    pub(crate) fn from_pairs(pairs: &[(Vec<u8>, Vec<u8>)]) -> Self {
        let offers = |name: &str, version: &str| {
            pairs.iter().any(|(key, value)| key == name.as_bytes() && value == version.as_bytes())
        };
        // Servers write versions, hashes or nothing behind these names.
        let names = |name: &str| pairs.iter().any(|(key, _)| key == name.as_bytes());
        Self {
            check_file: [CHECK_FILE, CHECK_FILE_NAME, CHECK_FILE_HANDLE].into_iter().any(names),
            posix_rename: offers(POSIX_RENAME, "1"),
            statvfs: offers(STATVFS, "2"),
            fsync: offers(FSYNC, "1"),
            limits: offers(LIMITS, "1"),
            copy_data: offers(COPY_DATA, "1"),
        }
    }
}

pub(crate) const CHECK_FILE: &str = "check-file";
pub(crate) const CHECK_FILE_NAME: &str = "check-file-name";
pub(crate) const CHECK_FILE_HANDLE: &str = "check-file-handle";
pub(crate) const POSIX_RENAME: &str = "posix-rename@openssh.com";
pub(crate) const STATVFS: &str = "statvfs@openssh.com";
pub(crate) const FSYNC: &str = "fsync@openssh.com";
pub(crate) const LIMITS: &str = "limits@openssh.com";
pub(crate) const COPY_DATA: &str = "copy-data";

/// How much one request may carry, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes one read returns.
    pub read: u32,
    /// The most bytes one write takes.
    pub write: u32,
}

impl Limits {
    /// What every server takes (section 3 of the draft: packets of at least 34,000 bytes).
    pub const DEFAULT: Self = Self { read: 32 * 1024, write: 32 * 1024 };
    /// The most we ask of any server, whatever it announces; OpenSSH's own limit.
    const MOST: u32 = 261_120;

    /// Parses the reply to `limits@openssh.com`; a zero means that the server sets no limit of its own.
    pub(crate) fn parse(reply: &[u8]) -> Result<Self> {
        let mut fields = Fields::new(reply);
        fields.u64()?;
        let mut limit = || -> Result<u32> {
            Ok(match fields.u64()? {
                0 => Self::DEFAULT.read,
                bytes => u32::try_from(bytes).unwrap_or(Self::MOST).min(Self::MOST),
            })
        };
        Ok(Self { read: limit()?, write: limit()? })
    }
}

/// Sizes of a file system, in bytes (`statvfs@openssh.com`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// All of it.
    pub total: u64,
    /// Free for anyone.
    pub free: u64,
    /// Free for this user.
    pub available: u64,
}

impl Space {
    /// Parses the reply to `statvfs@openssh.com`.
    pub(crate) fn parse(reply: &[u8]) -> Result<Self> {
        let mut fields = Fields::new(reply);
        fields.u64()?;
        let fragment = fields.u64()?;
        let mut blocks = || -> Result<u64> { Ok(fields.u64()?.saturating_mul(fragment)) };
        Ok(Self { total: blocks()?, free: blocks()?, available: blocks()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_bounded_and_zero_means_the_default() {
        let reply = [262_144_u64, 0, u64::MAX, 100].map(u64::to_be_bytes).concat();
        assert_eq!(Limits::parse(&reply).unwrap(), Limits { read: 32_768, write: 261_120 });
        assert!(Limits::parse(&reply[..20]).is_err());
    }

    #[test]
    fn an_extension_counts_only_in_its_known_version() {
        let pairs = [(POSIX_RENAME.into(), b"1".to_vec()), (FSYNC.into(), b"9".to_vec())];
        let extensions = Extensions::from_pairs(&pairs);
        assert!(extensions.posix_rename && !extensions.fsync && !extensions.statvfs);
        assert!(!extensions.check_file);
        let pairs = [(CHECK_FILE.into(), b"md5,sha1".to_vec())];
        assert!(Extensions::from_pairs(&pairs).check_file);
    }
}
