//! Flags that say where the log goes and how it looks. Names and defaults are rclone's.

use std::path::PathBuf;
use std::time::Duration;

use log::LevelFilter;

use super::global::LogLevel;
use super::log_format::{LogFormat, is_journal};
use crate::config::environment::Environment;
use crate::error::{Error, Kind, Result};
use crate::output::log_file::Rotation;
use crate::output::logger::{Prefix, Settings};
use crate::output::syslog::Facility;
use crate::units::{ByteSize, Interval};

/// The flags as they were given.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Global flags")]
pub struct LogArgs {
    /// Least important messages to log
    #[arg(long, global = true, value_name = "LEVEL", ignore_case = true)]
    pub log_level: Option<LogLevel>,

    /// Append the log to this file instead of writing it to stderr; if the file is moved away, a new one is begun
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,

    /// Rotate the log file before it has more bytes than this: it gets the time into its name, and a new one is begun
    #[arg(long, global = true, value_name = "SIZE", default_value = "off")]
    pub log_file_max_size: ByteSize,

    /// With --log-file-max-size, most old log files to keep; 0 for all
    #[arg(long, global = true, value_name = "N", default_value = "0")]
    pub log_file_max_backups: usize,

    /// With --log-file-max-size, time to keep old log files for; 0 for ever
    #[arg(long, global = true, value_name = "DURATION", default_value = "0s")]
    pub log_file_max_age: Interval,

    /// With --log-file-max-size, have gzip compress old log files
    #[arg(long, global = true)]
    pub log_file_compress: bool,

    /// Log one JSON object a line
    #[arg(long, global = true)]
    pub use_json_log: bool,

    /// What a line of the log begins with: date, time, microseconds, UTC, shortfile, pid, nolevel, json
    #[arg(long, global = true, value_name = "LIST", default_value = "date,time")]
    pub log_format: LogFormat,

    /// Log for systemd's journal: with priorities, without date and time; by itself where stderr is the journal
    #[arg(long, global = true)]
    pub log_systemd: bool,

    /// Send the log to the system's logger instead of writing it to stderr
    #[arg(long, global = true)]
    pub syslog: bool,

    /// Part of the system that messages to its logger come from: DAEMON, USER, CRON, LOCAL0 and the like
    #[arg(long, global = true, value_name = "NAME", default_value = "DAEMON")]
    pub syslog_facility: Facility,
}

impl LogArgs {
    /// What is logged, from this level on, and where.
    ///
    /// # Errors
    /// Two flags contradict each other, or one makes no sense without another.
    pub fn settings(&self, level: LevelFilter, environment: &Environment) -> Result<Settings> {
        let file = self.log_file.clone().filter(|file| !file.as_os_str().is_empty());
        if self.syslog && file.is_some() {
            return Err(wrong("can't use --syslog and --log-file together"));
        }
        let to_journal = self.log_systemd || (file.is_none() && !self.syslog && is_journal(environment));
        let (bare, prefix) =
            (Prefix { date: false, time: false, ..Prefix::default() }, self.log_format.prefix);
        let prefix = match (self.syslog, to_journal) {
            (true, _) => Prefix { level: false, ..bare },
            (_, true) => Prefix { date: false, time: false, microseconds: false, priority: true, ..prefix },
            _ => prefix,
        };
        Ok(Settings {
            level,
            file,
            rotation: self.rotation()?,
            syslog: self.syslog.then_some(self.syslog_facility),
            json: self.use_json_log || self.log_format.json,
            prefix,
        })
    }

    fn rotation(&self) -> Result<Rotation> {
        let rotation = Rotation {
            max_size: self.log_file_max_size.bytes().filter(|size| *size > 0),
            max_backups: self.log_file_max_backups,
            max_age: self.log_file_max_age.duration().filter(|age| *age > Duration::ZERO),
            compress: self.log_file_compress,
        };
        let is_bounded = rotation.max_backups > 0 || rotation.max_age.is_some() || rotation.compress;
        if is_bounded && rotation.max_size.is_none() {
            return Err(wrong(
                "--log-file-max-backups, --log-file-max-age and --log-file-compress need --log-file-max-size",
            ));
        }
        Ok(rotation)
    }
}

fn wrong(reason: &'static str) -> Error {
    Error::new(Kind::Config, "read flags", reason)
}
