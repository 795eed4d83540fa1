//! Boolean flags as rclone takes them: `--flag`, `--flag=false`, never `--flag false`.

use clap::builder::{BoolishValueParser, ValueParser};
use clap::{Arg, ArgAction, Command};

/// Lets every boolean flag of the tree take a value after `=`.
pub fn with_values(command: Command) -> Command {
    command.mut_args(with_value).mut_subcommands(with_values)
}

fn with_value(arg: Arg) -> Arg {
    let is_flag = matches!(arg.get_action(), ArgAction::SetTrue);
    let is_bool = arg.get_value_parser().type_id() == ValueParser::bool().type_id();
    if !is_flag && !is_bool {
        return arg;
    }
    let arg = if is_flag && arg.get_default_values().is_empty() { arg.default_value("false") } else { arg };
    arg.action(ArgAction::Set)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .value_name("BOOL")
        .value_parser(BoolishValueParser::new())
}
