//! Taking a host's key out of a `known_hosts` file without touching what it says about other hosts.

use std::path::Path;

use super::append::open_locked;
use super::line::{Line, Marker};
use super::pattern::{HostName, Hosts};
use crate::config::atomic_file;
use crate::error::{Error, Kind, Result};
use crate::ssh::verifying_key::VerifyingKey;

/// Removes the name of `host` from every plain line of `file` that has `key`; a line left without a name goes. The file
/// is replaced as a whole, under the lock that [`append`](super::append()) takes.
///
/// # Errors
/// The file cannot be read or replaced; [`Kind::Config`]: a line names the host by a pattern, which may name others too.
pub fn withdraw(file: &Path, host: &HostName, key: &VerifyingKey) -> Result<()> {
    let failed =
        |error| Error::from_io("remove the host key from", error).on(file.as_os_str().as_encoded_bytes());
    let lock = open_locked(file)?;
    let content = std::fs::read(file).map_err(failed)?;
    let mut kept = Vec::with_capacity(content.len());
    for line in content.split_inclusive(|&byte| byte == b'\n') {
        match without(line, host, key) {
            Some(rest) => kept.extend(rest),
            None => {
                return Err(Error::new(
                    Kind::Config,
                    "remove the host key from",
                    "a pattern names the host there",
                )
                .on(file.as_os_str().as_encoded_bytes())
                .advice("edit the line by hand"));
            }
        }
    }
    atomic_file::replace(file, &kept)?;
    drop(lock);
    Ok(())
}

/// The line without the host; empty if nothing is left, `None` if a pattern still names it.
fn without(line: &[u8], host: &HostName, key: &VerifyingKey) -> Option<Vec<u8>> {
    let parsed = match Line::parse(line) {
        Some(Ok(parsed)) if parsed.marker == Marker::Host && parsed.key == *key => parsed,
        _ => return Some(line.to_vec()),
    };
    if !parsed.hosts.matches(host.exact()) {
        return Some(line.to_vec());
    }
    let Hosts::Patterns(_) = parsed.hosts else { return Some(Vec::new()) };
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii_start();
    let end = line.iter().position(u8::is_ascii_whitespace)?;
    let (names, rest) = line.split_at_checked(end)?;
    let others: Vec<&[u8]> = names
        .split(|&byte| byte == b',')
        .filter(|name| !name.eq_ignore_ascii_case(host.exact().as_bytes()))
        .collect();
    if others.is_empty() {
        return Some(Vec::new());
    }
    let left = others.join(&b',');
    let still = Hosts::parse(&left).is_none_or(|hosts| hosts.matches(host.exact()));
    (!still).then(|| [left.as_slice(), rest].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIcUAb2UGZMzVCWOHCjGLQR3KLGOyC6ZkdVp7fGAVcmi";
    const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK/0RuDa8g6ljfIDy4cW5JfUq0vT8Bnvs9jIBBvUtWmO";

    #[test]
    fn only_the_hosts_own_names_go() {
        let (algorithm, encoded) = ED.split_once(' ').unwrap();
        let key = VerifyingKey::from_words(algorithm.as_bytes(), encoded.as_bytes()).unwrap();
        let host = HostName::new("web1", 22, None);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("known_hosts");
        let hashed = Hosts::hashed_field("web1", &[7; 20]).unwrap();
        let before = format!(
            "# c\r\nweb1 {ED}\r\nWeb1,other {ED} note\nweb1 {OTHER}\n{hashed} {ED}\n@revoked web1 {ED}\njunk"
        );
        std::fs::write(&file, before).unwrap();
        withdraw(&file, &host, &key).unwrap();
        let after = format!("# c\r\nother {ED} note\nweb1 {OTHER}\n@revoked web1 {ED}\njunk");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), after);

        let pattern = format!("web* {ED}\n");
        std::fs::write(&file, &pattern).unwrap();
        assert_eq!(withdraw(&file, &host, &key).unwrap_err().kind(), Kind::Config);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), pattern);
    }
}
