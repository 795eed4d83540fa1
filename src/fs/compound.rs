//! What takes several requests to an SFTP server, because the protocol has no one request or answer for it.

use super::attributes::metadata_of;
use super::contract::FileType;
use super::remote_folder::read_all;
use crate::error::{Error, Kind, Result, Retry};
use crate::sftp::{Access, Attributes, Client, NamedAttributes};

/// The path with every link resolved as far as there is anything: servers resolve nothing that is missing.
pub(super) async fn real_path(client: &Client, path: &[u8]) -> Result<Vec<u8>> {
    let cuts = path.iter().enumerate().rev().filter(|(_, byte)| **byte == b'/').map(|(cut, _)| cut);
    for end in std::iter::once(path.len()).chain(cuts) {
        let (known, missing) = path.split_at_checked(end).unwrap_or((path, b""));
        match client.real_path(if end == 0 { b"/" } else { known }).await {
            Ok(real) if missing.is_empty() => return Ok(real),
            Ok(real) => return Ok([real.strip_suffix(b"/").unwrap_or(&real), missing].concat()),
            Err(error) if error.kind() == Kind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok([&*client.real_path(b".").await?, b"/", path].concat())
}

/// Makes a folder; one that exists is fine.
pub(super) async fn make_dir(client: &Client, path: &[u8]) -> Result<()> {
    let Err(error) = client.make_dir(path).await else { return Ok(()) };
    // The protocol has no "exists"; look.
    match client.stat(path).await.map(|found| metadata_of(&found).file_type) {
        Ok(FileType::Directory) => Ok(()),
        Ok(_) => Err(Error::new(Kind::NotADirectory, "make folder", "a file stands there").on(path)),
        Err(_) => Err(error),
    }
}

/// Makes a folder and those that hold it.
pub(super) async fn make_dirs(client: &Client, path: &[u8]) -> Result<()> {
    for ancestor in ancestors(path) {
        make_dir(client, ancestor).await?;
    }
    make_dir(client, path).await
}

/// The folders that hold `path`, outermost first.
fn ancestors(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let cuts = path.iter().enumerate().filter(|(cut, byte)| **byte == b'/' && *cut > 0);
    cuts.filter_map(|(cut, _)| path.get(..cut))
}

/// Removes an empty folder, and says so if it is not empty.
pub(super) async fn remove_dir(client: &Client, path: &[u8]) -> Result<()> {
    match client.remove_dir(path).await {
        // The protocol has no "not empty"; look.
        Err(error) if error.kind() == Kind::Failure => match client.open_dir(path).await {
            Ok(handle) if read_all(&handle).await.is_ok_and(|names| has_entries(&names)) => {
                Err(Error::new(Kind::NotEmpty, "remove folder", "directory not empty").on(path))
            }
            _ => Err(error),
        },
        removed => removed,
    }
}

fn has_entries(names: &[NamedAttributes]) -> bool {
    names.iter().any(|entry| entry.name != b"." && entry.name != b"..")
}

/// Flushes a folder to the server's disk where it can be asked to.
pub(super) async fn flush_dir(client: &Client, path: &[u8]) -> Result<()> {
    // OpenSSH opens a folder as it opens a file, and flushes it as one.
    let flushed = async {
        let folder = client.open(path, Access::Read, &Attributes::default()).await?;
        folder.sync().await
    };
    match flushed.await {
        Err(error) if error.retry() == Retry::Never => {
            log::debug!("a folder is flushed to the server's disk when the server sees fit: {error}");
            Ok(())
        }
        other => other,
    }
}
