//! Points in time in words: local time, and how far away they are.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Seconds since 1970 as RFC 3339 in UTC, `2026-11-24T17:30:00Z`; `None` for what no calendar reaches.
pub(crate) fn rfc3339(seconds: u64) -> Option<String> {
    let time = Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
    Some(time.to_string())
}

/// Seconds since 1970 as local time without its zone, `2026-11-24T18:30:00`, as `ssh-keygen` shows it.
pub(crate) fn local_seconds(seconds: u64) -> String {
    i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok()).map_or_else(
        || seconds.to_string(),
        |time| time.to_zoned(TimeZone::system()).strftime("%Y-%m-%dT%H:%M:%S").to_string(),
    )
}

/// Seconds since 1970 as local time, `2026-11-24 18:30:00 CET`. What no calendar reaches is shown as it is.
pub(crate) fn local_time(seconds: u64) -> String {
    i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok()).map_or_else(
        || format!("second {seconds} after 1970"),
        |time| time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string(),
    )
}

/// Seconds since 1970 of a timestamp; 0 for anything before.
pub(crate) fn unix_seconds(time: Timestamp) -> u64 {
    u64::try_from(time.as_second()).unwrap_or(0)
}

/// A length of time in its largest whole unit, `3 hours`.
pub(crate) fn span(seconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(365 * 86400, "year"), (86400, "day"), (3600, "hour"), (60, "minute")];
    let (count, unit) = UNITS
        .iter()
        .find_map(|&(length, unit)| seconds.checked_div(length).filter(|&n| n > 0).map(|n| (n, unit)))
        .unwrap_or((seconds, "second"));
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_name_their_largest_unit() {
        for (seconds, text) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (119, "1 minute"),
            (3 * 3600 + 5, "3 hours"),
            (86400 * 400, "1 year"),
        ] {
            assert_eq!(span(seconds), text);
        }
    }

    #[test]
    fn moments_out_of_reach_are_shown_as_numbers() {
        assert_eq!(local_time(u64::MAX - 1), "second 18446744073709551614 after 1970");
        assert!(local_time(0).starts_with("19"));
    }
}
