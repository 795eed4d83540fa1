//! From arguments and environment to the command tree's types; help, versions and usage errors end here.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, CommandFactory, FromArgMatches};

use super::args::Cli;
use super::defaults::{Defaults, Origin, known_names};
use super::exit_code::ExitCode;
use super::help::page;
use super::{backend_flags, bool_flags, flag_order};
use crate::config::environment::Environment;
use crate::config::settings::SettingsFile;
use crate::error::Error;

/// A command line that makes sense.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The arguments.
    pub cli: Cli,
    /// The same, with where each value came from.
    pub matches: ArgMatches,
    /// The defaults that the environment and the settings file gave to flags.
    pub origins: Vec<Origin>,
    /// Options of remotes that the settings file sets for this command.
    pub backend_defaults: BTreeMap<String, String>,
}

impl Parsed {
    /// Whether a flag of every command was typed or set in the environment, not by the settings file.
    pub fn is_asked(&self, flag: &str) -> bool {
        let id = flag.replace('-', "_");
        let is_typed = self.matches.value_source(&id) == Some(ValueSource::CommandLine);
        is_typed || self.origins.iter().any(|origin| origin.flag == flag && origin.is_variable)
    }
}

/// Parses the arguments, the program's name first.
///
/// # Errors
/// What clap has to say: a usage error, but also the text of `--help` and `--version`. See [`report`].
pub fn parse(
    arguments: impl Iterator<Item = OsString>,
    defaults: Defaults<'_>,
) -> Result<Parsed, clap::Error> {
    let (command, origins) = defaults
        .apply(Cli::command())
        .map_err(|reason| Cli::command().error(ErrorKind::InvalidValue, reason))?;
    let shown = flag_order::with_last_values(backend_flags::add(command));
    let arguments = flag_order::command_first(&shown, arguments.collect());
    let parsed =
        bool_flags::with_values(shown.clone()).try_get_matches_from(&arguments).and_then(|matches| {
            let cli = Cli::from_arg_matches(&matches)?;
            Ok((cli, matches))
        });
    match parsed {
        Ok((cli, matches)) => {
            let command = matches.subcommand_name().unwrap_or_default();
            let backend_defaults = backend_flags::defaults(defaults.settings, command);
            Ok(Parsed { cli, matches, origins, backend_defaults })
        }
        Err(error) => Err(match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                plain_help(page::arrange(shown), &arguments, error)
            }
            _ => name_origin(error, &origins),
        }),
    }
}

/// The same help in groups, with `--flag` instead of `--flag[=<BOOL>]`.
fn plain_help(command: Command, arguments: &[OsString], help: clap::Error) -> clap::Error {
    let plain = command.try_get_matches_from(arguments).err();
    plain.filter(|plain| plain.kind() == help.kind()).unwrap_or(help)
}

/// Tells where a bad value came from, as nobody has typed it.
fn name_origin(error: clap::Error, origins: &[Origin]) -> clap::Error {
    let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) else {
        return error;
    };
    let Some(origin) = origins.iter().find(|origin| origin.value == *value) else {
        return error;
    };
    let text = format!("{}\nthe value comes from {}\n", error.render(), origin.place);
    clap::Error::raw(error.kind(), text.trim_start_matches("error: "))
}

/// Prints what [`parse`] returned: help on stdout, usage errors on stderr.
pub fn report(error: &clap::Error) -> ExitCode {
    let code = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::Success,
        _ => ExitCode::Usage,
    };
    match error.print() {
        // A wrong command line is the graver fault.
        Err(failed) if code == ExitCode::Success && failed.kind() != io::ErrorKind::BrokenPipe => {
            let failed = Error::from_io("write to standard output", failed);
            log::error!("Failed to print help: {failed}");
            ExitCode::of(failed.kind())
        }
        _ => code,
    }
}

/// Loads the settings file.
///
/// # Errors
/// It cannot be read, or sets something that no flag sets.
pub fn load_settings(environment: &Environment) -> crate::error::Result<SettingsFile> {
    let path = SettingsFile::path(environment);
    path.map_or_else(
        || Ok(SettingsFile::default()),
        |path| SettingsFile::load(&path, &known_names(&command_tree())),
    )
}

/// The command tree as completions know it.
pub fn command_tree() -> Command {
    backend_flags::add(Cli::command())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_consistent() {
        bool_flags::with_values(command_tree()).debug_assert();
    }

    #[test]
    fn a_bad_variable_is_named() {
        let environment = Environment::new([("RCLONE_TRANSFERS", "many")]);
        let settings = SettingsFile::default();
        let defaults = Defaults { environment: &environment, settings: &settings };
        let error = parse(["sclone", "version"].into_iter().map(Into::into), defaults).unwrap_err();
        let text = error.render().to_string();
        assert!(text.contains("'many'") && text.contains("RCLONE_TRANSFERS"), "{text}");
        assert!(text.starts_with("error: invalid value"), "{text}");
    }
}
