//! Extended attributes that users make, of what is on this machine.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{XattrFlags, fsetxattr, getxattr, listxattr};
use rustix::io::Errno;

use super::details::UserAttributes;
use super::properties::SYSTEM_KEYS;

/// The name space of what users make.
const PREFIX: &str = "user.";

/// What the system says of an attribute that is not there.
#[cfg(not(target_vendor = "apple"))]
const MISSING: Errno = Errno::NODATA;
#[cfg(target_vendor = "apple")]
const MISSING: Errno = Errno::NOATTR;

/// The most bytes that Linux has for a list of names or for one value.
const LONGEST: usize = 64 * 1024;

/// Reads those of what stands at `path`, links followed. There are none where the file system keeps none, and none by
/// the names that rclone has other uses for.
///
/// # Errors
/// They cannot be read.
pub(super) fn read(path: &Path) -> io::Result<UserAttributes> {
    let mut buffer = vec![0; LONGEST];
    let length = match listxattr(path, &mut buffer[..]) {
        Err(Errno::NOTSUP) => 0,
        length => length?,
    };
    let names = buffer.get(..length).unwrap_or_default().to_vec();
    let mut found = UserAttributes::new();
    for name in names.split(|byte| *byte == 0) {
        let Some(key) = key(name) else { continue };
        match getxattr(path, name, &mut buffer[..]) {
            Ok(length) => drop(found.insert(key, buffer.get(..length).unwrap_or_default().to_vec())),
            // Removed between the two calls.
            Err(MISSING) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}

/// Sets them on an open file or folder.
///
/// # Errors
/// The first that cannot be set, with its name; all are tried.
pub(super) fn write(file: &File, attributes: &UserAttributes) -> io::Result<()> {
    let set = |(key, value): (&String, &Vec<u8>)| {
        let set = fsetxattr(file, format!("{PREFIX}{key}"), value, XattrFlags::empty());
        set.map_err(|error| {
            let error = io::Error::from(error);
            let kind = match error.kind() {
                kind @ (io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied) => kind,
                // Without room for an attribute a disk need not be full.
                _ => io::ErrorKind::Other,
            };
            io::Error::new(kind, format!("extended attribute {key}: {error}"))
        })
    };
    attributes.iter().map(set).fold(Ok(()), Result::and)
}

/// The key of an extended attribute, if users make such.
fn key(name: &[u8]) -> Option<String> {
    let name = String::from_utf8_lossy(name).to_lowercase();
    let key = name.strip_prefix(PREFIX).filter(|key| !key.is_empty())?;
    (!SYSTEM_KEYS.contains(&key)).then(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_users_make_has_a_key() {
        for (name, expected) in [
            ("user.Colour", Some("colour")),
            ("user.a.b", Some("a.b")),
            ("user.", None),
            ("user.MTIME", None),
            ("security.selinux", None),
            ("", None),
        ] {
            assert_eq!(key(name.as_bytes()).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn what_cannot_be_set_is_named_and_the_rest_is_set() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let file = File::create(&path).unwrap();
        let one = |key: &str, size| (key.to_owned(), vec![b'x'; size]);
        if let Err(error) = write(&file, &[one("first", 1)].into()) {
            // Not every file system keeps them.
            assert_eq!(error.kind(), io::ErrorKind::Unsupported);
            return;
        }
        let error = write(&file, &[one("large", LONGEST + 1), one("small", 2)].into()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Other);
        assert!(error.to_string().starts_with("extended attribute large: "), "{error}");
        assert_eq!(read(&path).unwrap(), [one("first", 1), one("small", 2)].into());
    }
}
