//! `sclone config`: one file per subcommand.

pub mod create;
pub mod delete;
pub mod dump;
pub mod file;
mod pairs;
pub mod paths;
pub mod redacted;
mod secrecy;
mod section_text;
pub mod show;
mod subcommand;
pub mod touch;
pub mod update;

pub use subcommand::{Args, run};
