//! `sclone config`: one file per subcommand.

pub mod create;
pub mod delete;
mod dialogue;
pub mod dump;
pub mod edit;
pub mod encryption;
pub mod file;
mod json;
mod menu;
mod pairs;
pub mod password;
pub mod paths;
pub mod providers;
mod question;
pub mod redacted;
mod secrecy;
mod section_text;
pub mod show;
pub mod string;
mod subcommand;
pub mod touch;
pub mod unset;
pub mod update;

pub use subcommand::{Args, run};
