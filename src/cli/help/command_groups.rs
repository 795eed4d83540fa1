//! Which commands stand together in the help, and which groups of flags are of use to them.

use super::flag_groups::FlagGroup::{self, Check, Config, Copying, Filter, Important, Listing, Syncing};

/// Commands for one purpose.
#[derive(Clone, Copy, Debug)]
pub struct CommandGroup {
    /// What they are for.
    pub heading: &'static str,
    /// Their names, in the order of the help.
    pub commands: &'static [&'static str],
    /// The flags their help shows. All other flags are in `sclone help flags`.
    pub flags: &'static [FlagGroup],
}

/// All groups, in the order of the help.
pub const COMMAND_GROUPS: [CommandGroup; 8] = [
    CommandGroup {
        heading: "See what is there",
        commands: &["ls", "lsl", "lsd", "lsf", "lsjson", "tree", "size", "about", "cat"],
        flags: &[Filter, Listing],
    },
    CommandGroup {
        heading: "Copy and move",
        commands: &["copy", "copyto", "move", "moveto"],
        flags: &[Important, Copying, Filter],
    },
    CommandGroup {
        heading: "Make a place like another",
        commands: &["sync"],
        flags: &[Important, Copying, Syncing, Filter],
    },
    CommandGroup {
        heading: "Make and remove",
        commands: &["mkdir", "touch", "rcat", "delete", "deletefile", "purge", "rmdir", "rmdirs", "cleanup"],
        flags: &[Important, Filter],
    },
    CommandGroup {
        heading: "Compare and hash",
        commands: &["check", "checksum", "hashsum", "md5sum", "sha1sum"],
        flags: &[Check, Filter],
    },
    CommandGroup {
        heading: "Log in and be sure of the server",
        commands: &["cert", "trust", "doctor"],
        flags: &[Config],
    },
    CommandGroup {
        heading: "Set up remotes",
        commands: &["config", "listremotes", "obscure"],
        flags: &[Config],
    },
    CommandGroup { heading: "About this program", commands: &["help", "version", "completion"], flags: &[] },
];

impl CommandGroup {
    /// The group a command belongs to.
    pub fn of(command: &str) -> Option<&'static Self> {
        COMMAND_GROUPS.iter().find(|group| group.commands.contains(&command))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::Command;

    use super::*;
    use crate::cli::parse::command_tree;

    #[test]
    fn every_command_has_one_group() {
        let grouped: Vec<_> = COMMAND_GROUPS.iter().flat_map(|group| group.commands).copied().collect();
        assert_eq!(grouped.iter().collect::<BTreeSet<_>>().len(), grouped.len(), "one stands in two groups");
        let tree = command_tree();
        for name in tree.get_subcommands().filter(|command| !command.is_hide_set()).map(Command::get_name) {
            assert!(grouped.contains(&name), "put {name} into one of the COMMAND_GROUPS");
        }
    }
}
