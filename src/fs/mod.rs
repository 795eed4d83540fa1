//! Trees of files behind one small trait, [`Fs`].

pub mod contract;

pub use contract::{Dates, Entry, FileType, Fs, Metadata, ReadFile, Task, WriteFile};
