//! `rclone.conf`, the remotes it holds and what the environment adds to them.
//!
//! The way of an argument: [`location`] says which file, [`store`] loads it ([`crypt`] and [`password`] open an encrypted
//! one) into a [`document`]; [`remote`] takes the argument apart; [`resolve`] follows aliases and asks the [`sources`]
//! for every option of the [`option_table`]; [`sftp_options`] holds the typed result. A host of [`ssh_config`] is a remote
//! too. [`settings`] is the other file, with defaults for flags.

pub(crate) mod atomic_file;
pub mod crypt;
pub mod document;
#[cfg(test)]
mod document_tests;
pub mod environment;
pub mod expand;
mod file_lock;
mod jump_hosts;
mod line;
pub mod location;
pub mod nearest;
pub mod obscure;
mod option_reader;
pub mod option_table;
pub mod option_value;
pub mod password;
pub mod remote;
pub mod remote_type;
pub mod resolve;
#[cfg(test)]
mod resolve_tests;
pub mod secret;
pub mod settings;
pub mod sftp_options;
pub mod sources;
pub mod ssh_config;
pub mod ssh_remote;
pub mod store;
