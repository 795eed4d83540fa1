//! Walking, comparing, planning and copying.

mod bandwidth;
mod beginning;
mod budget;
pub mod check;
pub mod compare;
pub mod content;
pub mod copy;
mod copy_file;
mod folders;
mod hash_queue;
mod job_lock;
mod journal;
pub mod march;
mod merge;
mod partial;
mod passage;
pub mod plan;
mod resume;
mod retry;
mod selection;
mod speed;
pub mod stats;
pub mod verdict;
mod verify;
mod watermark;
mod window;

pub use bandwidth::Bandwidth;
pub use copy::Copy;
pub use copy_file::{FileOptions, Streams};
pub use job_lock::JobLock;
pub use march::March;
pub use retry::Retries;
pub use stats::Stats;
pub use verify::Verify;
