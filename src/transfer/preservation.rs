//! What a copy gets of its source beside the content (`--metadata`): what there is, then what `--metadata-set` adds to
//! it, then what the program of `--metadata-mapper` makes of that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use futures_channel::oneshot;
use jiff::tz::TimeZone;

use super::budget::Budget;
use crate::error::{Error, Result};
use crate::fs::{Details, Fs, Properties};
use crate::path::RelPath;

/// Makes what a copy gets of what its source has.
#[derive(Default)]
pub struct Preservation {
    /// What every copy gets besides.
    pub set: Properties,
    /// What is asked last.
    pub mapper: Option<Mapper>,
    /// Whether it was said that some attributes cannot be kept.
    has_told: AtomicBool,
}

/// A file or folder that gets something.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its path in the destination.
    pub path: RelPath,
    /// Bytes of content.
    pub size: u64,
    /// When the content was changed last, in nanoseconds since 1970.
    pub modified: Option<i128>,
    /// Whether it is a folder.
    pub is_folder: bool,
}

/// Turns the properties of a source into those of its copy; takes as long as it likes.
pub type Map = Arc<dyn Fn(&Subject, &Properties) -> Result<Properties> + Send + Sync>;

/// Maps a few at once, each on a thread of its own.
pub struct Mapper {
    map: Map,
    turns: Budget,
}

impl Preservation {
    /// Adds `set` to what sources have, and asks `mapper` about the result.
    pub fn new(set: Properties, mapper: Option<Mapper>) -> Self {
        Self { set, mapper, has_told: AtomicBool::new(false) }
    }

    /// Whether a copy may get anything else than its source has.
    pub(super) fn is_changing(&self) -> bool {
        !self.set.is_empty() || self.mapper.is_some()
    }

    /// What `subject` is to get in `destination`, of whose source this was found. The time is the one that the source
    /// had when it was listed, unless another one is set.
    ///
    /// # Errors
    /// The mapper fails.
    pub async fn details(&self, found: Details, subject: Subject, destination: &dyn Fs) -> Result<Details> {
        let (path, modified) = (subject.path.clone(), subject.modified);
        let found = Details { modified: modified.or(found.modified), ..found };
        let mut details = if self.is_changing() { self.changed(&found, subject).await? } else { found };
        details.modified = details.modified.or(modified);
        if !details.user.is_empty() && !destination.features().user_attributes {
            if !self.has_told.swap(true, Ordering::Relaxed) {
                log::warn!(object:% = path; "Extended attributes are not copied, as SFTP carries none (this is said once)");
            }
            details.user.clear();
        }
        Ok(details)
    }

    /// Gives `subject`, which stands at `path` and has no source, all that is set or mapped from nothing.
    ///
    /// # Errors
    /// The mapper fails, or something cannot be set.
    pub async fn give(&self, tree: &dyn Fs, path: &RelPath, subject: Subject) -> Result<()> {
        if !self.is_changing() {
            return Ok(());
        }
        let details = self.details(Details::default(), subject, tree).await?;
        tree.set_details(path, details).await
    }

    async fn changed(&self, found: &Details, subject: Subject) -> Result<Details> {
        let mut properties = Properties::of(found, &TimeZone::system());
        properties.merge(&self.set);
        let mapped = match &self.mapper {
            Some(mapper) => mapper.map(subject, properties).await?,
            None => properties,
        };
        Ok(mapped.to_details())
    }
}

impl Mapper {
    /// Maps `at_once` files and folders at once.
    pub fn new(map: Map, at_once: usize) -> Self {
        Self { map, turns: Budget::new(at_once.max(1)) }
    }

    async fn map(&self, subject: Subject, properties: Properties) -> Result<Properties> {
        let turn = self.turns.take(1).await;
        let (sender, receiver) = oneshot::channel();
        let map = Arc::clone(&self.map);
        let mapping = move || {
            let mapped = map(&subject, &properties);
            drop(turn);
            // Nobody may be waiting any more.
            drop(sender.send(mapped));
        };
        let started = thread::Builder::new().name("metadata-mapper".into()).spawn(mapping);
        started.map_err(|error| Error::from_io("start thread", error))?;
        receiver.await.unwrap_or_else(|_| Err(Error::cancelled()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    use futures_executor::block_on;
    use futures_util::future::join_all;

    use super::*;
    use crate::fs::Local;

    fn subject() -> Subject {
        Subject { path: RelPath::parse(b"a").unwrap(), size: 0, modified: Some(7), is_folder: false }
    }

    #[test]
    fn what_is_set_comes_before_what_is_mapped_and_the_time_stays() {
        let mut set = Properties::default();
        set.set("mode", "640");
        let mapper = |mode: &'static str| {
            let map: Map = Arc::new(move |_, properties| {
                assert_eq!(properties.to_details().mode, Some(0o640));
                let mut mapped = Properties::default();
                mapped.set("mode", mode);
                Ok(mapped)
            });
            Mapper::new(map, 1)
        };
        let found =
            || Details { mode: Some(0o600), modified: Some(8), accessed: Some(9), ..Details::default() };
        let get = |preservation: &Preservation| {
            let details = block_on(preservation.details(found(), subject(), &Local::new("/"))).unwrap();
            (details.mode, details.modified, details.accessed)
        };
        assert_eq!(get(&Preservation::default()), (Some(0o600), Some(7), Some(9)));
        assert_eq!(get(&Preservation::new(set.clone(), None)), (Some(0o640), Some(7), Some(9)));
        assert_eq!(get(&Preservation::new(set, Some(mapper("7")))), (Some(7), Some(7), None));
    }

    #[test]
    fn no_more_are_mapped_at_once_than_there_are_turns() {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&most);
        let map: Map = Arc::new(move |_, properties| {
            counted.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(5));
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(properties.clone())
        });
        let mapper = Mapper::new(map, 2);
        let all = block_on(join_all((0..8).map(|_| mapper.map(subject(), Properties::default()))));
        assert!(all.iter().all(Result::is_ok));
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)), "{most:?}");
    }
}
