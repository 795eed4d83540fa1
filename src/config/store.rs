//! The configuration file on disk: loaded once, changed under a lock, saved as a whole.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result};
use crate::path::escape;

use super::atomic_file;
use super::crypt;
use super::document::Document;
use super::file_lock::FileLock;
use super::location::Location;
use super::option_table::OptionSpec;
use super::password::PasswordSources;
use super::secret::Secret;

/// How long a change waits for another process to finish its own.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// The configuration of a run and the file it came from.
pub struct Store {
    location: Location,
    document: Document,
    password: Option<Secret>,
}

impl Store {
    /// Loads the file. A missing file is an empty configuration, with a notice if somebody asked for that file.
    ///
    /// # Errors
    /// Names the file and what is wrong with it.
    pub fn load(location: Location, passwords: &PasswordSources<'_>) -> Result<Self> {
        let mut store = Self { location, document: Document::default(), password: None };
        let Some(path) = store.location.path() else { return Ok(store) };
        let Some(bytes) = read(path)? else {
            if store.location.is_explicit() {
                log::warn!("Config file \"{}\" not found - using defaults", shown(path));
            }
            return Ok(store);
        };
        let encrypted = crypt::is_encrypted(&bytes).map_err(named(path))?;
        let plain = if encrypted {
            let (plain, password) = passwords.unlock(path, &bytes)?;
            store.password = Some(password);
            plain
        } else {
            bytes
        };
        store.document = Document::parse(&plain).map_err(named(path))?;
        if !encrypted {
            warn_if_exposed(path, &store.document);
        }
        Ok(store)
    }

    /// A configuration that lives in memory only.
    pub fn in_memory(document: Document) -> Self {
        Self { location: Location::memory(), document, password: None }
    }

    /// The same place with other content, as a change would leave it; nothing is written.
    #[must_use]
    pub fn preview(&self, document: Document) -> Self {
        Self { location: self.location.clone(), document, password: None }
    }

    /// What the file holds.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Where the file is, or would be.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Whether the file is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.password.is_some()
    }

    /// Changes the configuration and saves it, unless nothing changed or the change failed.
    ///
    /// The file is locked and read again first, so that two runs never lose each other's changes.
    ///
    /// # Errors
    /// What `change` returns, or why the file could not be locked, read or saved; then nothing is changed.
    pub fn edit<T>(&mut self, change: impl FnOnce(&mut Document) -> Result<T>) -> Result<T> {
        let lock = self.lock()?;
        let before = self.reload()?;
        let mut document = before.clone();
        let result = change(&mut document)?;
        if document != before {
            self.save(&document, self.password.as_ref())?;
        }
        self.document = document;
        drop(lock);
        Ok(result)
    }

    /// Encrypts the file under a new password, or no longer encrypts it.
    ///
    /// # Errors
    /// Why the file could not be locked, read or saved; [`Kind::Config`] for a blank password.
    pub fn set_password(&mut self, password: Option<Secret>) -> Result<()> {
        let lock = self.lock()?;
        let document = self.reload()?;
        self.save(&document, password.as_ref())?;
        self.document = document;
        self.password = password;
        drop(lock);
        Ok(())
    }

    fn lock(&self) -> Result<Option<FileLock>> {
        let Some(path) = self.location.path() else { return Ok(None) };
        let target = atomic_file::resolve(path)?;
        let folder = atomic_file::folder_of(&target);
        std::fs::create_dir_all(folder).map_err(|error| {
            Error::from_io("create folder", error).on(folder.as_os_str().as_encoded_bytes())
        })?;
        FileLock::acquire(&target, LOCK_PATIENCE).map(Some)
    }

    /// The document as the file holds it now, unlocked by the password the file was loaded with.
    fn reload(&self) -> Result<Document> {
        let Some(path) = self.location.path() else { return Ok(self.document.clone()) };
        let Some(bytes) = read(path)? else { return Ok(Document::default()) };
        if !crypt::is_encrypted(&bytes).map_err(named(path))? {
            if self.is_encrypted() {
                let reason = "it is no longer encrypted: another process changed it";
                return Err(named(path)(Error::new(Kind::Config, "read configuration", reason)));
            }
            return Document::parse(&bytes).map_err(named(path));
        }
        let Some(password) = &self.password else {
            let reason = "it is encrypted now: another process changed it";
            return Err(named(path)(Error::new(Kind::Config, "read configuration", reason)));
        };
        let plain = crypt::decrypt(&bytes, password.expose()).map_err(named(path))?;
        Document::parse(&plain).map_err(named(path))
    }

    fn save(&self, document: &Document, password: Option<&Secret>) -> Result<()> {
        let Some(path) = self.location.path() else { return Ok(()) };
        let plain = Zeroizing::new(document.to_bytes());
        match password {
            Some(password) => atomic_file::replace(path, &crypt::encrypt(&plain, password.expose())?),
            None => atomic_file::replace(path, &plain),
        }
    }
}

/// The bytes of a file; `None` if there is none.
fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(named(path)(Error::from_io("read configuration", error).with_kind(Kind::Config))),
    }
}

/// Obscured passwords are as good as plain ones to whoever may read the file.
fn warn_if_exposed(path: &Path, document: &Document) {
    let readable = std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o044 != 0);
    let secret = |key: &&str| OptionSpec::find(key).is_some_and(OptionSpec::is_password);
    let holds_secret = || document.sections().iter().any(|section| document.keys(section).iter().any(secret));
    if readable && holds_secret() {
        log::warn!("others may read the passwords in {0}: run chmod 600 {0}", shown(path));
    }
}

fn named(path: &Path) -> impl Fn(Error) -> Error + '_ {
    |error| error.on(path.as_os_str().as_encoded_bytes())
}

fn shown(path: &Path) -> std::borrow::Cow<'_, str> {
    escape(path.as_os_str().as_encoded_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;
    use std::path::PathBuf;

    use super::*;
    use crate::questions::Nobody;

    const NO_PASSWORD: PasswordSources<'static> =
        PasswordSources { command: None, variable: None, questions: &Nobody };

    fn load(path: &Path) -> Result<Store> {
        Store::load(Location::at(path), &NO_PASSWORD)
    }

    fn file(folder: &tempfile::TempDir, text: &str) -> PathBuf {
        let path = folder.path().join("rclone.conf");
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn a_missing_file_is_made_with_its_folders() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/rclone/rclone.conf");
        let mut store = load(&path).unwrap();
        store.edit(|document| document.set("a", "type", "sftp")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "[a]\ntype = sftp\n");
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn two_runs_keep_each_others_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder, "# mine\n");
        let (mut one, mut two) = (load(&path).unwrap(), load(&path).unwrap());
        one.edit(|document| document.set("a", "k", "1")).unwrap();
        two.edit(|document| document.set("b", "k", "2")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "# mine\n\n[a]\nk = 1\n\n[b]\nk = 2\n");
        assert_eq!(two.document().sections(), ["a", "b"]);
    }

    #[test]
    fn many_threads_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder, "");
        std::thread::scope(|scope| {
            for name in ["a", "b", "c", "d"] {
                let path = &path;
                scope.spawn(move || {
                    let mut store = load(path).unwrap();
                    for key in ["k", "l", "m"] {
                        store.edit(|document| document.set(name, key, "1")).unwrap();
                    }
                });
            }
        });
        let store = load(&path).unwrap();
        assert_eq!(store.document().sections().len(), 4);
        assert!(["a", "b", "c", "d"].iter().all(|name| store.document().keys(name) == ["k", "l", "m"]));
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "neither lock nor temporary file stays"
        );
    }

    #[test]
    fn no_change_and_a_failed_change_write_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder, "[a]\nk=1\n");
        let mut store = load(&path).unwrap();
        let inode = || std::fs::metadata(&path).unwrap().ino();
        let before = inode();
        store.edit(|document| document.set("a", "k", "1")).unwrap();
        let failed = store.edit(|document| {
            document.set("a", "k", "2")?;
            document.set("a", "", "3")
        });
        assert!(failed.is_err());
        assert_eq!(store.document().get("a", "k").as_deref(), Some("1"));
        assert_eq!(inode(), before);
    }

    #[test]
    fn an_encrypted_file_stays_encrypted_until_told_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder, "[a]\nk=1\n");
        load(&path).unwrap().set_password(Some(Secret::new("pw".to_owned()))).unwrap();
        assert!(
            std::fs::read_to_string(&path).unwrap().starts_with("# Encrypted rclone configuration File\n")
        );
        assert!(load(&path).is_err_and(|error| error.path() == path.to_str()));
        let sources = PasswordSources { variable: Some("pw"), ..NO_PASSWORD };
        let mut store = Store::load(Location::at(&path), &sources).unwrap();
        store.edit(|document| document.set("a", "k", "2")).unwrap();
        assert!(store.is_encrypted() && crypt::is_encrypted(&std::fs::read(&path).unwrap()).unwrap());
        store.set_password(None).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "[a]\nk=2\n");
    }

    #[test]
    fn what_is_wrong_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder, "[a]\ntype local\n");
        let message = load(&path).err().unwrap().to_string();
        assert!(message.contains("rclone.conf: line 2 ") && message.ends_with(": type local"), "{message}");
        let message = load(folder.path()).err().unwrap().to_string();
        assert!(message.ends_with("is a directory"), "{message}");
    }

    #[test]
    fn memory_takes_changes_and_writes_none() {
        let mut store = Store::load(Location::memory(), &NO_PASSWORD).unwrap();
        store.edit(|document| document.set("a", "k", "1")).unwrap();
        assert_eq!(store.document().get("a", "k").as_deref(), Some("1"));
    }
}
