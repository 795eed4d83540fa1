//! Servers that offer less than OpenSSH's usual one: every extension can be missing, alone and with all others.

use crate::support::ca::KeyType;
use crate::support::tree::Tree;
use crate::support::user::User;

/// The extensions of OpenSSH's server, by the names its option `-P` knows.
const EXTENSIONS: [&str; 11] = [
    "posix-rename",
    "statvfs",
    "fstatvfs",
    "hardlink",
    "fsync",
    "lsetstat",
    "limits",
    "expand-path",
    "copy-data",
    "home-directory",
    "users-groups-by-id",
];

fn tree() -> Tree {
    let large: Vec<u8> = (0..700_000_u32).map(|number| (number % 251) as u8).collect();
    Tree::new().file("d/small", "new").file("large", large).weird_names("names")
}

/// Copies up over an old file, down again, and looks.
fn exercise(without: &str) {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().subsystem(&format!("/usr/lib/openssh/sftp-server -P {without}")).start();
    user.remote("r", &server);
    let [here, there, back] = ["here", "there", "back"].map(|name| user.sandbox.path(name));
    tree().write(&here);
    Tree::new().file_with("d/small", "old", 0o644, 1_500_000_000).write(&there);
    let remote = format!("r:{}", there.display());
    user.sandbox.sclone(["copy", here.to_str().unwrap(), &remote]).run().code(0).stderr("");
    assert_eq!(Tree::read(&there), tree(), "without {without}");
    user.sandbox.sclone(["copy", &remote, back.to_str().unwrap()]).run().code(0).stderr("");
    assert_eq!(Tree::read(&back), tree(), "without {without}");
    user.sandbox.sclone(["lsf", &format!("{remote}/d")]).run().code(0).stdout("small\n");
}

#[test]
fn any_extension_may_be_missing() {
    EXTENSIONS.into_iter().for_each(exercise);
}

#[test]
fn all_extensions_may_be_missing() {
    exercise(&EXTENSIONS.join(","));
}
