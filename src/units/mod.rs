//! rclone's grammars for sizes and durations.

pub mod duration;
pub mod size;

pub use duration::Interval;
pub use size::ByteSize;
