//! The grammars of option values: what rclone accepts, and the words for what it does not.
//!
//! Every function gives the value or, in a few words, what would have been accepted.

use std::time::Duration;

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

/// A size in bytes: a number with `B`, `K`, `M`, `G`, `T` (or `Ki`, `KiB` ...); without a suffix it counts KiB.
pub fn size(text: &str) -> Parsed<u64> {
    const ACCEPTED: &str = "a size such as 32Ki, 1M or 255k";
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).unwrap_or_default().to_ascii_lowercase();
    let shift = match unit.strip_suffix("ib").or_else(|| unit.strip_suffix('i')).unwrap_or(&unit) {
        "b" => 0,
        "" | "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return Err(ACCEPTED),
    };
    let number: f64 = digits.parse().map_err(|_| ACCEPTED)?;
    let bytes = number * f64::from(2_u8).powi(shift);
    if !(0.0..9e15).contains(&bytes) {
        return Err(ACCEPTED);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be between 0 and 2^53"
    )]
    Ok(bytes as u64)
}

/// A duration: `1h30m`, `1.5d`, `2w`, or a bare number of seconds.
pub fn duration(text: &str) -> Parsed<Duration> {
    const ACCEPTED: &str = "a duration such as 30s, 5m or 1h30m";
    let seconds = text.parse::<f64>().ok().or_else(|| days(text)).or_else(|| clock(text)).ok_or(ACCEPTED)?;
    Duration::try_from_secs_f64(seconds).map_err(|_| ACCEPTED)
}

/// Seconds in one number of days, weeks, months of 30 days or years of 365 days.
fn days(text: &str) -> Option<f64> {
    let unit = match text.chars().next_back()? {
        'd' => 1.0,
        'w' => 7.0,
        'M' => 30.0,
        'y' => 365.0,
        _ => return None,
    };
    let (number, _) = text.split_at_checked(text.len().checked_sub(1)?)?;
    Some(number.parse::<f64>().ok()? * unit * 86400.0)
}

/// Seconds in a sequence of numbers with units, as Go writes durations.
fn clock(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let (number, after) = rest.split_at_checked(rest.find(|c: char| !c.is_ascii_digit() && c != '.')?)?;
        let (unit, after) = after
            .split_at_checked(after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len()))?;
        let scale = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * scale;
        rest = after;
    }
    (!text.is_empty()).then_some(seconds)
}

/// Items between `separator`s. An item in double quotes may hold separators, and `""` for a quote.
pub fn list(text: &str, separator: char) -> Parsed<Vec<String>> {
    const ACCEPTED: &str = "a list whose items are \"quoted\" as a whole where they need it";
    let mut items = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (item, after) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted_item(quoted).ok_or(ACCEPTED)?
        } else {
            let end = rest.find(separator).unwrap_or(rest.len());
            let (item, after) = rest.split_at_checked(end).ok_or(ACCEPTED)?;
            (item.to_owned(), after)
        };
        if !after.is_empty() && !after.starts_with(separator) || item.contains('"') && !rest.starts_with('"')
        {
            return Err(ACCEPTED);
        }
        // Go's reader makes empty items of several blanks; no option has a use for one.
        items.extend(Some(item).filter(|item| !item.is_empty()));
        rest = after.strip_prefix(separator).unwrap_or(after);
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
    fn sizes_count_kib_without_a_suffix() {
        for (text, bytes) in [
            ("32Ki", 32768),
            ("255k", 261_120),
            ("1", 1024),
            ("1.5M", 1_572_864),
            ("12B", 12),
            ("1GiB", 1 << 30),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for bad in ["", "k", "-1", "1kb", "1x", "NaN", "1e300"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_are_gos_or_one_number_with_a_unit() {
        for (text, millis) in [
            ("5", 5000),
            ("1m", 60_000),
            ("1h30m", 5_400_000),
            ("1.5s", 1500),
            ("1d", 86_400_000),
            ("20ms", 20),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for bad in ["", "1d2h", "-5s", "s", "5 m", "1h30"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
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
    }

    #[test]
    fn unescapes_a_key_on_one_line() {
        assert_eq!(unescape(r#"a\nb\\\"\t"#), Ok("a\nb\\\"\t".into()));
        assert!(unescape(r"a\q").is_err() && unescape("a\\").is_err());
    }
}
