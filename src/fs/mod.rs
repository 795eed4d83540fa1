//! Trees of files behind one small trait, [`Fs`].

mod blocking;
mod close;
mod contract;
mod local;
mod sftp;

pub use contract::{Dates, Entry, FileType, Fs, Listing, Metadata, ReadFile, SMALL, Task, WriteFile};
pub use local::Local;
pub use sftp::Sftp;
