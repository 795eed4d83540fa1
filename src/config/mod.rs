//! `rclone.conf`, the remotes it holds and what the environment adds to them.

pub mod environment;
pub mod expand;
pub mod nearest;
pub mod obscure;
mod option_reader;
pub mod option_table;
pub mod option_value;
pub mod secret;
pub mod sftp_options;
