//! Flags of whatever moves files: how files are written and checked, and how often what fails is tried again. Names and
//! defaults are rclone's, where it has such a flag.

use std::time::Duration;

use clap::ValueEnum;

use crate::error::{Error, Kind, Result};
use crate::transfer::{Retries, Verify};
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

    /// Compare the hash of every file once it has arrived; without this, of those resumed or carried over several ways
    #[arg(long, global = true, value_name = "WHAT")]
    pub verify: Option<VerifyArg>,

    /// Compare no hashes once files have arrived
    #[arg(long, global = true, conflicts_with = "verify")]
    pub ignore_checksum: bool,

    /// Write files under their own names, not whole or not at all
    #[arg(long, global = true)]
    pub inplace: bool,

    /// What the name of a file ends with while it is written
    #[arg(long, global = true, value_name = "SUFFIX", default_value = ".partial")]
    pub partial_suffix: String,
}

/// What is compared once a file has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VerifyArg {
    /// The hash of every file.
    Hash,
    /// The size of every file.
    Size,
}

/// The longest suffix that leaves room for a name, as in rclone.
const LONGEST_SUFFIX: usize = 16;

impl JobArgs {
    /// What is compared once a file has arrived.
    pub fn verify(&self) -> Verify {
        match self.verify {
            Some(VerifyArg::Hash) => Verify::Hash,
            Some(VerifyArg::Size) => Verify::Size,
            None if self.ignore_checksum => Verify::Size,
            None => Verify::Risky,
        }
    }

    /// What the name of a partial file ends with.
    ///
    /// # Errors
    /// [`Kind::Config`] if it is too long or no part of a name.
    pub fn partial_suffix(&self) -> Result<String> {
        let refuse =
            |reason: String| Err(Error::new(Kind::Config, "read flag", reason).on("--partial-suffix"));
        match &self.partial_suffix {
            suffix if suffix.len() > LONGEST_SUFFIX => refuse(format!(
                "expecting a suffix of at most {LONGEST_SUFFIX} bytes but got {}",
                suffix.len()
            )),
            suffix if suffix.contains(['/', '\0']) => refuse("a file name can hold no such suffix".into()),
            suffix => Ok(suffix.clone()),
        }
    }

    /// How often what fails is tried.
    pub fn retries(&self) -> Retries {
        Retries {
            runs: self.retries.max(1),
            pause: self.retries_sleep.duration().unwrap_or(Duration::ZERO),
            attempts: self.low_level_retries.max(1),
        }
    }
}
