//! The session factory: dialling, host keys, certificates and login.

mod channels;
mod external;
mod streams;

pub use channels::{Channels, Service};
pub use external::External;
pub use streams::Streams;
