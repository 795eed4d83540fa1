//! Listing and hash commands, against what rclone 1.75 prints for the same tree.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use crate::support::ca::KeyType;
use crate::support::server::Server;
use crate::support::tree::Tree;
use crate::support::user::User;

/// A tree, here and on a server.
struct Scene {
    user: User,
    #[expect(dead_code, reason = "it serves while it lives")]
    server: Server,
    root: PathBuf,
}

impl Scene {
    fn new(tree: impl Into<Tree>) -> Self {
        let tree = tree.into();
        let user = User::new(KeyType::Ed25519);
        let server = user.server().start();
        user.remote("a", &server);
        let root = user.sandbox.path("t");
        tree.write(&root);
        for folder in ["sub/deep", "sub", "empty"] {
            if root.join(folder).exists() {
                let time = UNIX_EPOCH + Duration::from_secs(1_672_628_645);
                fs::File::open(root.join(folder)).unwrap().set_modified(time).unwrap();
            }
        }
        Self { user, server, root }
    }

    fn plain() -> Self {
        let file =
            |tree: Tree, path: &str, content: &str| tree.file_with(path, content, 0o644, 1_709_296_496);
        let tree = file(Tree::new().directory("empty"), ".hidden", "4");
        let tree = file(tree, "<&>.html", "5");
        let tree = file(tree, "comma,\"quote.txt", "1");
        let tree = file(tree, "hello.txt", "hello\n");
        let tree = file(tree, "sub/x.txt", "x");
        Self::new(file(tree, "sub/deep/ünï.md", "abc"))
    }

    /// Runs a command on the tree here and on the server; both print this.
    #[track_caller]
    fn both(&self, arguments: &[&str], expected: &str) {
        self.here(arguments, expected);
        self.there(arguments, expected);
    }

    #[track_caller]
    fn here(&self, arguments: &[&str], expected: &str) {
        let root = self.root.to_str().unwrap();
        self.user
            .sandbox
            .sclone(arguments.iter().copied().chain([root]))
            .run()
            .code(0)
            .stdout(expected)
            .stderr("");
    }

    #[track_caller]
    fn there(&self, arguments: &[&str], expected: &str) {
        let root = format!("a:{}", self.root.display());
        let arguments = arguments.iter().copied().chain([root.as_str()]);
        self.user.sandbox.sclone(arguments).run().code(0).stdout(expected).stderr("");
    }
}

#[test]
fn lsl_and_size_and_lsf_print_what_rclone_prints() {
    let scene = Scene::plain();
    scene.both(
        &["lsl"],
        "        1 2024-03-01 12:34:56.000000000 .hidden
        1 2024-03-01 12:34:56.000000000 <&>.html
        1 2024-03-01 12:34:56.000000000 comma,\"quote.txt
        6 2024-03-01 12:34:56.000000000 hello.txt
        3 2024-03-01 12:34:56.000000000 sub/deep/ünï.md
        1 2024-03-01 12:34:56.000000000 sub/x.txt
",
    );
    scene.both(&["size"], "Total objects: 6\nTotal size: 13 B (13 Byte)\n");
    scene.both(&["size", "--json"], "{\"count\":6,\"bytes\":13,\"sizeless\":0}\n");
    scene.both(&["lsf"], ".hidden\n<&>.html\ncomma,\"quote.txt\nempty/\nhello.txt\nsub/\n");
    scene.both(&["lsf", "-d=false", "--dirs-only", "--absolute"], "/empty\n/sub\n");
    scene.both(
        &["lsf", "--csv", "-F", "pstm", "-t", "unix"],
        ".hidden,1,1709296496,application/octet-stream
<&>.html,1,1709296496,text/html; charset=utf-8
\"comma,\"\"quote.txt\",1,1709296496,text/plain; charset=utf-8
empty/,-1,1672628645,inode/directory
hello.txt,6,1709296496,text/plain; charset=utf-8
sub/,-1,1672628645,inode/directory
",
    );
    scene.both(
        &["lsf", "-R", "--files-only", "-F", "hp", "--hash", "sha1", "-s", "|"],
        "1b6453892473a467d07372d45eb05abc2031647a|.hidden
ac3478d69a3c81fa62e60f5c3696165a4e5e6ac4|<&>.html
356a192b7913b04c54574d18c28d46e6395428ab|comma,\"quote.txt
f572d396fae9206628714fb2ce00f72e94f2258f|hello.txt
a9993e364706816aba3e25717850c26c9cd0d89d|sub/deep/ünï.md
11f6ad8ec52a2984abaafd7c3b516503785c2072|sub/x.txt
",
    );
}

#[test]
fn lsjson_prints_what_rclone_prints() {
    let scene = Scene::plain();
    scene.there(
        &["lsjson", "--hash-type", "md5"],
        r#"[
{"Path":".hidden","Name":".hidden","Size":1,"MimeType":"application/octet-stream","ModTime":"2024-03-01T12:34:56Z","IsDir":false,"Hashes":{"md5":"a87ff679a2f3e71d9181a67b7542122c"}},
{"Path":"\u003c\u0026\u003e.html","Name":"\u003c\u0026\u003e.html","Size":1,"MimeType":"text/html; charset=utf-8","ModTime":"2024-03-01T12:34:56Z","IsDir":false,"Hashes":{"md5":"e4da3b7fbbce2345d7772b0674a318d5"}},
{"Path":"comma,\"quote.txt","Name":"comma,\"quote.txt","Size":1,"MimeType":"text/plain; charset=utf-8","ModTime":"2024-03-01T12:34:56Z","IsDir":false,"Hashes":{"md5":"c4ca4238a0b923820dcc509a6f75849b"}},
{"Path":"empty","Name":"empty","Size":-1,"MimeType":"inode/directory","ModTime":"2023-01-02T03:04:05Z","IsDir":true},
{"Path":"hello.txt","Name":"hello.txt","Size":6,"MimeType":"text/plain; charset=utf-8","ModTime":"2024-03-01T12:34:56Z","IsDir":false,"Hashes":{"md5":"b1946ac92492d2347c6235b4d2611184"}},
{"Path":"sub","Name":"sub","Size":-1,"MimeType":"inode/directory","ModTime":"2023-01-02T03:04:05Z","IsDir":true}
]
"#,
    );
    scene.here(
        &["lsjson", "-R", "--files-only", "--no-mimetype"],
        r#"[
{"Path":".hidden","Name":".hidden","Size":1,"ModTime":"2024-03-01T12:34:56.000000000Z","IsDir":false},
{"Path":"\u003c\u0026\u003e.html","Name":"\u003c\u0026\u003e.html","Size":1,"ModTime":"2024-03-01T12:34:56.000000000Z","IsDir":false},
{"Path":"comma,\"quote.txt","Name":"comma,\"quote.txt","Size":1,"ModTime":"2024-03-01T12:34:56.000000000Z","IsDir":false},
{"Path":"hello.txt","Name":"hello.txt","Size":6,"ModTime":"2024-03-01T12:34:56.000000000Z","IsDir":false},
{"Path":"sub/deep/ünï.md","Name":"ünï.md","Size":3,"ModTime":"2024-03-01T12:34:56.000000000Z","IsDir":false},
{"Path":"sub/x.txt","Name":"x.txt","Size":1,"ModTime":"2024-03-01T12:34:56.000000000Z","IsDir":false}
]
"#,
    );
    scene.both(&["lsjson", "--dirs-only", "--files-only"], "[\n]\n");
    scene.both(&["lsjson", "--stat", "--files-only"], "null\n");
    scene.both(
        &["lsjson", "--stat", "--no-modtime"],
        "{\n\t\"Path\": \"\",\n\t\"Name\": \"\",\n\t\"Size\": -1,\n\t\"MimeType\": \"inode/directory\",\n\t\"ModTime\": \"\",\n\t\"IsDir\": true\n}\n",
    );
    let missing = format!("a:{}/nope", scene.root.display());
    scene.user.sandbox.sclone(["lsjson", &missing]).run().code(3).stdout("[\n");
    scene.user.sandbox.sclone(["lsjson", "--stat", &missing]).run().code(3).stdout("");
}

#[test]
fn tree_draws_what_rclone_draws() {
    let scene = Scene::plain();
    scene.both(
        &["tree"],
        "/
├── <&>.html
├── comma,\"quote.txt
├── empty
├── hello.txt
└── sub
    ├── deep
    │   └── ünï.md
    └── x.txt

3 directories, 5 files
",
    );
    scene.both(
        &["tree", "-a", "-s", "-D", "--level", "1", "--noreport", "--dirsfirst"],
        "[          9]  /
├── [          0]  empty
├── [          0]  sub
├── [          1 Mar 01  2024]  .hidden
├── [          1 Mar 01  2024]  <&>.html
├── [          1 Mar 01  2024]  comma,\"quote.txt
└── [          6 Mar 01  2024]  hello.txt
",
    );
}

#[test]
fn cat_writes_parts_of_files_in_order() {
    let scene = Scene::new(Tree::new().file("a", "hello").file("b", "world").file("d/c", "12345"));
    scene.both(&["cat"], "helloworld12345");
    scene.both(&["cat", "--separator", "|"], "hello|world|12345|");
    scene.both(&["cat", "--head", "2"], "hewo12");
    scene.both(&["cat", "--tail", "2"], "lold45");
    scene.both(&["cat", "--offset", "1", "--count", "2"], "elor23");
    scene.both(&["cat", "--offset", "-2"], "lold45");
    scene.both(&["cat", "--offset", "99"], "");
    scene.both(&["cat", "--offset=-99"], "helloworld12345");
    scene.both(&["cat", "--count", "0"], "");
    scene.both(&["cat", "--discard"], "");
    let root = scene.root.to_str().unwrap();
    scene.user.sandbox.sclone(["cat", "--head", "1", "--tail", "1", root]).run().code(1).stdout("");
    scene.user.sandbox.sclone(["cat", &format!("a:{root}/a")]).run().code(0).stdout("hello");
    scene.user.sandbox.sclone(["cat", &format!("a:{root}/nope")]).run().code(3).stdout("");
}

#[test]
fn hashes_are_the_same_here_there_and_downloaded() {
    let scene = Scene::new(Tree::new().file("a", "hello").file("d/c", "12345").weird_names("names"));
    for hash in ["md5", "sha1", "sha256", "sha512"] {
        let root = scene.root.to_str().unwrap();
        let here = scene.user.sandbox.sclone(["hashsum", hash, root]).run();
        let here = here.code(0).stderr("").stdout.clone();
        assert!(here.split(|byte| *byte == b'\n').count() > 10);
        for flags in [&[][..], &["--download"]] {
            let place = format!("a:{root}");
            let arguments =
                ["hashsum", hash].into_iter().chain(flags.iter().copied()).chain([place.as_str()]);
            scene.user.sandbox.sclone(arguments).run().code(0).stdout(&here).stderr("");
        }
    }
}

#[test]
fn hash_commands_print_what_rclone_prints() {
    let scene = Scene::new(Tree::new().file("a", "hello").file("b", "world").file("d/c", "12345"));
    scene.both(
        &["md5sum"],
        "5d41402abc4b2a76b9719d911017c592  a\n7d793037a0760186574b0282f2f435e7  b\n827ccb0eea8a706c4c34a16891f84e7b  d/c\n",
    );
    scene.both(
        &["sha1sum", "--base64"],
        "qvTGHdzF6KLavt4PO0gs2a6pQ00=  a\nfCEUM_AgcVl3Qeb_Wo6jR4mrv0M=  b\njLIjfQZ5yojbZGTqxg2pY0VROWQ=  d/c\n",
    );
    let sandbox = &scene.user.sandbox;
    let input = |arguments: &[&str]| sandbox.sclone(arguments).input("hello").run();
    input(&["md5sum"]).code(0).stdout("5d41402abc4b2a76b9719d911017c592  -\n");
    input(&["hashsum", "SHA-1", "-"]).code(0).stdout("aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d  -\n");
    sandbox.sclone(["hashsum", "bad", "x"]).run().code(2).stdout("");
    let (root, output) = (scene.root.to_str().unwrap(), sandbox.path("sums"));
    sandbox
        .sclone(["md5sum", "--output-file", output.to_str().unwrap(), &format!("{root}/a")])
        .run()
        .code(0)
        .stdout("");
    assert_eq!(fs::read_to_string(output).unwrap(), "5d41402abc4b2a76b9719d911017c592  a\n");
}

#[test]
fn an_account_without_a_shell_has_no_hashes_but_can_be_read() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().setting("ForceCommand internal-sftp").start();
    user.remote("a", &server);
    let root = user.sandbox.path("t");
    Tree::new().file("a", "hello").write(&root);
    let place = format!("a:{}", root.display());
    user.sandbox.sclone(["md5sum", &place]).run().code(1).stdout("").stderr_has(&["--download"]);
    let downloaded = user.sandbox.sclone(["md5sum", "--download", &place]).run();
    downloaded.code(0).stdout("5d41402abc4b2a76b9719d911017c592  a\n");
    user.sandbox.sclone(["lsf", "-F", "hp", &place]).run().code(0).stdout(";a\n");
}

#[test]
fn links_and_fifos_are_shown_as_rclone_shows_them() {
    let tree = Tree::new().file("file", "123").symlink("link", "file").symlink("dangling", "nowhere");
    let scene = Scene::new(tree.file("sub/x", "x").symlink("dirlink", "sub"));
    let fifo = scene.root.join("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o644.into(), 0).unwrap();
    scene.there(
        &["ls"],
        "        7 dangling\n        1 dirlink/x\n        0 fifo\n        3 file\n        3 link\n        1 sub/x\n",
    );
    let root = scene.root.to_str().unwrap();
    let here = scene.user.sandbox.sclone(["ls", root]).run();
    here.code(0).stdout("        3 file\n        1 sub/x\n").stderr_has(&[
        "NOTICE: dangling: Can't follow symlink",
        "NOTICE: fifo: Can't transfer non file/directory",
    ]);
    // A FIFO would wait for a writer for ever.
    let remote = format!("a:{root}");
    let hashed = scene.user.sandbox.sclone(["md5sum", &remote]).run();
    let lines = hashed.code(1).stdout.split(|byte| *byte == b'\n').count() - 1;
    assert_eq!(lines, 4, "{hashed}");
}

#[test]
fn about_tells_how_full_the_disk_is() {
    let scene = Scene::new(Tree::new().file("a", ""));
    let root = scene.root.to_str().unwrap();
    for place in [root.to_owned(), format!("a:{root}")] {
        let outcome = scene.user.sandbox.sclone(["about", "--json", &place]).run();
        let told: serde_json::Value = serde_json::from_slice(&outcome.code(0).stdout).unwrap();
        let (total, used, free) = (&told["total"], &told["used"], &told["free"]);
        assert!(
            total.as_u64() >= used.as_u64() && total.as_u64() >= free.as_u64() && free.as_u64() > Some(0),
            "{told}"
        );
        let outcome = scene.user.sandbox.sclone(["about", &place]).run();
        let text = String::from_utf8(outcome.code(0).stdout.clone()).unwrap();
        assert!(text.starts_with("Total:   ") && text.lines().count() == 3, "{text}");
    }
}

#[test]
fn a_server_that_tells_no_space_is_asked_by_df() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().subsystem("/usr/lib/openssh/sftp-server -P statvfs").start();
    user.remote("a", &server);
    let place = format!("a:{}", user.sandbox.path("").display());
    let outcome = user.sandbox.sclone(["about", "--full", &place]).run();
    let text = String::from_utf8(outcome.code(0).stdout.clone()).unwrap();
    assert!(text.starts_with("Total:   ") && text.lines().count() == 3, "{text}");
}
