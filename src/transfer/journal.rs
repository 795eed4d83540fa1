//! What a run has under way, written down so that the next run can go on with it.
//!
//! A run has a tag that is part of the name of each of its partial files, and a file called by that tag, locked for as
//! long as the run lives. So two runs never share a partial, and a file that nobody locks was left by a run that died:
//! the next run from the same source to the same destination takes over what it had under way.

use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions};

use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::partial;
use crate::path::RelPath;

/// A journal that nobody has come back to for so long is of no use any more.
const EXPIRY: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Tries to begin a journal.
const ATTEMPTS: u32 = 3;

/// What a run carries from where to where, in the words of [`Fs::describe`](crate::fs::Fs::describe).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) source: String,
    pub(super) destination: String,
}

/// How far a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The size of the source.
    pub(super) size: u64,
    /// The modification time of the source, in nanoseconds since 1970.
    pub(super) modified: Option<i64>,
    /// Bytes of the partial that are whole.
    pub(super) whole: u64,
}

/// One line of a journal: the state of a file, or that it needs no more care.
#[derive(Serialize, Deserialize)]
struct Line {
    path: String,
    record: Option<Record>,
}

/// The journal of one run.
pub(super) struct Journal {
    folder: Option<PathBuf>,
    job: Job,
    opened: OnceLock<Opened>,
    records: Mutex<HashMap<RelPath, Record>>,
}

struct Opened {
    tag: u32,
    own: Option<Page>,
    earlier: Vec<Earlier>,
}

/// A journal's file, locked.
struct Page {
    path: PathBuf,
    file: File,
}

/// What a run that died left behind.
pub(super) struct Earlier {
    /// The tag of its partial files.
    pub(super) tag: u32,
    page: Page,
    records: Mutex<HashMap<RelPath, Record>>,
}

impl Journal {
    /// A journal in `folder`, which is made when it is needed. Without one nothing outlives the run.
    pub(super) fn new(folder: Option<PathBuf>, job: Job) -> Self {
        Self { folder, job, opened: OnceLock::new(), records: Mutex::default() }
    }

    /// The tag of this run's partial files.
    pub(super) fn tag(&self) -> u32 {
        self.opened().tag
    }

    /// What runs of the same job that died left behind.
    pub(super) fn earlier(&self) -> &[Earlier] {
        &self.opened().earlier
    }

    /// How far this run has come with a file.
    pub(super) fn recall(&self, path: &RelPath) -> Option<Record> {
        lock(&self.records).get(path).copied()
    }

    /// Notes how far a file is.
    pub(super) fn note(&self, path: &RelPath, record: Record) {
        lock(&self.records).insert(path.clone(), record);
        self.write(path, Some(record));
    }

    /// The partial of a file is to be removed, by a later run if this one cannot.
    pub(super) fn give_up(&self, path: &RelPath) {
        self.note(path, Record { size: 0, modified: None, whole: 0 });
    }

    /// The file is whole or its partial removed.
    pub(super) fn forget(&self, path: &RelPath) {
        if lock(&self.records).remove(path).is_some() {
            self.write(path, None);
        }
    }

    fn write(&self, path: &RelPath, record: Option<Record>) {
        if let Some(page) = &self.opened().own {
            page.write(path, record);
        }
    }

    fn opened(&self) -> &Opened {
        self.opened.get_or_init(|| self.open())
    }

    fn open(&self) -> Opened {
        let Some(folder) = &self.folder else {
            return Opened { tag: partial::random_tag(), own: None, earlier: Vec::new() };
        };
        let earlier = find_earlier(folder, &self.job);
        // Another run that looks around may take a page for one left behind before it is locked.
        for _ in 0..ATTEMPTS {
            let tag = partial::random_tag();
            match Page::create(folder, tag, &self.job) {
                Ok(page) => return Opened { tag, own: Some(page), earlier },
                Err(error) => log::debug!("journal in {}: {error}", folder.display()),
            }
        }
        Opened { tag: partial::random_tag(), own: None, earlier }
    }
}

impl Drop for Journal {
    /// Nothing to go on with, nothing to keep.
    fn drop(&mut self) {
        if lock(&self.records).is_empty()
            && let Some(Opened { own: Some(page), .. }) = self.opened.get()
        {
            page.remove();
        }
    }
}

impl Earlier {
    /// Takes over what is known of a file, so that nobody else does.
    pub(super) fn take(&self, path: &RelPath, job_of: &Journal) -> Option<Record> {
        let record = lock(&self.records).remove(path)?;
        self.page.write(path, None);
        let is_same_source = self.page.job().is_some_and(|job| job == job_of.job);
        is_same_source.then_some(record)
    }

    /// The files nobody has taken over.
    pub(super) fn left(&self) -> Vec<RelPath> {
        lock(&self.records).keys().cloned().collect()
    }

    /// The run that died left nothing more.
    pub(super) fn close(&self) {
        self.page.remove();
    }
}

impl Page {
    fn create(folder: &Path, tag: u32, job: &Job) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let path = folder.join(format!("{tag:08x}"));
        let mut file = OpenOptions::new().create_new(true).append(true).mode(0o600).open(&path)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        let mut line = serde_json::to_vec(job)?;
        line.push(b'\n');
        file.write_all(&line)?;
        Ok(Self { path, file })
    }

    /// Opens what another run wrote, unless that run is still alive.
    fn take_over(path: PathBuf) -> Option<Self> {
        let file = OpenOptions::new().read(true).append(true).open(&path).ok()?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
        Some(Self { path, file })
    }

    fn text(&self) -> String {
        let mut bytes = Vec::new();
        // What cannot be read says nothing.
        File::open(&self.path).and_then(|mut file| file.read_to_end(&mut bytes)).ok();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn job(&self) -> Option<Job> {
        self.text().lines().next().and_then(|line| serde_json::from_str(line).ok())
    }

    fn records(&self) -> HashMap<RelPath, Record> {
        let mut records = HashMap::new();
        // The last line may be cut off: the run may have died while it wrote.
        for line in self.text().lines().skip(1).filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
            let Ok(path) = RelPath::parse(line.path.as_bytes()) else { continue };
            match line.record {
                Some(record) => records.insert(path, record),
                None => records.remove(&path),
            };
        }
        records
    }

    /// Names that are not UTF-8 are not written down; their transfers begin anew after a crash.
    fn write(&self, path: &RelPath, record: Option<Record>) {
        let Ok(path) = std::str::from_utf8(path.as_bytes()) else { return };
        let Ok(mut line) = serde_json::to_vec(&Line { path: path.to_owned(), record }) else { return };
        line.push(b'\n');
        if let Err(error) = (&self.file).write_all(&line) {
            log::debug!("write journal {}: {error}", self.path.display());
        }
    }

    fn remove(&self) {
        if let Err(error) = fs::remove_file(&self.path) {
            log::debug!("journal {} stays: {error}", self.path.display());
        }
    }
}

fn find_earlier(folder: &Path, job: &Job) -> Vec<Earlier> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let found = entries.flatten().filter_map(|entry| {
        let tag = u32::from_str_radix(entry.file_name().to_str()?, 16).ok()?;
        let page = Page::take_over(entry.path())?;
        match page.job() {
            Some(other) if other.destination == job.destination => {
                let records = Mutex::new(page.records());
                Some(Earlier { tag, page, records })
            }
            // It died before it had written a word.
            None => {
                page.remove();
                None
            }
            Some(_) => {
                let age = entry.metadata().and_then(|found| found.modified()).ok()?.elapsed().ok()?;
                if age > EXPIRY {
                    page.remove();
                }
                None
            }
        }
    });
    found.collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(source: &str, destination: &str) -> Job {
        Job { source: source.into(), destination: destination.into() }
    }

    fn path(text: &str) -> RelPath {
        RelPath::parse(text.as_bytes()).unwrap()
    }

    const RECORD: Record = Record { size: 100, modified: Some(5), whole: 60 };

    #[test]
    fn what_a_dead_run_had_under_way_is_taken_over_once() {
        let folder = tempfile::tempdir().unwrap();
        let journal = |job| Journal::new(Some(folder.path().to_owned()), job);
        let first = journal(job("a", "b"));
        first.note(&path("x/y"), RECORD);
        first.note(&path("done"), RECORD);
        first.forget(&path("done"));
        let tag = first.tag();
        assert!(journal(job("a", "b")).earlier().is_empty(), "the first run is alive");
        drop(first);

        assert!(journal(job("a", "c")).earlier().is_empty());
        let second = journal(job("a", "b"));
        let [earlier] = second.earlier() else { panic!("one run died") };
        assert_eq!((earlier.tag, earlier.left()), (tag, vec![path("x/y")]));
        assert!(journal(job("a", "b")).earlier().is_empty(), "the second run has taken it over");
        assert_eq!(earlier.take(&path("x/y"), &second), Some(RECORD));
        assert_eq!(earlier.take(&path("x/y"), &second), None);
        earlier.close();
        drop(second);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn another_source_may_clean_up_but_not_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let journal = |source| Journal::new(Some(folder.path().to_owned()), job(source, "b"));
        let first = journal("a");
        first.note(&path("x"), RECORD);
        drop(first);
        let other = journal("elsewhere");
        assert_eq!(other.earlier()[0].take(&path("x"), &other), None);
        assert!(other.earlier()[0].left().is_empty());
    }

    #[test]
    fn a_line_cut_off_says_nothing_and_no_folder_is_no_fault() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(Some(folder.path().to_owned()), job("a", "b"));
        journal.note(&path("x"), RECORD);
        let file = folder.path().join(format!("{:08x}", journal.tag()));
        drop(journal);
        let whole = fs::read(&file).unwrap();
        fs::write(&file, [&whole[..], br#"{"path":"x","record":{"size"#].concat()).unwrap();
        let next = Journal::new(Some(folder.path().to_owned()), job("a", "b"));
        assert_eq!(next.earlier()[0].take(&path("x"), &next), Some(RECORD));

        let none = Journal::new(Some("/proc/none/of/this".into()), job("a", "b"));
        none.note(&path("x"), RECORD);
        assert_eq!(none.recall(&path("x")), Some(RECORD));
        assert!(none.earlier().is_empty());
    }
}
