//! The lines of `ls`, `lsl` and `lsd`, as rclone writes them (<https://rclone.org/commands/rclone_lsl/>).

use jiff::{Timestamp, tz::TimeZone};

use crate::units::size;

/// How a size is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SizeStyle {
    /// In bytes.
    Bytes,
    /// Scaled, `1.500Mi`: `--human-readable`.
    Human,
}

impl SizeStyle {
    pub(crate) fn show(self, bytes: u64) -> String {
        match self {
            Self::Bytes => bytes.to_string(),
            Self::Human => size::short(bytes),
        }
    }
}

/// A line of `ls`: size and path.
pub fn ls(size: u64, path: &[u8], style: SizeStyle) -> Vec<u8> {
    [format!("{:>9} ", style.show(size)).as_bytes(), path].concat()
}

/// A line of `lsl`: size, modification time (nanoseconds since 1970, shown in `zone`) and path.
pub fn lsl(size: u64, modified: Option<i128>, path: &[u8], style: SizeStyle, zone: &TimeZone) -> Vec<u8> {
    let time = local(modified, zone, "%Y-%m-%d %H:%M:%S.%9f");
    [format!("{:>9} {time:>29} ", style.show(size)).as_bytes(), path].concat()
}

/// A line of `lsd`: size, -1 if it is not known, modification time, item count, which is never known, and path.
pub fn lsd(
    size: Option<u64>,
    modified: Option<i128>,
    path: &[u8],
    style: SizeStyle,
    zone: &TimeZone,
) -> Vec<u8> {
    let size = size.map_or_else(|| "-1".into(), |size| style.show(size));
    let time = local(modified, zone, "%Y-%m-%d %H:%M:%S");
    let (size_width, count_width) = match style {
        SizeStyle::Bytes => (12, 9),
        SizeStyle::Human => (9, 8),
    };
    [format!("{size:>size_width$} {time:>19} {:>count_width$} ", -1).as_bytes(), path].concat()
}

/// A time as text; `-` where the server told none or one beyond the calendar.
fn local(modified: Option<i128>, zone: &TimeZone, format: &str) -> String {
    modified
        .and_then(|nanos| Timestamp::from_nanosecond(nanos).ok())
        .map_or_else(|| "-".into(), |time| time.to_zoned(zone.clone()).strftime(format).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Option<i128> = Some(1_709_296_496_789_000_000);

    fn text(line: Vec<u8>) -> String {
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn ls_lines() {
        assert_eq!(text(ls(6, b"hello.txt", SizeStyle::Bytes)), "        6 hello.txt");
        assert_eq!(text(ls(123_456, b"sub/big", SizeStyle::Human)), "120.562Ki sub/big");
        assert_eq!(text(ls(12_345_678_901, b"x", SizeStyle::Bytes)), "12345678901 x");
        assert_eq!(ls(1, b"\xff\n", SizeStyle::Bytes), b"        1 \xff\n");
    }

    #[test]
    fn lsl_lines() {
        let line = |time| text(lsl(6, time, b"a b", SizeStyle::Bytes, &TimeZone::UTC));
        assert_eq!(line(TIME), "        6 2024-03-01 12:34:56.789000000 a b");
        assert_eq!(line(Some(-1)), "        6 1969-12-31 23:59:59.999999999 a b");
        assert_eq!(line(None), "        6                             - a b");
        assert_eq!(line(Some(i128::MAX)), "        6                             - a b");
    }

    #[test]
    fn lsd_lines() {
        let line = |style| text(lsd(None, TIME, b"sub", style, &TimeZone::UTC));
        assert_eq!(line(SizeStyle::Bytes), "          -1 2024-03-01 12:34:56        -1 sub");
        assert_eq!(line(SizeStyle::Human), "       -1 2024-03-01 12:34:56       -1 sub");
    }
}
