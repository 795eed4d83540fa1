//! Giving a file of a server its final name, whether or not the server can replace a file in one step.
//!
//! Without `posix-rename@openssh.com` the old file is moved aside first and comes back if the new one cannot take its
//! name. Where the connection is lost, or the run is stopped, between these steps, [`Replacements::settle`] ends them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::attributes::metadata_of;
use super::contract::FileType;
use crate::error::{Error, Kind, Result, Retry};
use crate::path::{escape, shorten};
use crate::sftp::{Client, Pool};

/// The longest file name that common file systems keep, in bytes.
const LONGEST: usize = 255;

/// The replacements on one server that are under way in several steps.
#[derive(Default)]
pub(super) struct Replacements(Mutex<Vec<Steps>>);

/// The names in one of them.
#[derive(Clone, PartialEq, Eq)]
struct Steps {
    from: Vec<u8>,
    aside: Vec<u8>,
    to: Vec<u8>,
}

impl Replacements {
    /// Renames `from` to `to`, whatever file stood there.
    pub(super) async fn rename(&self, pool: &Pool, from: &[u8], to: &[u8]) -> Result<()> {
        let client = pool.client().await?;
        if client.extensions().posix_rename {
            return client.posix_rename(from, to).await;
        }
        let Err(refused) = client.rename(from, to).await else { return Ok(()) };
        match client.lstat(to).await.map(|found| metadata_of(&found).file_type) {
            Ok(FileType::Directory) | Err(_) => return Err(refused),
            Ok(_) => {}
        }
        let steps = Steps { from: from.to_vec(), aside: aside(from, to), to: to.to_vec() };
        self.lock().push(steps.clone());
        let renamed = match steps.take(&client).await {
            Ok(()) => Ok(()),
            Err(error) => steps.settle(pool, error).await,
        };
        if renamed.is_ok() {
            steps.remove_old(pool).await;
        }
        self.lock().retain(|other| *other != steps);
        renamed
    }

    /// Ends what was dropped half-way: each name belongs to the new file or to the old one again.
    pub(super) async fn settle(&self, pool: &Pool) {
        let left = std::mem::take(&mut *self.lock());
        let stopped = || Error::cancelled();
        let settling = left.iter().map(|steps| async {
            match steps.settle(pool, stopped()).await {
                Ok(()) => steps.remove_old(pool).await,
                Err(error) => error.mend().into_iter().for_each(|mend| log::error!("{mend}")),
            }
        });
        futures_util::future::join_all(settling).await;
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Steps>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Steps {
    async fn take(&self, client: &Client) -> Result<()> {
        client.rename(&self.to, &self.aside).await?;
        client.rename(&self.from, &self.to).await
    }

    /// After a failure: gives the old file its name back, unless the new one has it and only the answer was lost.
    async fn settle(&self, pool: &Pool, error: Error) -> Result<()> {
        let restored = async { pool.client().await?.rename(&self.aside, &self.to).await };
        match restored.await {
            Ok(()) => Err(error),
            Err(other) if other.kind() == Kind::NotFound => Err(error),
            Err(_) if self.has_taken(pool).await => Ok(()),
            Err(_) => Err(error.advice(format!("the old content is kept in {}", escape(&self.aside)))),
        }
    }

    async fn has_taken(&self, pool: &Pool) -> bool {
        let Ok(client) = pool.client().await else { return false };
        let from = client.lstat(&self.from).await;
        from.is_err_and(|error| error.kind() == Kind::NotFound) && client.lstat(&self.to).await.is_ok()
    }

    /// The new file has the name, so whatever becomes of the old one is no failure.
    async fn remove_old(&self, pool: &Pool) {
        let remove = async || pool.client().await?.remove(&self.aside).await;
        let removed = match remove().await {
            Err(error) if error.retry() == Retry::AfterReconnect => remove().await,
            other => other,
        };
        match removed {
            Err(error) if error.kind() != Kind::NotFound => {
                log::warn!("{}: could not remove what was replaced: {error}", escape(&self.aside));
            }
            _ => {}
        }
    }
}

/// The name beside `to` that its old file has meanwhile: `NAME.xxxxxxxx.old`. `from` is another one in each run, and so
/// is this.
fn aside(from: &[u8], to: &[u8]) -> Vec<u8> {
    let name = to.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    let folder = to.get(..to.len().saturating_sub(name.len())).unwrap_or_default();
    let suffix = format!(".{:08x}.old", crc32fast::hash(from));
    [folder, shorten(name, LONGEST.saturating_sub(suffix.len())), suffix.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_file_stands_beside_the_new_one_under_a_name_that_is_never_too_long() {
        let name = |to: &str| String::from_utf8(aside(b"/x/f.01234567.partial", to.as_bytes())).unwrap();
        assert_eq!(name("/x/f"), format!("/x/f.{:08x}.old", crc32fast::hash(b"/x/f.01234567.partial")));
        assert!(name("f").starts_with("f."));
        let long = name(&format!("/d/{}", "é".repeat(127)));
        assert_eq!((long.len(), long.starts_with("/d/éé")), (3 + LONGEST, true));
    }
}
