//! Reading the binary encodings of SSH: bytes, big-endian integers and length-prefixed strings (RFC 4251 section 5).

/// What is left of a message. Every read returns `None` where the message ends too early.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the beginning of `message`.
    pub fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything has been read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    /// One byte.
    pub fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    /// A 32-bit number.
    pub fn u32(&mut self) -> Option<u32> {
        let (taken, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u32::from_be_bytes(*taken))
    }

    /// A 64-bit number.
    pub fn u64(&mut self) -> Option<u64> {
        let (taken, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u64::from_be_bytes(*taken))
    }

    /// A string: its length in 32 bits, then that many bytes.
    pub fn string(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.u32()?).ok()?;
        self.bytes(length)
    }

    /// A string as text; bytes that are not UTF-8 become U+FFFD.
    pub fn text(&mut self) -> Option<String> {
        Some(String::from_utf8_lossy(self.string()?).into_owned())
    }

    /// A positive multiple-precision integer, without its leading zero bytes; `None` for a negative one too.
    pub fn positive_mpint(&mut self) -> Option<&'a [u8]> {
        let bytes = self.string()?;
        if bytes.first().is_some_and(|&first| first >= 0x80) {
            return None;
        }
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        bytes.get(zeros..)
    }
}

/// Appends a string with its length before it. Anything of 4 GiB or more cannot be sent and is left out whole.
pub fn put_string(message: &mut Vec<u8>, string: &[u8]) {
    if let Ok(length) = u32::try_from(string.len()) {
        message.extend_from_slice(&length.to_be_bytes());
        message.extend_from_slice(string);
    }
}

/// Appends a non-negative `mpint` given as big-endian bytes.
pub(crate) fn put_mpint(out: &mut Vec<u8>, magnitude: &[u8]) {
    let first = magnitude.iter().position(|&byte| byte != 0).unwrap_or(magnitude.len());
    let digits = magnitude.get(first..).unwrap_or_default();
    let mut bytes = Vec::with_capacity(digits.len().saturating_add(1));
    if digits.first().is_some_and(|&byte| byte & 0x80 != 0) {
        bytes.push(0);
    }
    bytes.extend_from_slice(digits);
    put_string(out, &bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_stop_at_the_end() {
        let mut reader = Reader::new(b"\0\0\0\x02hi\x07\0\0\0\x09x");
        assert_eq!(reader.string(), Some(&b"hi"[..]));
        assert_eq!(reader.byte(), Some(7));
        assert_eq!(reader.string(), None, "a length beyond the end");
        assert_eq!(Reader::new(b"\0\0\0").u32(), None);
        assert_eq!(Reader::new(b"").byte(), None);
    }

    #[test]
    fn integers_lose_their_padding_and_keep_their_sign() {
        assert_eq!(Reader::new(b"\0\0\0\x02\0\x80").positive_mpint(), Some(&b"\x80"[..]));
        assert_eq!(Reader::new(b"\0\0\0\x01\x80").positive_mpint(), None);
        assert_eq!(Reader::new(b"\0\0\0\0").positive_mpint(), Some(&b""[..]));
    }
}
