//! Which ciphers, key exchanges and MACs are offered, best first: ours by default, the user's where options name them.
//!
//! The SSH library is built without SHA-1, MD5, 3DES and RC4: nothing here can bring these back.

use ssh2::{MethodType, Session};

use crate::error::{Error, Kind, Result};
use crate::path::escape;

/// The user's choice. Empty lists mean the defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlgorithmSettings {
    /// `ciphers`.
    pub ciphers: Vec<String>,
    /// `key_exchange`.
    pub key_exchange: Vec<String>,
    /// `macs`.
    pub macs: Vec<String>,
    /// `use_insecure_cipher`: adds old algorithms after the defaults.
    pub use_insecure_cipher: bool,
}

/// The four lists of one offer, best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Key exchanges.
    pub key_exchange: Vec<String>,
    /// Host key algorithms.
    pub host_keys: Vec<String>,
    /// Ciphers, the same in both directions.
    pub ciphers: Vec<String>,
    /// MACs, the same in both directions.
    pub macs: Vec<String>,
}

const KEY_EXCHANGE: &[&str] = &[
    "mlkem768x25519-sha256",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
    "diffie-hellman-group14-sha256",
];
const INSECURE_KEY_EXCHANGE: &[&str] = &["diffie-hellman-group-exchange-sha256"];
const AES_GCM: &[&str] = &["aes128-gcm@openssh.com", "aes256-gcm@openssh.com"];
const CHACHA20: &[&str] = &["chacha20-poly1305@openssh.com"];
const AES_CTR: &[&str] = &["aes128-ctr", "aes192-ctr", "aes256-ctr"];
const INSECURE_CIPHERS: &[&str] = &["aes128-cbc", "aes192-cbc", "aes256-cbc"];
const MACS: &[&str] =
    &["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"];

/// Tells `session` what to offer, host key algorithms included.
///
/// # Errors
/// [`Kind::Config`] for a name the SSH library does not know (the known ones are listed), or for
/// `use_insecure_cipher` together with lists of one's own.
pub fn apply(session: &Session, settings: &AlgorithmSettings, host_keys: &[String]) -> Result<Offer> {
    if settings.use_insecure_cipher && !(settings.ciphers.is_empty() && settings.key_exchange.is_empty()) {
        return Err(Error::new(
            Kind::Config,
            "read use_insecure_cipher",
            "it cannot be combined with ciphers or key_exchange",
        )
        .advice("name the old algorithms in ciphers and key_exchange, or drop these"));
    }
    let (old_kex, old_ciphers): (&[&str], &[&str]) =
        if settings.use_insecure_cipher { (INSECURE_KEY_EXCHANGE, INSECURE_CIPHERS) } else { (&[], &[]) };
    let kex = [KEY_EXCHANGE, old_kex].concat();
    let ciphers = [default_ciphers().as_slice(), old_ciphers].concat();
    Ok(Offer {
        key_exchange: choose(session, "key_exchange", &[MethodType::Kex], &settings.key_exchange, &kex)?,
        host_keys: choose(session, "host_key_algorithms", &[MethodType::HostKey], host_keys, &[])?,
        ciphers: choose(
            session,
            "ciphers",
            &[MethodType::CryptCs, MethodType::CryptSc],
            &settings.ciphers,
            &ciphers,
        )?,
        macs: choose(session, "macs", &[MethodType::MacCs, MethodType::MacSc], &settings.macs, MACS)?,
    })
}

/// AES-GCM first where the processor computes AES itself; elsewhere `chacha20` is several times faster.
fn default_ciphers() -> Vec<&'static str> {
    if has_aes() { [AES_GCM, CHACHA20, AES_CTR].concat() } else { [CHACHA20, AES_GCM, AES_CTR].concat() }
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn has_aes() -> bool {
    std::arch::is_x86_feature_detected!("aes")
}

#[cfg(target_arch = "aarch64")]
fn has_aes() -> bool {
    std::arch::is_aarch64_feature_detected!("aes")
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
fn has_aes() -> bool {
    false
}

/// Sets one list for all `kinds`: the user's names, each of which must be known, or those of the defaults that are.
fn choose(
    session: &Session,
    option: &'static str,
    kinds: &[MethodType],
    wanted: &[String],
    defaults: &[&str],
) -> Result<Vec<String>> {
    let mut chosen = Vec::new();
    for kind in kinds {
        let known = session.supported_algs(*kind).map_err(|error| failed(option, &error))?;
        if let Some(unknown) = wanted.iter().find(|name| !known.contains(&name.as_str())) {
            let known = known.join(", ");
            return Err(Error::new(Kind::Config, format!("read {option}"), "no such algorithm")
                .on(unknown)
                .advice(format!("known are {known}")));
        }
        chosen = if wanted.is_empty() {
            defaults.iter().filter(|name| known.contains(name)).map(|name| (*name).to_owned()).collect()
        } else {
            wanted.to_vec()
        };
        session.method_pref(*kind, &chosen.join(",")).map_err(|error| failed(option, &error))?;
    }
    Ok(chosen)
}

fn failed(option: &'static str, error: &ssh2::Error) -> Error {
    let reason = escape(error.message().as_bytes()).into_owned();
    Error::new(Kind::Config, format!("apply {option}"), reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host_keys() -> Vec<String> {
        vec!["ssh-ed25519".into()]
    }

    #[test]
    fn defaults_are_all_known_and_hold_nothing_weak() {
        let session = Session::new().unwrap();
        let offer = apply(&session, &AlgorithmSettings::default(), &host_keys()).unwrap();
        assert_eq!(offer.key_exchange, KEY_EXCHANGE);
        assert_eq!(offer.ciphers, default_ciphers());
        assert_eq!(offer.macs, MACS);
        let insecure = AlgorithmSettings { use_insecure_cipher: true, ..AlgorithmSettings::default() };
        let old = apply(&session, &insecure, &host_keys()).unwrap();
        assert_eq!(old.ciphers, [default_ciphers().as_slice(), INSECURE_CIPHERS].concat());
        assert_eq!(old.key_exchange, [KEY_EXCHANGE, INSECURE_KEY_EXCHANGE].concat());
        assert!(offer.ciphers.iter().all(|name| !name.contains("cbc")));
    }

    #[test]
    fn unknown_names_are_errors_that_list_the_known() {
        let session = Session::new().unwrap();
        for option in ["ciphers", "key_exchange", "macs"] {
            let mut settings = AlgorithmSettings::default();
            let list = match option {
                "ciphers" => &mut settings.ciphers,
                "key_exchange" => &mut settings.key_exchange,
                _ => &mut settings.macs,
            };
            *list = vec!["rot13".into()];
            let error = apply(&session, &settings, &host_keys()).unwrap_err();
            assert_eq!(error.kind(), Kind::Config);
            let text = error.to_string();
            assert!(
                text.starts_with(&format!("read {option} rot13: no such algorithm\nknown are ")),
                "{text}"
            );
        }
        assert!(apply(&session, &AlgorithmSettings::default(), &["ssh-rot13".into()]).is_err());
        let both = AlgorithmSettings {
            ciphers: vec!["aes128-ctr".into()],
            use_insecure_cipher: true,
            ..AlgorithmSettings::default()
        };
        assert!(apply(&session, &both, &host_keys()).is_err());
    }
}
