//! The session factory: dialling, host keys, certificates and login.

pub mod algorithms;
pub mod deadline;
pub mod dial;
pub mod host_certificate;
pub mod host_key;
pub mod known_hosts;
pub mod public_key;
pub mod server_offer;
pub mod session;
pub mod signature;
pub mod socket;
pub mod wire;
