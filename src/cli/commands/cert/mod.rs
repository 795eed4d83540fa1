//! `sclone cert`: one file per subcommand.

pub mod check;
mod json;
pub mod renew;
pub mod show;
mod subcommand;
pub(super) mod subject;
mod text;

pub use subcommand::{Args, run};
