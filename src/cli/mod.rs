//! The command tree, settings, exit codes. The only room that reads arguments, asks questions and ends the process.
//!
//! A run goes through `parse` (arguments, with environment and settings file as defaults), `settings` (checked once, before
//! anything is opened), one file of `commands`, and `run`, which reports what failed and picks the exit code.

pub mod args;
pub mod backend_flags;
pub mod bool_flags;
pub mod certificate_end;
pub mod check_report;
pub mod commands;
pub mod complete;
pub mod config_store;
pub mod context;
pub mod defaults;
pub mod descriptors;
pub mod exit_code;
pub mod filter_args;
pub mod flag_order;
pub mod global;
pub mod hash_list;
pub mod help;
pub mod job_args;
pub mod listed_metadata;
pub mod log_args;
pub mod log_format;
pub mod metadata_mapper;
pub mod open;
pub mod parse;
pub mod path_lists;
pub mod path_prompt;
pub mod pinning;
pub mod prompts;
pub mod remote_name;
pub mod removing;
pub mod report_file;
pub mod run;
pub mod settings;
pub mod signals;
pub mod sum_check;
pub mod summary;
pub mod transfer_args;
pub mod transfer_job;
pub mod transfer_report;
pub mod visit;

pub use run::main;
