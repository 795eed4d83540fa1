//! The hash functions by name (<https://rclone.org/commands/rclone_hashsum/>).

use std::fmt;
use std::str::FromStr;

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HashType {
    /// MD5 (RFC 1321).
    Md5,
    /// SHA-1 (RFC 3174).
    Sha1,
    /// Whirlpool (ISO/IEC 10118-3).
    Whirlpool,
    /// CRC-32 as in gzip (RFC 1952).
    Crc32,
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-512 (FIPS 180-4).
    Sha512,
    /// BLAKE3.
    Blake3,
    /// XXH3 with 64 bits.
    Xxh3,
    /// XXH3 with 128 bits.
    Xxh128,
}

impl HashType {
    /// All of them, in the order in which rclone names them.
    pub const ALL: [Self; 9] = [
        Self::Md5,
        Self::Sha1,
        Self::Whirlpool,
        Self::Crc32,
        Self::Sha256,
        Self::Sha512,
        Self::Blake3,
        Self::Xxh3,
        Self::Xxh128,
    ];

    /// The name in lower case, `md5`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Whirlpool => "whirlpool",
            Self::Crc32 => "crc32",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
            Self::Blake3 => "blake3",
            Self::Xxh3 => "xxh3",
            Self::Xxh128 => "xxh128",
        }
    }

    /// The length of a hash in bytes.
    pub const fn size(self) -> usize {
        match self {
            Self::Crc32 => 4,
            Self::Xxh3 => 8,
            Self::Md5 | Self::Xxh128 => 16,
            Self::Sha1 => 20,
            Self::Sha256 | Self::Blake3 => 32,
            Self::Sha512 | Self::Whirlpool => 64,
        }
    }
}

impl fmt::Display for HashType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Case and a hyphen do not matter: `SHA-1`.
impl FromStr for HashType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.to_lowercase().replace('-', "");
        Self::ALL.into_iter().find(|hash| hash.name() == name).ok_or_else(|| {
            format!("unknown hash type {text:?}; known are {}", Self::ALL.map(Self::name).join(", "))
        })
    }
}
