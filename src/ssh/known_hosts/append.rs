//! Adding a key to a `known_hosts` file without touching anything else in it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use super::line::{Line, Marker};
use super::pattern::{HostName, Hosts};
use crate::error::{Error, Kind, Result};
use crate::ssh::verifying_key::VerifyingKey;

/// How long another process may hold the file's lock.
const PATIENCE: Duration = Duration::from_secs(10);

/// Records that `host` has `key`: one line at the end of `file`, written in one piece under a lock. The name is hashed
/// where the newest line of the file is; a missing final newline is put right; a new file has mode 0600. Nothing is
/// added where the file says so already.
///
/// # Errors
/// The file or its folder cannot be written, or another process holds the lock for ten seconds.
pub fn append(file: &Path, host: &HostName, key: &VerifyingKey) -> Result<()> {
    let failed = |error| Error::from_io("add the host key to", error).on(file.as_os_str().as_encoded_bytes());
    create_folder(file).map_err(failed)?;
    let mut handle = open_locked(file)?;
    let mut content = Vec::new();
    handle.read_to_end(&mut content).map_err(failed)?;
    if says(&content, host, key) {
        return Ok(());
    }
    let addition = addition(&content, host, key)?;
    write_whole(&mut handle, &addition).map_err(failed)
}

/// The file, locked. One that was replaced while its lock was waited for is opened anew.
pub(super) fn open_locked(file: &Path) -> Result<File> {
    let failed = |error| Error::from_io("add the host key to", error).on(file.as_os_str().as_encoded_bytes());
    loop {
        let mut options = OpenOptions::new();
        let handle = options.read(true).append(true).create(true).mode(0o600).open(file).map_err(failed)?;
        lock(&handle, file)?;
        let held = handle.metadata().map_err(failed)?;
        if std::fs::metadata(file).is_ok_and(|now| (now.dev(), now.ino()) == (held.dev(), held.ino())) {
            return Ok(handle);
        }
    }
}

/// The bytes to add to `content`.
fn addition(content: &[u8], host: &HostName, key: &VerifyingKey) -> Result<Vec<u8>> {
    let name = if newest_is_hashed(content) { hashed(host.exact())? } else { host.exact().to_owned() };
    let repair = if content.is_empty() || content.ends_with(b"\n") { "" } else { "\n" };
    Ok(format!("{repair}{name} {key}\n").into_bytes())
}

fn hashed(name: &str) -> Result<String> {
    let mut salt = [0; 20];
    let filled = openssl::rand::rand_bytes(&mut salt);
    filled
        .ok()
        .and_then(|()| Hosts::hashed_field(name, &salt))
        .ok_or_else(|| Error::new(Kind::Io, "hash the host name", "the system gave no random bytes"))
}

fn parsed(content: &[u8]) -> impl DoubleEndedIterator<Item = Line> {
    content.split(|&byte| byte == b'\n').filter_map(|line| Line::parse(line)?.ok())
}

fn says(content: &[u8], host: &HostName, key: &VerifyingKey) -> bool {
    parsed(content)
        .any(|line| line.marker == Marker::Host && line.key == *key && line.hosts.matches(host.exact()))
}

/// Whether names are hashed now: the newest line is what `ssh` (with or without `HashKnownHosts`) wrote last.
fn newest_is_hashed(content: &[u8]) -> bool {
    let mut lines = parsed(content).rev().filter(|line| line.marker == Marker::Host);
    lines.next().is_some_and(|line| matches!(line.hosts, Hosts::Hashed { .. }))
}

fn create_folder(file: &Path) -> std::io::Result<()> {
    match file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => DirBuilder::new().recursive(true).mode(0o700).create(folder),
        None => Ok(()),
    }
}

fn lock(handle: &File, file: &Path) -> Result<()> {
    let deadline = Instant::now().checked_add(PATIENCE);
    loop {
        match flock(handle, FlockOperation::NonBlockingLockExclusive).map_err(std::io::Error::from) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => {
                return Err(Error::from_io("lock", error).on(file.as_os_str().as_encoded_bytes()));
            }
        }
        if deadline.is_none_or(|deadline| Instant::now() >= deadline) {
            let reason = "another process holds it for 10 seconds";
            return Err(Error::new(Kind::TimedOut, "lock", reason).on(file.as_os_str().as_encoded_bytes()));
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Writes all of `addition` at the end, or leaves the file as long as it was.
fn write_whole(handle: &mut File, addition: &[u8]) -> std::io::Result<()> {
    let length = handle.seek(SeekFrom::End(0))?;
    let written = handle.write_all(addition).and_then(|()| handle.sync_data());
    if written.is_err()
        && let Err(error) = handle.set_len(length)
    {
        log::debug!("known hosts file not cut back: {error}");
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssh::known_hosts::KnownHosts;
    use std::os::unix::fs::PermissionsExt;

    const ED: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIcUAb2UGZMzVCWOHCjGLQR3KLGOyC6ZkdVp7fGAVcmi";

    fn key() -> VerifyingKey {
        let (algorithm, encoded) = ED.split_once(' ').unwrap();
        VerifyingKey::from_words(algorithm.as_bytes(), encoded.as_bytes()).unwrap()
    }

    fn host() -> HostName {
        HostName::new("Web1", 2222, None)
    }

    #[test]
    fn a_new_file_is_private_and_says_it_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".ssh/known_hosts");
        append(&file, &host(), &key()).unwrap();
        append(&file, &host(), &key()).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("[web1]:2222 {ED}\n"));
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(file.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn what_stands_there_stays_and_the_last_line_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("known_hosts");
        let old = [b"# mine\r\n\xff junk\nother ", ED.as_bytes()].concat();
        std::fs::write(&file, &old).unwrap();
        append(&file, &host(), &key()).unwrap();
        let added = format!("\n[web1]:2222 {ED}\n");
        assert_eq!(std::fs::read(&file).unwrap(), [&old, added.as_bytes()].concat());
    }

    #[test]
    fn names_are_hashed_where_the_newest_line_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("known_hosts");
        let hidden = Hosts::hashed_field("other", &[7; 20]).unwrap();
        std::fs::write(&file, format!("plain {ED}\n{hidden} {ED}\n@revoked bad {ED}\n")).unwrap();
        append(&file, &host(), &key()).unwrap();
        let content = std::fs::read_to_string(&file).unwrap();
        assert!(content.lines().last().unwrap().starts_with("|1|"), "{content}");
        let known = KnownHosts::read(&[file], &host()).unwrap();
        assert_eq!(known.entries().len(), 1);
    }

    #[test]
    fn many_writers_at_once_keep_every_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("known_hosts");
        thread::scope(|scope| {
            for number in 0..16 {
                let file = &file;
                scope.spawn(move || {
                    append(file, &HostName::new(&format!("host{number}"), 22, None), &key()).unwrap();
                    append(file, &HostName::new("shared", 22, None), &key()).unwrap();
                });
            }
        });
        let content = std::fs::read_to_string(&file).unwrap();
        assert_eq!(content.lines().count(), 17, "{content}");
        assert!(content.lines().all(|line| line.ends_with(ED)));
    }
}
