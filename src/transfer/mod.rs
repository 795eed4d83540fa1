//! Walking, comparing, planning and copying.

mod budget;
pub mod check;
pub mod compare;
pub mod content;
pub mod copy;
mod copy_file;
mod durability;
mod folders;
pub mod gate;
pub mod march;
mod merge;
mod partial;
pub mod plan;
mod retry;
mod selection;
mod speed;
pub mod stats;
pub mod verdict;
mod window;

pub use copy::Copy;
pub use gate::Gate;
pub use march::March;
pub use retry::Retries;
pub use stats::Stats;
