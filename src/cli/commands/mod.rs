//! One file per command: its arguments, whose documentation is its help, and what it does.

pub mod about;
pub mod cat;
pub mod cert;
pub mod check;
pub mod checksum;
pub mod complete;
pub mod completion;
pub mod config;
pub mod copy;
pub mod hashsum;
pub mod help;
pub mod listremotes;
pub mod ls;
pub mod lsd;
pub mod lsf;
pub mod lsjson;
pub mod lsl;
pub mod man;
pub mod md5sum;
pub mod obscure;
pub mod reveal;
pub mod sha1sum;
pub mod size;
pub mod tree;
pub mod trust;
pub mod version;
