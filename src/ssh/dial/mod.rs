//! Getting a byte stream to the server: directly, through a proxy, or through a command.
//!
//! | file | what it knows |
//! | --- | --- |
//! | [`route`] | which way to take, and taking it |
//! | [`resolve`] | names to addresses, within the deadline |
//! | [`tcp`] | connecting to one address after the other |
//! | [`socks`] | SOCKS5 proxies |
//! | [`http`] | HTTP proxies (`CONNECT`) |
//! | [`command`] | commands whose standard streams carry the connection (`ProxyCommand`) |
//! | [`jump`] | other SSH servers on the way (`ProxyJump`) |

pub mod command;
pub mod http;
pub mod jump;
pub mod resolve;
pub mod route;
pub mod socks;
pub mod tcp;

pub use route::{Route, Target, dial};
