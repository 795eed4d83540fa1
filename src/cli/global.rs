//! Flags that every command takes, before or after its name. Names and defaults are rclone's.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ValueEnum;
use log::LevelFilter;

use super::log_args::LogArgs;
use crate::units::{ByteSize, Interval};

/// The global flags as they were given.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Global flags")]
pub struct GlobalArgs {
    /// Show what would be done, and change nothing
    #[arg(short = 'n', long, global = true)]
    pub dry_run: bool,

    /// Ask before each change
    #[arg(short, long, global = true)]
    pub interactive: bool,

    /// Show a symbolic link of this machine as a file NAME.rclonelink that holds where it leads, and make links of such
    /// files
    #[arg(short, long, global = true)]
    pub links: bool,

    /// Follow symbolic links of this machine
    #[arg(short = 'L', long, global = true)]
    pub copy_links: bool,

    /// Leave out symbolic links of this machine without a word
    #[arg(long, global = true)]
    pub skip_links: bool,

    /// Stay on the file system of each path of this machine, leaving out what is mounted below it
    #[arg(short = 'x', long, global = true)]
    pub one_file_system: bool,

    /// Leave out pipes, sockets and devices of this machine without a word
    #[arg(long, global = true)]
    pub skip_specials: bool,

    /// Log more: -v what is done to each file, -vv also why
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// Log only errors
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// Show progress: bars on a terminal, statistics lines elsewhere
    #[arg(short = 'P', long, global = true)]
    pub progress: bool,

    /// Number of large files transferred at once
    #[arg(long, global = true, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub transfers: u32,

    /// Number of folders read and files compared at once
    #[arg(long, global = true, value_name = "N", default_value = "8", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub checkers: u32,

    /// Number of ways to the server that carry one large file together
    #[arg(long, global = true, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u32).range(0..=64))]
    pub multi_thread_streams: u32,

    /// Size from which on a file is large
    #[arg(long, global = true, value_name = "SIZE", default_value = "64Mi")]
    pub multi_thread_cutoff: ByteSize,

    /// Have each file, and in the end each folder, on the destination's disk before it counts as copied
    #[arg(long, global = true)]
    pub fsync: bool,

    /// Configuration file, instead of the first that exists of the usual places
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<OsString>,

    /// Command that prints the password of an encrypted configuration file
    #[arg(long, global = true, value_name = "COMMAND")]
    pub password_command: Option<String>,

    /// Ask for passwords and the like on the terminal
    #[arg(long, global = true, default_value = "true")]
    pub ask_password: bool,

    /// Most time to make a connection
    #[arg(long, global = true, value_name = "DURATION", default_value = "1m")]
    pub contimeout: Interval,

    /// Most time without a sign of life from the server
    #[arg(long, global = true, value_name = "DURATION", default_value = "5m")]
    pub timeout: Interval,

    /// Show sizes as 1.5Mi instead of in bytes
    #[arg(long, global = true)]
    pub human_readable: bool,

    /// Time between two statistics in the log; 0 for none
    #[arg(long, global = true, value_name = "DURATION", default_value = "1m")]
    pub stats: Interval,

    /// Statistics in one line
    #[arg(long, global = true)]
    pub stats_one_line: bool,

    /// Statistics in one line that begins with date and time
    #[arg(long, global = true)]
    pub stats_one_line_date: bool,

    /// Statistics in one line that begins with the time in this form, by an example: "2006/01/02 15:04:05 - "
    #[arg(long, global = true, value_name = "LAYOUT")]
    pub stats_one_line_date_format: Option<String>,

    /// With -P, show in the title of the terminal how long it still takes
    #[arg(long, global = true)]
    pub progress_terminal_title: bool,

    /// Folder for what can be lost between runs, instead of the usual one
    #[arg(long, global = true, value_name = "DIR")]
    pub cache_dir: Option<PathBuf>,

    /// Most characters of a file name in statistics; 0 for no bound
    #[arg(long, global = true, value_name = "N", default_value = "45")]
    pub stats_file_name_length: usize,

    /// Level at which statistics are logged
    #[arg(long, global = true, value_name = "LEVEL", default_value = "INFO", ignore_case = true)]
    pub stats_log_level: LogLevel,

    /// Show rates in bits or in bytes
    #[arg(long, global = true, value_name = "UNIT", default_value = "bytes")]
    pub stats_unit: StatsUnit,

    /// The log.
    #[command(flatten)]
    pub log: LogArgs,
}

/// What rates are shown in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatsUnit {
    /// Bits a second.
    Bits,
    /// Bytes a second.
    Bytes,
}

/// The levels of rclone's log. The first four are one here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub enum LogLevel {
    /// As `ERROR`.
    #[value(hide = true)]
    Emergency,
    /// As `ERROR`.
    #[value(hide = true)]
    Alert,
    /// As `ERROR`.
    #[value(hide = true)]
    Critical,
    /// What failed.
    Error,
    /// As `NOTICE`.
    #[value(hide = true)]
    Warning,
    /// What a person should know. The default.
    Notice,
    /// What is done to each file: `-v`.
    Info,
    /// Why it is done: `-vv`.
    Debug,
    /// Nothing.
    Off,
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Emergency | LogLevel::Alert | LogLevel::Critical | LogLevel::Error => Self::Error,
            LogLevel::Warning | LogLevel::Notice => Self::Warn,
            LogLevel::Info => Self::Info,
            LogLevel::Debug => Self::Debug,
            LogLevel::Off => Self::Off,
        }
    }
}
