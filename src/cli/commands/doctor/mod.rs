//! `sclone doctor`: every step on the way to the files of a remote, looked at one after the other.
//!
//! | file | what it looks at |
//! | --- | --- |
//! | `configuration` | what the argument means, and which options come from where |
//! | `credentials` | the keys and certificates that are at hand |
//! | `connection` | from the server's name to the login |
//! | `files` | SFTP, the path and the free space |
//! | `shell` | commands on the server: hashes and the clock |
//! | `report` | what was found, shown as text or JSON |

mod command;
mod configuration;
mod connection;
mod credentials;
mod files;
mod json;
mod report;
mod shell;
mod step;

pub use command::{Args, run};
