//! What a shell on the server can do that SFTP cannot: hash files, and tell free space.

use std::sync::Arc;
use std::thread;

use futures_channel::oneshot;

use super::contract::Usage;
use crate::error::{Error, Kind, Result};
use crate::hash::{Digest, HashType, Script, answers};

/// Runs a command with this standard input and returns what it wrote to its standard output; blocks while it does.
pub type Execute = Arc<dyn Fn(&str, &[u8]) -> Result<Vec<u8>> + Send + Sync>;

/// Files hashed by one command: what a lost connection costs, and how long its output may grow.
const BATCH: usize = 1000;

/// A Unix shell on the server, used only when something is asked of it.
#[derive(Clone)]
pub struct Shell {
    execute: Execute,
    settings: Arc<ShellSettings>,
}

/// How a server's shell is to be used (rclone's sftp options of the same names).
#[derive(Clone, Debug, Default)]
pub struct ShellSettings {
    /// The hashes to consider; empty for MD5 and SHA-1.
    pub hashes: Vec<HashType>,
    /// Commands to use instead of looking for one; `none` for a hash that must not be computed.
    pub commands: Vec<(HashType, String)>,
    /// The path that the shell knows the SFTP root by: all of it, or with `@` a prefix.
    pub path_override: Option<String>,
    /// No hash may be computed (`disable_hashcheck`).
    pub no_hashes: bool,
}

impl Shell {
    /// A shell reached by `execute`.
    pub fn new(execute: Execute, settings: ShellSettings) -> Self {
        Self { execute, settings: Arc::new(settings) }
    }

    /// The hashes to consider.
    pub fn hashes(&self) -> Vec<HashType> {
        match &self.settings.hashes {
            _ if self.settings.no_hashes => Vec::new(),
            hashes if hashes.is_empty() => vec![HashType::Md5, HashType::Sha1],
            hashes => hashes.clone(),
        }
    }

    /// The command that is set for a hash; `none` if it must not be computed.
    pub(super) fn command(&self, hash: HashType) -> Option<&str> {
        self.settings.commands.iter().find(|(of, _)| *of == hash).map(|(_, command)| command.as_str())
    }

    /// Hashes files by their full paths; `None` if the server cannot compute this hash.
    pub(super) async fn hash(
        &self,
        paths: &[Vec<u8>],
        root: &[u8],
        hash: HashType,
    ) -> Result<Option<Vec<Option<Digest>>>> {
        let Some(empty) = self.script(hash) else { return Ok(None) };
        let mut found = Vec::with_capacity(paths.len());
        for batch in paths.chunks(BATCH) {
            let mut script = empty.clone();
            for path in batch {
                script.file(&self.shell_path(path, root));
            }
            let output = self.run("sh", script.into_bytes()).await?;
            match answers(&output, hash, batch.len()) {
                Some(digests) => found.extend(digests),
                None => return Ok(None),
            }
        }
        Ok(Some(found))
    }

    /// Hashes the first `length` bytes of one file; `None` if the server cannot.
    pub(super) async fn hash_beginning(
        &self,
        path: &[u8],
        length: u64,
        root: &[u8],
        hash: HashType,
    ) -> Result<Option<Digest>> {
        let Some(mut script) = self.script(hash) else { return Ok(None) };
        script.beginning(&self.shell_path(path, root), length);
        let output = self.run("sh", script.into_bytes()).await?;
        Ok(answers(&output, hash, 1).and_then(|found| found.into_iter().next().flatten()))
    }

    /// An empty script for a hash; `None` if none may be computed.
    fn script(&self, hash: HashType) -> Option<Script> {
        let named = self.settings.commands.iter().find(|(of, _)| *of == hash);
        let command = named.map(|(_, command)| command.as_str());
        let is_allowed = !self.settings.no_hashes && command != Some("none");
        is_allowed.then(|| Script::new(hash, command))
    }

    /// How full the file system of `path` is, by `df`.
    pub(super) async fn usage(&self, path: &[u8], root: &[u8]) -> Result<Option<Usage>> {
        let mut script = b"LC_ALL=C df -Pk -- ".to_vec();
        script.extend(crate::hash::quote(&self.shell_path(path, root)));
        script.push(b'\n');
        Ok(parse_df(&self.run("sh", script).await?))
    }

    fn shell_path(&self, path: &[u8], root: &[u8]) -> Vec<u8> {
        match self.settings.path_override.as_deref().map(|it| it.strip_prefix('@').ok_or(it)) {
            None => path.to_vec(),
            Some(Ok(prefix)) => join(prefix.as_bytes(), path),
            Some(Err(whole)) => join(whole.as_bytes(), path.strip_prefix(root).unwrap_or(path)),
        }
    }

    /// Runs a command on a thread of its own, so that the run can be stopped meanwhile.
    pub(super) async fn run(&self, command: &'static str, input: Vec<u8>) -> Result<Vec<u8>> {
        let (sender, receiver) = oneshot::channel();
        let execute = Arc::clone(&self.execute);
        let started = thread::Builder::new().name("shell".into()).spawn(move || {
            // The run may have been stopped meanwhile.
            drop(sender.send(execute(command, &input)));
        });
        started.map_err(|error| Error::from_io("start thread", error))?;
        let gone = || Error::new(Kind::ConnectionLost, "run", "the command was abandoned").on(command);
        receiver.await.map_err(|_| gone())?
    }
}

fn join(prefix: &[u8], path: &[u8]) -> Vec<u8> {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    match prefix.strip_suffix(b"/").unwrap_or(prefix) {
        prefix if path.is_empty() => prefix.to_vec(),
        prefix => [prefix, b"/", path].concat(),
    }
}

/// Reads the portable output of `df -Pk` (POSIX): a heading, then device, kibibytes in all, used and available.
fn parse_df(output: &[u8]) -> Option<Usage> {
    let text = String::from_utf8_lossy(output);
    let mut lines = text.lines().skip_while(|line| !line.starts_with("Filesystem"));
    let numbers: Vec<u64> = lines.nth(1)?.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match numbers.as_slice() {
        [total, used, free, ..] => Some(Usage {
            total: total.checked_mul(1024)?,
            used: used.checked_mul(1024)?,
            free: free.checked_mul(1024)?,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn df_is_read_and_anything_else_is_not() {
        let output = b"welcome\nFilesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda1 100 40 50 45% /\n";
        let usage = parse_df(output).unwrap();
        assert_eq!((usage.total, usage.used, usage.free), (102_400, 40_960, 51_200));
        assert_eq!(parse_df(b"This service allows sftp connections only.\n"), None);
    }

    #[test]
    fn the_shell_may_know_files_by_other_paths() {
        for (path_override, path, expected) in [
            (None, "/data/a", "/data/a"),
            (Some("/volume1"), "/data/a", "/volume1/a"),
            (Some("/volume1/"), "/data", "/volume1"),
            (Some("@/volume1"), "/data/a", "/volume1/data/a"),
        ] {
            let settings =
                ShellSettings { path_override: path_override.map(Into::into), ..ShellSettings::default() };
            let shell = Shell::new(Arc::new(|_, _| Ok(Vec::new())), settings);
            assert_eq!(shell.shell_path(path.as_bytes(), b"/data"), expected.as_bytes());
        }
    }
}
