//! One line of the file: a keyword, then arguments that may be quoted.
//!
//! ```text
//! line     = blanks [ keyword ( blanks | [blanks] "=" [blanks] ) rest ]
//! rest     = argument *( blanks argument ) [ blanks "#" comment ]
//! argument = *( character | "quoted" | 'quoted' | \" | \' | \\ )
//! ```
//!
//! A line that begins with `#` is a comment.

use crate::error::{Error, Kind, Result};

/// A line with something to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The keyword in lower case.
    pub keyword: String,
    /// Everything behind it, as it stands there.
    pub rest: &'a str,
}

impl<'a> Line<'a> {
    /// Reads a line; `None` if it is blank or a comment.
    pub fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim_matches(|c: char| is_blank(c) || c == '\x0c');
        if text.is_empty() || text.starts_with('#') {
            return None;
        }
        let end = text.find(|c: char| is_blank(c) || c == '=' || c == '"').unwrap_or(text.len());
        let (keyword, rest) = text.split_at_checked(end)?;
        let rest = rest.trim_start_matches(is_blank);
        let rest = rest.strip_prefix('=').unwrap_or(rest).trim_start_matches(is_blank);
        Some(Self { keyword: keyword.to_ascii_lowercase(), rest })
    }

    /// The arguments, without their quotes.
    ///
    /// # Errors
    /// [`Kind::Config`]: a quote is not closed.
    pub fn arguments(&self) -> Result<Vec<String>> {
        let mut arguments = Vec::new();
        let mut rest = self.rest.trim_start_matches(is_blank);
        while !rest.is_empty() && !rest.starts_with('#') {
            let (argument, after) = next_argument(rest)
                .ok_or_else(|| Error::new(Kind::Config, "read", "a quote is not closed"))?;
            arguments.push(argument);
            rest = after.trim_start_matches(is_blank);
        }
        Ok(arguments)
    }

    /// The one argument that most keywords take.
    ///
    /// # Errors
    /// [`Kind::Config`]: there is none, or more than one.
    pub fn argument(&self) -> Result<String> {
        let mut arguments = self.arguments()?.into_iter();
        match (arguments.next().filter(|argument| !argument.is_empty()), arguments.next()) {
            (Some(argument), None) => Ok(argument),
            (None, _) => Err(Error::new(Kind::Config, "read", format!("nothing follows {}", self.keyword))),
            (_, Some(_)) => {
                let reason = format!("{} takes one argument, more follow", self.keyword);
                Err(Error::new(Kind::Config, "read", reason))
            }
        }
    }
}

pub(super) const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// An argument at the start of the text, and what follows it; `None` if a quote is not closed.
fn next_argument(text: &str) -> Option<(String, &str)> {
    let mut argument = String::new();
    let mut quote = None;
    let mut rest = text.chars();
    loop {
        let before = rest.as_str();
        match (rest.next(), quote) {
            (None, None) => return Some((argument, "")),
            (None, Some(_)) => return None,
            (Some(c), None) if is_blank(c) => return Some((argument, before)),
            (Some(c @ ('"' | '\'')), None) => quote = Some(c),
            (Some(c), Some(open)) if c == open => quote = None,
            (Some('\\'), _) => {
                let next = rest.clone().next();
                let escaped = next.filter(|&c| matches!(c, '"' | '\'' | '\\') || c == ' ' && quote.is_none());
                argument.push(escaped.unwrap_or('\\'));
                if escaped.is_some() {
                    rest.next();
                }
            }
            (Some(c), _) => argument.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        for (text, keyword, arguments) in [
            ("Port 22", "port", &["22"][..]),
            ("  HostName\tweb1  \r", "hostname", &["web1"]),
            ("Port=22", "port", &["22"]),
            ("Port = 22", "port", &["22"]),
            ("IdentityFile \"~/my key\"", "identityfile", &["~/my key"]),
            ("IdentityFile=\"a b\"", "identityfile", &["a b"]),
            ("Host a \"b c\" 'd' # e f", "host", &["a", "b c", "d"]),
            ("Host a#b", "host", &["a#b"]),
            (r#"Host a\"b "c\"d" e\ f g\h"#, "host", &["a\"b", "c\"d", "e f", "g\\h"]),
            ("Host x\"y z\"", "host", &["xy z"]),
            ("Host", "host", &[]),
            ("Host \"\"", "host", &[""]),
        ] {
            let line = Line::parse(text).unwrap();
            assert_eq!(
                (line.keyword.as_str(), line.arguments().unwrap()),
                (keyword, arguments.iter().map(|&a| a.to_owned()).collect()),
                "{text}"
            );
        }
        for text in ["", "  ", "# Host a", "\t#"] {
            assert_eq!(Line::parse(text), None, "{text}");
        }
        assert!(Line::parse("Host \"a").unwrap().arguments().is_err());
        assert!(Line::parse("Port 1 2").unwrap().argument().is_err());
        assert!(Line::parse("Port").unwrap().argument().is_err());
    }
}
