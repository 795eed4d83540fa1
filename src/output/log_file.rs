//! The file that the log is appended to, by the name it was given: a file that somebody moves away, as `logrotate` does,
//! is followed by a new one. It may also be rotated from here once it is too large (`--log-file-max-size`).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::log_backups::Backups;
use crate::error::{Error, Kind, Result};

/// How often it is looked whether the name still leads to the open file.
const LOOKS: Duration = Duration::from_secs(1);
/// The mode of a new file, before the umask: as rclone's.
const MODE: u32 = 0o640;

/// When and how the log file is rotated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// The most bytes of the file; `None` for any number, and then it is never rotated from here.
    pub max_size: Option<u64>,
    /// The most old files that are kept; 0 for all.
    pub max_backups: usize,
    /// How long old files are kept; `None` for ever.
    pub max_age: Option<Duration>,
    /// Whether old files are compressed.
    pub compress: bool,
}

/// The open log file.
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    size: u64,
    rotation: Rotation,
    looked_at: Instant,
    compressing: Vec<Child>,
}

impl LogFile {
    /// Opens the file, which may exist.
    ///
    /// # Errors
    /// It cannot be opened or created.
    pub(super) fn open(path: &Path, rotation: &Rotation) -> Result<Self> {
        let failed = |error| {
            Error::from_io("open log file", error)
                .with_kind(Kind::Config)
                .on(path.as_os_str().as_encoded_bytes())
        };
        let file = append_to(path, MODE).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        Ok(Self {
            path: path.to_owned(),
            file,
            size,
            rotation: rotation.clone(),
            looked_at: Instant::now(),
            compressing: Vec::new(),
        })
    }

    /// Appends some lines. There is nobody to tell when the log itself cannot be written.
    pub(super) fn write(&mut self, text: &[u8]) {
        if self.looked_at.elapsed() >= LOOKS {
            self.follow();
        }
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let is_full = |size: u64, most| size > 0 && size.saturating_add(length) > most;
        if let Some(most) = self.rotation.max_size.filter(|most| is_full(self.size, *most)) {
            // Another run may have rotated it meanwhile.
            self.follow();
            if is_full(self.size, most) && self.rotate().is_err() {
                // What cannot be moved away is written on. The next try comes after as much again.
                self.size = 0;
            }
        }
        if self.file.write_all(text).is_ok() {
            self.size = self.size.saturating_add(length);
        }
    }

    /// Opens the file anew if its name leads elsewhere now. Where that fails the old one is written on.
    fn follow(&mut self) {
        self.looked_at = Instant::now();
        let Ok(own) = self.file.metadata() else { return };
        self.size = own.len();
        let is_own = |found: &fs::Metadata| (found.dev(), found.ino()) == (own.dev(), own.ino());
        if !fs::metadata(&self.path).is_ok_and(|found| is_own(&found)) {
            self.reopen(own.mode()).ok();
        }
    }

    fn reopen(&mut self, mode: u32) -> io::Result<()> {
        let file = append_to(&self.path, mode & 0o777)?;
        self.size = file.metadata()?.len();
        self.file = file;
        Ok(())
    }

    /// Moves the file away under a name with the time, begins a new one, and deals with those that are too many.
    fn rotate(&mut self) -> io::Result<()> {
        let own = self.file.metadata()?;
        if !own.is_file() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let backups = Backups::of(&self.path);
        fs::rename(&self.path, backups.new_name()?)?;
        self.reopen(own.mode())?;
        for surplus in backups.surplus(self.rotation.max_backups, self.rotation.max_age)? {
            fs::remove_file(surplus).ok();
        }
        if self.rotation.compress {
            self.compressing.retain_mut(|program| matches!(program.try_wait(), Ok(None)));
            self.compressing.extend(backups.plain()?.iter().filter_map(|backup| compress(backup)));
        }
        Ok(())
    }

    /// Waits until old files are compressed.
    pub(super) fn finish(&mut self) {
        for mut program in self.compressing.drain(..) {
            program.wait().ok();
        }
    }
}

fn append_to(path: &Path, mode: u32) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(mode).open(path)
}

/// Lets `gzip` compress a file meanwhile. Without that program the file stays as it is.
fn compress(path: &Path) -> Option<Child> {
    let mut gzip = Command::new("gzip");
    gzip.arg("-f").arg("--").arg(path);
    gzip.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_that_was_moved_away_is_followed_by_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("log"), folder.path().join("log.1"));
        let mut log = LogFile::open(&path, &Rotation::default()).unwrap();
        log.write(b"1\n");
        fs::rename(&path, &moved).unwrap();
        log.write(b"2\n");
        log.looked_at = Instant::now().checked_sub(LOOKS).unwrap();
        log.write(b"3\n");
        log.write(b"4\n");
        assert_eq!(fs::read_to_string(&moved).unwrap(), "1\n2\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "3\n4\n");
    }

    #[test]
    fn a_file_that_is_too_large_is_moved_away_with_the_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.log");
        fs::write(folder.path().join("run-notes.log"), "mine").unwrap();
        fs::write(&path, "before\n").unwrap();
        let rotation = Rotation { max_size: Some(10), max_backups: 2, ..Rotation::default() };
        let mut log = LogFile::open(&path, &rotation).unwrap();
        for number in 1..=4 {
            log.write(format!("line {number}\n").as_bytes());
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "line 4\n");
        let names = names(folder.path());
        assert_eq!(names.len(), 4, "{names:?}");
        assert!(names.contains(&"run-notes.log".to_owned()), "{names:?}");
        let kept: Vec<_> = names.iter().filter(|name| name.starts_with("run-2")).collect();
        let kept: Vec<_> =
            kept.iter().map(|name| fs::read_to_string(folder.path().join(name)).unwrap()).collect();
        assert_eq!(kept, ["line 2\n", "line 3\n"]);
    }

    #[test]
    fn a_single_line_may_be_longer_than_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let rotation = Rotation { max_size: Some(3), ..Rotation::default() };
        let mut log = LogFile::open(&path, &rotation).unwrap();
        log.write(b"long line\n");
        assert_eq!((fs::read(&path).unwrap().len(), names(folder.path()).len()), (10, 1));
    }

    #[test]
    fn old_files_are_compressed_if_that_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let rotation = Rotation { max_size: Some(5), compress: true, ..Rotation::default() };
        let mut log = LogFile::open(&path, &rotation).unwrap();
        log.write(b"1234\n");
        log.write(b"5678\n");
        log.finish();
        let names = names(folder.path());
        assert_eq!(names.len(), 2, "{names:?}");
        assert_eq!(Path::new(&names[1]).extension(), Some("gz".as_ref()), "{names:?}");
        assert_eq!(fs::read(folder.path().join(&names[1])).unwrap()[..2], [0x1f, 0x8b]);
    }
}
