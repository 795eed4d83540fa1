//! The session factory: dialling, host keys, certificates and login.

pub mod agent;
mod agent_attempts;
mod agent_signature;
pub mod attempt;
pub mod auth;
pub mod certificate;
pub mod certificate_source;
mod channels;
mod external;
pub mod fault;
pub mod judge;
mod keyboard_interactive;
pub mod login;
mod moment;
mod openssh_key;
mod pem;
mod pem_key;
pub mod private_key;
pub mod public_file;
pub mod public_key;
mod refusal;
mod streams;
mod userauth;
pub(crate) mod wire;

pub use channels::{Channels, Service};
pub use external::External;
pub use streams::Streams;
