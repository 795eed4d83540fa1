//! Durations in rclone's grammar (`fs.Duration`, <https://rclone.org/docs/#time-options>).
//!
//! ```text
//! duration = "off" | sequence | number [ unit ] | date
//! sequence = ( number ( "h" | "m" | "s" | "ms" | "us" | "µs" | "ns" ) )+          1h30m
//! unit     = "d" | "w" | "M" (30 days) | "y" (365 days)       none: seconds
//! date     = RFC 3339, or without a zone in local time: the time since then
//! ```
//! Units of days and longer do not combine: `1d12h` is refused, as rclone refuses it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::{Timestamp, Zoned, civil};

use crate::error::{Error, Kind};

const DAY: u64 = 24 * 60 * 60;

/// Units that stand alone, in seconds.
const LONG_UNITS: [(&str, u64); 4] = [("y", 365 * DAY), ("M", 30 * DAY), ("w", 7 * DAY), ("d", DAY)];

/// Units that can be put in a sequence, in nanoseconds; longer names first.
const CLOCK_UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// A length of time, or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval(Option<Duration>);

impl Interval {
    /// No time at all: the limit it stands for does not apply.
    pub const OFF: Self = Self(None);

    /// This length of time.
    pub const fn new(duration: Duration) -> Self {
        Self(Some(duration))
    }

    /// The length; `None` for `off`.
    pub const fn duration(self) -> Option<Duration> {
        self.0
    }
}

impl FromStr for Interval {
    type Err = Error;

    /// # Errors
    /// [`Kind::Usage`] for text outside the grammar, a negative time, a date to come, and more than 292 years.
    fn from_str(text: &str) -> Result<Self, Error> {
        if text == "off" {
            return Ok(Self::OFF);
        }
        if text
            .strip_prefix('-')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
        {
            return Err(refuse(text, "a time cannot be negative"));
        }
        let nanos = sequence(text)
            .or_else(|| single(text))
            .or_else(|| since(text))
            .ok_or_else(|| refuse(text, "it is not a duration, or a date to come"))?;
        match i64::try_from(nanos) {
            Ok(nanos) => Ok(Self::new(Duration::from_nanos(nanos.unsigned_abs()))),
            Err(_) => Err(refuse(text, "it is more than 292 years")),
        }
    }
}

/// Nanoseconds of `1h30m`.
fn sequence(text: &str) -> Option<u128> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_u128;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at_checked(end)?;
        let (unit, nanos) = CLOCK_UNITS.iter().find(|(unit, _)| after.starts_with(unit))?;
        total = total.checked_add(scaled(number, *nanos)?)?;
        rest = after.get(unit.len()..)?;
    }
    Some(total)
}

/// `number` × `unit` nanoseconds, exactly; what is less than a nanosecond is dropped.
fn scaled(number: &str, unit: u64) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()? };
    let fraction = fraction.get(..fraction.len().min(15))?;
    let parts = if fraction.is_empty() { 0 } else { fraction.parse::<u128>().ok()? };
    let scale = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let below_one = parts.checked_mul(u128::from(unit))?.checked_div(scale)?;
    u128::from(whole).checked_mul(u128::from(unit))?.checked_add(below_one)
}

/// Nanoseconds of `1.5d` or `90`.
fn single(text: &str) -> Option<u128> {
    let (number, unit) = LONG_UNITS
        .iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, *seconds)))
        .unwrap_or((text, 1));
    if !number.trim_start_matches('+').starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "the factors are small whole numbers")]
    let nanos = number.parse::<f64>().ok()? * unit as f64 * 1e9;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "finite and not negative here"
    )]
    (nanos.is_finite() && nanos >= 0.0).then_some(nanos as u128)
}

/// Nanoseconds since a date.
fn since(text: &str) -> Option<u128> {
    let date = match text.parse::<Timestamp>() {
        Ok(date) => date,
        Err(_) => local_date(text)?,
    };
    u128::try_from(Timestamp::now().duration_since(date).as_nanos()).ok()
}

/// A date without a zone, in local time.
fn local_date(text: &str) -> Option<Timestamp> {
    let shape = text.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte }).collect::<Vec<_>>();
    if !matches!(shape.as_slice(), b"0000-00-00" | b"0000-00-00T00:00:00" | b"0000-00-00 00:00:00") {
        return None;
    }
    let date = text.parse::<civil::DateTime>().ok()?;
    Some(date.to_zoned(Zoned::now().time_zone().clone()).ok()?.timestamp())
}

fn refuse(text: &str, reason: &'static str) -> Error {
    Error::new(Kind::Usage, "read duration", reason)
        .on(text)
        .advice("use 90s, 1h30m, 2d, 1w, a bare number of seconds, a date such as 2026-01-31, or off")
}

impl fmt::Display for Interval {
    /// The form of Go's `time.Duration`: `1m0s`, `1h30m0s`, `1.5s`, `100ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.pad("off"),
            Some(duration) => f.pad(&go_form(duration)),
        }
    }
}

fn go_form(duration: Duration) -> String {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    if seconds == 0 {
        return match nanos {
            0 => "0s".into(),
            1..1_000 => format!("{nanos}ns"),
            1_000..1_000_000 => format!("{}µs", decimal(u64::from(nanos / 1_000), nanos % 1_000, 3)),
            _ => format!("{}ms", decimal(u64::from(nanos / 1_000_000), nanos % 1_000_000, 6)),
        };
    }
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let last = decimal(seconds % 60, nanos, 9);
    match (hours, minutes) {
        (0, 0) => format!("{last}s"),
        (0, _) => format!("{minutes}m{last}s"),
        _ => format!("{hours}h{minutes}m{last}s"),
    }
}

/// `whole.fraction` with `digits` decimals, without zeros at the end.
fn decimal(whole: u64, fraction: u32, digits: usize) -> String {
    if fraction == 0 {
        return whole.to_string();
    }
    format!("{whole}.{fraction:0digits$}").trim_end_matches('0').to_owned()
}

/// `1d2h3m4s` without the parts that are zero, in whole seconds; `0s` for less. What statistics show.
pub fn readable(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let parts =
        [(seconds / DAY, 'd'), (seconds / 3600 % 24, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')];
    let shown = parts.iter().filter(|part| part.0 > 0).map(|(n, unit)| format!("{n}{unit}"));
    let shown = shown.collect::<Vec<_>>().concat();
    if shown.is_empty() { "0s".into() } else { shown }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(text: &str) -> f64 {
        text.parse::<Interval>().unwrap().duration().unwrap().as_secs_f64()
    }

    #[test]
    fn reads_what_rclone_reads() {
        for (text, expected) in [
            ("0", 0.0),
            ("90", 90.0),
            ("1.5", 1.5),
            ("1e2", 100.0),
            ("1m", 60.0),
            ("1h30m", 5400.0),
            ("+5s", 5.0),
            (".5s", 0.5),
            ("5.s", 5.0),
            ("100ms", 0.1),
            ("1us", 1e-6),
            ("1µs", 1e-6),
            ("3ns", 3e-9),
            ("36h", 129_600.0),
            ("1.5d", 129_600.0),
            ("2w", 1_209_600.0),
            ("1M", 2_592_000.0),
            ("1y", 31_536_000.0),
        ] {
            assert!((seconds(text) - expected).abs() < 1e-12, "{text}");
        }
        assert_eq!("off".parse::<Interval>().unwrap(), Interval::OFF);
    }

    #[test]
    fn dates_are_ages() {
        let expected = Timestamp::now().duration_since("2020-01-01T10:00:00Z".parse().unwrap()).as_secs_f64();
        assert!((seconds("2020-01-01T10:00:00Z") - expected).abs() < 5.0);
        for local in ["2020-01-01", "2020-01-01T10:00:00", "2020-01-01 10:00:00"] {
            assert!((seconds(local) - expected).abs() < 86_400.0, "{local}");
        }
    }

    #[test]
    fn refuses_what_is_not_a_duration() {
        for text in [
            "",
            " 1s",
            "1d12h",
            "1h1",
            "-5",
            "-1s",
            "s",
            "d",
            ".",
            ".s",
            "inf",
            "nan",
            "1x",
            "300y",
            "1e30",
            "2020-13-01",
            "9999-01-01",
            "2020-01-01T10",
            "5 s",
        ] {
            assert_eq!(text.parse::<Interval>().unwrap_err().kind(), Kind::Usage, "{text}");
        }
    }

    #[test]
    fn shows_what_go_shows() {
        for (text, shown) in [
            ("1m", "1m0s"),
            ("90", "1m30s"),
            ("36h", "36h0m0s"),
            ("1.5", "1.5s"),
            ("100ms", "100ms"),
            ("1500us", "1.5ms"),
            ("1us", "1µs"),
            ("3ns", "3ns"),
            ("0", "0s"),
            ("off", "off"),
        ] {
            assert_eq!(text.parse::<Interval>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn readable_leaves_zeros_out() {
        for (seconds, shown) in [(0, "0s"), (1, "1s"), (60, "1m"), (3661, "1h1m1s"), (90_000, "1d1h")] {
            assert_eq!(readable(Duration::from_secs(seconds)), shown);
        }
    }

    proptest! {
        #[test]
        fn shown_durations_read_back(nanos in 0..=u64::MAX >> 1) {
            let interval = Interval::new(Duration::from_nanos(nanos));
            prop_assert_eq!(interval.to_string().parse::<Interval>().unwrap(), interval);
        }

        #[test]
        fn any_text_is_answered(text in ".*") {
            drop(text.parse::<Interval>());
        }
    }
}
