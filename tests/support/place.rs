//! Places that a user may not write to, or that are too small, whoever runs the tests.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The words before a command that make it run as a user who owns nothing, if the tests run as root; others are held
/// to permissions as they are.
pub(crate) fn as_nobody() -> Vec<String> {
    if !rustix::process::geteuid().is_root() {
        return Vec::new();
    }
    ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"].map(str::to_owned).into()
}

/// The words before a command that may mount what nobody else sees; `None` where the system forbids it, which is said.
pub(crate) fn mounting() -> Option<[&'static str; 2]> {
    let can_mount = |way: &[&str; 2]| {
        let mut command = Command::new(way[0]);
        command.arg(way[1]).args(["mount", "-t", "tmpfs", "none", "/tmp"]).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let found = [["unshare", "-m"], ["unshare", "-rm"]].into_iter().find(can_mount);
    if found.is_none() {
        let notice = b"nothing can be mounted here: a weaker fault takes the place of a real file system\n";
        std::io::stderr().write_all(notice).unwrap();
    }
    found
}

/// Permissions of a path that last as long as this.
pub(crate) struct Permitted(PathBuf, u32);

impl Permitted {
    /// Gives `path` these permission bits.
    pub(crate) fn only(path: &Path, mode: u32) -> Self {
        let before = fs::metadata(path).unwrap().permissions().mode();
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        Self(path.to_owned(), before)
    }
}

impl Drop for Permitted {
    fn drop(&mut self) {
        // Without them the folder could not be emptied; one that is gone needs none.
        fs::set_permissions(&self.0, Permissions::from_mode(self.1)).ok();
    }
}
