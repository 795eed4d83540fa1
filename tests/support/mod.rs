//! The ground the tests stand on: certificate authorities, real OpenSSH servers, bad networks, hostile servers, and
//! the program under test in a sandbox of its own.
//!
//! Nothing here skips: a program that is missing fails the test and names the package that brings it. No process and
//! no file outlives the test that made it.

pub(crate) mod agent;
pub(crate) mod asyncssh;
pub(crate) mod ca;
pub(crate) mod daemon;
pub(crate) mod extended;
pub(crate) mod ground;
pub(crate) mod hostile;
pub(crate) mod inetd;
pub(crate) mod keys;
pub(crate) mod lab;
pub(crate) mod packet;
pub(crate) mod peer;
pub(crate) mod person;
pub(crate) mod place;
pub(crate) mod process;
pub(crate) mod proxy;
pub(crate) mod sandbox;
pub(crate) mod security_key;
pub(crate) mod server;
pub(crate) mod strangers;
pub(crate) mod terminal;
pub(crate) mod tree;
pub(crate) mod user;
