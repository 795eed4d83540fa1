//! Two trees, here and on a server, and what a program answers about them.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::tags;
use crate::support::ca::KeyType;
use crate::support::server::Server;
use crate::support::tree::{Node, Tree};
use crate::support::user::User;

/// 2023-01-02 03:04:05, when all folders were changed.
const FOLDER_TIME: u64 = 1_672_628_645;

/// 2024-03-01 12:34:56, when most files were changed.
const FILE_TIME: u64 = 1_709_296_496;

/// How long one command may take.
const LIMIT: Duration = Duration::from_secs(60);

/// What a program answered.
#[derive(Default, Clone)]
pub(super) struct Answer {
    pub(super) code: i32,
    /// The output, each line after a mark.
    pub(super) lines: Vec<String>,
    /// Standard error, which is not compared.
    pub(super) log: String,
}

impl PartialEq for Answer {
    fn eq(&self, other: &Self) -> bool {
        (self.code, &self.lines) == (other.code, &other.lines)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "exit {}", self.code)?;
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// The places where a command is run.
pub(super) fn places(arguments: &str) -> &'static [&'static str] {
    match (arguments.contains("{src}"), arguments.contains("{dst}")) {
        (true, true) => &["here", "up", "down"],
        (false, false) => &["here"],
        _ => &["here", "there"],
    }
}

/// The scene of the last case, for the next that has the same tree.
#[derive(Default)]
pub(super) struct Scenes(Option<(String, Scene)>);

impl Scenes {
    pub(super) fn of(&mut self, tree: &str) -> &Scene {
        let last = self.0.take().filter(|(name, _)| name == tree);
        &self.0.insert(last.unwrap_or_else(|| (tree.into(), Scene::new(tree)))).1
    }
}

pub(super) struct Scene {
    user: User,
    #[expect(dead_code, reason = "it serves while it lives")]
    server: Server,
    trees: (Tree, Tree),
    /// Whether the source has mode and attributes to compare as well.
    is_tagged: bool,
}

impl Scene {
    fn new(tree: &str) -> Self {
        let user = User::new(KeyType::Ed25519);
        let server = user.server().start();
        // Left to find them out, rclone asks for several files at once and takes some of them for unsupported.
        let commands = [("md5sum_command", "md5sum"), ("sha1sum_command", "sha1sum")];
        user.remote_with("a", &server, &[&commands[..], &[("shell_type", "unix")]].concat());
        let scene = Self { user, server, trees: trees(tree), is_tagged: tree == "tagged" };
        scene.write();
        scene
    }

    fn root(&self) -> PathBuf {
        self.user.sandbox.path("")
    }

    /// What the program answers in each place.
    pub(super) fn answers(&self, program: &Path, arguments: &str) -> Vec<(&'static str, Answer)> {
        let answer = |place: &&'static str| (*place, self.answer(program, arguments, place));
        places(arguments).iter().map(answer).collect()
    }

    fn answer(&self, program: &Path, arguments: &str, place: &str) -> Answer {
        let root = self.root();
        let root = root.to_str().unwrap().trim_end_matches('/');
        let here = |tree: &str| format!("{root}/{tree}");
        let there = |tree: &str| format!("a:{root}/{tree}");
        let (src, dst) = match place {
            "here" => (here("src"), here("dst")),
            "up" => (here("src"), there("dst")),
            "down" => (there("src"), here("dst")),
            _ => (there("src"), there("dst")),
        };
        let words = words(arguments).into_iter().map(|word| {
            word.replace("{src}", &src)
                .replace("{dst}", &dst)
                .replace("{dir}", root)
                .replace("{remote}", "a:")
        });
        // One thing at a time: rclone's answers are the same, and come every time.
        let run = self.user.sandbox.program(program, words).within(LIMIT);
        let one = ["CHECKERS", "TRANSFERS", "RETRIES"].map(|flag| format!("RCLONE_{flag}"));
        let outcome = one.iter().fold(run, |run, name| run.env(name, "1")).run();
        let text = String::from_utf8_lossy(&outcome.stdout).replace(root, "{dir}");
        let mut lines = marked(&text, is_ordered(arguments));
        let gone: Vec<_> =
            ["src", "dst"].into_iter().filter(|name| !self.root().join(name).is_dir()).collect();
        let now = (self.now("src"), self.now("dst"));
        if now != self.trees || !gone.is_empty() {
            lines.extend(gone.iter().map(|name| format!("- {name}/")));
            lines.extend(changes("src", &self.trees.0, &now.0).chain(changes("dst", &self.trees.1, &now.1)));
            if self.is_tagged {
                lines.extend(now.1.entries().flat_map(|(path, _)| tags::shown(&self.root(), "dst", path)));
            }
            self.write();
        }
        let log = String::from_utf8_lossy(&outcome.stderr).into_owned();
        Answer { code: outcome.exit_code(), lines, log }
    }

    /// What a tree holds by now, which is nothing once it is gone.
    fn now(&self, name: &str) -> Tree {
        let root = self.root().join(name);
        if root.is_dir() { Tree::read(&root) } else { Tree::new() }
    }

    /// Puts both trees back as they were.
    fn write(&self) {
        for (name, tree) in [("src", &self.trees.0), ("dst", &self.trees.1)] {
            let root = self.root().join(name);
            if root.exists() {
                fs::remove_dir_all(&root).unwrap();
            }
            tree.write(&root);
            if self.is_tagged && name == "src" {
                tags::write(&root);
            }
            date_folders(&root);
        }
        for (name, content) in FILES {
            self.user.sandbox.write(name, content);
        }
    }
}

/// Files beside the trees, for flags that read one.
const FILES: [(&str, &str); 7] = [
    ("rules", "# a comment\n+ *.txt\n- *\n"),
    ("list", "hello.txt\n/sub/x.txt\nnot there\n"),
    ("list0", "hello.txt\0sub/x.txt\0"),
    ("patterns", "; a comment\n*.md\n\n/hello*\n"),
    ("tag rules", "# a comment\n- colour=blue\n+ colour=*\n- *\n"),
    // What rclone asks about twice must be answered the same.
    (
        "mapper",
        "sed -n 's/.*\"colour\": \"\\([a-z]*\\).*/{\"Metadata\":{\"was\":\"\\1\",\"mode\":\"0704\"}}/p'\n",
    ),
    (
        "sums",
        "b1946ac92492d2347c6235b4d2611184  hello.txt\n\
         9dd4e461268c8034f5c8564e155c67a7 *sub/x.txt\n\
         00000000000000000000000000000000  <&>.html\n\
         00000000000000000000000000000000  nowhere\n",
    ),
];

/// The two trees of a name.
fn trees(name: &str) -> (Tree, Tree) {
    let file = |tree: Tree, path: &str, content: &str| tree.file_with(path, content, 0o644, FILE_TIME);
    let old = |tree: Tree, path: &str, content: &str| tree.file_with(path, content, 0o600, 1_500_000_000);
    let plain = || {
        let tree = file(Tree::new().directory("empty"), ".hidden", "4");
        let tree = file(file(tree, "<&>.html", "5"), "comma,\"quote.txt", "1");
        let tree = old(file(tree, "hello.txt", "hello\n"), "big.bin", &"x".repeat(3000));
        let tree = file(file(tree, "sub/x.txt", "x"), "sub/deep/ünï.md", "abc");
        file(file(tree, "sub/deep/er/z10.JPG", "jpg"), "sub/deep/er/z9.jpg", "jpeg")
    };
    match name {
        "plain" => (plain(), Tree::new()),
        // What is the same, what differs in size, content and time only, and what one side lacks.
        "twins" => {
            let other = file(old(file(Tree::new(), "same", "same"), "time", "time"), "size", "longer");
            let other = file(file(other, "content", "1"), "sub/only there", "x");
            let tree = file(file(file(Tree::new(), "same", "same"), "time", "time"), "size", "short");
            (file(file(tree, "content", "2"), "sub/only here", "x").directory("empty"), other)
        }
        "names" => {
            let names =
                [" lead", "trail ", "a'b", "#x", "$y", "semi;colon", "back\\slash", "*?", "[1]", "{a}"];
            let tree = names.iter().fold(Tree::new(), |tree, name| file(tree, name, name));
            (file(file(tree, "d e/f g", "fg"), "-dash", "-"), Tree::new())
        }
        // Folders that hold nothing, some of them within each other, and one that holds a file.
        "hollow" => {
            let tree = Tree::new().directory("a/b/c").directory("d").directory("e f/g");
            (file(tree, "kept/h/file", "x").directory("kept/i"), Tree::new().directory("old/older"))
        }
        // A file here is a folder there, and the other way round.
        "clash" => {
            let tree = file(file(Tree::new(), "file", "x"), "folder/inner", "y");
            (file(tree, "z", "z"), file(old(Tree::new(), "folder", "old"), "file/inner", "old"))
        }
        // Files that moved, and one that only looks as if it had.
        "renamed" => {
            let tree = file(file(Tree::new(), "new/one", "first"), "two renamed", "second");
            let other = file(file(Tree::new(), "one", "first"), "old/two", "second");
            (file(tree, "three", "third"), file(other, "drei", "THIRD"))
        }
        // What the attributes are for.
        "tagged" => {
            let tree = file(file(file(Tree::new(), "red", "red"), "blue", "blue"), "none", "none");
            (file(tree, "folder/big", "big"), Tree::new())
        }
        other => panic!("there is no tree {other}"),
    }
}

fn date_folders(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            date_folders(&path);
        }
    }
    let time = UNIX_EPOCH + Duration::from_secs(FOLDER_TIME);
    fs::File::open(folder).unwrap().set_modified(time).unwrap();
}

/// What was removed from a tree and what was added to it, one line each.
fn changes(name: &str, before: &Tree, after: &Tree) -> impl Iterator<Item = String> {
    let missing = |from: &Tree, mark: char, other: &Tree| {
        let other: Vec<_> = other.entries().map(|(path, node)| shown(path, node)).collect();
        let lines = from.entries().map(|(path, node)| shown(path, node)).filter(|line| !other.contains(line));
        lines.map(|line| format!("{mark} {name}/{line}")).collect::<Vec<_>>()
    };
    missing(before, '-', after).into_iter().chain(missing(after, '+', before))
}

/// The path, and of a file its size, its time and the beginning of its content. Permissions differ from rclone's.
fn shown(path: &[u8], node: &Node) -> String {
    let path = String::from_utf8_lossy(path);
    match node {
        Node::Directory => format!("{path}/"),
        Node::Symlink(target) => format!("{path} -> {}", String::from_utf8_lossy(target)),
        Node::File { content, modified, .. } => {
            let start = content.get(..8).unwrap_or(content).escape_ascii();
            format!("{path} {} {} {start}", content.len(), moment(*modified))
        }
    }
}

/// Seconds since 1970, but `now` for what happened just now.
fn moment(seconds: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    if now.abs_diff(seconds) < 1000 { "now".into() } else { seconds.to_string() }
}

/// Whether the order of lines is part of the answer. rclone lists in the order of the file system.
fn is_ordered(arguments: &str) -> bool {
    ["tree", "cat", "about", "size"].iter().any(|command| arguments.starts_with(command))
}

fn marked(text: &str, is_ordered: bool) -> Vec<String> {
    let mark = |line: &str| match line.strip_suffix('\n') {
        // The last object of a list has no comma.
        Some(line) if is_ordered => format!("| {line}"),
        Some(line) => {
            format!("| {}", line.strip_suffix("},").map_or(line.into(), |line| format!("{line}}}")))
        }
        None => format!("/ {line}"),
    };
    let mut lines: Vec<_> = text.split_inclusive('\n').map(mark).collect();
    if !is_ordered {
        lines.sort_unstable();
    }
    lines
}

/// Words at blanks, with quotes as in a shell.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (c, quote) {
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (_, Some(open)) if open == c => quote = None,
            (' ', None) => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}
