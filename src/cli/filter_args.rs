//! Flags that choose files, of every command. Names, defaults and mixing rules are rclone's
//! (<https://rclone.org/filtering/>).

use std::ffi::OsString;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;

use clap::ValueEnum;
use jiff::Timestamp;

use crate::error::{Error, Kind, Result};
use crate::filter::{Filter, Listed, Patterns, Spec, lines, raw_lines, records};
use crate::path::Name;
use crate::units::{ByteSize, Interval};

/// The flags as they were given.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Filter flags")]
pub struct FilterArgs {
    /// Include only files that match the pattern
    #[arg(long, global = true, value_name = "PATTERN")]
    pub include: Vec<OsString>,

    /// Read patterns to include from a file, - for standard input
    #[arg(long, global = true, value_name = "FILE")]
    pub include_from: Vec<OsString>,

    /// Exclude files that match the pattern
    #[arg(long, global = true, value_name = "PATTERN")]
    pub exclude: Vec<OsString>,

    /// Read patterns to exclude from a file, - for standard input
    #[arg(long, global = true, value_name = "FILE")]
    pub exclude_from: Vec<OsString>,

    /// Add a rule: "+ PATTERN", "- PATTERN", or ! to drop the rules before it
    #[arg(id = "filter_rule", short = 'f', long = "filter", global = true, value_name = "RULE")]
    pub filter: Vec<OsString>,

    /// Read rules from a file, - for standard input
    #[arg(long, global = true, value_name = "FILE")]
    pub filter_from: Vec<OsString>,

    /// Include only files that have metadata key=value which matches the pattern
    #[arg(long, global = true, value_name = "PATTERN", allow_hyphen_values = true)]
    pub metadata_include: Vec<OsString>,

    /// Read such patterns to include from a file, - for standard input
    #[arg(long, global = true, value_name = "FILE")]
    pub metadata_include_from: Vec<OsString>,

    /// Exclude files that have metadata key=value which matches the pattern
    #[arg(long, global = true, value_name = "PATTERN", allow_hyphen_values = true)]
    pub metadata_exclude: Vec<OsString>,

    /// Read such patterns to exclude from a file, - for standard input
    #[arg(long, global = true, value_name = "FILE")]
    pub metadata_exclude_from: Vec<OsString>,

    /// Add a rule about metadata: "+ PATTERN", "- PATTERN", or ! to drop the rules before it
    #[arg(long, global = true, value_name = "RULE", allow_hyphen_values = true)]
    pub metadata_filter: Vec<OsString>,

    /// Read such rules from a file, - for standard input
    #[arg(long, global = true, value_name = "FILE")]
    pub metadata_filter_from: Vec<OsString>,

    /// Only the files listed in a file, - for standard input
    #[arg(long, global = true, value_name = "FILE")]
    pub files_from: Vec<OsString>,

    /// As --files-from, with lines taken as they stand
    #[arg(long, global = true, value_name = "FILE")]
    pub files_from_raw: Vec<OsString>,

    /// As --files-from, with NUL between names
    #[arg(long = "files-from0", global = true, value_name = "FILE")]
    pub files_from0: Vec<OsString>,

    /// Exclude folders that hold a file of this name
    #[arg(long, global = true, value_name = "NAME")]
    pub exclude_if_present: Vec<OsString>,

    /// Only files of at least this size: KiB, or with a suffix B, K, M, G, T, P
    #[arg(long, global = true, value_name = "SIZE", default_value = "off")]
    pub min_size: ByteSize,

    /// Only files of at most this size
    #[arg(long, global = true, value_name = "SIZE", default_value = "off")]
    pub max_size: ByteSize,

    /// Only files changed at least this long ago: seconds, or with a suffix ms, s, m, h, d, w, M, y, or a date
    #[arg(long, global = true, value_name = "AGE", default_value = "off")]
    pub min_age: Interval,

    /// Only files changed at most this long ago
    #[arg(long, global = true, value_name = "AGE", default_value = "off")]
    pub max_age: Interval,

    /// Levels of folders to go down, -1 for all
    #[arg(long, global = true, value_name = "N", default_value = "-1")]
    pub max_depth: i64,

    /// Match patterns whatever the case
    #[arg(long, global = true)]
    pub ignore_case: bool,

    /// Only part K of N parts of all names, or any part: K/N, @/N
    #[arg(long, global = true, value_name = "K/N")]
    pub hash_filter: Option<String>,

    /// Delete files in the destination that are excluded in the source, where a command deletes
    #[arg(long, global = true)]
    pub delete_excluded: bool,

    /// Print what the flags came to: filters; or what --metadata-mapper is sent and answers: mapper
    #[arg(long, global = true, value_name = "WHAT", value_delimiter = ',')]
    pub dump: Vec<Dump>,
}

/// Takes a list of files apart.
type Split = fn(&[u8]) -> Vec<Vec<u8>>;

/// What `--dump` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Dump {
    /// The rules as regular expressions.
    Filters,
    /// What goes to the metadata mapper and comes back.
    Mapper,
}

impl FilterArgs {
    /// Reads the files that flags name and makes the filter.
    ///
    /// # Errors
    /// A file cannot be read, a rule is malformed, or flags contradict each other.
    pub fn resolve(&self) -> Result<Filter> {
        Filter::new(self.spec()?, Timestamp::now().as_nanosecond())
    }

    /// The levels that a walk goes down; `None` is the command's own choice. 0 is no bound, as in rclone.
    pub fn depth(&self) -> Option<usize> {
        let depth = usize::try_from(self.max_depth).ok()?;
        Some(if depth == 0 { usize::MAX } else { depth })
    }

    fn spec(&self) -> Result<Spec> {
        let names = self.exclude_if_present.iter().filter(|name| !name.is_empty());
        Ok(Spec {
            paths: Patterns {
                include: globs(&self.include, &self.include_from)?,
                exclude: globs(&self.exclude, &self.exclude_from)?,
                rules: globs(&self.filter, &self.filter_from)?.unwrap_or_default(),
            },
            metadata: Patterns {
                include: globs(&self.metadata_include, &self.metadata_include_from)?,
                exclude: globs(&self.metadata_exclude, &self.metadata_exclude_from)?,
                rules: globs(&self.metadata_filter, &self.metadata_filter_from)?.unwrap_or_default(),
            },
            files: self.files()?,
            exclude_if_present: names.map(|name| Name::new(name.as_bytes())).collect::<Result<_>>()?,
            min_size: self.min_size.bytes(),
            max_size: self.max_size.bytes(),
            min_age: nanoseconds(self.min_age),
            max_age: nanoseconds(self.max_age),
            hash_filter: self.hash_filter.clone().filter(|text| !text.is_empty()),
            ignore_case: self.ignore_case,
            delete_excluded: self.delete_excluded,
        })
    }

    fn files(&self) -> Result<Option<(&'static str, Listed)>> {
        let flags: [(&str, &[OsString], Split); 3] = [
            ("--files-from", &self.files_from, lines),
            ("--files-from-raw", &self.files_from_raw, raw_lines),
            ("--files-from0", &self.files_from0, records),
        ];
        let mut found: Option<(&str, Listed)> = None;
        for (flag, paths, split) in flags {
            for path in paths {
                let (_, listed) = found.get_or_insert_with(|| (flag, Listed::default()));
                for file in split(&read(path)?) {
                    listed.add(&file);
                }
            }
        }
        Ok(found)
    }
}

/// The patterns of a flag, then those of the files its `-from` form names. `None` if neither was given; an empty pattern
/// is none.
fn globs(given: &[OsString], files: &[OsString]) -> Result<Option<Vec<Vec<u8>>>> {
    let given = given.iter().filter(|glob| !glob.is_empty());
    let mut globs: Vec<_> = given.map(|glob| glob.as_bytes().to_vec()).collect();
    for file in files {
        globs.extend(lines(&read(file)?));
    }
    Ok((!globs.is_empty() || !files.is_empty()).then_some(globs))
}

/// Reads a file, or standard input.
fn read(path: &OsString) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    let done = if path == "-" {
        std::io::stdin().read_to_end(&mut content).map(drop)
    } else {
        std::fs::read(path).map(|read| content = read)
    };
    let wrong = |error| Error::from_io("read filters", error).with_kind(Kind::Config).on(path.as_bytes());
    done.map(|()| content).map_err(wrong)
}

fn nanoseconds(age: Interval) -> Option<u64> {
    age.duration().map(|age| u64::try_from(age.as_nanos()).unwrap_or(u64::MAX))
}
