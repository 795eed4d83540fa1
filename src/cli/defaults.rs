//! Where flags that nobody typed take their values from: `--log-level` from `SCLONE_LOG_LEVEL`, else from
//! `RCLONE_LOG_LEVEL`, as rclone does (<https://rclone.org/docs/#environment-variables>), else from `settings.toml`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use clap::{Arg, ArgAction, Command};

use crate::config::environment::Environment;
use crate::config::option_value;
use crate::config::settings::{KnownNames, SettingsFile};

const PREFIXES: [&str; 2] = ["SCLONE_", "RCLONE_"];

/// A default that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The flag, without its dashes.
    pub flag: String,
    /// Where it was found, in words.
    pub place: String,
    /// Whether that is a variable of the environment.
    pub is_variable: bool,
    /// The value, as the parser will name it in an error.
    pub value: String,
}

/// What has been found so far.
#[derive(Default)]
struct Found {
    origins: Vec<Origin>,
    fault: Option<String>,
}

/// What defaults are taken from.
#[derive(Clone, Copy)]
pub struct Defaults<'a> {
    /// The variables; they come first.
    pub environment: &'a Environment,
    /// The settings file.
    pub settings: &'a SettingsFile,
}

impl Defaults<'_> {
    /// Gives every flag of the tree its default, and tells which were found.
    ///
    /// # Errors
    /// What is wrong with a variable that holds a list.
    pub fn apply(self, root: Command) -> Result<(Command, Vec<Origin>), String> {
        let globals: Vec<_> = root.get_arguments().filter(|arg| arg.is_global_set()).cloned().collect();
        let mut found = Found::default();
        let root = root.mut_args(|arg| self.fill(arg, "", &mut found)).mut_subcommands(|command| {
            let name = command.get_name().to_owned();
            let special = globals.iter().filter(|arg| self.is_special(&name, arg)).cloned();
            self.fill_all(command.args(special), &name, &mut found)
        });
        found.fault.map_or(Ok((root, found.origins)), Err)
    }

    /// Whether the settings give a global flag a value of its own for this command.
    fn is_special(self, command: &str, arg: &Arg) -> bool {
        arg.get_long()
            .is_some_and(|flag| self.settings.values(command, flag) != self.settings.values("", flag))
    }

    /// Subcommands of a command take their defaults from its table.
    fn fill_all(self, command: Command, table: &str, found: &mut Found) -> Command {
        command
            .mut_args(|arg| self.fill(arg, table, found))
            .mut_subcommands(|command| self.fill_all(command, table, found))
    }

    fn fill(self, arg: Arg, table: &str, found: &mut Found) -> Arg {
        let Some(flag) = arg.get_long().map(str::to_owned) else {
            return arg;
        };
        let many = matches!(arg.get_action(), ArgAction::Append);
        if let Some((variable, value)) = self.variable(&flag) {
            let place = format!("environment variable {variable}");
            let values = match if many { items(&value) } else { Ok(vec![value.clone()]) } {
                Ok(values) => values,
                Err(accepted) => {
                    found.fault = Some(format!("invalid value for {place}: accepted is {accepted}"));
                    return arg;
                }
            };
            let origin =
                Origin { flag, place, is_variable: true, value: value.to_string_lossy().into_owned() };
            // Several commands may have a flag of this name.
            if !found.origins.contains(&origin) {
                found.origins.push(origin);
            }
            return arg.default_values(values);
        }
        let Some(values) = self.settings.values(table, &flag) else {
            return arg;
        };
        let place = "settings.toml".to_owned();
        found.origins.extend(values.iter().map(|value| Origin {
            flag: flag.clone(),
            place: place.clone(),
            is_variable: false,
            value: value.clone(),
        }));
        arg.default_values(values.to_vec())
    }

    fn variable(self, flag: &str) -> Option<(String, OsString)> {
        let name = flag.replace('-', "_").to_ascii_uppercase();
        let variables = PREFIXES.map(|prefix| format!("{prefix}{name}"));
        variables.into_iter().find_map(|variable| {
            let value = self.environment.os(&variable)?.to_owned();
            Some((variable, value))
        })
    }
}

/// The items of a list as rclone reads it, one record of CSV. Bytes that are not text have no quotes.
fn items(value: &OsStr) -> Result<Vec<OsString>, &'static str> {
    if let Some(text) = value.to_str() {
        return Ok(option_value::record(text, ',')?.into_iter().map(OsString::from).collect());
    }
    let items = value.as_bytes().split(|&byte| byte == b',');
    Ok(items.map(|item| OsStr::from_bytes(item).to_owned()).collect())
}

/// The names a settings file may use: the flags and commands of the tree.
pub fn known_names(root: &Command) -> KnownNames {
    let global = root.get_arguments().filter(|arg| arg.is_global_set()).filter_map(Arg::get_long);
    KnownNames {
        global: global.map(str::to_owned).collect(),
        commands: root
            .get_subcommands()
            .map(|command| (command.get_name().to_owned(), own_flags(command)))
            .collect(),
    }
}

fn own_flags(command: &Command) -> std::collections::BTreeSet<String> {
    let own = command.get_arguments().filter_map(Arg::get_long).map(str::to_owned);
    own.chain(command.get_subcommands().flat_map(own_flags)).collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::args::Cli;

    fn transfers(variables: &[(&str, &str)], settings: &str, arguments: &str) -> u32 {
        let environment = Environment::new(variables.iter().copied());
        let settings = SettingsFile::parse(settings, &known_names(&Cli::command())).unwrap();
        let (command, _) =
            Defaults { environment: &environment, settings: &settings }.apply(Cli::command()).unwrap();
        let matches = command.try_get_matches_from(arguments.split(' ')).unwrap();
        *matches.get_one::<u32>("transfers").unwrap()
    }

    #[test]
    fn a_flag_beats_our_variable_which_beats_rclones_which_beats_the_settings() {
        let (rclone, ours) = (("RCLONE_TRANSFERS", "5"), ("SCLONE_TRANSFERS", "6"));
        let settings = "transfers = 7\n[copy]\ntransfers = 8\n";
        for (variables, settings, arguments, expected) in [
            (&[][..], "", "sclone version", 4),
            (&[], settings, "sclone version", 7),
            (&[], settings, "sclone copy a b", 8),
            (&[], "[config]\ntransfers = 8", "sclone config file", 8),
            (&[rclone], settings, "sclone copy a b", 5),
            (&[rclone, ours], settings, "sclone version", 6),
            (&[("SCLONE_TRANSFERS", "")], "", "sclone version", 4),
            (&[ours], settings, "sclone version --transfers 9", 9),
            (&[ours], settings, "sclone --transfers=9 version", 9),
            (&[], settings, "sclone --transfers=9 copy a b", 9),
        ] {
            assert_eq!(
                transfers(variables, settings, arguments),
                expected,
                "{variables:?} {settings} {arguments}"
            );
        }
    }

    #[test]
    fn places_are_told() {
        let environment = Environment::new([("RCLONE_RECURSIVE", "true")]);
        let settings = SettingsFile::parse("stats = '5s'", &known_names(&Cli::command())).unwrap();
        let (_, found) =
            Defaults { environment: &environment, settings: &settings }.apply(Cli::command()).unwrap();
        let origin = |flag: &str, place: &str, value: &str| Origin {
            flag: flag.into(),
            place: place.into(),
            is_variable: place != "settings.toml",
            value: value.into(),
        };
        assert_eq!(
            found,
            [
                origin("stats", "settings.toml", "5s"),
                origin("recursive", "environment variable RCLONE_RECURSIVE", "true")
            ]
        );
    }

    #[test]
    fn lists_are_read_as_rclone_reads_them() {
        let values = |text: &str| {
            let environment = Environment::new([("RCLONE_EXCLUDE", text)]);
            let settings = SettingsFile::default();
            let defaults = Defaults { environment: &environment, settings: &settings };
            let (command, _) = defaults.apply(Cli::command())?;
            let matches = command.try_get_matches_from(["sclone", "ls", "a:"]).unwrap();
            let values = matches.get_many::<OsString>("exclude").into_iter().flatten();
            Ok::<_, String>(values.map(|value| value.to_string_lossy().into_owned()).collect::<Vec<_>>())
        };
        assert_eq!(values("a,b").unwrap(), ["a", "b"]);
        assert_eq!(values("\"a,b\",\"q\"\"x\"").unwrap(), ["a,b", "q\"x"]);
        for bad in ["\"a", "a\"b", "\"a\"b"] {
            assert!(values(bad).unwrap_err().contains("RCLONE_EXCLUDE"), "{bad}");
        }
    }
}
