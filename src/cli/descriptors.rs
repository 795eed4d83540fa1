//! How many files this process may hold open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors kept for everything but the files that are copied: streams, connections, folders being read.
const OTHERS: u64 = 32;
/// Descriptors one file may take: its source, its copy, and the one whose close is checked.
const PER_FILE: u64 = 3;

/// How many of `most` files can be copied at once. The limit is first raised as far as an ordinary user may.
pub fn files_at_once(most: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let available = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            log::debug!("the limit of open files stays {:?}: {error}", limit.current);
            limit.current
        }
    };
    let files = available.map_or(u64::MAX, |count| count.saturating_sub(OTHERS) / PER_FILE);
    most.min(usize::try_from(files).unwrap_or(usize::MAX)).max(1)
}
