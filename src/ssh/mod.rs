//! The session factory: dialling, host keys, certificates and login.

pub mod certificate;
pub mod fault;
pub mod judge;
mod moment;
mod openssh_key;
mod pem;
mod pem_key;
pub mod private_key;
pub mod public_file;
pub mod public_key;
pub(crate) mod wire;
