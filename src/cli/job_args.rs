//! Flags of whatever moves files: how files are written and checked, and how often what fails is tried again. Names and
//! defaults are rclone's, where it has such a flag.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::time::Duration;

use clap::ValueEnum;

use crate::config::option_value;
use crate::error::{Error, Kind, Result};
use crate::fs::Properties;
use crate::pace::Rate;
use crate::transfer::{Retries, Verify};
use crate::units::Interval;
use crate::units::bandwidth::Timetable;

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

    /// Number of tries of one file or folder whose connection is lost
    #[arg(long, global = true, value_name = "N", default_value = "10")]
    pub low_level_retries: u32,

    /// Compare the hash of every file once it has arrived, whatever its remote says; without this, of those resumed or
    /// carried over several ways
    #[arg(long, global = true, value_name = "WHAT")]
    pub verify: Option<VerifyArg>,

    /// Compare no hashes once files have arrived
    #[arg(long, global = true, conflicts_with = "verify")]
    pub ignore_checksum: bool,

    /// Copy files of this machine that change meanwhile, such as logs, as far as they went when they were listed
    #[arg(long, global = true)]
    pub local_no_check_updated: bool,

    /// Write files under their own names, not whole or not at all
    #[arg(long, global = true)]
    pub inplace: bool,

    /// Give copies owner, mode, time of access and user's attributes of their source as well, and show them in lsjson
    #[arg(short = 'M', long, global = true)]
    pub metadata: bool,

    /// With --metadata, give copies this value of this key whatever the source has; may be given again
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    pub metadata_set: Vec<OsString>,

    /// With --metadata, have a program make of the metadata of each source that of its copy, both JSON as in rclone
    #[arg(long, global = true, value_name = "COMMAND", default_value = "", hide_default_value = true)]
    pub metadata_mapper: String,

    /// What the name of a file ends with while it is written
    #[arg(long, global = true, value_name = "SUFFIX", default_value = ".partial")]
    pub partial_suffix: String,

    /// Bandwidth limit in KiB/s or with a unit, UP:DOWN, or a timetable such as "08:00,1M 19:00,off"; SIGUSR2
    /// switches it off and on
    #[arg(long, global = true, value_name = "LIMIT")]
    pub bwlimit: Option<Timetable>,

    /// Bandwidth limit of each file, in the same form
    #[arg(long, global = true, value_name = "LIMIT")]
    pub bwlimit_file: Option<Timetable>,

    /// Most operations a second on servers; 0 for no limit
    #[arg(long, global = true, value_name = "NUMBER", default_value = "0")]
    pub tpslimit: f64,

    /// Operations that may go at once after a pause
    #[arg(long, global = true, value_name = "N", default_value = "1")]
    pub tpslimit_burst: u32,

    /// Run only if no other run copies from this source to this destination
    #[arg(long, global = true)]
    pub lock: bool,

    /// With --lock, wait so long for the other run
    #[arg(long, global = true, value_name = "DURATION")]
    pub lock_wait: Option<Interval>,
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
    /// How often what fails is tried.
    pub fn retries(&self) -> Retries {
        Retries {
            runs: self.retries.max(1),
            pause: self.retries_sleep.duration().unwrap_or(Duration::ZERO),
            attempts: self.low_level_retries.max(1),
        }
    }

    /// What the flags say about comparing files that have arrived, if they do.
    pub const fn verify(&self) -> Option<Verify> {
        match self.verify {
            Some(VerifyArg::Hash) => Some(Verify::Hash),
            Some(VerifyArg::Size) => Some(Verify::Size),
            None if self.ignore_checksum => Some(Verify::Size),
            None => None,
        }
    }

    /// The limit on operations, if there is one.
    pub fn pace(&self) -> Option<Rate> {
        let burst = f64::from(self.tpslimit_burst.saturating_sub(1));
        (self.tpslimit > 0.0).then(|| Rate::new(Some(self.tpslimit), burst))
    }

    /// What every copy is given.
    ///
    /// # Errors
    /// [`Kind::Config`] for what is no `key=value`.
    pub fn metadata_set(&self) -> Result<Properties> {
        let mut properties = Properties::default();
        for text in &self.metadata_set {
            let bytes = text.as_bytes();
            let cut = bytes.iter().position(|byte| *byte == b'=').and_then(|cut| bytes.split_at_checked(cut));
            match cut {
                Some((key, [_, value @ ..])) if !key.is_empty() => {
                    properties.set(&String::from_utf8_lossy(key), value);
                }
                _ => {
                    let reason = "it is not metadata key=value";
                    return Err(Error::new(Kind::Config, "read --metadata-set", reason).on(bytes));
                }
            }
        }
        Ok(properties)
    }

    /// The words of the command that maps metadata, none if there is none.
    ///
    /// # Errors
    /// [`Kind::Usage`] if its quotes are not closed.
    pub fn metadata_mapper(&self) -> Result<Vec<String>> {
        if self.metadata_mapper.is_empty() {
            return Ok(Vec::new());
        }
        option_value::list(&self.metadata_mapper, ' ').map_err(|accepted| {
            let reason = format!("accepted is {accepted}");
            Error::new(Kind::Usage, "read --metadata-mapper", reason).on(&self.metadata_mapper)
        })
    }

    /// The flags, if they make sense.
    ///
    /// # Errors
    /// [`Kind::Config`] if the partial suffix is too long or no part of a name.
    pub fn checked(self) -> Result<Self> {
        let refuse =
            |reason: String| Err(Error::new(Kind::Config, "read flag", reason).on("--partial-suffix"));
        match &self.partial_suffix {
            suffix if suffix.len() > LONGEST_SUFFIX => refuse(format!(
                "expecting a suffix of at most {LONGEST_SUFFIX} bytes but got {}",
                suffix.len()
            )),
            suffix if suffix.contains(['/', '\0']) => refuse("a file name can hold no such suffix".into()),
            _ => Ok(self),
        }
    }
}
