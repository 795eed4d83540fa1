//! From Go's regular expressions (RE2, <https://pkg.go.dev/regexp/syntax>) to those of the `regex` crate.
//!
//! The two have the same operators and differ in what they spell: Go's classes hold `[`, `&&` and `-` as characters, its
//! `\d`, `\s`, `\w` and `\b` are ASCII, it knows octal escapes and `\Q…\E`, takes a `{` that begins no repetition for
//! itself, and refuses repetitions of repetitions. Every literal is written as an escape, so that nothing of it can mean
//! more than itself. Groups capture nothing.

mod class;
mod escape;
mod input;
mod translate;

pub(crate) use translate::translate;
