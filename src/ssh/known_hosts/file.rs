//! Reading `known_hosts` files, and what they say about one host.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::line::{Line, Marker};
use super::pattern::HostName;
use crate::error::{Error, Kind, Result};
use crate::path::escape;
use crate::ssh::verifying_key::VerifyingKey;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// A line about the host that was looked up, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What its key means.
    pub marker: Marker,
    /// The key.
    pub key: VerifyingKey,
    /// Whether the line names the host with its port (or the host is on port 22); a line with the bare name only
    /// counts where none of these settles the matter.
    pub exact: bool,
    /// The file.
    pub file: Arc<Path>,
    /// The line's number, from 1.
    pub line: usize,
}

impl Entry {
    /// `file:line`, safe to show.
    pub fn place(&self) -> String {
        format!("{}:{}", shown(&self.file), self.line)
    }
}

/// Everything the files say about one host.
#[derive(Clone, Debug, Default)]
pub struct KnownHosts {
    entries: Vec<Entry>,
}

impl KnownHosts {
    /// Reads `files` in order and keeps the lines about `host`. A file that does not exist says nothing; a line that
    /// cannot be understood is skipped alone and logged.
    ///
    /// # Errors
    /// A file exists and cannot be read: it might revoke the very key the server shows.
    pub fn read(files: &[PathBuf], host: &HostName) -> Result<Self> {
        let mut this = Self::default();
        for file in files {
            if let Some(content) = content(file)? {
                this.collect(file, &content, host);
            }
        }
        Ok(this)
    }

    /// What `content` says about `host`, as if it had been read from `file`.
    pub fn parse(file: &Path, content: &[u8], host: &HostName) -> Self {
        let mut this = Self::default();
        this.collect(file, content, host);
        this
    }

    /// The lines about the host, in the order of the files.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The lines with this marker, those that name the host with its port first.
    pub fn with_marker(&self, marker: Marker) -> impl Iterator<Item = &Entry> {
        let (exact, bare): (Vec<_>, Vec<_>) =
            self.entries.iter().filter(|entry| entry.marker == marker).partition(|entry| entry.exact);
        exact.into_iter().chain(bare)
    }

    fn collect(&mut self, file: &Path, content: &[u8], host: &HostName) {
        let file: Arc<Path> = Arc::from(file);
        for (number, text) in (1_usize..).zip(content.split(|&byte| byte == b'\n')) {
            let line = match Line::parse(text) {
                None => continue,
                Some(Ok(line)) => line,
                Some(Err(reason)) => {
                    log::info!("{}:{number}: line skipped: {reason}", shown(&file));
                    continue;
                }
            };
            let exact = line.hosts.matches(host.exact());
            if exact || host.bare().is_some_and(|bare| line.hosts.matches(bare)) {
                let (marker, key) = (line.marker, line.key);
                self.entries.push(Entry { marker, key, exact, file: Arc::clone(&file), line: number });
            }
        }
    }
}

/// The bytes of a file; `None` where there is none.
fn content(path: &Path) -> Result<Option<Vec<u8>>> {
    let failed =
        |error| Error::from_io("read known hosts file", error).on(path.as_os_str().as_encoded_bytes());
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            log::debug!("{}: no such known hosts file", shown(path));
            return Ok(None);
        }
        Err(error) => return Err(failed(error)),
    };
    let mut content = Vec::new();
    file.take(LARGEST.saturating_add(1)).read_to_end(&mut content).map_err(failed)?;
    if u64::try_from(content.len()).is_ok_and(|length| length <= LARGEST) {
        return Ok(Some(content));
    }
    Err(Error::new(Kind::Config, "read known hosts file", "it is larger than 64 MiB").on(path_bytes(path)))
}

fn path_bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

/// A path, safe to show.
pub(super) fn shown(path: &Path) -> String {
    escape(path_bytes(path)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    const ED: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIcUAb2UGZMzVCWOHCjGLQR3KLGOyC6ZkdVp7fGAVcmi";

    fn write(folder: &Path, name: &str, content: &[u8]) -> PathBuf {
        let file = folder.join(name);
        std::fs::write(&file, content).unwrap();
        file
    }

    fn lines(files: &[PathBuf], host: &str, port: u16) -> Vec<usize> {
        let known = KnownHosts::read(files, &HostName::new(host, port, None)).unwrap();
        known.entries().iter().map(|entry| entry.line).collect()
    }

    #[test]
    fn bad_lines_hide_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let mut content = b"\xef\xbb\xbf# comment\n\xff\xfe junk\nh ssh-ed25519 AAAA\r\n".to_vec();
        content.extend(vec![b'x'; 200_000]);
        content.extend(format!("\nh {ED}").bytes());
        let file = write(folder.path(), "hosts", &content);
        let missing = folder.path().join("missing");
        assert_eq!(lines(&[missing, file.clone()], "h", 22), [5]);
        assert_eq!(lines(&[file], "H", 2222), [5], "the bare name counts on another port");
        assert!(KnownHosts::read(&[folder.path().into()], &HostName::new("h", 22, None)).is_err());
    }

    #[test]
    fn lines_with_the_port_come_first() {
        let folder = tempfile::tempdir().unwrap();
        let content = format!("h {ED}\n[h]:2222 {ED}\n");
        let file = write(folder.path(), "hosts", content.as_bytes());
        let known = KnownHosts::read(&[file], &HostName::new("h", 2222, None)).unwrap();
        let order: Vec<_> = known.with_marker(Marker::Host).map(|entry| (entry.line, entry.exact)).collect();
        assert_eq!(order, [(2, true), (1, false)]);
    }

    /// The line numbers `ssh-keygen -F` finds for a name.
    fn oracle(file: &Path, name: &str) -> Vec<usize> {
        let found = Command::new("ssh-keygen").args(["-F", name, "-f"]).arg(file).output().unwrap();
        let text = String::from_utf8_lossy(&found.stdout).into_owned();
        text.lines()
            .filter_map(|line| line.split_once("found: line ")?.1.split(' ').next()?.parse().ok())
            .collect()
    }

    #[test]
    fn finds_what_ssh_keygen_finds() {
        let folder = tempfile::tempdir().unwrap();
        let names = [
            "web1",
            "web1,web2",
            "*.example.org",
            "*.example.org,!secret.example.org",
            "[web1]:2222",
            "[*]:2222",
            "10.0.0.?",
            "::1",
            "[::1]:2222",
            "WEB9",
            "@revoked web1",
            "@cert-authority *.org",
            "\tweb3",
        ];
        let content = names.map(|hosts| format!("{hosts} {ED} comment\n")).concat();
        let plain = write(folder.path(), "plain", content.as_bytes());
        let hashed = write(folder.path(), "hashed", content.as_bytes());
        let run = Command::new("ssh-keygen").args(["-H", "-f"]).arg(&hashed).output().unwrap();
        assert!(run.status.success());
        assert!(std::fs::read_to_string(&hashed).unwrap().contains("|1|"));
        let questions = [
            "web1",
            "web2",
            "web3",
            "web9",
            "a.example.org",
            "secret.example.org",
            "10.0.0.7",
            "::1",
            "none",
        ];
        for file in [plain, hashed] {
            for (host, port) in questions.iter().flat_map(|host| [(*host, 22), (*host, 2222)]) {
                let name = HostName::new(host, port, None);
                let known = KnownHosts::read(std::slice::from_ref(&file), &name).unwrap();
                let mut ours: Vec<_> =
                    known.entries().iter().filter(|entry| entry.exact).map(|entry| entry.line).collect();
                let mut theirs = oracle(&file, name.exact());
                ours.sort_unstable();
                theirs.sort_unstable();
                theirs.dedup();
                assert_eq!(ours, theirs, "{} in {}", name.exact(), file.display());
            }
        }
    }
}
