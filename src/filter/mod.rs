//! rclone's filter language (<https://rclone.org/filtering/>): which files a command sees and which folders it reads.
//!
//! A [`Spec`] is what the command line says, every rule file read; a [`Filter`] is made from it once and asked for
//! every path. Nothing here reads a file or asks the clock.
//!
//! Patterns are translated twice: [`glob`](self) to a regular expression in Go's syntax, which is what rclone shows
//! and what its messages quote, and that to the syntax of the `regex` crate, whose run time is linear in the length of
//! a path whatever the pattern is. Paths and patterns are bytes; see [`text::of`].

mod decision;
mod folder_globs;
mod glob;
mod go_regexp;
mod lines;
mod listed;
mod metadata_rules;
mod partition;
mod pattern;
mod rules;
mod spec;
pub mod text;
mod text_glob;

pub use decision::Filter;
pub use lines::{lines, raw_lines, records};
pub use listed::Listed;
pub use spec::{Patterns, Spec};
pub use text_glob::TextGlob;
