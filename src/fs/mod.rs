//! Trees of files behind one small trait, [`Fs`].

mod attributes;
mod beneath;
mod blocking;
mod close;
mod contract;
mod local;
mod remote_file;
mod remote_folder;
mod sftp;
mod shell;

pub use contract::{
    Dates, Entry, Features, FileType, Fs, Listing, Metadata, ReadFile, SMALL, Task, Usage, WideningTask,
    WriteFile,
};
pub use local::Local;
pub use sftp::{Sftp, Tuning};
pub use shell::{Execute, Shell, ShellSettings};
