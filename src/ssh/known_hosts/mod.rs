//! `known_hosts` files as sshd(8) describes them, read line by line so that one bad line never hides another.
//!
//! | file | what it knows |
//! | --- | --- |
//! | [`mod@line`] | one line: marker, hosts, key |
//! | [`mod@pattern`] | which hosts a line is about: lists, wildcards, negation, hashed names |
//! | [`mod@file`] | reading files, and what they say about one host |
//! | [`mod@append`] | adding a key without touching anything else |
//! | [`replace`] | taking a key out |

pub mod append;
pub mod file;
pub mod line;
pub mod pattern;
pub mod replace;

pub use append::append;
pub use file::{Entry, KnownHosts};
pub use pattern::HostName;
