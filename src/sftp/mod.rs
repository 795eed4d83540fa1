//! The SFTP protocol (draft-ietf-secsh-filexfer-02, version 3) over any byte stream.

mod client;
mod driver;
#[cfg(test)]
mod driver_tests;
mod extensions;
mod lane;
mod link;
mod pool;
mod wire;

pub use client::{Access, Client, Handle};
pub use extensions::{Extensions, Limits, Space};
pub use pool::{Connect, Pool};
pub use wire::{Attributes, NamedAttributes, read_any_reply};
