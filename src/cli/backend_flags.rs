//! The flags `--sftp-NAME`, made from the table of options: they set an option for every remote of the type.

use std::collections::BTreeMap;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::config::option_table::{OPTIONS, OptionKind, OptionSpec};
use crate::config::settings::SettingsFile;

/// Adds the flags to the root of the tree.
pub fn add(command: Command) -> Command {
    command.args(OPTIONS.iter().map(flag))
}

fn flag(option: &OptionSpec) -> Arg {
    let arg = Arg::new(option.flag())
        .long(option.flag())
        .help(option.help)
        .help_heading("SFTP options, for every remote of that type")
        .value_name("VALUE")
        .global(true)
        .hide_short_help(true)
        .action(ArgAction::Set);
    match option.kind {
        OptionKind::Bool => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        _ => arg,
    }
}

/// The options that were given, by their names in the configuration file.
pub fn given(matches: &ArgMatches) -> BTreeMap<String, String> {
    let value = |option: &OptionSpec| {
        let id = option.flag();
        (matches.value_source(&id)? == ValueSource::CommandLine).then_some(())?;
        Some((option.name.to_owned(), matches.get_one::<String>(&id)?.clone()))
    };
    OPTIONS.iter().filter_map(value).collect()
}

/// The options that a settings file sets for a command, by their names in the configuration file.
pub fn defaults(settings: &SettingsFile, command: &str) -> BTreeMap<String, String> {
    let value = |option: &OptionSpec| {
        let values = settings.values(command, &option.flag())?;
        Some((option.name.to_owned(), values.last()?.clone()))
    };
    OPTIONS.iter().filter_map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> BTreeMap<String, String> {
        let command = add(Command::new("sclone").subcommand(Command::new("ls").arg(Arg::new("path"))));
        given(&command.try_get_matches_from(arguments).unwrap())
    }

    #[test]
    fn flags_are_found_by_option_name_wherever_they_stand() {
        let expected = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect::<BTreeMap<_, _>>()
        };
        assert_eq!(parse(&["sclone", "ls", "a:"]), expected(&[]));
        assert_eq!(
            parse(&["sclone", "--sftp-host", "h", "ls", "a:", "--sftp-key-file=-k", "--sftp-key-use-agent"]),
            expected(&[("host", "h"), ("key_file", "-k"), ("key_use_agent", "true")])
        );
        assert_eq!(parse(&["sclone", "ls", "--sftp-pass="]), expected(&[("pass", "")]));
    }
}
