//! Flags before the name of a command and after it: both count, as in rclone. clap keeps only one of the two places,
//! which would lose an `--exclude`, so the name is put first.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use clap::{Arg, ArgAction, Command};

/// Moves the name of the command in front of the flags before it. The program's name stays first.
pub fn command_first(root: &Command, mut arguments: Vec<OsString>) -> Vec<OsString> {
    let Some(at) = command_at(root, &arguments) else { return arguments };
    if let Some(before) = arguments.get_mut(1..=at) {
        before.rotate_right(1);
    }
    arguments
}

/// Where the name of the command stands; `None` if there is none, or if what stands there is none.
fn command_at(root: &Command, arguments: &[OsString]) -> Option<usize> {
    let mut at = 1;
    loop {
        let argument = arguments.get(at)?.as_bytes();
        if !argument.starts_with(b"-") {
            let name = arguments.get(at)?.to_str()?;
            return root.find_subcommand(name).map(|_| at);
        }
        let takes_next = takes_next(root, std::str::from_utf8(argument).ok()?)?;
        at = at.checked_add(if takes_next { 2 } else { 1 })?;
    }
}

/// Whether the value of a flag is the next argument; `None` for what is no flag, and for those that end the parse.
fn takes_next(root: &Command, argument: &str) -> Option<bool> {
    if let Some(long) = argument.strip_prefix("--") {
        let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
        let flag = root.get_arguments().find(|flag| flag.get_long() == Some(name))?;
        return Some(value.is_none() && takes_value(flag));
    }
    let mut letters = argument.strip_prefix('-')?.chars();
    while let Some(letter) = letters.next() {
        let flag = root.get_arguments().find(|flag| flag.get_short() == Some(letter))?;
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
    use super::*;
    use crate::cli::parse::command_tree;

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
