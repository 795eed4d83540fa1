//! Which part of the command tree a word belongs to.

use clap::{Arg, ArgAction, Command};

use crate::cli::flag_order::takes_value;

/// What may stand at a place.
#[derive(Clone, Debug)]
pub enum Wanted<'a> {
    /// The name of a command of this one.
    Command(&'a Command),
    /// A flag of this command.
    Flag(&'a Command),
    /// A value, after this beginning of the word.
    Value(&'a Arg, String),
    /// Nothing that is known.
    Nothing,
}

/// What may stand after the words `before`, the program's name not among them, in place of `word`. The tree must be
/// built, so that flags of every command are found at each.
pub fn find<'a>(root: &'a Command, before: &[Vec<u8>], word: &[u8]) -> Wanted<'a> {
    let mut reader = Reader { command: root, positionals: 0, pending: None, flags_ended: false };
    for word in before {
        reader.pass(&String::from_utf8_lossy(word));
    }
    reader.wanted(&String::from_utf8_lossy(word))
}

/// Reads words from left to right.
struct Reader<'a> {
    command: &'a Command,
    /// Words so far that are neither flags nor their values nor names of commands.
    positionals: usize,
    /// The flag whose value comes next.
    pending: Option<&'a Arg>,
    flags_ended: bool,
}

impl<'a> Reader<'a> {
    fn pass(&mut self, word: &str) {
        if self.pending.take().is_some() {
            return;
        }
        if self.is_flag(word) {
            self.flags_ended = word == "--";
            self.pending = self.flag(word).filter(|flag| takes_value(flag) && !word.contains('='));
        } else if let Some(command) = self.command.find_subcommand(word).filter(|_| self.positionals == 0) {
            self.command = command;
        } else {
            self.positionals = self.positionals.saturating_add(1);
        }
    }

    fn wanted(&self, word: &str) -> Wanted<'a> {
        if let Some(flag) = self.pending {
            return Wanted::Value(flag, String::new());
        }
        if self.is_flag(word) {
            let value = word.split_once('=').and_then(|(name, _)| Some((self.flag(name)?, name)));
            return value
                .map_or(Wanted::Flag(self.command), |(flag, name)| Wanted::Value(flag, format!("{name}=")));
        }
        if self.command.has_subcommands() && self.positionals == 0 {
            return Wanted::Command(self.command);
        }
        let positionals: Vec<_> = self.command.get_positionals().collect();
        let takes_more = |arg: &&&Arg| matches!(arg.get_action(), ArgAction::Append);
        let arg = positionals.get(self.positionals).or_else(|| positionals.last().filter(takes_more));
        arg.map_or(Wanted::Nothing, |arg| Wanted::Value(arg, String::new()))
    }

    fn is_flag(&self, word: &str) -> bool {
        !self.flags_ended && word.len() > 1 && word.starts_with('-')
            || !self.flags_ended && word == "-" && self.command.get_positionals().next().is_none()
    }

    /// The flag a word names; of several letters the last.
    fn flag(&self, word: &str) -> Option<&'a Arg> {
        let name = word.split_once('=').map_or(word, |(name, _)| name);
        let mut flags = self.command.get_arguments();
        match name.strip_prefix("--") {
            Some(long) => flags.find(|flag| flag.get_long() == Some(long)),
            None => flags.find(|flag| flag.get_short() == name.chars().last()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::parse::command_tree;

    fn wanted(line: &str) -> String {
        let mut tree = command_tree();
        tree.build();
        let words: Vec<_> = line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
        let (word, before) = words.split_last().unwrap();
        match find(&tree, before, word) {
            Wanted::Command(command) => format!("command of {}", command.get_name()),
            Wanted::Flag(command) => format!("flag of {}", command.get_name()),
            Wanted::Value(arg, start) => format!("{start}{}", arg.get_id()),
            Wanted::Nothing => "nothing".into(),
        }
    }

    #[test]
    fn words_are_found_in_the_tree() {
        for (line, expected) in [
            ("", "command of sclone"),
            ("l", "command of sclone"),
            ("-", "flag of sclone"),
            ("--dry-run l", "command of sclone"),
            ("--transfers 3 l", "command of sclone"),
            ("--transfers=3 l", "command of sclone"),
            ("--transfers ", "transfers"),
            ("ls ", "path"),
            ("ls a ", "nothing"),
            ("ls --", "flag of ls"),
            ("ls --exclude-from ", "exclude_from"),
            ("ls --log-level=", "--log-level=log_level"),
            ("ls -v --sftp-key-file ", "sftp-key-file"),
            ("ls -vf ", "filter_rule"),
            ("ls -- -", "path"),
            ("copy a ", "destination"),
            ("config ", "command of config"),
            ("config show ", "name"),
            ("help config ", "command"),
            ("config encryption ", "command of encryption"),
        ] {
            assert_eq!(wanted(line), expected, "{line}");
        }
    }
}
