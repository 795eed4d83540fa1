//! The session factory: dialling, host keys, certificates and login.

pub mod host_certificate;
pub mod host_key;
pub mod known_hosts;
pub mod public_key;
pub mod signature;
pub mod wire;
