//! Sizes in rclone's grammar (`SizeSuffix`, <https://rclone.org/docs/#options>).
//!
//! ```text
//! size   = "off" | number [ unit ]
//! number = decimal, with an optional fraction and exponent
//! unit   = "b" | ( "k" | "m" | "g" | "t" | "p" | "e" ) [ "i" [ "b" ] ]     any case, powers of 1024
//! ```
//! A bare number is KiB. `1kB` is refused because it could mean 1000 as well as 1024.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Kind};

const UNITS: [(char, u32); 6] = [('k', 10), ('m', 20), ('g', 30), ('t', 40), ('p', 50), ('e', 60)];

/// A number of bytes, or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteSize(Option<u64>);

impl ByteSize {
    /// No size at all: the limit it stands for does not apply.
    pub const OFF: Self = Self(None);

    /// This many bytes.
    pub const fn new(bytes: u64) -> Self {
        Self(Some(bytes))
    }

    /// The bytes; `None` for `off`.
    pub const fn bytes(self) -> Option<u64> {
        self.0
    }
}

impl FromStr for ByteSize {
    type Err = Error;

    /// # Errors
    /// [`Kind::Usage`] for text outside the grammar, a negative size, and one beyond 2^63 - 1 bytes.
    fn from_str(text: &str) -> Result<Self, Error> {
        if text.eq_ignore_ascii_case("off") {
            return Ok(Self::OFF);
        }
        let (number, shift) = split_unit(text).ok_or_else(|| refuse(text, "it is not a size"))?;
        if number.starts_with('-') {
            return Err(refuse(text, "a size cannot be negative"));
        }
        if !number.trim_start_matches('+').starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            return Err(refuse(text, "it is not a size"));
        }
        let bytes = match number.parse::<u64>() {
            Ok(whole) => u128::from(whole).checked_shl(shift),
            Err(_) => fractional(number.parse().map_err(|_| refuse(text, "it is not a size"))?, shift),
        };
        match bytes.and_then(|bytes| i64::try_from(bytes).ok()) {
            Some(bytes) => Ok(Self::new(bytes.unsigned_abs())),
            None => Err(refuse(text, "it is more than 8E")),
        }
    }
}

/// Splits off the unit and gives its power of two.
fn split_unit(text: &str) -> Option<(&str, u32)> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(number.len()..)?.to_ascii_lowercase();
    let shift = match unit.as_str() {
        "" => 10,
        "b" => 0,
        _ => {
            let shift = UNITS.iter().find(|(letter, _)| unit.starts_with(*letter))?.1;
            matches!(unit.get(1..)?, "" | "i" | "ib").then_some(shift)?
        }
    };
    Some((number, shift))
}

/// A number with a fraction or an exponent in bytes; what is less than a byte is dropped, as rclone does.
fn fractional(number: f64, shift: u32) -> Option<u128> {
    let bytes = number * 2_f64.powi(i32::try_from(shift).ok()?);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "finite and not negative here"
    )]
    (bytes.is_finite() && bytes >= 0.0).then_some(bytes as u128)
}

fn refuse(text: &str, reason: &'static str) -> Error {
    Error::new(Kind::Usage, "read size", reason)
        .on(text)
        .advice("use a number with b, K, M, G, T, P or E (powers of 1024; a bare number is KiB), or off")
}

impl fmt::Display for ByteSize {
    /// The short form, `1.500Mi`; a size without a fraction has no decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.pad("off"),
            Some(bytes) => f.pad(&short(bytes)),
        }
    }
}

/// `120.562Ki`: what `ls --human-readable` shows.
pub fn short(bytes: u64) -> String {
    let (number, unit) = scale(bytes);
    format!("{number}{unit}")
}

/// `120.562 KiB`: what statistics show.
pub fn long(bytes: u64) -> String {
    let (number, unit) = scale(bytes);
    format!("{number} {unit}B")
}

/// `1.234k`: a number of files, in powers of 1000; whole ones have no decimals.
pub fn thousands(count: u64) -> String {
    let mut unit = (1_u64, "");
    for next in [(1_000, "k"), (1_000_000, "M"), (1_000_000_000, "G"), (1_000_000_000_000, "T")] {
        if count >= next.0 {
            unit = next;
        }
    }
    let (whole, rest) = (count / unit.0, count % unit.0);
    if rest == 0 {
        return format!("{whole}{}", unit.1);
    }
    #[expect(clippy::cast_precision_loss, reason = "three decimals are shown")]
    let number = count as f64 / unit.0 as f64;
    format!("{number:.3}{}", unit.1)
}

/// The number with three decimals, or none if it is whole, in the largest unit it reaches.
fn scale(bytes: u64) -> (String, String) {
    let Some((letter, shift)) = UNITS.iter().rev().find(|(_, shift)| bytes >> shift > 0) else {
        return (bytes.to_string(), String::new());
    };
    let unit = format!("{}i", letter.to_ascii_uppercase());
    if bytes.trailing_zeros() >= *shift {
        return ((bytes >> shift).to_string(), unit);
    }
    #[expect(clippy::cast_precision_loss, reason = "three decimals are shown")]
    let scaled = bytes as f64 / (1_u64 << shift) as f64;
    (format!("{scaled:.3}"), unit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn counts_are_in_thousands() {
        for (count, text) in [(999, "999"), (1000, "1k"), (1234, "1.234k"), (5_000_001, "5.000M")] {
            assert_eq!(thousands(count), text);
        }
    }

    #[test]
    fn reads_what_rclone_reads() {
        for (text, bytes) in [
            ("100", 102_400),
            ("0", 0),
            ("1b", 1),
            ("1B", 1),
            ("1.9b", 1),
            ("1K", 1024),
            ("1ki", 1024),
            ("1KiB", 1024),
            ("1gib", 1 << 30),
            ("1.5M", 1_572_864),
            ("1e3", 1_024_000),
            ("5.", 5120),
            (".5", 512),
            ("+5", 5120),
            ("1P", 1 << 50),
            ("1E", 1 << 60),
            ("7E", 7 << 60),
            ("1234567b", 1_234_567),
        ] {
            assert_eq!(text.parse::<ByteSize>().unwrap(), ByteSize::new(bytes), "{text}");
        }
        assert_eq!("OFF".parse::<ByteSize>().unwrap(), ByteSize::OFF);
    }

    #[test]
    fn refuses_what_is_not_a_size() {
        for text in [
            "", " 1", "1 ", "-1", "1kB", "1.1.1", "0x10", "inf", "nan", "1Z", "K", "b", ".", "+", "8E",
            "1e30", "1iB",
        ] {
            assert_eq!(text.parse::<ByteSize>().unwrap_err().kind(), Kind::Usage, "{text}");
        }
    }

    #[test]
    fn shows_what_rclone_shows() {
        for (bytes, shown) in [
            (0, "0 B"),
            (1, "1 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (100_008, "97.664 KiB"),
            (123_456, "120.562 KiB"),
            (1 << 30, "1 GiB"),
            (7 << 60, "7 EiB"),
        ] {
            assert_eq!(long(bytes), shown);
            assert_eq!(
                ByteSize::new(bytes).to_string(),
                shown.replace(" B", "").replace(' ', "").replace("iB", "i")
            );
        }
        assert_eq!(ByteSize::OFF.to_string(), "off");
    }

    proptest! {
        #[test]
        fn whole_bytes_survive(bytes in 0..=u64::MAX >> 1) {
            prop_assert_eq!(format!("{bytes}b").parse::<ByteSize>().unwrap(), ByteSize::new(bytes));
        }

        #[test]
        fn shown_sizes_read_back_within_their_decimals(bytes in 1024..1_u64 << 62) {
            let back = short(bytes).parse::<ByteSize>().unwrap().bytes().unwrap();
            prop_assert!(back.abs_diff(bytes) <= bytes / 1024);
        }

        #[test]
        fn any_text_is_answered(text in ".*") {
            drop(text.parse::<ByteSize>());
        }
    }
}
