//! Listing the folders of an SFTP server, several at a time, and noticing what it leaves out without a word.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::contract::{FileType, Listing};
use super::remote_folder::{describe, follow_links, read_all, sort_out};
use crate::error::{Error, Kind, Result};
use crate::sftp::{Client, NamedAttributes, Pool};

/// Folders up to this many are read by one server process: a login would take longer.
const FEW_FOLDERS: usize = 64;
/// Server processes that read folders when there are more.
const LISTERS: usize = 4;

/// Lists the folders of one tree.
#[derive(Default)]
pub(super) struct Lister {
    /// Whether symbolic links, and whatever else is neither file nor folder, are left out.
    pub(super) skips_links: bool,
    /// How many folders were read or are being read.
    listed: AtomicUsize,
    /// Whether the server ever listed a folder with its `.`; then every complete listing has one.
    lists_dot: AtomicBool,
}

impl Lister {
    /// Reads the folder at `path`.
    ///
    /// # Errors
    /// It cannot be read, or not to its end.
    pub(super) async fn list(&self, pool: &Pool, path: &[u8]) -> Result<Listing> {
        let client = self.next_client(pool).await?;
        let handle = client.open_dir(path).await.map_err(missing_folder)?;
        let names = read_all(&handle).await.map_err(|error| error.on(path))?;
        drop(handle);
        self.check_complete(&client, path, &names).await?;
        let names = describe(&client, path, names).await?;
        let (mut entries, refused) = sort_out(names, path);
        if self.skips_links {
            entries.retain(|entry| matches!(entry.metadata.file_type, FileType::File | FileType::Directory));
        }
        Ok(Listing { entries: follow_links(&client, path, entries).await?, refused })
    }

    /// The client to read the next folder with: beyond a few folders several take turns, because reading a folder
    /// keeps a server process busy.
    async fn next_client(&self, pool: &Pool) -> Result<Client> {
        let number = self.listed.fetch_add(1, Ordering::Relaxed);
        let further = match (number % LISTERS).checked_sub(1) {
            Some(way) if number >= FEW_FOLDERS => pool.further(way).await.ok(),
            _ => None,
        };
        match further {
            Some(client) => Ok(client),
            None => pool.client().await,
        }
    }

    /// OpenSSH lists a folder that may be read but not searched as empty, without an error, and leaves out even `.`.
    async fn check_complete(&self, client: &Client, path: &[u8], names: &[NamedAttributes]) -> Result<()> {
        if names.iter().any(|entry| entry.name == b".") {
            self.lists_dot.store(true, Ordering::Relaxed);
            return Ok(());
        }
        client.lstat(&[path, b"/."].concat()).await.map_err(|error| {
            let reason = format!("the server listed it without its entries: {}", error.reason());
            Error::new(error.kind(), "list", reason).on(path)
        })?;
        if self.lists_dot.load(Ordering::Relaxed) {
            return Err(Error::new(Kind::Failure, "list", "the server ended the listing early").on(path));
        }
        Ok(())
    }
}

fn missing_folder(error: Error) -> Error {
    if error.kind() == Kind::NotFound { error.with_kind(Kind::DirectoryNotFound) } else { error }
}
