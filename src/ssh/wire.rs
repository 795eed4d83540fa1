//! The data types of SSH (RFC 4251 section 5), as they stand in keys, certificates and agent messages.

/// Reads fields one after another; `None` once a field reaches past the end.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What has not been read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(crate) fn uint32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    pub(crate) fn uint64(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }

    /// A `string`: four bytes of length, then that many bytes of anything.
    pub(crate) fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.uint32()?;
        self.take(usize::try_from(length).ok()?)
    }

    /// A `string` as text; bytes that are not UTF-8 become U+FFFD.
    pub(crate) fn text(&mut self) -> Option<String> {
        Some(String::from_utf8_lossy(self.string()?).into_owned())
    }
}

/// Appends a `string`. The callers' data comes from files and memory of far less than 4 GiB; what would not fit is
/// sent as an empty string, which every peer refuses.
pub(crate) fn put_string(out: &mut Vec<u8>, bytes: &[u8]) {
    match u32::try_from(bytes.len()) {
        Ok(length) => {
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(bytes);
        }
        Err(_) => out.extend_from_slice(&[0; 4]),
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
    fn reads_what_was_written_and_stops_at_the_end() {
        let mut bytes = Vec::new();
        put_string(&mut bytes, b"abc");
        put_mpint(&mut bytes, &[0, 0, 0x80]);
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.string(), Some(&b"abc"[..]));
        assert_eq!(reader.string(), Some(&[0, 0x80][..]));
        assert!(reader.is_empty());
        assert_eq!(reader.byte(), None);
        assert_eq!(Reader::new(&[0, 0, 0, 9, 1]).string(), None);
    }
}
