//! OpenSSH's client configuration, read as `ssh` reads it (`ssh_config`(5)): what it says about one host.
//!
//! | file | what it knows |
//! | --- | --- |
//! | [`line`](mod@line) | one line: its keyword and its arguments |
//! | [`keyword`] | the keywords that are acted upon, and those that are not |
//! | [`pattern`] | patterns of `Host` and `Match` |
//! | [`criteria`] | what follows `Match` |
//! | [`files`] | which files are read, and whether they may be |
//! | [`include`](mod@include) | the files that `Include` names |
//! | [`reader`] | the files from top to bottom: the first value of a keyword counts |
//! | [`reading`] | what they say about one host, as they say it |
//! | [`tokens`] | `%h`, `~` and `${VARIABLE}` in values |
//! | [`host`] | what is known of one host in the end |

pub mod criteria;
pub mod files;
pub mod host;
pub mod include;
pub mod keyword;
pub mod line;
pub mod pattern;
pub mod reader;
#[cfg(test)]
mod reader_tests;
pub mod reading;
pub mod tokens;

pub use files::Files;
pub use host::{Agent, HostEntry, IdentityFiles};
pub use reader::{Query, read, read_text};
pub use reading::Reading;
