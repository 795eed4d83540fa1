//! One line of `rclone.conf`, read as rclone reads it.
//!
//! ```text
//! line    = blank | comment | section | entry        blanks at both ends do not count
//! comment = ("#" | ";") anything
//! section = "[" name "]"
//! entry   = key ("=" | ":") value
//! key     = text up to the first separator | "text" | """text""" | `text`
//! value   = text | `text` | """text"""               up to the last such quote
//! ```
//!
//! There are no inline comments, escapes or continuations. `"text"` as a value keeps its quotes.

use std::ops::Range;

/// A line with everything it was written with, its ending included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) raw: Vec<u8>,
    pub(super) content: Content,
}

/// What a line says. Ranges count bytes of the raw line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Nothing: a blank line or a comment.
    Nothing,
    /// The start of a section.
    Section { name: String, at: Range<usize> },
    /// A key and its value.
    Entry { key: String, value: Value },
}

/// Where the value of an entry stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value {
    /// The value alone.
    pub(super) inner: Range<usize>,
    /// The value with its quotes.
    pub(super) outer: Range<usize>,
}

const SEPARATORS: [u8; 2] = [b'=', b':'];

impl Line {
    /// Reads a line from its bytes; the first `skip` of them do not count. Says why, if it cannot be read.
    pub(super) fn parse(raw: Vec<u8>, skip: usize) -> Result<Self, &'static str> {
        let content = parse_content(&raw, skip)?;
        Ok(Self { raw, content })
    }

    /// The bytes in a range of this line.
    pub(super) fn bytes(&self, range: &Range<usize>) -> &[u8] {
        self.raw.get(range.clone()).unwrap_or_default()
    }

    /// The line's ending: LF, CRLF or, at the end of a file, nothing.
    pub(super) fn ending(&self) -> &[u8] {
        let end = self.raw.len();
        let length = match &*self.raw {
            [.., b'\r', b'\n'] => 2,
            [.., b'\n'] => 1,
            _ => 0,
        };
        self.bytes(&(end.saturating_sub(length)..end))
    }

    /// The bytes of this line with `range` replaced by `text`, set off by a blank where nothing stood before.
    pub(super) fn spliced(&self, range: &Range<usize>, text: &str) -> Vec<u8> {
        let mut raw = self.bytes(&(0..range.start)).to_vec();
        let behind = if range.is_empty() {
            raw.push(b' ');
            self.ending()
        } else {
            self.bytes(&(range.end..self.raw.len()))
        };
        raw.extend_from_slice(text.as_bytes());
        raw.extend_from_slice(behind);
        raw
    }
}

/// Writes a value so that it reads back the same. It must not hold a line break.
pub(super) fn quote(value: &str) -> String {
    let changes = value.trim() != value || value.starts_with('`') || value.starts_with("\"\"\"");
    if changes { format!("`{value}`") } else { value.to_owned() }
}

fn parse_content(raw: &[u8], skip: usize) -> Result<Content, &'static str> {
    let line = trim(raw, skip..raw.len());
    let text = raw.get(line.clone()).unwrap_or_default();
    match text {
        [] | [b'#' | b';', ..] => Ok(Content::Nothing),
        [b'[', .., b']'] => {
            let at = trim(raw, line.start.saturating_add(1)..line.end.saturating_sub(1));
            Ok(Content::Section { name: lossy(raw, &at), at })
        }
        _ => parse_entry(raw, &line),
    }
}

fn parse_entry(raw: &[u8], line: &Range<usize>) -> Result<Content, &'static str> {
    let text = raw.get(line.clone()).unwrap_or_default();
    let quote = key_quote(text);
    let (key, after_key) = if quote.is_empty() {
        (line.start..line.start, 0)
    } else {
        let inner = text.get(quote.len()..).unwrap_or_default();
        let length = find(inner, quote).ok_or("the quote before the key is never closed")?;
        let start = line.start.saturating_add(quote.len());
        (start..start.saturating_add(length), quote.len().saturating_add(length))
    };
    let behind = text.get(after_key..).unwrap_or_default();
    let separator = behind
        .iter()
        .position(|byte| SEPARATORS.contains(byte))
        .ok_or("it has no = between key and value")?;
    let separator = line.start.saturating_add(after_key).saturating_add(separator);
    let key = if quote.is_empty() { trim(raw, line.start..separator) } else { key };
    if quote.is_empty() && separator == line.start {
        return Err("it has no key before the =");
    }
    if key.is_empty() {
        return Ok(Content::Nothing);
    }
    let value = parse_value(raw, trim(raw, separator.saturating_add(1)..line.end))?;
    Ok(Content::Entry { key: lossy(raw, &key), value })
}

fn key_quote(text: &[u8]) -> &'static [u8] {
    match text {
        [b'"', b'"', b'"', _, _, _, ..] => b"\"\"\"",
        [b'"', ..] => b"\"",
        [b'`', ..] => b"`",
        _ => b"",
    }
}

fn parse_value(raw: &[u8], outer: Range<usize>) -> Result<Value, &'static str> {
    let text = raw.get(outer.clone()).unwrap_or_default();
    let quote: &[u8] = match text {
        [b'`', _, ..] => b"`",
        [b'"', b'"', b'"', _, _, _, ..] => b"\"\"\"",
        _ => return Ok(Value { inner: outer.clone(), outer }),
    };
    let inner = text.get(quote.len()..).unwrap_or_default();
    let last = inner.windows(quote.len()).rposition(|window| window == quote);
    let length = last.ok_or("the quote before the value is never closed")?;
    let start = outer.start.saturating_add(quote.len());
    Ok(Value { inner: start..start.saturating_add(length), outer })
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn lossy(raw: &[u8], range: &Range<usize>) -> String {
    String::from_utf8_lossy(raw.get(range.clone()).unwrap_or_default()).into_owned()
}

/// Narrows a range so that it neither starts nor ends with a blank. Bytes that are not UTF-8 are no blanks.
fn trim(raw: &[u8], range: Range<usize>) -> Range<usize> {
    let Range { mut start, mut end } = range;
    let blank = |bytes: &[u8]| {
        std::str::from_utf8(bytes).is_ok_and(|text| !text.is_empty() && text.chars().all(char::is_whitespace))
    };
    // A blank takes up to three bytes in UTF-8.
    let front = |start: usize, end: usize| {
        (1..=3).find(|&n| {
            start.saturating_add(n) <= end && raw.get(start..start.saturating_add(n)).is_some_and(blank)
        })
    };
    let back = |start: usize, end: usize| {
        (1..=3).find(|&n| {
            start.saturating_add(n) <= end && raw.get(end.saturating_sub(n)..end).is_some_and(blank)
        })
    };
    while let Some(n) = front(start, end) {
        start = start.saturating_add(n);
    }
    while let Some(n) = back(start, end) {
        end = end.saturating_sub(n);
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Key and value of an entry, or the name of a section in brackets, or the reason it cannot be read.
    fn read(line: &[u8]) -> String {
        match Line::parse(line.to_vec(), 0) {
            Err(reason) => reason.to_owned(),
            Ok(line) => match &line.content {
                Content::Nothing => String::new(),
                Content::Section { name, .. } => format!("[{name}]"),
                Content::Entry { key, value } => {
                    format!("{key}={}", String::from_utf8_lossy(line.bytes(&value.inner)))
                }
            },
        }
    }

    #[test]
    fn reads_what_rclone_reads() {
        const NO_SEPARATOR: &str = "it has no = between key and value";
        for (line, expected) in [
            (&b""[..], ""),
            (b" \t\r\n", ""),
            (b"# k = v\n", ""),
            (b" ; k = v\n", ""),
            (b"[ a b ]\r\n", "[a b]"),
            (b"[]", "[]"),
            (b"[a] # c", NO_SEPARATOR),
            (b"[a", NO_SEPARATOR),
            (b"[a = b", "[a=b"),
            (b"k = v\r\n", "k=v"),
            (b"k:v=w", "k=v=w"),
            (b" k2 =", "k2="),
            (b"k = v # c ; d", "k=v # c ; d"),
            (b"k = x\\", "k=x\\"),
            (b"= v", "it has no key before the ="),
            (b"k", NO_SEPARATOR),
            (b"k = `x`y`z", "k=x`y"),
            (b"k = `  x `", "k=  x "),
            (b"k = `unclosed", "the quote before the value is never closed"),
            (b"k = `", "k=`"),
            (b"k = ``", "k="),
            (b"k = \"dq\"", "k=\"dq\""),
            (b"k = \"\"\" t \"\"\"", "k= t "),
            (b"k = \"\"\"\"\"\"", "k="),
            (b"k = \"\"\"\"\"", "k=\"\"\"\"\""),
            (b"\"q=k\" = v", "q=k=v"),
            (b"`b:k` : w", "b:k=w"),
            (b"\"\"\"t=k\"\"\" = x", "t=k=x"),
            (b"\"qk\"zzz = v", "qk=v"),
            (b"\"a\" : \"b\" = c", "a=\"b\" = c"),
            (b"\"qk = v", "the quote before the key is never closed"),
            (b"\"qk\" v", NO_SEPARATOR),
            (b"`` = v", ""),
            (b"k = \x85v\xc2\xa0", "k=\u{fffd}v"),
            (b"k = \xe2\x80\x83v\xe3\x80\x80", "k=v"),
        ] {
            assert_eq!(read(line), expected, "{}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn written_values_read_back() {
        for value in [
            "",
            "v",
            " v ",
            "`",
            "``",
            "`x",
            "\"dq\"",
            "\"\"\"",
            "\"\"\"x\"\"\"",
            "a`b",
            "\u{a0}x",
            "#x",
            "=:",
        ] {
            assert_eq!(read(format!("k = {}\n", quote(value)).as_bytes()), format!("k={value}"));
        }
    }
}
