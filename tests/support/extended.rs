//! Extended attributes that users make.

use std::collections::BTreeMap;
use std::path::Path;

use rustix::fs::{XattrFlags, getxattr, listxattr, setxattr};

const PREFIX: &str = "user.";

/// Whether the file system of a folder keeps such attributes. Not all do that tests may be run on.
pub(crate) fn are_kept(folder: &Path) -> bool {
    setxattr(folder, format!("{PREFIX}test"), b"", XattrFlags::empty()).is_ok()
}

/// Sets one by its name without the name space.
#[track_caller]
pub(crate) fn set(path: &Path, name: &str, value: impl AsRef<[u8]>) {
    setxattr(path, format!("{PREFIX}{name}"), value.as_ref(), XattrFlags::empty()).unwrap();
}

/// All of them by their names without the name space.
#[track_caller]
pub(crate) fn all(path: &Path) -> BTreeMap<String, String> {
    let mut buffer = vec![0; 65536];
    let length = listxattr(path, &mut buffer[..]).unwrap();
    let names = String::from_utf8(buffer[..length].to_vec()).unwrap();
    let names: Vec<_> = names.split('\0').filter_map(|name| name.strip_prefix(PREFIX)).collect();
    let mut value = |name: &str| {
        let length = getxattr(path, format!("{PREFIX}{name}"), &mut buffer[..]).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    names.into_iter().map(|name| (name.to_owned(), value(name))).collect()
}
