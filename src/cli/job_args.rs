//! Flags of whatever moves files: how often what fails is tried again. Names and defaults are rclone's.

use std::time::Duration;

use crate::transfer::Retries;
use crate::units::Interval;

/// The flags as they were given.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Transfer flags")]
pub struct JobArgs {
    /// Number of runs in all while something fails that running again may mend
    #[arg(long, global = true, value_name = "N", default_value = "3")]
    pub retries: u32,

    /// Time between two such runs
    #[arg(long, global = true, value_name = "DURATION", default_value = "0s")]
    pub retries_sleep: Interval,

    /// Number of tries of one file whose connection is lost
    #[arg(long, global = true, value_name = "N", default_value = "10")]
    pub low_level_retries: u32,
}

impl JobArgs {
    /// How often what fails is tried.
    pub fn retries(&self) -> Retries {
        Retries {
            runs: self.retries.max(1),
            pause: self.retries_sleep.duration().unwrap_or(Duration::ZERO),
            attempts: self.low_level_retries.max(1),
        }
    }
}
