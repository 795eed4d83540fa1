//! Where a report goes: a file, or standard output for `-`.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Kind, Result};
use crate::output::stdout::Stdout;
use crate::path::RelPath;

/// One report under way.
pub struct ReportFile(Option<(PathBuf, Mutex<BufWriter<File>>)>);

impl ReportFile {
    /// Makes the file, or empties the one that stands there. `-` is standard output.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn create(path: &Path) -> Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self(None));
        }
        let file = File::create(path).map_err(|error| failed(path, error))?;
        Ok(Self(Some((path.to_owned(), Mutex::new(BufWriter::new(file))))))
    }

    /// Whether it goes to standard output.
    pub const fn is_stdout(&self) -> bool {
        self.0.is_none()
    }

    /// Adds a line that names a path, after `before`.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn line(&self, stdout: &Stdout, before: &str, path: &RelPath) -> Result<()> {
        let name = if self.is_stdout() { stdout.name(path.as_bytes()) } else { path.as_bytes().into() };
        self.write(stdout, &[before.as_bytes(), &name, b"\n"].concat())
    }

    /// Adds to the report.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, stdout: &Stdout, text: &[u8]) -> Result<()> {
        match &self.0 {
            None => stdout.write(text),
            Some((path, file)) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.write_all(text).map_err(|error| failed(path, error))
            }
        }
    }

    /// Writes out what is buffered. The report is complete only after this.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn flush(&self) -> Result<()> {
        let Some((path, file)) = &self.0 else { return Ok(()) };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.flush().map_err(|error| failed(path, error))
    }
}

fn failed(path: &Path, error: std::io::Error) -> Error {
    let error = Error::from_io("write", error).on(path.as_os_str().as_bytes());
    // That no report can be written is no news of the files it was to tell about.
    if error.kind() == Kind::NotFound { error.with_kind(Kind::Io) } else { error }
}
