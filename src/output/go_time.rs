//! Times by the layouts that rclone's `--time-format` takes (<https://pkg.go.dev/time#pkg-constants>): an example of
//! the moment Mon Jan 2 15:04:05 MST 2006.

use jiff::{Timestamp, tz::TimeZone};

/// Parts of a layout and what they stand for in `strftime`; the longer of two with the same beginning comes first.
const PARTS: [(&str, &str); 28] = [
    ("January", "%B"),
    ("Jan", "%b"),
    ("Monday", "%A"),
    ("Mon", "%a"),
    ("MST", "%Z"),
    ("2006", "%Y"),
    ("002", "%j"),
    ("01", "%m"),
    ("02", "%d"),
    ("03", "%I"),
    ("04", "%M"),
    ("05", "%S"),
    ("06", "%y"),
    ("15", "%H"),
    ("_2", "%e"),
    ("1", "%-m"),
    ("2", "%-d"),
    ("3", "%-I"),
    ("4", "%-M"),
    ("5", "%-S"),
    ("PM", "%p"),
    ("pm", "%P"),
    ("-07:00", "%:z"),
    ("-0700", "%z"),
    ("Z07:00", "Z"),
    ("-07", "%z"),
    (".000000000", ".%9f"),
    (".000", ".%3f"),
];

/// Layouts by name.
const NAMED: [(&str, &str); 17] = [
    ("layout", "01/02 03:04:05PM '06 -0700"),
    ("ansic", "Mon Jan _2 15:04:05 2006"),
    ("unixdate", "Mon Jan _2 15:04:05 MST 2006"),
    ("rubydate", "Mon Jan 02 15:04:05 -0700 2006"),
    ("rfc822", "02 Jan 06 15:04 MST"),
    ("rfc822z", "02 Jan 06 15:04 -0700"),
    ("rfc850", "Monday, 02-Jan-06 15:04:05 MST"),
    ("rfc1123", "Mon, 02 Jan 2006 15:04:05 MST"),
    ("rfc1123z", "Mon, 02 Jan 2006 15:04:05 -0700"),
    ("rfc3339", "2006-01-02T15:04:05Z07:00"),
    ("kitchen", "3:04PM"),
    ("stamp", "Jan _2 15:04:05"),
    ("stampmilli", "Jan _2 15:04:05.000"),
    ("stampnano", "Jan _2 15:04:05.000000000"),
    ("datetime", "2006-01-02 15:04:05"),
    ("dateonly", "2006-01-02"),
    ("timeonly", "15:04:05"),
];

/// How a time is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeFormat {
    /// By a pattern of `strftime`.
    Pattern(String),
    /// Seconds since 1970.
    Unix,
    /// Nanoseconds since 1970.
    UnixNano,
}

impl TimeFormat {
    /// Reads a layout or the name of one. `max` is as exact as the tree keeps times: with nanoseconds, or without.
    pub fn new(layout: &str, has_nanoseconds: bool) -> Self {
        let name = layout.to_ascii_lowercase();
        match name.as_str() {
            "unix" => return Self::Unix,
            "unixnano" => return Self::UnixNano,
            "max" if has_nanoseconds => return Self::Pattern("%Y-%m-%d %H:%M:%S.%9f".into()),
            "max" => return Self::Pattern("%Y-%m-%d %H:%M:%S".into()),
            _ => {}
        }
        Self::Pattern(pattern(NAMED.iter().find(|(known, _)| *known == name).map_or(layout, |(_, it)| it)))
    }

    /// Writes a time, in nanoseconds since 1970; nothing for one that is not known or beyond the calendar.
    pub fn show(&self, modified: Option<i128>, zone: &TimeZone) -> String {
        let Some(time) = modified.and_then(|nanos| Timestamp::from_nanosecond(nanos).ok()) else {
            return String::new();
        };
        match self {
            Self::Unix => time.as_nanosecond().div_euclid(1_000_000_000).to_string(),
            Self::UnixNano => time.as_nanosecond().to_string(),
            Self::Pattern(pattern) => {
                let zoned = time.to_zoned(zone.clone());
                let shown = zoned.strftime(pattern).to_string();
                let offset =
                    if zoned.offset().is_zero() { "Z".into() } else { zoned.strftime("%:z").to_string() };
                shown.replace(OFFSET, &offset)
            }
        }
    }
}

/// Stands in a pattern for what `strftime` does not know: `Z` or the offset.
const OFFSET: &str = "\u{0}";

fn pattern(layout: &str) -> String {
    let (mut pattern, mut rest) = (String::new(), layout);
    'next: while let Some(first) = rest.chars().next() {
        for (part, meaning) in PARTS {
            if let Some(after) = rest.strip_prefix(part) {
                pattern += if part == "Z07:00" { OFFSET } else { meaning };
                rest = after;
                continue 'next;
            }
        }
        pattern.push(first);
        if first == '%' {
            pattern.push('%');
        }
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
    }
    pattern
}

/// A time as JSON listings have it: RFC 3339, with nine decimals or none.
pub fn rfc3339(modified: Option<i128>, has_nanoseconds: bool, zone: &TimeZone) -> String {
    let layout =
        if has_nanoseconds { "2006-01-02T15:04:05.000000000Z07:00" } else { "2006-01-02T15:04:05Z07:00" };
    TimeFormat::new(layout, has_nanoseconds).show(modified, zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_gos() {
        let time = Some(1_709_296_496_789_000_000);
        for (layout, shown) in [
            ("2006-01-02 15:04:05", "2024-03-01 12:34:56"),
            ("02/01 15:04", "01/03 12:34"),
            ("RFC3339", "2024-03-01T12:34:56Z"),
            ("rfc1123z", "Fri, 01 Mar 2024 12:34:56 +0000"),
            ("Kitchen", "12:34PM"),
            ("ANSIC", "Fri Mar  1 12:34:56 2024"),
            ("StampMilli", "Mar  1 12:34:56.789"),
            ("100%", "300%"),
            ("unix", "1709296496"),
            ("unixnano", "1709296496789000000"),
            ("max", "2024-03-01 12:34:56.789000000"),
        ] {
            assert_eq!(TimeFormat::new(layout, true).show(time, &TimeZone::UTC), shown, "{layout}");
        }
        let berlin = TimeZone::fixed(jiff::tz::offset(1));
        assert_eq!(rfc3339(time, true, &berlin), "2024-03-01T13:34:56.789000000+01:00");
        assert_eq!(rfc3339(time, false, &TimeZone::UTC), "2024-03-01T12:34:56Z");
        assert_eq!(rfc3339(None, false, &TimeZone::UTC), "");
    }
}
