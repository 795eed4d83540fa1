//! One file per command: its arguments, whose documentation is its help, and what it does.

pub mod cert;
pub mod completion;
pub mod config;
pub mod copy;
pub mod listremotes;
pub mod ls;
pub mod lsd;
pub mod obscure;
pub mod reveal;
pub mod trust;
pub mod version;
