//! Every flag takes its default from the environment: `--log-level` from `SCLONE_LOG_LEVEL`, else from
//! `RCLONE_LOG_LEVEL`, as rclone does (<https://rclone.org/docs/#environment-variables>).

use clap::{Arg, ArgAction, Command};

use crate::config::environment::Environment;

const PREFIXES: [&str; 2] = ["SCLONE_", "RCLONE_"];

/// A default that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The flag, without its dashes.
    pub flag: String,
    /// The variable.
    pub variable: String,
    /// The value, as the parser will name it in an error.
    pub value: String,
}

/// Gives every flag of the tree its default, and tells which variables were used.
pub fn apply(command: Command, environment: &Environment) -> (Command, Vec<Origin>) {
    let mut used = Vec::new();
    let command = apply_to(command, environment, &mut used);
    (command, used)
}

fn apply_to(command: Command, environment: &Environment, used: &mut Vec<Origin>) -> Command {
    command
        .mut_args(|arg| with_default(arg, environment, used))
        .mut_subcommands(|subcommand| apply_to(subcommand, environment, used))
}

fn with_default(arg: Arg, environment: &Environment, used: &mut Vec<Origin>) -> Arg {
    let Some(flag) = arg.get_long().map(str::to_owned) else {
        return arg;
    };
    let name = flag.replace('-', "_").to_ascii_uppercase();
    let variables = PREFIXES.map(|prefix| format!("{prefix}{name}"));
    let found =
        variables.into_iter().find_map(|variable| Some((environment.os(&variable)?.to_owned(), variable)));
    let Some((value, variable)) = found else {
        return arg;
    };
    used.push(Origin { flag, variable, value: value.to_string_lossy().into_owned() });
    match arg.get_action() {
        ArgAction::Append => arg.value_delimiter(',').default_value(value),
        _ => arg.default_value(value),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::args::Cli;

    fn transfers(variables: &[(&str, &str)], arguments: &[&str]) -> u32 {
        let (command, _) = apply(Cli::command(), &Environment::new(variables.iter().copied()));
        let matches = command.try_get_matches_from(arguments).unwrap();
        *matches.get_one::<u32>("transfers").unwrap()
    }

    #[test]
    fn a_flag_beats_our_variable_which_beats_rclones() {
        let arguments = ["sclone", "version"];
        assert_eq!(transfers(&[], &arguments), 4);
        assert_eq!(transfers(&[("RCLONE_TRANSFERS", "5")], &arguments), 5);
        assert_eq!(transfers(&[("RCLONE_TRANSFERS", "5"), ("SCLONE_TRANSFERS", "6")], &arguments), 6);
        assert_eq!(transfers(&[("SCLONE_TRANSFERS", "")], &arguments), 4);
        let given = ["sclone", "version", "--transfers", "7"];
        assert_eq!(transfers(&[("SCLONE_TRANSFERS", "6")], &given), 7);
        let before = ["sclone", "--transfers=7", "version"];
        assert_eq!(transfers(&[("SCLONE_TRANSFERS", "6")], &before), 7);
    }

    #[test]
    fn used_variables_are_told() {
        let (_, used) = apply(Cli::command(), &Environment::new([("RCLONE_RECURSIVE", "true")]));
        assert_eq!(
            used,
            [Origin { flag: "recursive".into(), variable: "RCLONE_RECURSIVE".into(), value: "true".into() }]
        );
    }
}
