//! Symbolic links of this machine and of servers: `--links`, `--copy-links`, `--skip-links`, `--sftp-skip-links`.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::ca::KeyType;
use crate::support::sandbox::Outcome;
use crate::support::server::Server;
use crate::support::user::User;

/// A user who can log in as `r:`, and a tree of links.
struct Ground {
    user: User,
    _server: Server,
    tree: PathBuf,
}

impl Ground {
    fn new() -> Self {
        let user = User::new(KeyType::Ed25519);
        let server = user.server().start();
        user.remote("r", &server);
        let tree = user.sandbox.path("tree");
        fs::create_dir_all(tree.join("sub")).unwrap();
        fs::write(tree.join("a"), "content").unwrap();
        symlink("a", tree.join("file")).unwrap();
        symlink("nowhere", tree.join("dangling")).unwrap();
        symlink("..", tree.join("sub/loop")).unwrap();
        Self { user, _server: server, tree }
    }

    #[track_caller]
    fn sclone(&self, words: &[&str]) -> Outcome {
        self.user.sandbox.sclone(words).run()
    }

    fn here(&self) -> String {
        self.tree.display().to_string()
    }

    fn there(&self) -> String {
        format!("r:{}", self.here())
    }
}

fn leads_to(path: &Path) -> String {
    fs::read_link(path).unwrap().display().to_string()
}

#[test]
fn links_are_told_of_hidden_followed_or_shown_as_files() {
    let ground = Ground::new();
    let path = ground.here();
    let list = |flags: &[&str]| ground.sclone(&[&["lsf", "-R", "--format", "ps", &path], flags].concat());
    let outcome = list(&[]);
    outcome.code(0).stdout("a;7\nsub/;-1\n");
    outcome.stderr_has(&["dangling: Can't follow symlink without -L/--copy-links", "sub/loop: Can't follow"]);
    list(&["--skip-links"]).code(0).stdout("a;7\nsub/;-1\n").stderr("");
    let links = "dangling.rclonelink;7\nfile.rclonelink;1\nsub/;-1\nsub/loop.rclonelink;2\n";
    list(&["--links"]).code(0).stdout(format!("a;7\n{links}")).stderr("");
    let outcome = list(&["-L"]);
    outcome.code(1).stdout("a;7\nfile;7\nsub/;-1\nsub/loop/;-1\n");
    outcome.stderr_has(&[
        "follow link ",
        "dangling: no such file",
        "sub/loop: not following a link that leads back",
    ]);
    list(&["-l", "-L"]).code(1).stderr_has(&["can't use -l/--links with -L/--copy-links"]);
}

#[test]
fn links_go_to_a_server_as_files_and_come_back_as_links() {
    let ground = Ground::new();
    let (up, down) = (ground.user.sandbox.path("up"), ground.user.sandbox.path("down"));
    let remote = format!("r:{}", up.display());
    ground.sclone(&["copy", "-l", &ground.here(), &remote]).code(0).stdout("").stderr("");
    assert_eq!(fs::read_to_string(up.join("sub/loop.rclonelink")).unwrap(), "..");
    ground.sclone(&["check", "-l", &ground.here(), &remote]).code(0).stderr_has(&["0 differences found"]);
    for (from, to) in [(remote.as_str(), &down), (&ground.here(), &ground.user.sandbox.path("copy"))] {
        let target = to.display().to_string();
        ground.sclone(&["copy", "--links", from, &target]).code(0).stdout("").stderr("");
        assert_eq!(leads_to(&to.join("dangling")), "nowhere");
        assert_eq!(leads_to(&to.join("sub/loop")), "..");
        let time = |root: &Path| fs::symlink_metadata(root.join("file")).unwrap().mtime();
        assert_eq!(time(to), time(&ground.tree));
        let again = ground.sclone(&["copy", "--links", "-v", from, &target]);
        assert!(!String::from_utf8_lossy(&again.stderr).contains("Copied"), "{again}");
        symlink("elsewhere", to.join("moved")).unwrap();
        fs::remove_file(to.join("file")).unwrap();
        symlink("elsewhere", to.join("file")).unwrap();
        ground.sclone(&["copy", "--links", from, &target]).code(0).stderr("");
        assert_eq!(
            (leads_to(&to.join("file")), leads_to(&to.join("moved"))),
            ("a".into(), "elsewhere".into())
        );
    }
    assert!(fs::read_dir(&down).unwrap().all(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        !name.contains("partial") && !name.contains("rclonelink")
    }));
}

#[test]
fn a_link_takes_the_place_of_no_file() {
    let ground = Ground::new();
    let from = ground.user.sandbox.path("from");
    fs::create_dir(&from).unwrap();
    fs::write(from.join("a.rclonelink"), "elsewhere").unwrap();
    let outcome = ground.sclone(&["copy", "-l", &format!("r:{}", from.display()), &ground.here()]);
    outcome.code(1).stderr_has(&["something that is no link stands there"]);
    assert_eq!(fs::read_to_string(ground.tree.join("a")).unwrap(), "content");
    assert_eq!(fs::read_dir(&ground.tree).unwrap().count(), 4);
}

#[test]
fn a_link_shown_as_a_file_is_read_hashed_and_removed_as_one() {
    let ground = Ground::new();
    let link = ground.tree.join("dangling.rclonelink").display().to_string();
    ground.sclone(&["cat", "-l", &link]).code(0).stdout("nowhere").stderr("");
    let expected = "03840d46dad93250d938b39d1357fbae  dangling.rclonelink\n";
    ground.sclone(&["md5sum", "-l", &link]).code(0).stdout(expected).stderr("");
    ground.sclone(&["deletefile", "-l", &link]).code(0).stderr("");
    assert!(fs::symlink_metadata(ground.tree.join("dangling")).is_err());
    ground.sclone(&["delete", "-l", &ground.here()]).code(0).stderr("");
    assert!(fs::symlink_metadata(ground.tree.join("sub/loop")).is_err() && ground.tree.join("sub").is_dir());
}

#[test]
fn deletes_follow_no_link_even_where_listings_do() {
    let ground = Ground::new();
    let outside = ground.user.sandbox.path("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("kept"), "").unwrap();
    symlink(&outside, ground.tree.join("sub/out")).unwrap();
    ground
        .sclone(&["delete", "-L", &ground.here()])
        .stderr_has(&["sub/out: Not following a link to a folder"]);
    assert!(outside.join("kept").exists() && !ground.tree.join("a").exists());
    ground.sclone(&["purge", "--skip-links", &ground.here()]).code(0).stderr("");
    assert!(outside.join("kept").exists() && !ground.tree.exists());
}

#[test]
fn a_server_shows_what_links_lead_to_unless_they_are_skipped() {
    let ground = Ground::new();
    let fifo = Command::new("mkfifo").arg(ground.tree.join("fifo")).status().unwrap();
    assert!(fifo.success());
    let list = |flags: &[&str]| ground.sclone(&[&["lsf", "-R", &ground.there()], flags].concat());
    list(&[]).code(0).stdout("a\ndangling\nfifo\nfile\nsub/\nsub/loop/\n");
    list(&["--skip-links", "-l"]).code(0).stdout("a\ndangling\nfifo\nfile\nsub/\nsub/loop/\n");
    list(&["--sftp-skip-links"]).code(0).stdout("a\nsub/\n").stderr("");
    ground.sclone(&["purge", "--sftp-skip-links", &ground.there()]).code(0).stderr("");
    assert!(!ground.tree.exists());
}
