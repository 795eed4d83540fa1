//! The command tree as help and manual show it.

use clap::builder::Styles;
use clap::{Arg, Command};

use super::command_groups::{COMMAND_GROUPS, CommandGroup};
use super::flag_groups::FlagGroup;
use super::paragraphs::{self, Text};

/// Where to find what a page leaves out.
const MORE_FLAGS: &str = "Every command takes more flags than these: see `sclone help flags`.";

/// Puts commands and flags into their groups and leaves out, page by page, the flags that are of no use there. Such a
/// tree is to be shown, not to be parsed with.
pub fn arrange(root: Command) -> Command {
    let mut flags: Vec<_> = root.get_arguments().filter(|arg| arg.is_global_set()).map(headed).collect();
    flags.sort_by_key(group);
    let template = template(&root);
    let shown = [FlagGroup::Important, FlagGroup::Config];
    root.mut_args(|arg| {
        let is_shown = !arg.is_global_set() || shown.contains(&group(&arg));
        if is_shown { headed(&arg) } else { arg.hide(true) }
    })
    .help_template(template)
    .override_usage("sclone <COMMAND> [OPTIONS] [PATH]...")
    .mut_subcommands(|command| {
        let shown = CommandGroup::of(command.get_name()).map_or(&[][..], |group| group.flags);
        // The template shows them.
        page(command, &flags, shown).hide(true)
    })
}

/// The flags of every command, as `help flags` shows them: those whose name or help has `word` in it.
pub fn flags(root: &Command, word: &str) -> Command {
    let fits = |arg: &Arg| {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let texts = [arg.get_long().unwrap_or_default().to_owned(), help.to_lowercase()];
        texts.iter().any(|text| text.contains(&word.to_lowercase()))
    };
    let mut flags: Vec<_> = root.get_arguments().filter(|arg| arg.is_global_set() && fits(arg)).collect();
    flags.sort_by_key(|arg| group(arg));
    Command::new("flags")
        .disable_help_flag(true)
        .help_template("{all-args}\n")
        .args(flags.into_iter().map(|arg| headed(arg).hide_short_help(false)))
}

fn page(command: Command, flags: &[Arg], shown: &[FlagGroup]) -> Command {
    let inherited = flags.iter().map(|flag| flag.clone().hide(!shown.contains(&group(flag))));
    let text = text(&command);
    let after = [MORE_FLAGS.to_owned(), exit_codes(&text.exit_codes)];
    command
        .long_about(text.about)
        .after_long_help(after.join("\n\n"))
        .args(inherited)
        .mut_subcommands(|command| page(command, flags, shown))
}

/// What stands at the arguments of a command.
pub(super) fn text(command: &Command) -> Text {
    let text = command.get_long_about().or(command.get_about()).map(ToString::to_string);
    paragraphs::read(&text.unwrap_or_default())
}

fn exit_codes(codes: &[(String, String)]) -> String {
    let lines = codes.iter().map(|(code, meaning)| format!("\n  {code:<3}  {meaning}"));
    std::iter::once(heading("Exit codes:")).chain(lines).collect()
}

/// The page of the program: commands by purpose, where clap would list them all.
fn template(root: &Command) -> String {
    let visible: Vec<_> = root.get_subcommands().filter(|command| !command.is_hide_set()).collect();
    let width = visible.iter().map(|command| command.get_name().len()).max().unwrap_or(0);
    let line = |name: &&str| {
        let command = visible.iter().find(|command| command.get_name() == *name)?;
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        Some(format!("  {}  {about}\n", literal(&format!("{name:width$}"))))
    };
    let groups = COMMAND_GROUPS.iter().filter_map(|group| {
        let lines: String = group.commands.iter().filter_map(line).collect();
        (!lines.is_empty()).then(|| format!("{}\n{lines}\n", heading(&format!("{}:", group.heading))))
    });
    let groups: String = groups.collect();
    format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{groups}{{all-args}}\n\n\
         What a command does: `sclone help COMMAND`. All flags: `sclone help flags`.\n"
    )
}

fn heading(text: &str) -> String {
    let styles = Styles::styled();
    let style = styles.get_header();
    format!("{style}{text}{style:#}")
}

fn literal(text: &str) -> String {
    let styles = Styles::styled();
    let style = styles.get_literal();
    format!("{style}{text}{style:#}")
}

fn group(arg: &Arg) -> FlagGroup {
    FlagGroup::of(arg.get_long().unwrap_or_default())
}

pub(super) fn headed(arg: &Arg) -> Arg {
    arg.clone().help_heading(group(arg).heading())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::parse::command_tree;

    /// Calls `check` with every visible command and its whole name.
    fn each(command: &Command, name: &str, check: &mut impl FnMut(&str, &Command)) {
        for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
            let name = format!("{name} {}", below.get_name());
            check(&name, below);
            each(below, &name, check);
        }
    }

    #[test]
    fn every_command_begins_with_an_example_and_ends_with_its_exit_codes() {
        each(&command_tree(), "sclone", &mut |name, command| {
            let text = command.get_long_about().map(ToString::to_string).unwrap_or_default();
            let paragraphs: Vec<_> = text.split("\n\n").collect();
            let example = paragraphs.get(1).copied().unwrap_or_default();
            let begins = example.starts_with("Example: `") && example.contains(name);
            assert!(begins, "the help of {name} has no example after its first line: {example:?}");
            let last = paragraphs.last().copied().unwrap_or_default();
            assert!(last.starts_with("Exit codes: 0"), "the help of {name} does not end with exit codes");
            let codes = paragraphs::read(&text).exit_codes;
            let numbers: Vec<u8> = codes.iter().map(|(code, _)| code.parse().unwrap()).collect();
            assert!(numbers.is_sorted() && numbers.first() == Some(&0), "{name}: {last}");
        });
    }

    #[test]
    fn the_program_shows_its_commands_by_purpose() {
        let text = arrange(command_tree()).render_long_help().to_string();
        assert!(text.contains("Usage: sclone <COMMAND>"), "{text}");
        let position = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} is not in {text}"));
        assert!(position("See what is there:\n  ls ") < position("Copy and move:\n  copy "));
        assert!(position("Compare and hash:") < position("Important flags:\n  -n, --dry-run"));
        assert!(!text.contains("reveal") && !text.contains("--exclude") && !text.contains("--sftp-"));
    }

    #[test]
    fn a_page_shows_the_flags_its_command_can_use() {
        let mut tree = arrange(command_tree());
        let mut page = |name: &str| tree.find_subcommand_mut(name).unwrap().render_long_help().to_string();
        let (listing, copying) = (page("ls"), page("copy"));
        assert!(listing.contains("Flags that choose files:\n      --include"), "{listing}");
        assert!(!listing.contains("--dry-run") && !listing.contains("--transfers"), "{listing}");
        assert!(copying.contains("--dry-run") && copying.contains("--multi-thread-streams"), "{copying}");
        let lines: Vec<_> = listing.lines().collect();
        assert_eq!(lines[2], "Example: `sclone ls web1:/var/log`");
        assert_eq!(lines.last(), Some(&"  23   no connection"));
    }

    #[test]
    fn flags_are_all_there_and_can_be_searched() {
        let all = flags(&command_tree(), "").render_long_help().to_string();
        for flag in command_tree().get_arguments().filter_map(Arg::get_long) {
            assert!(all.contains(&format!("--{flag}")), "{flag}");
        }
        let some = flags(&command_tree(), "Timeout").render_long_help().to_string();
        assert!(some.contains("--contimeout") && !some.contains("--dry-run"), "{some}");
    }
}
