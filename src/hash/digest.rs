//! A computed hash and how it is written.

use std::fmt;

/// A computed hash.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Digest(Vec<u8>);

impl Digest {
    /// A digest of these bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Reads hexadecimal digits of either case; `None` for anything else.
    pub fn from_hex(text: &[u8]) -> Option<Self> {
        if text.is_empty() || !text.len().is_multiple_of(2) {
            return None;
        }
        let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let byte = |pair: &[u8]| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        };
        text.chunks(2).map(byte).collect::<Option<Vec<_>>>().map(Self)
    }

    /// URL-safe base64 with padding, as rclone's `--base64` writes it.
    pub fn base64(&self) -> String {
        openssl::base64::encode_block(&self.0).replace('+', "-").replace('/', "_")
    }

    /// How many bytes it has.
    pub fn size(&self) -> usize {
        self.0.len()
    }
}

/// Lower-case hexadecimal digits.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_and_written() {
        let digest = Digest::from_hex(b"FCE0bf").unwrap();
        assert_eq!((digest.to_string().as_str(), digest.base64().as_str()), ("fce0bf", "_OC_"));
        for bad in [&b""[..], b"f", b"fg", b"\xff\xff", b"+1"] {
            assert_eq!(Digest::from_hex(bad), None, "{}", bad.escape_ascii());
        }
    }
}
