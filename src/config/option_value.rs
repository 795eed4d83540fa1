//! The grammars of option values: what rclone accepts, and the words for what it does not.
//!
//! Every function gives the value or, in a few words, what would have been accepted.

use crate::units::{ByteSize, Interval};

/// A parsed value, or what is accepted instead.
pub type Parsed<T> = Result<T, &'static str>;

/// `true`, `t`, `1` or `false`, `f`, `0`, in the cases Go's `ParseBool` takes.
pub fn boolean(text: &str) -> Parsed<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("true or false"),
    }
}

/// A whole number from zero up.
pub fn count(text: &str) -> Parsed<u32> {
    text.trim().parse().map_err(|_| "a whole number from 0 up")
}

/// A TCP port.
pub fn port(text: &str) -> Parsed<u16> {
    text.trim().parse().ok().filter(|&port| port != 0).ok_or("a port number from 1 to 65535")
}

/// A number of bytes in the grammar of [`ByteSize`]; `off` is none.
pub fn size(text: &str) -> Parsed<u64> {
    text.parse().ok().and_then(ByteSize::bytes).ok_or("a size such as 32Ki, 1M or 255k")
}

/// A length of time in the grammar of [`Interval`], or `off`.
pub fn interval(text: &str) -> Parsed<Interval> {
    text.parse().map_err(|_| "a duration such as 30s, 5m or 1h30m")
}

/// Items between `separator`s. An item in double quotes may hold separators, and `""` for a quote. Go's reader makes
/// empty items of several blanks; no option has a use for one.
pub fn list(text: &str, separator: char) -> Parsed<Vec<String>> {
    let mut items = record(text, separator)?;
    items.retain(|item| !item.is_empty());
    Ok(items)
}

/// As [`list`], empty items included.
pub fn record(text: &str, separator: char) -> Parsed<Vec<String>> {
    const ACCEPTED: &str = "a list whose items are \"quoted\" as a whole where they need it";
    let mut items = Vec::new();
    let mut rest = Some(text).filter(|text| !text.is_empty());
    while let Some(text) = rest {
        let (item, after) = if let Some(quoted) = text.strip_prefix('"') {
            quoted_item(quoted).ok_or(ACCEPTED)?
        } else {
            let end = text.find(separator).unwrap_or(text.len());
            let (item, after) = text.split_at_checked(end).ok_or(ACCEPTED)?;
            (item.to_owned(), after)
        };
        if !after.is_empty() && !after.starts_with(separator) || item.contains('"') && !text.starts_with('"')
        {
            return Err(ACCEPTED);
        }
        items.push(item);
        rest = after.strip_prefix(separator);
    }
    Ok(items)
}

/// An item up to its closing quote, and what follows the quote.
fn quoted_item(text: &str) -> Option<(String, &str)> {
    let mut item = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"')?;
        item.push_str(part);
        match after.strip_prefix('"') {
            Some(more) => {
                item.push('"');
                rest = more;
            }
            None => return Some((item, after)),
        }
    }
}

/// Text in which `\n`, `\r`, `\t`, `\"` and `\\` stand for what they stand for in Go.
pub fn unescape(text: &str) -> Parsed<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some(c @ ('"' | '\\')) => c,
                _ => return Err("one line of text with \\n between its lines"),
            },
            c => c,
        });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_words() {
        assert_eq!(boolean("T"), Ok(true));
        assert_eq!(boolean("False"), Ok(false));
        assert!(boolean("yes").is_err() && boolean("tRue").is_err());
        assert_eq!(count("64"), Ok(64));
        assert!(count("-1").is_err() && count("1.5").is_err());
        assert_eq!(port("22"), Ok(22));
        assert!(port("0").is_err() && port("65536").is_err() && port("abc").is_err());
    }

    #[test]
    fn sizes_and_durations_are_those_of_the_flags() {
        assert_eq!(size("32Ki"), Ok(32768));
        assert_eq!(size("1"), Ok(1024));
        assert!(size("off").is_err() && size("1kb").is_err());
        assert_eq!(interval("1h30m").unwrap().to_string(), "1h30m0s");
        assert_eq!(interval("off"), Ok(Interval::OFF));
        assert!(interval("5 m").is_err());
    }

    #[test]
    fn lists_quote_as_csv_does() {
        let items = |text| list(text, ' ').map(|items| items.join("|"));
        assert_eq!(items("ssh -o  A=b"), Ok("ssh|-o|A=b".into()));
        assert_eq!(items(r#""a ""q"" b" c"#), Ok(r#"a "q" b|c"#.into()));
        assert_eq!(items(""), Ok(String::new()));
        for bad in [r#"a "b"#, r#""a"#, r#""a"b"#, r#"a"b"#] {
            assert!(items(bad).is_err(), "{bad}");
        }
        assert_eq!(list("md5,sha1", ',').unwrap(), ["md5", "sha1"]);
        assert_eq!(list("md5,,sha1,", ',').unwrap(), ["md5", "sha1"]);
        assert_eq!(record("a,,\"b,c\",", ',').unwrap(), ["a", "", "b,c", ""]);
        assert!(record("", ',').unwrap().is_empty());
    }

    #[test]
    fn unescapes_a_key_on_one_line() {
        assert_eq!(unescape(r#"a\nb\\\"\t"#), Ok("a\nb\\\"\t".into()));
        assert!(unescape(r"a\q").is_err() && unescape("a\\").is_err());
    }
}
