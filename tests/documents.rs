//! What the documents say is true.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use sclone::config::document::Document;
use sclone::config::environment::Environment;
use sclone::config::sftp_options::{NOT_YET, OPTIONS, OptionSpec, SftpOptions};

use crate::support::sandbox::Sandbox;
use crate::support::server::{Server, current_user};
use crate::support::tree::Tree;

const EXAMPLE: &str = include_str!("../rclone.conf.example");
const README: &str = include_str!("../README.md");
const SETTINGS: &str = include_str!("../docs/settings.md");

/// Options of the example, commented out or not: the value, and the comment above.
fn example_options() -> BTreeMap<&'static str, (&'static str, &'static str)> {
    let mut options = BTreeMap::new();
    let mut comment = "";
    for line in EXAMPLE.lines() {
        let setting = line.strip_prefix('#').unwrap_or(line);
        match setting.split_once(" = ") {
            Some((name, value)) if !setting.starts_with(' ') && name != "type" => {
                assert!(options.insert(name, (value, comment)).is_none(), "{name} stands there twice");
            }
            _ => comment = line,
        }
    }
    options
}

#[test]
fn the_example_has_every_option_and_no_other() {
    let mut table: Vec<_> = OPTIONS.iter().map(|option| option.name).collect();
    table.sort_unstable();
    assert_eq!(example_options().into_keys().collect::<Vec<_>>(), table);
}

#[test]
fn every_value_of_the_example_is_accepted_and_every_default_is_right() {
    let environment = Environment::new([("HOME", "/home/ann"), ("USER", "ann")]);
    for (name, (value, _)) in example_options() {
        // Some options exclude each other, so each is tried alone.
        let lookup = |wanted: &str| match wanted {
            _ if wanted == name => Some(value.to_owned()),
            "host" => Some("server.example.com".to_owned()),
            _ => None,
        };
        SftpOptions::from_lookup(lookup, &environment).unwrap_or_else(|error| panic!("{error}"));
        let default = OptionSpec::find(name).unwrap().default;
        assert!(default.is_empty() || default == value, "{name} is {value}, but its default is {default}");
    }
}

#[test]
fn the_example_explains_every_option_and_marks_what_is_not_acted_upon() {
    for (name, (_, comment)) in example_options() {
        let sentence = comment.strip_prefix("# ").unwrap_or_else(|| panic!("{name} is not explained"));
        assert!(sentence.ends_with('.'), "{name}: {sentence}");
        assert_eq!(sentence.starts_with("[later] "), NOT_YET.contains(&name), "{name}: {sentence}");
    }
}

#[test]
fn the_example_reads_as_it_stands_and_with_everything_in_use() {
    let keys = |text: &str| Document::parse(text.as_bytes()).unwrap().keys("sftpcert").len();
    let in_use = |line: &'static str| {
        let setting =
            line.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()));
        setting.unwrap_or(line)
    };
    assert_eq!(keys(EXAMPLE), 4);
    assert_eq!(keys(&EXAMPLE.lines().map(in_use).collect::<Vec<_>>().join("\n")), OPTIONS.len() + 1);
}

#[test]
fn the_example_of_the_settings_is_taken_and_counts() {
    let sandbox = Sandbox::new();
    let example = SETTINGS.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    fs::create_dir_all(sandbox.path("home/.config/sclone")).unwrap();
    sandbox.write("home/.config/sclone/settings.toml", example);
    fs::write(sandbox.config_path(), "[b]\ntype = sftp\nhost = h\n[a]\ntype = local\n").unwrap();
    sandbox.sclone(["listremotes"]).run().code(0).stdout("a: local \nb: sftp  \n");
    let string = sandbox.sclone(["config", "string", "b:"]).run();
    string.code(0).stdout(":sftp,concurrency=128,host=h,host_key_policy=strict:\n");
    let verbose = sandbox.sclone(["copy", "a:nosuch", "x", "-vv"]).run();
    verbose.stderr_has(&["Setting --transfers from settings.toml", "Setting --log-level from settings.toml"]);
    sandbox.write("home/.config/sclone/settings.toml", example.replace("concurrency", "concurency"));
    let refused = sandbox.sclone(["listremotes"]).run();
    refused.code(1).stderr_has(&["line 8: unknown key sftp-concurency", "did you mean sftp-concurrency?"]);
}

/// The commands of the README's `console` blocks, each with the output shown below it.
fn readme_commands() -> Vec<(&'static str, String)> {
    let mut commands: Vec<(&str, String)> = Vec::new();
    let blocks = README.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    for line in blocks.flat_map(str::lines) {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command, String::new())),
            (None, Some((_, output))) => *output += &format!("{line}\n"),
            (None, None) => panic!("output without a command: {line}"),
        }
    }
    commands
}

/// What the README finds on its server.
fn readme_server_tree(root: &Path) {
    let content = |size: usize| vec![b'\n'; size];
    Tree::new()
        .file("lists/README", content(131))
        .file("lists/hosts", content(1_716_863))
        .file("lists/justdomains", content(594_617))
        .write(root);
    let half_past_nine = UNIX_EPOCH + Duration::from_secs(1_795_512_600);
    fs::File::open(root.join("lists")).unwrap().set_modified(half_past_nine).unwrap();
}

/// The reader's server is one of our own, whose home folder is `remote`; it starts as soon as there is a CA to trust.
struct ReadersServer {
    server: Server,
    /// What the README calls `server.example.com`.
    place: String,
}

impl ReadersServer {
    fn start(sandbox: &Sandbox) -> Self {
        let authority = fs::read_to_string(sandbox.path("home/ca.pub")).unwrap();
        let root = sandbox.path("remote");
        readme_server_tree(&root);
        let server = Server::builder()
            .authorized_key(&format!("cert-authority {authority}"))
            .subsystem(&format!("internal-sftp -d {}", root.display()))
            .start();
        fs::copy(server.known_hosts(), sandbox.path("home/.ssh/known_hosts")).unwrap();
        let place = format!("127.0.0.1 port={}", server.port());
        Self { server, place }
    }
}

#[test]
fn the_commands_of_the_readme_do_what_it_says() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("home/.ssh")).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_sclone")).parent().unwrap();
    let path = format!("{}:/usr/bin:/bin", program.display());
    let mut readers_server: Option<ReadersServer> = None;
    let commands = readme_commands();
    assert!(commands.len() >= 11, "{commands:?}");
    for (command, output) in commands {
        if command.starts_with("sclone") && readers_server.is_none() {
            readers_server = Some(ReadersServer::start(&sandbox));
        }
        let place = readers_server.as_ref().map_or("", |it| &it.place);
        let script = format!("cd && {}", command.replace("server.example.com", place));
        let outcome = sandbox
            .program(Path::new("/bin/sh"), ["-c", &script])
            .env("PATH", &path)
            .env("USER", current_user())
            .run();
        let shown = String::from_utf8_lossy(&outcome.code(0).stdout).into_owned();
        assert_eq!(without_place(&shown), without_place(&output), "{command}: {outcome}");
    }
    let server = readers_server.unwrap().server;
    server.logged("RSA-CERT");
    let there = Tree::read(&sandbox.path("remote/backup/lists"));
    assert_eq!(there, Tree::read(&sandbox.path("remote/lists")));
}

/// Leaves out the lines that say where the server is.
fn without_place(text: &str) -> String {
    text.lines()
        .filter(|line| !line.starts_with("host = ") && !line.starts_with("port = "))
        .collect::<Vec<_>>()
        .join("\n")
}
