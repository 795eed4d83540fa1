//! `pin_host_key`: the first host key of a remote is kept in its section of the configuration file.

use std::sync::{Mutex, PoisonError};

use crate::config::store::Store;
use crate::error::{Error, Kind, Result};
use crate::ssh::SavePin;
use crate::ssh::host_key::Pins;
use crate::ssh::host_key::check::named;
use crate::ssh::host_key::pins::PinVerdict;
use crate::ssh::verifying_key::VerifyingKey;

/// What adds a key to `host_keys` of the remote `name`; `None` for a remote that is not in the file.
pub fn save_pin(name: &str, store: Store, dry_run: bool) -> Option<SavePin> {
    if !store.document().has_section(name) {
        return None;
    }
    let (name, store) = (name.to_owned(), Mutex::new(store));
    Some(Box::new(move |key| {
        if dry_run {
            log::warn!("{name}: Skipped pinning {} as --dry-run is set", named(key));
            return Ok(());
        }
        add(&mut store.lock().unwrap_or_else(PoisonError::into_inner), &name, key)?;
        log::warn!("{name}: Pinned host key {} in config", named(key));
        Ok(())
    }))
}

/// Another run may have pinned a key meanwhile; then that one counts.
fn add(store: &mut Store, name: &str, key: &VerifyingKey) -> Result<()> {
    store.edit(|document| {
        let current = document.get(name, "host_keys").unwrap_or_default();
        match Pins::parse(current.split(','), true)?.judge(key) {
            PinVerdict::Known => Ok(()),
            PinVerdict::New | PinVerdict::Unknown if current.trim().is_empty() => {
                document.set(name, "host_keys", &key.to_string())
            }
            PinVerdict::New | PinVerdict::Unknown => {
                document.set(name, "host_keys", &format!("{current},{key}"))
            }
            PinVerdict::Changed(pinned) => {
                let reason = format!("the server shows {}, host_keys has {}", named(key), pinned.join(", "));
                Err(Error::new(Kind::HostKey, "pin the host key of", reason).on(name))
            }
        }
    })
}

/// Adds keys to `host_keys` of the remote `name` and takes the `outdated` ones out.
///
/// # Errors
/// [`Kind::Config`]: the remote is not in the file. The file cannot be saved.
pub fn replace(
    store: &mut Store,
    name: &str,
    new: &[&VerifyingKey],
    outdated: &[&VerifyingKey],
) -> Result<()> {
    if !store.document().has_section(name) {
        let reason = "the remote is in no configuration file, so its host_keys cannot be changed";
        return Err(Error::new(Kind::Config, "pin the host keys of", reason)
            .on(name)
            .advice("give the keys in host_keys where the remote is made up, or use known_hosts_file"));
    }
    store.edit(|document| {
        let current = document.get(name, "host_keys").unwrap_or_default();
        let pins = Pins::parse(current.split(','), true)?;
        let kept = pins.keys().iter().filter(|key| !outdated.contains(key));
        let all: Vec<String> = kept.chain(new.iter().copied()).map(VerifyingKey::to_string).collect();
        document.set(name, "host_keys", &all.join(","))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::document::Document;

    fn key(last: u8) -> VerifyingKey {
        let blob = [b"\0\0\0\x0bssh-ed25519\0\0\0\x20".as_slice(), &[7; 31], &[last]].concat();
        VerifyingKey::parse(&blob).unwrap()
    }

    #[test]
    fn a_pin_is_added_once_and_never_replaced() {
        let mut store = Store::in_memory(Document::parse(b"[a]\ntype = sftp\n").unwrap());
        add(&mut store, "a", &key(1)).unwrap();
        add(&mut store, "a", &key(1)).unwrap();
        assert_eq!(store.document().get("a", "host_keys"), Some(key(1).to_string()));
        assert_eq!(add(&mut store, "a", &key(2)).unwrap_err().kind(), Kind::HostKey);
        assert!(save_pin("b", store, false).is_none());
    }

    #[test]
    fn outdated_pins_make_way() {
        let mut store = Store::in_memory(Document::parse(b"[a]\ntype = sftp\n").unwrap());
        replace(&mut store, "a", &[&key(1), &key(2)], &[]).unwrap();
        replace(&mut store, "a", &[&key(3)], &[&key(1)]).unwrap();
        assert_eq!(store.document().get("a", "host_keys"), Some(format!("{},{}", key(2), key(3))));
        assert_eq!(replace(&mut store, "b", &[&key(1)], &[]).unwrap_err().kind(), Kind::Config);
    }
}
