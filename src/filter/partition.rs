//! `--hash-filter K/N`: one of N parts of all names, chosen by their hash.

use openssl::hash::{MessageDigest, hash};
use unicode_normalization::UnicodeNormalization as _;

/// Part `index` of `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    index: u64,
    count: u64,
}

impl Partition {
    /// Reads `K/N`, or `@/N` for any part.
    ///
    /// # Errors
    /// What is wrong with it, in rclone's words.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let fault = |what: String| format!("filter: --hash-filter: {what}");
        let (index, count) = text.split_once('/').ok_or_else(|| fault("no / found".into()))?;
        let number = |name: char, text: &str| {
            text.parse::<u64>().map_err(|error| fault(format!("can't parse {name}={text:?}: {error}")))
        };
        let count = number('N', count)?;
        let index = if index == "@" { random()? } else { number('K', index)? };
        digest("").ok_or_else(|| fault("the OpenSSL library has no MD5".into()))?;
        let index = index.checked_rem(count).ok_or_else(|| fault("N must be greater than 0".into()))?;
        Ok(Self { index, count })
    }

    /// Whether a path is in this part. Paths that differ in case or composition only are in the same.
    pub(crate) fn has(self, text: &str) -> bool {
        let folded: String = text.nfc().filter_map(|c| c.to_lowercase().next()).collect();
        digest(&folded).and_then(|digest| digest.checked_rem(self.count)) == Some(self.index)
    }
}

/// The first eight bytes of the MD5 of a text, the lowest first. `None` if OpenSSL has no MD5.
fn digest(text: &str) -> Option<u64> {
    let digest = hash(MessageDigest::md5(), text.as_bytes()).ok()?;
    Some(u64::from_le_bytes(*digest.first_chunk()?))
}

fn random() -> Result<u64, String> {
    let mut bytes = [0; 8];
    openssl::rand::rand_bytes(&mut bytes).map_err(|error| format!("filter: --hash-filter: {error}"))?;
    Ok(u64::from_le_bytes(bytes))
}
