//! Everything that may stand at a place.

use clap::{Arg, Command};

use super::places;
use super::position::Wanted;
use crate::cli::config_store;
use crate::cli::context::Ctx;
use crate::hash::HashType;

/// What the shell has to know about candidates to put them in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Words.
    Words,
    /// Paths: shown by their last part, no blank after a folder.
    Paths,
}

/// What may stand there.
#[derive(Debug)]
pub struct Answer {
    /// How to put it in.
    pub style: Style,
    /// Whole words, each with a few words about it.
    pub candidates: Vec<(Vec<u8>, String)>,
}

/// What a value is, as its name in the help says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// A path of this machine.
    File,
    /// A path of this machine or of a remote.
    Place,
    /// The name of a remote with its colon.
    Remote,
    /// The name of a remote.
    Name,
    Hash,
    Command,
    /// Text that nobody can guess.
    Free,
}

/// What stands at a place that `word` begins.
pub fn at(ctx: &Ctx, root: &Command, wanted: &Wanted<'_>, word: &[u8]) -> Answer {
    let words = |candidates| Answer { style: Style::Words, candidates };
    let mut answer = match wanted {
        Wanted::Command(command) => words(commands(command)),
        Wanted::Flag(command) => words(flags(command)),
        Wanted::Value(arg, start) => {
            let word = word.strip_prefix(start.as_bytes()).unwrap_or(word);
            let mut answer = values(ctx, root, arg, word);
            for (value, _) in &mut answer.candidates {
                value.splice(0..0, start.bytes());
            }
            answer
        }
        Wanted::Nothing => words(Vec::new()),
    };
    // No shell takes a name apart that has a line feed in it.
    answer.candidates.retain(|(value, _)| value.starts_with(word) && !value.iter().any(u8::is_ascii_control));
    answer
}

fn values(ctx: &Ctx, root: &Command, arg: &Arg, word: &[u8]) -> Answer {
    let words = |candidates| Answer { style: Style::Words, candidates };
    let paths = |candidates| Answer { style: Style::Paths, candidates };
    let possible = arg.get_possible_values();
    if !possible.is_empty() {
        let shown = possible.iter().filter(|value| !value.is_hide_set());
        let help = |value: &clap::builder::PossibleValue| value.get_help().map(ToString::to_string);
        let value =
            |value| (text(clap::builder::PossibleValue::get_name(value)), help(value).unwrap_or_default());
        return words(shown.map(value).collect());
    }
    match meaning(arg) {
        Meaning::File => paths(places::local(ctx, word)),
        Meaning::Place if is_remote(word) => paths(places::listed(ctx, word)),
        Meaning::Place => paths([remotes(ctx, ":"), places::local(ctx, word)].concat()),
        Meaning::Remote => words(remotes(ctx, ":")),
        Meaning::Name => words(remotes(ctx, "")),
        Meaning::Hash => words(HashType::ALL.map(|hash| (text(hash.name()), String::new())).to_vec()),
        Meaning::Command => words(commands(root)),
        Meaning::Free => words(Vec::new()),
    }
}

fn meaning(arg: &Arg) -> Meaning {
    let name = arg.get_value_names().and_then(<[_]>::first).map(ToString::to_string).unwrap_or_default();
    match name.as_str() {
        "FILE" | "SUMFILE" | "FOLDER" | "DIR" => Meaning::File,
        "HASH" => Meaning::Hash,
        "REMOTE:" => Meaning::Remote,
        "COMMAND" if arg.is_positional() => Meaning::Command,
        "NAME" if arg.is_positional() => Meaning::Name,
        "SOURCE" | "DESTINATION" => Meaning::Place,
        name if name.contains("REMOTE:") || name.contains(":PATH") => Meaning::Place,
        _ => Meaning::Free,
    }
}

/// Whether a word is past the name of a remote: a colon stands before any slash, or it begins with one.
fn is_remote(word: &[u8]) -> bool {
    word.iter().find(|byte| b":/".contains(byte)) == Some(&b':')
}

fn commands(command: &Command) -> Vec<(Vec<u8>, String)> {
    let visible = command.get_subcommands().filter(|command| !command.is_hide_set());
    visible
        .map(|command| {
            (text(command.get_name()), command.get_about().map(ToString::to_string).unwrap_or_default())
        })
        .collect()
}

fn flags(command: &Command) -> Vec<(Vec<u8>, String)> {
    let visible = command.get_arguments().filter(|flag| !flag.is_hide_set());
    visible
        .filter_map(|flag| {
            let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
            Some((text(&format!("--{}", flag.get_long()?)), help))
        })
        .collect()
}

/// The remotes of the configuration file and the environment.
fn remotes(ctx: &Ctx, end: &str) -> Vec<(Vec<u8>, String)> {
    let Ok(store) = config_store::open(ctx) else { return Vec::new() };
    let remotes = config_store::sources(ctx, &store).remotes();
    remotes.into_iter().map(|remote| (text(&format!("{}{end}", remote.name)), remote.description)).collect()
}

fn text(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::parse::command_tree;

    /// The names of values that no list can be made for.
    const FREE: [&str; 6] = ["FILTER", "KEY", "KEY=VALUE", "PASSWORD", "TEXT", "TYPE"];

    fn check(command: &Command) {
        for arg in command.get_positionals().filter(|arg| arg.get_possible_values().is_empty()) {
            let name = arg.get_value_names().map(|names| names[0].to_string());
            let name = name.unwrap_or_else(|| arg.get_id().to_string().to_uppercase());
            let is_known = meaning(arg) != Meaning::Free || FREE.contains(&name.as_str());
            assert!(is_known, "{} takes {name}: say what completes it", command.get_name());
        }
        command.get_subcommands().filter(|command| !command.is_hide_set()).for_each(check);
    }

    #[test]
    fn every_positional_argument_has_a_meaning() {
        let mut tree = command_tree();
        tree.build();
        check(&tree);
    }

    #[test]
    fn a_remote_ends_at_its_colon() {
        for (word, expected) in [
            ("", false),
            ("web", false),
            ("web1:", true),
            ("web1:a/b", true),
            (":sftp", true),
            ("./a:b", false),
        ] {
            assert_eq!(is_remote(word.as_bytes()), expected, "{word}");
        }
    }
}
