//! Whether the server is who it should be, decided before anything else is sent.
//!
//! | file | what it knows |
//! | --- | --- |
//! | [`policy`] | what the user wants checked, and against what |
//! | [`pins`] | rclone's `host_keys` and `pin_host_key` |
//! | [`offer`] | which host key algorithms to ask the server for |
//! | [`verdict`] | what `known_hosts` says about a key or certificate |
//! | [`check`] | the decision, with the person asked where that is wanted |
//! | [`identity`] | that every connection of a run goes to the same server |
//! | [`survey`] | everything a server shows, beside what is recorded |
//! | [`way`] | the same check for the servers on the way (`proxy_jump`) |

pub mod check;
pub mod identity;
pub mod offer;
pub mod pins;
pub mod policy;
pub mod survey;
pub mod verdict;
pub mod way;

pub use check::{Accepted, HostKeyCheck};
pub use identity::Identity;
pub use pins::Pins;
pub use policy::{HostKeyPolicy, HostKeySettings};
