//! A regular expression in Go's syntax that is ready to match.

use regex::bytes::{Regex, RegexBuilder};

use super::go_regexp;

/// What a rule matches.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    go: String,
    regex: Regex,
}

impl Pattern {
    /// Makes a regular expression in Go's syntax ready. Unlike in rclone a `.`, and with it `**`, also matches a line
    /// feed, so that no name can slip through `- /secret/**`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn new(go: String) -> Result<Self, String> {
        let translated = go_regexp::translate(&go)?;
        let regex = RegexBuilder::new(&translated).dot_matches_new_line(true).build().map_err(reason)?;
        Ok(Self { go, regex })
    }

    /// Whether it matches `text`, or a part of it.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text.as_bytes())
    }

    /// The regular expression in Go's syntax.
    pub(crate) fn as_str(&self) -> &str {
        &self.go
    }
}

fn reason(error: regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "the expression is too large".to_owned(),
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            format!("error parsing regexp: {}", last.trim_start_matches("error: "))
        }
    }
}
