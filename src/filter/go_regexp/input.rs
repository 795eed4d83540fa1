//! Reading an expression, and writing what was read.

/// The result of reading: what is wrong is said in Go's words.
pub(super) type Result<T> = std::result::Result<T, String>;

/// What is left to read.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    pub(super) rest: &'a str,
}

impl<'a> Input<'a> {
    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn take(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.rest = self.rest.get(next.len_utf8()..)?;
        Some(next)
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// What was read since `start` was what is left.
    pub(super) fn since(&self, start: &'a str) -> &'a str {
        start.get(..start.len().saturating_sub(self.rest.len())).unwrap_or_default()
    }
}

/// Says what is wrong on which part.
pub(super) fn fault(what: &str, on: &str) -> String {
    format!("error parsing regexp: {what}: `{on}`")
}

/// Writes a character that means itself, inside and outside of classes.
pub(super) fn push_literal(out: &mut String, literal: char) {
    if literal.is_ascii_alphanumeric() || !literal.is_ascii() {
        out.push(literal);
    } else {
        out.push_str(&format!("\\x{:02x}", u32::from(literal)));
    }
}
