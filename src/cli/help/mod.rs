//! Help as a person looks for it: commands and flags in groups, and of the flags only those a command can use.

pub mod command_groups;
pub mod flag_groups;
pub mod manual;
pub mod page;
mod paragraphs;
