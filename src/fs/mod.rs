//! Trees of files behind one small trait, [`Fs`].

mod close;
mod contract;
mod local;
mod sftp;
mod shell;

pub use contract::{
    Dates, Entry, Features, FileType, Fs, Listing, Metadata, ReadFile, Task, Usage, WriteFile,
};
pub use local::Local;
pub use sftp::Sftp;
pub use shell::{Execute, Shell, ShellSettings};
