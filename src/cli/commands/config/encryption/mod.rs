//! `sclone config encryption`: one file per subcommand.

pub mod check;
pub mod remove;
pub mod set;
mod subcommand;

pub use subcommand::{Args, run};
