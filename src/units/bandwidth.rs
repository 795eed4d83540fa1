//! Bandwidth limits in rclone's grammar (`BwTimetable`, <https://rclone.org/docs/#bwlimit-bwtimetable>).
//!
//! ```text
//! timetable = rates | slot { ( " " | ";" ) slot }
//! slot      = [ weekday "-" ] HH:MM "," rates          every day without a weekday
//! rates     = rate [ ":" rate ]                        up and down; one rate stands for both
//! rate      = size                                     a second; "off" or 0 for no limit
//! ```

use std::fmt;
use std::str::FromStr;

use super::size::{self, ByteSize};
use crate::error::{Error, Kind};

const WEEKDAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// Bytes a second in the two directions; `None` for no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// To remote trees.
    pub up: Option<u64>,
    /// From remote trees.
    pub down: Option<u64>,
}

/// A minute of the week: 0 is the beginning of Sunday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MinuteOfWeek(u32);

/// Which rates hold when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timetable(Vec<(MinuteOfWeek, Rates)>);

impl MinuteOfWeek {
    /// A minute by its weekday (0 is Sunday), hour and minute.
    pub const fn new(weekday: u32, hour: u32, minute: u32) -> Self {
        Self(weekday.saturating_mul(24).saturating_add(hour).saturating_mul(60).saturating_add(minute))
    }
}

impl Timetable {
    /// The rates at a minute: those of the latest slot that has begun in this week, else of the last slot in the list,
    /// which goes on from the week before.
    pub fn at(&self, now: MinuteOfWeek) -> Rates {
        let begun = self.0.iter().filter(|(start, _)| *start <= now).max_by_key(|(start, _)| *start);
        begun.or(self.0.last()).map_or(Rates { up: None, down: None }, |(_, rates)| *rates)
    }

    /// Whether the rates ever change.
    pub fn changes(&self) -> bool {
        self.0.len() > 1
    }
}

impl FromStr for Timetable {
    type Err = Error;

    /// # Errors
    /// [`Kind::Usage`] for text outside the grammar.
    fn from_str(text: &str) -> Result<Self, Error> {
        if text.is_empty() {
            return Err(refuse(text, "it is empty"));
        }
        if !text.contains([' ', ',']) {
            return Ok(Self(vec![(MinuteOfWeek(0), text.parse()?)]));
        }
        let mut slots = Vec::new();
        for slot in text.split([' ', ';']).filter(|slot| !slot.is_empty()) {
            let (time, rates) = slot
                .split_once(',')
                .filter(|(_, rates)| !rates.contains(','))
                .ok_or_else(|| refuse(slot, "it is not a time and a bandwidth"))?;
            let rates: Rates = rates.parse()?;
            let (days, time) = match time.split_once('-') {
                Some((day, time)) => (weekday(day)?, time),
                None => (0..7, time),
            };
            let (hour, minute) = hour_and_minute(time)?;
            slots.extend(days.map(|day| (MinuteOfWeek::new(day, hour, minute), rates)));
        }
        Ok(Self(slots))
    }
}

impl FromStr for Rates {
    type Err = Error;

    /// # Errors
    /// [`Kind::Usage`] for text outside the grammar.
    fn from_str(text: &str) -> Result<Self, Error> {
        let rate = |text: &str| Ok::<_, Error>(text.parse::<ByteSize>()?.bytes().filter(|rate| *rate > 0));
        match text.split_once(':') {
            Some((up, down)) => Ok(Self { up: rate(up)?, down: rate(down)? }),
            None => Ok(Self { up: rate(text)?, down: rate(text)? }),
        }
    }
}

/// As rclone shows them: `10Mi`, `10Mi:off`.
impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |rate: Option<u64>| rate.map_or_else(|| "off".into(), size::short);
        f.write_str(&shown(self.up))?;
        if self.up == self.down { Ok(()) } else { write!(f, ":{}", shown(self.down)) }
    }
}

fn weekday(text: &str) -> Result<std::ops::Range<u32>, Error> {
    let name = text.to_ascii_lowercase();
    let days = (0..7_u32).zip(WEEKDAYS);
    let mut found = days.filter(|(_, day)| *day == name || (name.len() == 3 && day.starts_with(&name)));
    let (day, _) = found.next().ok_or_else(|| refuse(text, "it is not a weekday"))?;
    Ok(day..day.saturating_add(1))
}

fn hour_and_minute(text: &str) -> Result<(u32, u32), Error> {
    let number = |text: &str, most: u32| {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| is_number && *number <= most)
    };
    text.split_once(':')
        .and_then(|(hour, minute)| Some((number(hour, 23)?, number(minute, 59)?)))
        .ok_or_else(|| refuse(text, "it is not a time of day (hh:mm)"))
}

fn refuse(text: &str, reason: &'static str) -> Error {
    Error::new(Kind::Usage, "read bandwidth", reason).on(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(table: &str, weekday: u32, hour: u32, minute: u32) -> String {
        table.parse::<Timetable>().unwrap().at(MinuteOfWeek::new(weekday, hour, minute)).to_string()
    }

    #[test]
    fn one_limit_holds_always() {
        for (text, shown) in [
            ("10M", "10Mi"),
            ("512", "512Ki"),
            ("off", "off"),
            ("0", "off"),
            ("10M:1M", "10Mi:1Mi"),
            ("10M:off", "10Mi:off"),
            ("off:100k", "off:100Ki"),
            ("1.5M:1.5M", "1.500Mi"),
        ] {
            assert_eq!(at(text, 3, 4, 5), shown, "{text}");
        }
    }

    #[test]
    fn the_latest_slot_that_has_begun_holds_and_the_last_one_wraps_round() {
        let daily = "08:00,512k 12:00,10M:1M 13:00,512k 18:00,30M 23:00,off";
        for (hour, minute, shown) in
            [(7, 59, "off"), (8, 0, "512Ki"), (12, 30, "10Mi:1Mi"), (22, 59, "30Mi"), (23, 0, "off")]
        {
            assert_eq!(at(daily, 2, hour, minute), shown, "{hour}:{minute}");
        }
        // The day before goes on until the first slot of a day.
        assert_eq!(at(daily, 0, 1, 0), "off");
        let weekly = "Mon-00:00,512;fri-23:59,10M Sunday-20:00,off";
        for (day, hour, shown) in [(0, 19, "off"), (0, 21, "off"), (1, 0, "512Ki"), (6, 1, "10Mi")] {
            assert_eq!(at(weekly, day, hour, 0), shown, "{day} {hour}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "x",
            "10M:x",
            "8:00,10M",
            "08:00,x",
            "24:00,1M",
            "08:60,1M",
            "08:00,",
            "Foo-08:00,10M",
            "08:00,1M,2M",
            "1M 2M",
            "Mo-08:00,1M",
            "+8:00,1M",
        ] {
            assert!(text.parse::<Timetable>().is_err(), "{text}");
        }
    }
}
