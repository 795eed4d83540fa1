//! Bytes that may not be UTF-8 as text, without losing any.

use std::borrow::Cow;

/// Where the bytes that are no part of valid UTF-8 go: a part of a private use plane that no name is known to use.
const STRAY_BYTES: u32 = 0x10_F700;

/// The text of a path or a pattern. A byte that is no part of valid UTF-8 becomes one character of its own, the same
/// one wherever it stands, so that `?` matches it and a pattern can name it.
pub fn of(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        let strays = chunk.invalid().iter().map(|&byte| STRAY_BYTES.saturating_add(u32::from(byte)));
        text.extend(strays.filter_map(char::from_u32));
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_text_stays_and_every_stray_byte_is_a_character() {
        assert!(matches!(of("ü".as_bytes()), Cow::Borrowed("ü")));
        let (first, second) = (of(b"a\xff\xfe\xc3b"), of(b"a\xfe\xff\xc3b"));
        assert_eq!(first.chars().count(), 5);
        assert_ne!(first, second);
    }
}
