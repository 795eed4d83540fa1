//! Log files that were moved away: `run-2026-11-27T21-05-00.123.log` for `run.log`, as rclone calls them; with `.gz` behind
//! it once they are compressed.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Zoned};

/// The time in a name; it is the local one.
const TIME: &str = "%Y-%m-%dT%H-%M-%S.%3f";
const COMPRESSED: &[u8] = b".gz";

/// The old files of one log file.
pub(super) struct Backups {
    folder: PathBuf,
    /// What their names begin with.
    stem: OsString,
    /// What they end with.
    ending: OsString,
}

struct Backup {
    path: PathBuf,
    time: DateTime,
    is_compressed: bool,
}

impl Backups {
    pub(super) fn of(log: &Path) -> Self {
        let part = |part: Option<&OsStr>| part.map(OsStr::to_owned).unwrap_or_default();
        let (mut stem, mut ending) = (part(log.file_stem()), part(log.extension()));
        stem.push("-");
        if !ending.is_empty() {
            let extension = std::mem::replace(&mut ending, ".".into());
            ending.push(extension);
        }
        let folder = log.parent().filter(|folder| !folder.as_os_str().is_empty());
        Self { folder: folder.unwrap_or(Path::new(".")).to_owned(), stem, ending }
    }

    /// A name that nothing has yet, of a time after those of all others: several may be moved away in one millisecond, and
    /// local time goes back once a year.
    pub(super) fn new_name(&self) -> io::Result<PathBuf> {
        let now = Zoned::now().datetime();
        let newest = self.all()?.first().map(|newest| newest.time.saturating_add(Duration::from_millis(1)));
        Ok(self.folder.join(self.name(newest.map_or(now, |next| next.max(now)))))
    }

    fn name(&self, time: DateTime) -> OsString {
        let mut name = self.stem.clone();
        name.push(time.strftime(TIME).to_string());
        name.push(&self.ending);
        name
    }

    /// Those beyond the number, 0 for any, and those older than this.
    pub(super) fn surplus(&self, most: usize, age: Option<Duration>) -> io::Result<Vec<PathBuf>> {
        let most = if most == 0 { usize::MAX } else { most };
        let now = Zoned::now().with_time_zone(TimeZone::system()).datetime();
        let age = age.and_then(|age| SignedDuration::try_from(age).ok());
        let oldest = age.and_then(|age| now.checked_sub(age).ok());
        let is_surplus = |(number, backup): &(usize, Backup)| {
            *number >= most || oldest.is_some_and(|oldest| backup.time < oldest)
        };
        Ok(self.all()?.into_iter().enumerate().filter(is_surplus).map(|(_, backup)| backup.path).collect())
    }

    /// Those that are not compressed.
    pub(super) fn plain(&self) -> io::Result<Vec<PathBuf>> {
        Ok(self.all()?.into_iter().filter(|it| !it.is_compressed).map(|it| it.path).collect())
    }

    /// All of them, the newest first.
    fn all(&self) -> io::Result<Vec<Backup>> {
        let entries = fs::read_dir(&self.folder)?.collect::<io::Result<Vec<_>>>()?;
        let mut all: Vec<_> = entries
            .into_iter()
            .filter_map(|entry| {
                let (time, is_compressed) = self.read(&entry.file_name())?;
                Some(Backup { path: entry.path(), time, is_compressed })
            })
            .collect();
        all.sort_by_key(|backup| std::cmp::Reverse(backup.time));
        Ok(all)
    }

    /// The time in a name, and whether it is that of a compressed file; `None` for other files.
    fn read(&self, name: &OsStr) -> Option<(DateTime, bool)> {
        let name = name.as_bytes();
        let plain = name.strip_suffix(COMPRESSED).filter(|plain| plain.ends_with(self.ending.as_bytes()));
        let time = plain.unwrap_or(name).strip_prefix(self.stem.as_bytes())?;
        let time = time.strip_suffix(self.ending.as_bytes())?;
        let time = DateTime::strptime("%Y-%m-%dT%H-%M-%S%.f", std::str::from_utf8(time).ok()?).ok()?;
        Some((time, plain.is_some()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_time_are_old_files() {
        let time: DateTime = "2026-11-27T21:05:00.123".parse().unwrap();
        for (log, name) in [
            ("/var/log/run.log", "run-2026-11-27T21-05-00.123.log"),
            ("run", "run-2026-11-27T21-05-00.123"),
            ("a.b.log", "a.b-2026-11-27T21-05-00.123.log"),
        ] {
            let backups = Backups::of(Path::new(log));
            assert_eq!(backups.name(time), name);
            assert_eq!(backups.read(OsStr::new(name)), Some((time, false)), "{log}");
            assert_eq!(backups.read(OsStr::new(&format!("{name}.gz"))), Some((time, true)), "{log}");
        }
        let backups = Backups::of(Path::new("run.log"));
        for name in ["run.log", "run-.log", "run-old.log", "run-2026-11-27T21-05-00.123.txt", "x-run.log"] {
            assert_eq!(backups.read(OsStr::new(name)), None, "{name}");
        }
    }

    #[test]
    fn too_many_and_too_old_ones_are_surplus() {
        let folder = tempfile::tempdir().unwrap();
        let backups = Backups::of(&folder.path().join("log"));
        let now = Zoned::now().datetime();
        for hours in [0, 1, 2, 30, 60] {
            let time = now.checked_sub(SignedDuration::from_hours(hours)).unwrap();
            fs::write(folder.path().join(backups.name(time)), "").unwrap();
        }
        let day = Some(Duration::from_secs(24 * 60 * 60));
        for (most, age, count) in [(0, None, 0), (3, None, 2), (0, day, 2), (1, day, 4), (9, None, 0)] {
            assert_eq!(backups.surplus(most, age).unwrap().len(), count, "{most} {age:?}");
        }
        for _ in 0..3 {
            let name = backups.new_name().unwrap();
            fs::write(&name, "").unwrap();
            assert_eq!(backups.all().unwrap()[0].path, name);
            fs::remove_file(backups.surplus(5, None).unwrap().remove(0)).unwrap();
        }
    }
}
