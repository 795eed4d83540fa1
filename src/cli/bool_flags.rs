//! Boolean flags as rclone takes them: `--flag`, `--flag=false`, never `--flag false`.

use clap::builder::BoolishValueParser;
use clap::{Arg, ArgAction, Command};

/// Lets every boolean flag of the tree take a value after `=`.
pub fn with_values(command: Command) -> Command {
    command.mut_args(with_value).mut_subcommands(with_values)
}

fn with_value(arg: Arg) -> Arg {
    if !matches!(arg.get_action(), ArgAction::SetTrue) {
        return arg;
    }
    let arg = if arg.get_default_values().is_empty() { arg.default_value("false") } else { arg };
    arg.action(ArgAction::Set)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .value_name("BOOL")
        .value_parser(BoolishValueParser::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(arguments: &[&str]) -> Option<(bool, bool, Option<String>)> {
        let flag =
            |name: &'static str, short| Arg::new(name).long(name).short(short).action(ArgAction::SetTrue);
        let command = Command::new("x").arg(flag("on", 'o').default_value("true")).arg(flag("new", 'n'));
        let command = with_values(command.arg(Arg::new("path")));
        let matches = command.try_get_matches_from([&["x"], arguments].concat()).ok()?;
        Some((matches.get_flag("on"), matches.get_flag("new"), matches.get_one("path").cloned()))
    }

    #[test]
    fn a_value_stands_after_an_equals_sign_only() {
        for (arguments, on, new) in [
            (&[][..], true, false),
            (&["--new"], true, true),
            (&["--new=true", "--on=false"], false, true),
            (&["--new=0", "--on=F"], false, false),
            (&["-no"], true, true),
            (&["-o=false"], false, false),
        ] {
            assert_eq!(flags(arguments), Some((on, new, None)), "{arguments:?}");
        }
        assert_eq!(flags(&["--new", "false"]), Some((true, true, Some("false".into()))));
        assert_eq!(flags(&["--new=maybe"]), None);
    }
}
