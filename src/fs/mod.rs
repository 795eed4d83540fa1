//! Trees of files behind one small trait, [`Fs`].

mod attributes;
mod beneath;
mod blocking;
mod check_file;
mod close;
mod compound;
mod contract;
mod details;
mod explanation;
mod links;
mod lister;
mod local;
mod local_details;
mod local_file;
mod local_folder;
mod mounts;
mod properties;
mod remote_file;
mod remote_folder;
mod replacement;
mod sftp;
mod shell;
mod shell_survey;
mod user_attributes;

pub use contract::{
    Dates, Entry, Features, FileType, Fs, Listing, Metadata, ReadFile, SMALL, Settling, Task, Usage,
    WideningTask, WriteFile,
};
pub use details::{Details, Owner, UserAttributes};
pub use links::Links;
pub use local::Local;
pub use properties::{Properties, exact_rfc3339};
pub use sftp::{LookUp, Sftp, Tuning};
pub use shell::{Execute, Shell, ShellSettings};
pub use shell_survey::ShellSurvey;
