//! What the flags mean, resolved once and checked before anything is opened.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::ArgMatches;
use clap::parser::ValueSource;
use log::LevelFilter;

use super::backend_flags;
use super::filter_args::Dump;
use super::global::{GlobalArgs, StatsUnit};
use super::job_args::JobArgs;
use super::parse::Parsed;
use crate::config::environment::Environment;
use crate::error::{Error, Kind, Result};
use crate::filter::Filter;
use crate::fs::{Links, Properties};
use crate::output::go_time::TimeFormat;
use crate::output::listing::SizeStyle;
use crate::output::logger;
use crate::output::progress::Form;
use crate::output::stats_block::Look;
use crate::transfer::gate::Caution;
use crate::transfer::{Streams, Verify};
use crate::units::Interval;

/// `0` and `off` of a network timeout: no wait is without a bound, but a day is as good as none.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Folders that one checker reads at once.
const FOLDERS_PER_CHECKER: usize = 8;

/// The settings of a run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Change nothing, only say what would be done.
    pub dry_run: bool,
    /// What stands before every change.
    pub caution: Caution,
    /// What becomes of symbolic links of this machine.
    pub links: Links,
    /// Whether paths of this machine are left where something is mounted.
    pub one_file_system: bool,
    /// Whether nothing is said about pipes, sockets and devices of this machine.
    pub skip_specials: bool,
    /// Large files transferred at once.
    pub transfers: usize,
    /// Folders read and files compared at once.
    pub checkers: usize,
    /// A copy is only done when it is on the disk.
    pub fsync: bool,
    /// How large a file is carried over more than one way to the server.
    pub streams: Streams,
    /// How files are moved.
    pub job: JobArgs,
    /// What `--metadata-set` gives every copy.
    pub metadata_set: Properties,
    /// The words of the command that maps metadata; none without one.
    pub metadata_mapper: Vec<String>,
    /// What is compared once files have arrived.
    pub verify: VerifySetting,
    /// Configuration file, if one is named.
    pub config: Option<OsString>,
    /// Command that prints the password of an encrypted configuration file.
    pub password_command: Option<String>,
    /// Whether questions may be asked.
    pub ask_password: bool,
    /// Bound for making a connection.
    pub connect_timeout: Duration,
    /// Bound for waiting on a server.
    pub timeout: Duration,
    /// Sizes with units instead of in bytes.
    pub human_readable: bool,
    /// Show progress.
    pub progress: bool,
    /// Time between two statistics; `None` for none before the end.
    pub stats_interval: Option<Duration>,
    /// The form of statistics.
    pub stats_form: Form,
    /// Show in the title of the terminal how long it still takes.
    pub progress_title: bool,
    /// Where what can be lost is kept between runs.
    pub cache_folder: Option<PathBuf>,
    /// How statistics look.
    pub stats_look: Look,
    /// The level of statistics in the log.
    pub stats_level: LevelFilter,
    /// The log.
    pub log: logger::Settings,
    /// Options given by `--sftp-NAME`, by their names in the configuration file.
    pub backend_flags: BTreeMap<String, String>,
    /// Options of remotes that the settings file sets, for those that nothing else sets.
    pub backend_defaults: BTreeMap<String, String>,
    /// Which files commands see.
    pub filter: Arc<Filter>,
    /// Levels of folders to go down; `None` for as many as the command goes by itself.
    pub max_depth: Option<usize>,
    /// Whether to print the filter's rules first.
    pub dump_filters: bool,
    /// Whether to log what the metadata mapper is sent and answers.
    pub dump_mapper: bool,
    /// What the process was started with.
    pub environment: Environment,
}

/// What is compared once files have arrived, as far as remotes do not say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VerifySetting {
    /// Whatever they say: typed, or set in the environment.
    pub asked: Option<Verify>,
    /// Where they say nothing: set by the settings file.
    pub fallback: Option<Verify>,
}

impl VerifySetting {
    /// What is compared between remotes that say this. Of two that differ the more careful one counts.
    pub fn between(self, remotes: [Option<Verify>; 2]) -> Verify {
        let own = remotes.into_iter().flatten().max();
        self.asked.or(own).or(self.fallback).unwrap_or(Verify::Risky)
    }
}

impl Settings {
    /// Checks the global flags against each other.
    ///
    /// # Errors
    /// Two of `-v`, `-q` and `--log-level` were given, or `-l` with `-L`, or the filter flags are wrong.
    pub fn resolve(parsed: &Parsed, environment: Environment) -> Result<Self> {
        let (args, matches) = (&parsed.cli.global, &parsed.matches);
        Ok(Self {
            dry_run: args.dry_run,
            caution: match (args.dry_run, args.interactive) {
                (true, _) => Caution::DryRun,
                (false, true) => Caution::Interactive,
                (false, false) => Caution::Off,
            },
            links: links(args)?,
            one_file_system: args.one_file_system,
            skip_specials: args.skip_specials,
            transfers: usize::try_from(args.transfers).unwrap_or(usize::MAX),
            checkers: usize::try_from(args.checkers).unwrap_or(usize::MAX),
            fsync: args.fsync,
            streams: Streams {
                cutoff: args.multi_thread_cutoff.bytes().unwrap_or(u64::MAX),
                most: usize::try_from(args.multi_thread_streams).unwrap_or(usize::MAX),
            },
            job: parsed.cli.job.clone().checked()?,
            metadata_set: parsed.cli.job.metadata_set()?,
            metadata_mapper: parsed.cli.job.metadata_mapper()?,
            verify: verify(parsed),
            config: args.config.clone(),
            password_command: args.password_command.clone(),
            ask_password: args.ask_password,
            connect_timeout: bound(args.contimeout),
            timeout: bound(args.timeout),
            human_readable: args.human_readable,
            progress: args.progress,
            stats_interval: args.stats.duration().filter(|interval| !interval.is_zero()),
            stats_form: stats_form(args),
            progress_title: args.progress && args.progress_terminal_title,
            cache_folder: args
                .cache_dir
                .clone()
                .filter(|folder| !folder.as_os_str().is_empty())
                .or_else(|| environment.cache_folder()),
            stats_look: Look {
                name_width: Some(args.stats_file_name_length).filter(|width| *width > 0),
                bits: args.stats_unit == StatsUnit::Bits,
            },
            stats_level: args.stats_log_level.into(),
            log: args.log.settings(level(args, matches)?, &environment)?,
            backend_flags: backend_flags::given(matches),
            backend_defaults: parsed.backend_defaults.clone(),
            filter: Arc::new(parsed.cli.filter.resolve()?),
            max_depth: parsed.cli.filter.depth(),
            dump_filters: parsed.cli.filter.dump.contains(&Dump::Filters),
            dump_mapper: parsed.cli.filter.dump.contains(&Dump::Mapper),
            environment,
        })
    }
}

impl Settings {
    /// Folders read at once. They share connections, so that a checker is worth several of rclone's.
    pub const fn folders_at_once(&self) -> usize {
        self.checkers.saturating_mul(FOLDERS_PER_CHECKER)
    }

    /// How listings show sizes.
    pub const fn size_style(&self) -> SizeStyle {
        if self.human_readable { SizeStyle::Human } else { SizeStyle::Bytes }
    }
}

fn verify(parsed: &Parsed) -> VerifySetting {
    let given = parsed.cli.job.verify();
    let is_asked = ["verify", "ignore-checksum"].into_iter().any(|flag| parsed.is_asked(flag));
    let (asked, fallback) = if is_asked { (given, None) } else { (None, given) };
    VerifySetting { asked, fallback }
}

fn links(args: &GlobalArgs) -> Result<Links> {
    match (args.links, args.copy_links, args.skip_links) {
        (true, true, _) => {
            Err(Error::new(Kind::Config, "read flags", "can't use -l/--links with -L/--copy-links"))
        }
        (true, ..) => Ok(Links::Translated),
        (_, true, _) => Ok(Links::Followed),
        (.., true) => Ok(Links::Hidden),
        _ => Ok(Links::Shown),
    }
}

fn stats_form(args: &GlobalArgs) -> Form {
    match &args.stats_one_line_date_format {
        Some(layout) if !layout.is_empty() => Form::DatedLine(TimeFormat::new(layout, true)),
        _ if args.stats_one_line_date => Form::DatedLine(TimeFormat::new("2006/01/02 15:04:05 - ", true)),
        _ if args.stats_one_line => Form::Line,
        _ => Form::Block,
    }
}

fn bound(interval: Interval) -> Duration {
    interval.duration().filter(|interval| !interval.is_zero()).unwrap_or(LONGEST_WAIT)
}

/// The level that `-v`, `-q` and `--log-level` ask for. What was typed beats what the environment or the settings file says; two of the
/// same rank contradict each other.
fn level(args: &GlobalArgs, matches: &ArgMatches) -> Result<LevelFilter> {
    let verbose = match args.verbose {
        0 => None,
        1 => Some(LevelFilter::Info),
        _ => Some(LevelFilter::Debug),
    };
    let asked = [
        ("verbose", "-v", verbose),
        ("quiet", "-q", args.quiet.then_some(LevelFilter::Error)),
        ("log_level", "--log-level", args.log.log_level.map(LevelFilter::from)),
    ];
    let asked = asked.into_iter().filter_map(|(id, flag, level)| Some((id, flag, level?)));
    let (typed, inherited): (Vec<_>, Vec<_>) =
        asked.partition(|(id, ..)| matches.value_source(id) == Some(ValueSource::CommandLine));
    let rank = if typed.is_empty() { inherited } else { typed };
    match rank.as_slice() {
        [] => Ok(LevelFilter::Warn),
        [(_, _, level)] => Ok(*level),
        [(_, first, _), (_, second, _), ..] => {
            Err(Error::new(Kind::Config, "read flags", format!("can't set {first} and {second}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::defaults::Defaults;
    use crate::cli::parse::parse;
    use crate::config::settings::SettingsFile;

    fn settings(variables: &[(&str, &str)], flags: &str) -> Result<Settings> {
        let environment = Environment::new(variables.iter().copied());
        let arguments = ["sclone", "version"].into_iter().chain(flags.split_whitespace());
        let settings = SettingsFile::default();
        let defaults = Defaults { environment: &environment, settings: &settings };
        let parsed = parse(arguments.map(Into::into), defaults).unwrap();
        Settings::resolve(&parsed, environment)
    }

    #[test]
    fn the_level_is_what_was_typed_last_of_all_environment() {
        for (variables, flags, level) in [
            (&[][..], "", LevelFilter::Warn),
            (&[], "-v", LevelFilter::Info),
            (&[], "-vv", LevelFilter::Debug),
            (&[], "-v -v", LevelFilter::Debug),
            (&[], "-q", LevelFilter::Error),
            (&[], "--log-level debug", LevelFilter::Debug),
            (&[], "--log-level OFF", LevelFilter::Off),
            (&[("RCLONE_VERBOSE", "2")], "", LevelFilter::Debug),
            (&[("RCLONE_VERBOSE", "2")], "-q", LevelFilter::Error),
            (&[("RCLONE_LOG_LEVEL", "ERROR")], "-v", LevelFilter::Info),
        ] {
            assert_eq!(settings(variables, flags).unwrap().log.level, level, "{variables:?} {flags}");
        }
    }

    #[test]
    fn contradictions_are_refused() {
        for flags in ["-l -L", "-v -q", "-v --log-level INFO", "-q --log-level INFO"] {
            assert!(settings(&[], flags).unwrap_err().to_string().contains("can't "), "{flags}");
        }
        assert!(settings(&[("RCLONE_QUIET", "true"), ("RCLONE_VERBOSE", "1")], "").is_err());
    }

    #[test]
    fn booleans_take_a_value_and_waits_have_a_bound() {
        let settings =
            settings(&[("RCLONE_DRY_RUN", "1")], "--dry-run=false --ask-password=false --timeout 0");
        let settings = settings.unwrap();
        assert!(!settings.dry_run && !settings.ask_password);
        assert_eq!(settings.timeout, LONGEST_WAIT);
        assert_eq!(settings.connect_timeout, Duration::from_secs(60));
        assert_eq!(settings.stats_interval, Some(Duration::from_secs(60)));
    }
}
