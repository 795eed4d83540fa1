//! rclone's grammars for sizes, durations and bandwidths.

pub mod bandwidth;
pub mod duration;
pub mod size;

pub use duration::Interval;
pub use size::ByteSize;
