//! Log lines, listing lines and progress.

pub mod fields;
pub mod go_json;
pub mod go_time;
pub mod json_item;
pub mod listing;
mod log_backups;
pub mod log_file;
pub mod logger;
pub mod mime;
pub mod progress;
pub mod stats_block;
pub mod stdout;
pub mod syslog;
pub mod tree;

pub use stdout::Stdout;
