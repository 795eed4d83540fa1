//! What sclone does on every server alike, whoever wrote it and whatever it lacks: one table of cases, and one test for
//! each server.

use std::any::Any;
use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::support::asyncssh::AsyncSsh;
use crate::support::ca::KeyType;
use crate::support::sandbox::Outcome;
use crate::support::strangers::Stranger;
use crate::support::tree::Tree;
use crate::support::user::User;

/// Where OpenSSH's server of files is; its option `-P` takes requests and extensions away.
const SFTP_SERVER: &str = "/usr/lib/openssh/sftp-server";

/// Every extension of it that `-P` knows.
const EXTENSIONS: &str = "posix-rename,statvfs,fstatvfs,hardlink,fsync,lsetstat,limits,expand-path,copy-data,\
                          home-directory,users-groups-by-id";

/// The cases, each in a folder of its own.
const CASES: [fn(&Place); 9] = [
    copies_both_ways_and_not_again,
    listings_tell_sizes_and_times,
    a_sync_replaces_and_deletes,
    files_and_folders_move,
    folders_come_and_go,
    what_is_missing_is_told,
    a_check_finds_what_differs,
    streams_are_written_and_read,
    the_free_space_is_told,
];

/// What can be given a time and a mode.
#[derive(Clone, Copy, PartialEq)]
enum Settable {
    Everything,
    Files,
    Nothing,
}

/// A folder on a server, as the remote `r` names it and as it lies on this machine.
struct Place {
    user: User,
    remote: String,
    disk: PathBuf,
    has_shell: bool,
    settable: Settable,
    _server: Box<dyn Any>,
}

impl Place {
    fn new(user: User, server: impl Any) -> Self {
        let disk = user.sandbox.path("there");
        fs::create_dir(&disk).unwrap();
        let remote = format!("r:{}", disk.display());
        Self {
            user,
            remote,
            disk,
            has_shell: true,
            settable: Settable::Everything,
            _server: Box::new(server),
        }
    }

    fn without_shell(mut self) -> Self {
        self.has_shell = false;
        self
    }

    fn settable(mut self, settable: Settable) -> Self {
        self.settable = settable;
        self
    }

    fn conforms(self) {
        for case in CASES {
            case(&self);
        }
    }

    fn remote(&self, path: &str) -> String {
        format!("{}/{path}", self.remote)
    }

    fn here(&self, path: &str) -> String {
        self.user.sandbox.path(path).to_str().unwrap().to_owned()
    }

    #[track_caller]
    fn run<const N: usize>(&self, arguments: [&str; N]) -> Outcome {
        self.user.sandbox.sclone(arguments).run()
    }

    /// Checks that a copy has succeeded, and said only what the server is known to refuse.
    #[track_caller]
    fn succeeds<const N: usize>(&self, arguments: [&str; N]) {
        let outcome = self.run(arguments);
        let said = String::from_utf8_lossy(&outcome.code(0).stderr);
        let refusal = "could not be set: set attributes";
        let is_expected = |line: &str| self.settable != Settable::Everything && line.contains(refusal);
        assert!(said.lines().all(is_expected), "{outcome}");
    }

    /// What must have arrived of a tree.
    fn arrived(&self, tree: Tree) -> Tree {
        if self.settable == Settable::Nothing { tree.contents() } else { tree }
    }
}

fn copies_both_ways_and_not_again(place: &Place) {
    let mebibyte: Vec<u8> = (0..=1_048_576_u32).map(|number| (number % 251) as u8).collect();
    let tree = Tree::new()
        .file("empty", "")
        .file("one", "1")
        .file_with("sub/replaced", mebibyte, 0o640, 1_400_000_000)
        .weird_names("names");
    let tree = (0..60).fold(tree, |tree, number| tree.file(format!("many/{number}"), number.to_string()));
    let (here, there, back) = (place.here("copies"), place.remote("copies"), place.here("back"));
    tree.write(place.user.sandbox.path("copies").as_path());
    Tree::new().file_with("sub/replaced", "old", 0o640, 1_500_000_000).write(&place.disk.join("copies"));
    place.succeeds(["copy", &here, &there]);
    assert_eq!(place.arrived(Tree::read(&place.disk.join("copies"))), place.arrived(tree.clone()));
    let compare = if place.settable == Settable::Nothing { "--size-only" } else { "--modify-window=1s" };
    place.run(["copy", "-v", compare, &here, &there]).code(0).stderr_has(&["There was nothing to transfer"]);
    place.run(["copy", &there, &back]).code(0).stderr("");
    assert_eq!(place.arrived(Tree::read(place.user.sandbox.path("back").as_path())), place.arrived(tree));
}

fn listings_tell_sizes_and_times(place: &Place) {
    let tree = Tree::new().file("b/f", "abc").file_with("a", "", 0o600, 981_173_106).directory("empty");
    tree.write(&place.disk.join("listings"));
    let (remote, lines) = (place.remote("listings"), "0;2001-02-03 04:05:06;a\n3;2020-01-02 03:04:05;b/f\n");
    place.run(["lsf", "-R", "--files-only", "-F", "stp", &remote]).code(0).stdout(lines).stderr("");
    place.run(["lsf", "-R", &remote]).code(0).stdout("a\nb/\nb/f\nempty/\n").stderr("");
    place.run(["lsf", &place.remote("listings/a")]).code(0).stdout("a\n").stderr("");
}

fn a_sync_replaces_and_deletes(place: &Place) {
    let tree = Tree::new().file("changed", "new").file("same", "same").directory("empty");
    tree.write(place.user.sandbox.path("sync").as_path());
    let there = place.disk.join("sync");
    Tree::new()
        .file_with("changed", "older", 0o644, 1_000_000_000)
        .file("same", "same")
        .file("gone/deep/file", "x")
        .file("gone too", "x")
        .write(&there);
    place.succeeds(["sync", "--create-empty-src-dirs", &place.here("sync"), &place.remote("sync")]);
    assert_eq!(place.arrived(Tree::read(&there)), place.arrived(tree));
}

fn files_and_folders_move(place: &Place) {
    let there = place.disk.join("moving");
    let old = Tree::new().file("a", "a").file("b", "older").file("d/sub/file", "file").file("d/e", "");
    old.write(&there);
    place.succeeds(["moveto", &place.remote("moving/a"), &place.remote("moving/b")]);
    place.succeeds(["move", &place.remote("moving/d"), &place.remote("moving/to")]);
    let moved = Tree::read(&there).without(|path| path == b"d" || path.starts_with(b"d/"));
    assert_eq!(moved, Tree::new().file("b", "a").file("to/sub/file", "file").file("to/e", ""));
    assert!(!there.join("d/e").exists() && !there.join("d/sub/file").exists());
}

fn folders_come_and_go(place: &Place) {
    place.run(["mkdir", &place.remote("folders/new")]).code(0).stderr("");
    assert!(place.disk.join("folders/new").is_dir());
    place.run(["rmdir", &place.remote("folders")]).code(1).stderr_has(&["directory not empty"]);
    place.run(["rmdir", &place.remote("folders/new")]).code(0).stderr("");
    assert!(!place.disk.join("folders/new").exists());
    Tree::new().weird_names("deep/names").write(&place.disk.join("folders"));
    place.run(["purge", &place.remote("folders")]).code(0).stderr("");
    assert!(!place.disk.join("folders").exists());
}

fn what_is_missing_is_told(place: &Place) {
    place.run(["lsf", &place.remote("missing")]).code(3).stdout("").stderr_has(&["no such file"]);
    place.run(["deletefile", &place.remote("missing")]).code(4).stdout("");
    place.run(["rmdir", &place.remote("missing")]).code(3).stdout("").stderr_has(&["no such file"]);
    place.run(["copy", &place.remote("missing"), &place.here("missing")]).code(3).stdout("");
    assert!(!place.user.sandbox.path("missing").exists());
}

fn a_check_finds_what_differs(place: &Place) {
    let (here, there) = (place.user.sandbox.path("checking"), place.disk.join("checking"));
    for folder in [&here, &there] {
        Tree::new().file("same", "same").file("it's; \"odd\"", "text").write(folder);
    }
    let sums = "1cb251ec0d568de6a929b520c4aed8d1  it's; \"odd\"\n51037a4a37730f52c8732586d3aaa316  same\n";
    let download = if place.has_shell { "--download=false" } else { "--download" };
    place.run(["md5sum", download, &place.remote("checking")]).code(0).stdout(sums).stderr("");
    let check = || place.run(["check", download, &place.here("checking"), &place.remote("checking")]);
    check().code(0).stderr_has(&["0 differences found", "2 matching files"]);
    Tree::new().file("same", "emas").write(&there);
    check().code(1).stderr_has(&["same: ", "1 differences found"]);
}

fn streams_are_written_and_read(place: &Place) {
    fs::create_dir(place.disk.join("streams")).unwrap();
    let (remote, disk) = (place.remote("streams/file"), place.disk.join("streams/file"));
    for text in ["first", "second"] {
        place.user.sandbox.sclone(["rcat", &remote]).input(text).run().code(0);
        assert_eq!(fs::read_to_string(&disk).unwrap(), text);
    }
    place.run(["cat", "--offset", "2", "--count", "3", &remote]).code(0).stdout("con").stderr("");
    place.run(["deletefile", &remote]).code(0).stderr("");
    assert!(fs::read_dir(disk.parent().unwrap()).unwrap().next().is_none());
}

fn the_free_space_is_told(place: &Place) {
    place.run(["about", "r:"]).code(0).stderr("");
}

/// OpenSSH with a certificate, and this for files.
fn openssh(subsystem: &str) -> Place {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().subsystem(subsystem).start();
    user.remote("r", &server);
    Place::new(user, server)
}

/// OpenSSH's server of files without these requests and extensions.
fn openssh_without(what: &str) -> Place {
    openssh(&format!("{SFTP_SERVER} -P {what}"))
}

/// OpenSSH for accounts that are for files alone.
fn openssh_for_files_alone() -> Place {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().setting("ForceCommand internal-sftp").start();
    user.remote("r", &server);
    Place::new(user, server).without_shell()
}

fn asyncssh() -> Place {
    let user = User::new(KeyType::Ed25519);
    let server = AsyncSsh::start(json!({ "ca": user.authority.public_line() }));
    let (known_hosts, key) = (server.known_hosts(), user.key.path().to_owned());
    let options = [("known_hosts_file", known_hosts.to_str().unwrap()), ("key_file", key.to_str().unwrap())];
    user.sandbox.remote_at("r", server.port(), &options);
    let disk = server.tree();
    Place { remote: "r:".into(), disk, ..Place::new(user, server).without_shell() }
}

/// A server that lets the plain key in; the user has a certificate beside it.
fn stranger(start: fn(&crate::support::ca::Key) -> Stranger) -> Place {
    let user = User::new(KeyType::Ed25519);
    let server = start(&user.key);
    stranger_remote(&user, &server);
    Place::new(user, server)
}

fn stranger_remote(user: &User, server: &Stranger) {
    let (known_hosts, key) = (server.known_hosts(), user.key.path().to_owned());
    let options = [("known_hosts_file", known_hosts.to_str().unwrap()), ("key_file", key.to_str().unwrap())];
    user.sandbox.remote_at("r", server.port(), &options);
}

/// A test for each server, so that they run beside one another.
macro_rules! servers {
    ($(fn $test:ident() { $place:expr })*) => {
        $(#[test]
        fn $test() {
            $place.conforms();
        })*
    };
}

servers! {
    fn sftp_server_of_openssh() { openssh(SFTP_SERVER) }
    fn internal_sftp_of_openssh() { openssh("internal-sftp") }
    fn accounts_for_files_alone() { openssh_for_files_alone() }
    fn gesftpserver_behind_openssh() { openssh("/usr/libexec/gesftpserver") }
    fn asyncssh_with_a_certificate() { asyncssh() }
    fn dropbear_with_a_plain_key() { stranger(Stranger::dropbear) }
    fn proftpd_with_a_plain_key() { stranger(Stranger::proftpd).without_shell() }

    fn without_posix_rename() { openssh_without("posix-rename") }
    fn without_statvfs() { openssh_without("statvfs,fstatvfs") }
    fn without_fsync() { openssh_without("fsync") }
    fn without_lsetstat() { openssh_without("lsetstat") }
    fn without_limits() { openssh_without("limits") }
    fn without_copy_data() { openssh_without("copy-data") }
    fn without_expand_path() { openssh_without("expand-path,home-directory,users-groups-by-id") }
    fn without_hard_and_symbolic_links() { openssh_without("hardlink,symlink,readlink") }
    fn without_any_extension() { openssh_without(EXTENSIONS) }

    fn without_rename_of_version_3() { openssh_without("rename") }
    fn without_looking_at_handles() { openssh_without("fstat") }
    fn without_setting_by_handle() { openssh_without("fsetstat") }
    fn without_setting_by_name() { openssh_without("setstat").settable(Settable::Files) }
    fn without_setting_anything() { openssh_without("setstat,fsetstat").settable(Settable::Nothing) }
}

#[test]
fn a_server_that_renames_nothing_is_written_to_in_place() {
    let place = openssh_without("posix-rename,rename");
    Tree::new().file("file", "new").write(place.user.sandbox.path("here").as_path());
    Tree::new().file_with("file", "old", 0o644, 1_500_000_000).write(&place.disk);
    let (here, there) = (place.here("here"), place.remote(""));
    place.run(["copy", &here, &there]).code(1).stderr_has(&["permission denied", "--inplace"]);
    assert_eq!(Tree::read(&place.disk), Tree::new().file_with("file", "old", 0o644, 1_500_000_000));
    place.run(["copy", "--inplace", &here, &there]).code(0).stderr("");
    assert_eq!(Tree::read(&place.disk), Tree::new().file("file", "new"));
}

#[test]
fn nothing_moves_on_a_server_that_does_not_tell_where_a_path_leads() {
    for what in ["lstat", "realpath"] {
        let place = openssh_without(what);
        copies_both_ways_and_not_again(&place);
        a_sync_replaces_and_deletes(&place);
        let tree = Tree::new().file("a", "a").file("b", "older");
        tree.write(&place.disk.join("moving"));
        let moved = place.run(["moveto", &place.remote("moving/a"), &place.remote("moving/b")]);
        moved.code(1).stderr_has(&["moving/a: permission denied"]);
        assert_eq!(Tree::read(&place.disk.join("moving")), tree);
    }
}

#[test]
fn a_server_without_certificates_is_told_of() {
    for (start, name) in
        [(Stranger::dropbear as fn(&_) -> _, "SSH-2.0-dropbear"), (Stranger::proftpd, "SSH-2.0-mod_sftp")]
    {
        let (user, other) = (User::new(KeyType::Ed25519), User::new(KeyType::Ed25519));
        let server = start(&other.key);
        stranger_remote(&user, &server);
        user.sandbox.sclone(["lsd", "r:"]).run().code(20).stderr_has(&[
            "the server refused certificate",
            name,
            "which knows no certificates: have the key itself authorized there",
        ]);
    }
}
