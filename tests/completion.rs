//! Completion, driven through real shells at a terminal.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::ca::KeyType;
use crate::support::process::find;
use crate::support::server::Server;
use crate::support::tree::Tree;
use crate::support::user::User;

/// Someone with a remote `web1` that has odd names on it, and files here.
struct Scene {
    user: User,
    #[expect(dead_code, reason = "it serves while it lives")]
    server: Server,
    /// The folder on the server.
    root: String,
}

impl Scene {
    fn new() -> Self {
        let user = User::new(KeyType::Ed25519);
        let server = user.server().start();
        user.remote("web1", &server);
        let root = user.sandbox.path("t");
        let tree = Tree::new().file("my dir/in side.txt", "x").file("it's:here", "x").file(".hidden", "x");
        tree.file("plain.txt", "x").file("new\nline", "x").write(&root);
        Tree::new().file("local file", "x").write(&user.sandbox.path("home/files"));
        let root = root.to_str().unwrap().to_owned();
        Self { user, server, root }
    }

    /// What `sclone complete` answers, without what the words mean.
    #[track_caller]
    fn answers(&self, words: &[&str]) -> Vec<String> {
        let run = self.user.sandbox.sclone([&["complete", "--"], words].concat()).run();
        let answer = String::from_utf8(run.code(0).stderr("").stdout.clone()).unwrap();
        answer.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
    }

    /// Types a line up to the tab in each shell, and returns the words that the shell then has.
    #[track_caller]
    fn typed(&self, shell: &str, arguments: &[&str], line: &str) -> String {
        let script = self.user.sandbox.sclone(["completion", shell]).run();
        self.user.sandbox.write("script", &script.code(0).stdout);
        self.user
            .sandbox
            .write("home/.zshrc", "autoload -U compinit; compinit -u\nsource ./script\nPS1='ready> '\n");
        self.user.sandbox.write("bashrc", "source ./script\nPS1='ready> '\n");
        self.user.sandbox.write("init.fish", "source script\nfunction fish_prompt; echo 'ready> '; end\n");
        let folder = Path::new(env!("CARGO_BIN_EXE_sclone")).parent().unwrap();
        // ^A goes to the beginning of the line, ^E to its end.
        let typed = format!("{line}\t\u{1}printf '<%s>' \u{5}; echo END\n");
        let screen = self
            .user
            .sandbox
            .program(&find(shell, shell), arguments)
            .env("PATH", format!("{}:/usr/bin:/bin", folder.display()))
            .run_at_terminal(&[("ready> ", &typed), ("<sclone>", ""), ("END", "exit\n")]);
        let words = screen.text.split_once("<sclone>").and_then(|(_, shown)| shown.split_once("END"));
        format!("<sclone>{}", words.unwrap_or_else(|| panic!("{}", screen.text)).0)
    }
}

#[test]
fn words_are_completed_by_what_they_mean() {
    let scene = Scene::new();
    let root = &scene.root;
    let place = |path: &str| format!("web1:{root}/{path}");
    assert_eq!(scene.answers(&["lsj"]), ["words", "lsjson"]);
    assert_eq!(scene.answers(&["ls", "--exclude-f"]), ["words", "--exclude-from"]);
    assert_eq!(scene.answers(&["ls", "--log-level", "N"]), ["words", "NOTICE"]);
    assert_eq!(scene.answers(&["ls", "--log-level=N"]), ["words", "--log-level=NOTICE"]);
    assert_eq!(scene.answers(&["hashsum", "sha2"]), ["words", "sha256"]);
    assert_eq!(scene.answers(&["config", "show", ""]), ["words", "web1"]);
    assert_eq!(scene.answers(&["ls", "we"]), ["paths", "web1:"]);
    assert_eq!(scene.answers(&["ls", "home/f"]), ["paths", "home/files/"]);
    assert_eq!(scene.answers(&["copy", "x", "~/files/"]), ["paths", "~/files/local file"]);
    assert_eq!(scene.answers(&["help", "lsj"]), ["words", "lsjson"]);
    let all = [place("it's:here"), place("my dir/"), place("plain.txt")];
    assert_eq!(scene.answers(&["ls", &place("")])[1..], all);
    assert_eq!(scene.answers(&["ls", &place(".h")])[1..], [place(".hidden")]);
    assert_eq!(scene.answers(&["ls", &place("my dir/i")])[1..], [place("my dir/in side.txt")]);
    assert_eq!(scene.answers(&["ls", "web1:no/such/"]), ["paths"]);
    assert_eq!(scene.answers(&["ls", "none:"]), ["paths"]);
    let config = scene.user.sandbox.write("other.conf", "[beta]\ntype = sftp\n");
    assert_eq!(scene.answers(&["--config", config.to_str().unwrap(), "ls", "be"]), ["paths", "beta:"]);
}

#[test]
fn a_server_that_cannot_be_reached_or_trusted_is_given_up_without_a_question() {
    let scene = Scene::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    scene.user.sandbox.remote_at("silent", listener.local_addr().unwrap().port(), &[]);
    let stranger = scene.user.server().start();
    let asks = [("host_key_policy", "accept-new"), ("known_hosts_file", "home/known_hosts")];
    scene.user.remote_with("stranger", &stranger, &asks);
    let begun = Instant::now();
    for remote in ["silent:", "stranger:"] {
        assert_eq!(scene.answers(&["ls", remote]), ["paths"]);
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert!(!scene.user.sandbox.path("home/known_hosts").exists(), "a completion has trusted a server");
}

/// Lines and the words they become.
fn lines(root: &str) -> [(String, String); 6] {
    [
        ("sclone lsjs".into(), "<sclone><lsjson>".into()),
        ("sclone ls --exclude-fr".into(), "<sclone><ls><--exclude-from>".into()),
        ("sclone ls home/fi".into(), "<sclone><ls><home/files/>".into()),
        (format!("sclone ls web1:{root}/my"), format!("<sclone><ls><web1:{root}/my dir/>")),
        (
            format!("sclone ls web1:{root}/my\\ dir/in"),
            format!("<sclone><ls><web1:{root}/my dir/in side.txt>"),
        ),
        (format!("sclone ls \"web1:{root}/it"), format!("<sclone><ls><web1:{root}/it's:here>")),
    ]
}

#[test]
fn bash_completes_commands_flags_and_remote_paths() {
    let scene = Scene::new();
    for (line, expected) in lines(&scene.root) {
        let found = scene.typed("bash", &["--rcfile", "bashrc", "--noprofile", "-i"], &line);
        assert_eq!(found, expected, "{line}");
    }
}

#[test]
fn zsh_completes_commands_flags_and_remote_paths() {
    let scene = Scene::new();
    for (line, expected) in lines(&scene.root) {
        assert_eq!(scene.typed("zsh", &["-i"], &line), expected, "{line}");
    }
}

#[test]
fn fish_completes_commands_flags_and_remote_paths() {
    let scene = Scene::new();
    for (line, expected) in lines(&scene.root) {
        let found = scene.typed("fish", &["--no-config", "-i", "-C", "source init.fish"], &line);
        assert_eq!(found, expected, "{line}");
    }
}

#[test]
fn powershell_is_given_a_script_that_asks_the_program() {
    let scene = Scene::new();
    let run = scene.user.sandbox.sclone(["completion", "powershell"]).run();
    let script = String::from_utf8(run.code(0).stdout.clone()).unwrap();
    assert!(script.contains("Register-ArgumentCompleter -Native -CommandName sclone"), "{script}");
    assert!(script.contains("sclone complete -- "), "{script}");
    assert_eq!(script.matches('{').count(), script.matches('}').count());
}
