//! Log lines, listing lines and progress.

pub mod listing;
pub mod logger;
pub mod progress;
pub mod stats_block;
pub mod stdout;

pub use stdout::Stdout;
