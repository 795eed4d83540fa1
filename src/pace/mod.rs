//! Time: waits that hold up no thread each, and rates that are kept by waiting.

mod rate;
mod sleep;

pub use rate::Rate;
pub use sleep::sleep;
