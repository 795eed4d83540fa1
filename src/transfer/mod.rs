//! Walking, comparing, planning and copying.

mod speed;
pub mod stats;

pub use stats::Stats;
