//! `rclone.conf`, the remotes it holds and what the environment adds to them.

pub mod document;
#[cfg(test)]
mod document_tests;
pub mod environment;
pub mod expand;
mod line;
pub mod nearest;
pub mod obscure;
mod option_reader;
pub mod option_table;
pub mod option_value;
pub mod remote;
pub mod secret;
pub mod sftp_options;
