//! Walking, comparing, planning and copying.

mod budget;
pub mod compare;
pub mod copy;
mod copy_file;
mod folders;
pub mod march;
mod partial;
pub mod plan;
mod selection;
mod speed;
pub mod stats;
mod window;

pub use copy::Copy;
pub use march::March;
pub use stats::Stats;
