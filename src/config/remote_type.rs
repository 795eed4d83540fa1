//! The types of remote this program has.

use super::option_table::{ALIAS_OPTIONS, LOCAL_OPTIONS, OPTIONS, OptionSpec};

/// A type of remote: what a section's key `type` says.
#[derive(Debug)]
pub struct RemoteType {
    /// Its name in the configuration file.
    pub name: &'static str,
    /// What it is, in a few words.
    pub description: &'static str,
    /// What can be set for it, in the order a person is asked.
    pub options: &'static [OptionSpec],
}

/// All of them, sorted by name. Names and descriptions are rclone's.
pub const TYPES: [RemoteType; 3] = [
    RemoteType { name: "alias", description: "Alias for an existing remote", options: ALIAS_OPTIONS },
    RemoteType { name: "local", description: "Local Disk", options: LOCAL_OPTIONS },
    RemoteType { name: "sftp", description: "SSH/SFTP", options: OPTIONS },
];

impl RemoteType {
    /// Looks up a type by its exact name.
    pub fn find(name: &str) -> Option<&'static Self> {
        TYPES.iter().find(|remote_type| remote_type.name == name)
    }

    /// Looks up one of its options by its exact name.
    pub fn option(&self, name: &str) -> Option<&'static OptionSpec> {
        self.options.iter().find(|option| option.name == name)
    }
}
