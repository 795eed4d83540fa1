//! Flags as rclone reads them. They count before the name of a command and after it; the word after a flag that takes a
//! value is its value, whatever it looks like; and of a flag that is given again the last value counts.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use clap::{Arg, ArgAction, Command};

/// Has the flags of the tree read their values like that.
pub fn with_last_values(command: Command) -> Command {
    any_word_is_a_value(command).args_override_self(true)
}

fn any_word_is_a_value(command: Command) -> Command {
    let lenient = |arg: Arg| {
        let is_flag = !arg.is_positional() && takes_value(&arg);
        if is_flag { arg.allow_hyphen_values(true) } else { arg }
    };
    command.mut_args(lenient).mut_subcommands(any_word_is_a_value)
}

/// Moves the name of the command in front of the flags before it. The program's name stays first. clap reads the flags
/// of each place for itself, which would lose an `--exclude`, and does not know those of a command before its name.
pub fn command_first(root: &Command, mut arguments: Vec<OsString>) -> Vec<OsString> {
    let Some(at) = root.get_subcommands().find_map(|command| name_at(root, command, &arguments)) else {
        return arguments;
    };
    if let Some(before) = arguments.get_mut(1..=at) {
        before.rotate_right(1);
    }
    arguments
}

/// Where the name of the command stands, if no flags but its own and those of the root stand before it.
fn name_at(root: &Command, command: &Command, arguments: &[OsString]) -> Option<usize> {
    let mut at = 1;
    loop {
        let argument = arguments.get(at)?.as_bytes();
        if !argument.starts_with(b"-") {
            let found = root.find_subcommand(arguments.get(at)?)?;
            return (found.get_name() == command.get_name()).then_some(at);
        }
        let takes_next = takes_next([root, command], std::str::from_utf8(argument).ok()?)?;
        at = at.checked_add(if takes_next { 2 } else { 1 })?;
    }
}

/// Whether the value of a flag is the next argument; `None` for what is no flag, and for those that end the parse.
fn takes_next(commands: [&Command; 2], argument: &str) -> Option<bool> {
    let flags = || commands.into_iter().flat_map(Command::get_arguments);
    if let Some(long) = argument.strip_prefix("--") {
        let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
        let flag = flags().find(|flag| flag.get_long() == Some(name))?;
        return Some(value.is_none() && takes_value(flag));
    }
    let mut letters = argument.strip_prefix('-')?.chars();
    while let Some(letter) = letters.next() {
        let flag = flags().find(|flag| flag.get_short() == Some(letter))?;
        if takes_value(flag) {
            return Some(letters.as_str().is_empty());
        }
        if letters.as_str().starts_with('=') {
            break;
        }
    }
    Some(false)
}

/// Whether a flag needs a value that may stand apart.
pub(super) fn takes_value(flag: &Arg) -> bool {
    matches!(flag.get_action(), ArgAction::Set | ArgAction::Append) && !flag.is_require_equals_set()
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches as _;

    use super::*;
    use crate::cli::parse::command_tree;

    fn filters(arguments: &str) -> Result<(u32, Vec<OsString>, String), clap::Error> {
        let command = with_last_values(command_tree());
        let matches = command.try_get_matches_from(arguments.split(' '))?;
        let cli = crate::cli::args::Cli::from_arg_matches(&matches)?;
        Ok((cli.global.checkers, cli.filter.exclude, cli.job.partial_suffix))
    }

    #[test]
    fn the_last_value_counts_and_lists_grow() {
        let found = filters("x ls --checkers 3 --exclude -a --checkers=5 --partial-suffix -p --exclude b .");
        assert_eq!(found.unwrap(), (5, vec!["-a".into(), "b".into()], "-p".into()));
        let error = filters("x ls --checkers -1 .").unwrap_err();
        assert_eq!(error.kind(), clap::error::ErrorKind::ValueValidation);
    }

    #[test]
    fn the_command_comes_first() {
        for (given, ordered) in [
            ("sclone ls a --exclude b", "sclone ls a --exclude b"),
            ("sclone --exclude a ls b --exclude c", "sclone ls --exclude a b --exclude c"),
            ("sclone -v --exclude=copy -f ls ls x", "sclone ls -v --exclude=copy -f ls x"),
            ("sclone -vn copy a b", "sclone copy -vn a b"),
            ("sclone -vfls ls", "sclone ls -vfls"),
            (
                "sclone --dry-run=false --sftp-key-use-agent ls a",
                "sclone ls --dry-run=false --sftp-key-use-agent a",
            ),
            ("sclone --sftp-host -h ls a", "sclone ls --sftp-host -h a"),
            ("sclone --max-depth -1 ls a", "sclone ls --max-depth -1 a"),
            ("sclone --checksum -s copy copy a b", "sclone --checksum -s copy copy a b"),
            ("sclone -v --checksum --suffix -v copy a b", "sclone copy -v --checksum --suffix -v a b"),
            ("sclone -R -F ps lsf a", "sclone lsf -R -F ps a"),
            ("sclone --help ls", "sclone --help ls"),
            ("sclone --unknown ls", "sclone --unknown ls"),
            ("sclone -v nonsense", "sclone -v nonsense"),
            ("sclone", "sclone"),
        ] {
            let arguments = given.split(' ').map(Into::into).collect();
            assert_eq!(
                command_first(&command_tree(), arguments),
                ordered.split(' ').map(OsString::from).collect::<Vec<_>>()
            );
        }
    }
}
