//! Mode, owner, times and attributes of what a listing found.

use futures_util::stream::{self, StreamExt as _};
use jiff::tz::TimeZone;

use super::context::Ctx;
use super::visit::Found;
use crate::error::{Kind, Result};
use crate::fs::{Fs, Properties};

/// Entries asked for at once.
const AT_ONCE: usize = 64;

/// What there is to know of each entry, in their order. An entry that cannot be looked up is counted and logged, and
/// stays empty; one that is gone meanwhile stays empty as well.
///
/// # Errors
/// What ends the run, as a lost connection.
pub(super) async fn metadata_of(
    ctx: &Ctx,
    tree: &dyn Fs,
    entries: &[Found],
    zone: &TimeZone,
) -> Result<Vec<Properties>> {
    let mut asking = stream::iter(entries).map(|entry| tree.details(&entry.at)).buffered(AT_ONCE);
    let mut found = Vec::with_capacity(entries.len());
    while let Some(details) = asking.next().await {
        found.push(match details {
            Ok(details) => Properties::of(&details, zone),
            Err(error) if error.is_fatal() => return Err(error),
            Err(error) => {
                if error.kind() != Kind::NotFound {
                    log::error!("{error}");
                    ctx.stats.failed(&error);
                }
                Properties::default()
            }
        });
    }
    Ok(found)
}
