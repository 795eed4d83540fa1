//! Trees of files behind one small trait, [`Fs`].

mod attributes;
mod blocking;
mod close;
mod contract;
mod local;
mod remote_file;
mod sftp;

pub use contract::{
    Dates, Entry, FileType, Fs, Listing, Metadata, ReadFile, SMALL, Task, WideningTask, WriteFile,
};
pub use local::Local;
pub use sftp::{Sftp, Tuning};
