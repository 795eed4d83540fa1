//! Who a server was at the first connection of a run, so that no later one goes to another server.

use std::sync::{Mutex, PoisonError};

use super::check::{Accepted, named};
use crate::error::{Error, Kind, Result};

/// The server that was accepted first. Servers that share a name and each have a certificate of a trusted CA count as
/// one: the certificate, not the key, says who they are.
#[derive(Debug, Default)]
pub struct Identity(Mutex<Option<Accepted>>);

impl Identity {
    /// Remembers the first server, and compares every other one with it.
    ///
    /// # Errors
    /// [`Kind::HostKey`]: the server at `address` is not the one this run began with.
    pub fn confirm(&self, accepted: &Accepted, address: &str) -> Result<()> {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = first.get_or_insert_with(|| accepted.clone());
        if first.key == accepted.key || first.certified && accepted.certified {
            return Ok(());
        }
        let shown =
            |accepted: &Accepted| accepted.key.as_ref().map_or_else(|| "no known key".to_owned(), named);
        let reason = format!(
            "the host key changed during this run: the server showed {}, now it shows {}",
            shown(first),
            shown(accepted)
        );
        Err(Error::new(Kind::HostKey, "check the host key of", reason).on(address).advice(
            "the address may lead to several servers, or someone may be listening in between: ask who runs it",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssh::verifying_key::VerifyingKey;

    fn accepted(last: u8, certified: bool) -> Accepted {
        let blob = [b"\0\0\0\x0bssh-ed25519\0\0\0\x20".as_slice(), &[7; 31], &[last]].concat();
        Accepted { key: VerifyingKey::parse(&blob), certified, new_pin: None, recorded: None }
    }

    #[test]
    fn the_first_server_is_the_only_one() {
        let identity = Identity::default();
        identity.confirm(&accepted(1, false), "h:22").unwrap();
        identity.confirm(&accepted(1, false), "h:22").unwrap();
        let error = identity.confirm(&accepted(2, false), "h:22").unwrap_err();
        assert_eq!((error.kind(), error.path()), (Kind::HostKey, Some("h:22")));
        assert_eq!(error.to_string().matches("SHA256:").count(), 2, "{error}");
        assert!(identity.confirm(&accepted(2, true), "h:22").is_err(), "the first one had no certificate");
        identity.confirm(&accepted(1, false), "h:22").unwrap();
    }

    #[test]
    fn certified_servers_of_one_name_are_one() {
        let identity = Identity::default();
        identity.confirm(&accepted(1, true), "h:22").unwrap();
        identity.confirm(&accepted(2, true), "h:22").unwrap();
        assert!(identity.confirm(&accepted(2, false), "h:22").is_err());
    }
}
