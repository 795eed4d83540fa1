//! Which configuration file a run uses.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::environment::Environment;

/// The configuration file of a run, which may not exist yet; or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    path: Option<PathBuf>,
    explicit: bool,
}

impl Location {
    /// Finds the file: the one asked for by `--config` (`flag`), `SCLONE_CONFIG` or `RCLONE_CONFIG`, else the first
    /// that exists of `$XDG_CONFIG_HOME/rclone/rclone.conf`, `~/.config/rclone/rclone.conf` and `~/.rclone.conf`, else
    /// the first of these that could be made.
    ///
    /// An empty path, `/dev/null` or a file called `notfound` means none, as in rclone
    /// (<https://rclone.org/docs/#config-string>).
    pub fn find(flag: Option<&OsStr>, environment: &Environment) -> Self {
        let asked =
            flag.or_else(|| environment.raw("SCLONE_CONFIG")).or_else(|| environment.raw("RCLONE_CONFIG"));
        if let Some(path) = asked.map(Path::new) {
            let none = path.as_os_str().is_empty()
                || path == Path::new("/dev/null")
                || path.file_name() == Some(OsStr::new("notfound"));
            return if none { Self::memory() } else { Self::at(path) };
        }
        let candidates = candidates(environment);
        let existing = candidates.iter().find(|path| path.exists());
        Self { path: existing.or(candidates.first()).cloned(), explicit: false }
    }

    /// No file: what is set lives as long as the run.
    pub const fn memory() -> Self {
        Self { path: None, explicit: false }
    }

    /// This very file.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: Some(path.into()), explicit: true }
    }

    /// The file; `None` if the configuration lives in memory only.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Whether somebody named the file, so that its absence is worth a word.
    pub fn is_explicit(&self) -> bool {
        self.explicit
    }
}

fn candidates(environment: &Environment) -> Vec<PathBuf> {
    let xdg = environment.os("XDG_CONFIG_HOME").map(PathBuf::from);
    let folders = [xdg, environment.home().map(|home| home.join(".config"))];
    let mut paths: Vec<_> =
        folders.into_iter().flatten().map(|folder| folder.join("rclone/rclone.conf")).collect();
    paths.extend(environment.home().map(|home| home.join(".rclone.conf")));
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_beats_our_variable_beats_rclones() {
        let environment = Environment::new([("SCLONE_CONFIG", "/s"), ("RCLONE_CONFIG", "/r")]);
        assert_eq!(Location::find(Some(OsStr::new("/f")), &environment), Location::at("/f"));
        assert_eq!(Location::find(None, &environment), Location::at("/s"));
        assert_eq!(Location::find(None, &Environment::new([("RCLONE_CONFIG", "/r")])), Location::at("/r"));
        for none in ["", "/dev/null", "/x/notfound"] {
            assert_eq!(Location::find(Some(OsStr::new(none)), &environment), Location::memory());
            assert_eq!(
                Location::find(None, &Environment::new([("RCLONE_CONFIG", none)])),
                Location::memory()
            );
        }
    }

    #[test]
    fn an_existing_file_beats_a_possible_one() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        let xdg = folder.path().join("xdg");
        std::fs::create_dir_all(&home).unwrap();
        let environment = Environment::new([("HOME", &home), ("XDG_CONFIG_HOME", &xdg)]);
        let found = |environment: &Environment| Location::find(None, environment).path().unwrap().to_owned();
        assert_eq!(found(&environment), xdg.join("rclone/rclone.conf"));
        assert_eq!(found(&Environment::new([("HOME", &home)])), home.join(".config/rclone/rclone.conf"));
        std::fs::write(home.join(".rclone.conf"), "").unwrap();
        assert_eq!(found(&environment), home.join(".rclone.conf"));
        assert!(!Location::find(None, &environment).is_explicit());
        assert_eq!(Location::find(None, &Environment::default()).path(), None);
    }
}
