//! What a line of the log begins with: `--log-format`, in rclone's words (<https://rclone.org/docs/#log-format-string>).

use std::os::fd::AsFd as _;
use std::str::FromStr;

use crate::config::environment::Environment;
use crate::error::{Error, Kind};
use crate::output::logger::Prefix;

/// A comma-separated list of what a line begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogFormat {
    /// What a line of text begins with.
    pub prefix: Prefix,
    /// Whether lines are JSON objects instead.
    pub json: bool,
}

impl FromStr for LogFormat {
    type Err = Error;

    /// # Errors
    /// [`Kind::Usage`] for an unknown word.
    fn from_str(text: &str) -> Result<Self, Error> {
        let mut prefix = Prefix { date: false, time: false, ..Prefix::default() };
        let mut json = false;
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word.to_ascii_lowercase().as_str() {
                "date" => prefix.date = true,
                "time" => prefix.time = true,
                "microseconds" => prefix.microseconds = true,
                "utc" => prefix.utc = true,
                "longfile" | "shortfile" => prefix.source = true,
                "pid" => prefix.process = true,
                "nolevel" => prefix.level = false,
                "json" => json = true,
                _ => return Err(Error::new(Kind::Usage, "read log format", "it is unknown").on(word)),
            }
        }
        Ok(Self { prefix, json })
    }
}

/// Whether stderr is a stream of systemd's journal, which notes date and time by itself (`systemd.exec(5)`).
pub fn is_journal(environment: &Environment) -> bool {
    let stream = environment.text("JOURNAL_STREAM").and_then(|stream| stream.split_once(':'));
    let found = rustix::fs::fstat(std::io::stderr().as_fd());
    let numbers = |(device, inode): (&str, &str)| Some((device.parse().ok()?, inode.parse().ok()?));
    found.is_ok_and(|found| stream.and_then(numbers) == Some((found.st_dev, found.st_ino)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_a_list_of_words() {
        let format = |text: &str| text.parse::<LogFormat>().unwrap();
        assert_eq!(format("date,time"), LogFormat { prefix: Prefix::default(), json: false });
        let bare = Prefix { date: false, time: false, level: false, ..Prefix::default() };
        assert_eq!(format("nolevel"), LogFormat { prefix: bare, json: false });
        assert!(format("JSON,pid").json && format("pid, UTC").prefix.utc);
        assert!("date,tiem".parse::<LogFormat>().is_err());
    }

    #[test]
    fn only_the_very_stream_is_the_journal() {
        let of = |stream: &str| is_journal(&Environment::new([("JOURNAL_STREAM", stream)]));
        assert!(!of("1:2") && !of("x") && !is_journal(&Environment::default()));
        let own = rustix::fs::fstat(std::io::stderr().as_fd()).unwrap();
        assert!(of(&format!("{}:{}", own.st_dev, own.st_ino)));
    }
}
