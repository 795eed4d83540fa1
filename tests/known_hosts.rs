//! What `known_hosts` files say, with OpenSSH asked the same: `ssh-keygen -F` for lines, `ssh` for whole decisions.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use proptest::prelude::*;
use sclone::cancel::Cancel;
use sclone::questions::Nobody;
use sclone::ssh::dial::Target;
use sclone::ssh::host_key::{HostKeyPolicy, HostKeySettings};
use sclone::ssh::known_hosts::{HostName, KnownHosts};
use sclone::ssh::session::{SessionSettings, connect};

use crate::support::ca::{Key, KeyType};
use crate::support::server::{Server, ServerBuilder};

const ED: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIcUAb2UGZMzVCWOHCjGLQR3KLGOyC6ZkdVp7fGAVcmi";

/// The numbers of the lines that `ssh-keygen` finds for a name.
fn found_by_openssh(file: &Path, name: &str) -> Vec<usize> {
    let output = Command::new("ssh-keygen").args(["-F", name, "-f"]).arg(file).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let number = |line: &str| {
        let rest = line.strip_prefix("# Host ")?.split_once(" found: line ")?.1;
        rest.split(' ').next()?.parse().ok()
    };
    text.lines().filter_map(number).collect()
}

/// The same from this program, by the name with its port alone.
fn found_here(file: &Path, host: &HostName) -> Vec<usize> {
    let known = KnownHosts::read(&[file.to_owned()], host).unwrap();
    let lines = known.entries().iter().filter(|entry| entry.exact).map(|entry| entry.line);
    lines.collect()
}

fn check_lines(content: &[u8], hashed: bool) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("known_hosts");
    fs::write(&file, content).unwrap();
    if hashed {
        let done = Command::new("ssh-keygen").args(["-q", "-H", "-f"]).arg(&file).output().unwrap();
        assert!(done.status.success() || done.stderr.starts_with(b"line"), "{done:?}");
    }
    for (host, port) in
        [("web1", 22), ("web1", 2222), ("Web2.Example.org", 22), ("::1", 2222), ("10.0.0.1", 22)]
    {
        let name = HostName::new(host, port, None);
        let shown = String::from_utf8_lossy(content);
        assert_eq!(
            found_here(&file, &name),
            found_by_openssh(&file, name.exact()),
            "{host} {port}:\n{shown}"
        );
    }
}

#[test]
fn lines_are_found_as_ssh_keygen_finds_them() {
    let lines = [
        "web1",
        "WEB1",
        "web1,10.0.0.1",
        "web?",
        "*",
        "!web1",
        "*,!web1",
        "!web1,*",
        "*.example.org",
        "[web1]:2222",
        "[web1]:*",
        "[*]:2222",
        "[web1]:22",
        "web1:2222",
        "*,![web1]:2222",
        "[::1]:2222",
        "::1",
        "10.0.0.*",
        "web2.*,!*.com",
        ",web1",
        "web1,",
        "we*b*1",
        "@cert-authority *.example.org",
        "@revoked *",
        "@revoked web1",
        "@cert-authority [web1]:*,web1",
    ];
    let mut content = lines.iter().map(|line| format!("{line} {ED} comment\n")).collect::<Vec<_>>().concat();
    content += &format!("\n# web1 {ED}\n\t# web1 {ED}\n  web1\t{ED}\r\n   \nweb1 {ED}");
    check_lines(content.as_bytes(), false);
}

#[test]
fn hashed_names_are_found_as_ssh_keygen_finds_them() {
    let names = ["web1", "[web1]:2222", "web2.example.org", "[::1]:2222", "10.0.0.1", "elsewhere"];
    let content = names.iter().map(|name| format!("{name} {ED}\n")).collect::<Vec<_>>().concat();
    check_lines(content.as_bytes(), true);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_patterns_are_found_as_ssh_keygen_finds_them(
        lines in prop::collection::vec(r"(@revoked |@cert-authority )?!?[*?\[\]web1:2.]{1,12}(,!?[*?web1]{1,6}){0,2}", 1..12)
    ) {
        let content = lines.iter().map(|line| format!("{line} {ED}\n")).collect::<Vec<_>>().concat();
        check_lines(content.as_bytes(), false);
    }
}

/// What a server is looked up in and by.
#[derive(Default)]
struct Files<'a> {
    user: &'a [&'a str],
    global: &'a [&'a str],
    alias: Option<&'a str>,
}

/// A server with some keys, and those of others.
struct Host {
    folder: tempfile::TempDir,
    server: Server,
    other: Key,
}

impl Host {
    fn new(kind: KeyType, build: impl FnOnce(ServerBuilder, &Path) -> ServerBuilder) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let other = Key::generate(folder.path(), "other", kind);
        let server = build(Server::builder_with_host_key(kind), folder.path()).start();
        Self { folder, server, other }
    }

    /// `{host}` is the name with the port, `{key}` the server's key, `{other}` another one of its type, `{FILE}` the
    /// public key in that file of the folder.
    fn fill(&self, template: &str) -> String {
        let words = |line: String| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
        let mut text = template.replace("{host}", &format!("[127.0.0.1]:{}", self.server.port()));
        text = text.replace("{key}", &words(self.server.host_key().public_line()));
        text = text.replace("{other}", &words(self.other.public_line()));
        while let Some((before, rest)) = text.split_once('{') {
            let (name, after) = rest.split_once('}').unwrap();
            let line = fs::read_to_string(self.folder.path().join(format!("{name}.pub"))).unwrap();
            text = format!("{before}{}{after}", words(line));
        }
        text
    }

    /// Both programs are asked, with `strict`, and must say the same.
    #[track_caller]
    fn check(&self, files: &Files<'_>, is_accepted: bool) {
        let write = |kind: &str, contents: &[&str]| -> Vec<PathBuf> {
            let write = |(number, content): (usize, &&str)| {
                let file = self.folder.path().join(format!("{kind} {number}"));
                fs::write(&file, self.fill(content)).unwrap();
                file
            };
            contents.iter().enumerate().map(write).collect()
        };
        let (user, global) = (write("user", files.user), write("global", files.global));
        assert_eq!(
            self.ssh(&user, &global, files.alias),
            is_accepted,
            "OpenSSH: {:?} {:?}",
            files.user,
            files.global
        );
        let host_keys = HostKeySettings {
            policy: HostKeyPolicy::Strict,
            user_files: user,
            global_files: global,
            alias: files.alias.map(str::to_owned),
            ..HostKeySettings::default()
        };
        let bound = Duration::from_secs(30);
        let settings = SessionSettings {
            host_keys,
            connect_timeout: bound,
            timeout: bound,
            ..SessionSettings::default()
        };
        let target =
            Target { host: "127.0.0.1".into(), port: self.server.port(), user: "nobody".into(), alias: None };
        let ours = connect(&target, &settings, &Nobody, &Cancel::new()).map(|_| ());
        assert_eq!(ours.is_ok(), is_accepted, "{ours:?}: {:?} {:?}", files.user, files.global);
    }

    /// Whether `ssh` gets as far as the login.
    fn ssh(&self, user: &[PathBuf], global: &[PathBuf], alias: Option<&str>) -> bool {
        let option = |name: &str, files: &[PathBuf]| {
            let files: Vec<_> = files.iter().map(|file| format!("\"{}\"", file.display())).collect();
            let files = if files.is_empty() { "/dev/null".to_owned() } else { files.join(" ") };
            format!("-o{name}={files}")
        };
        let mut ssh = Command::new("ssh");
        ssh.args([
            "-F",
            "none",
            "-oStrictHostKeyChecking=yes",
            "-oBatchMode=yes",
            "-oPreferredAuthentications=none",
        ]);
        ssh.args([option("UserKnownHostsFile", user), option("GlobalKnownHostsFile", global)]);
        ssh.args(alias.map(|alias| format!("-oHostKeyAlias={alias}")));
        let output =
            ssh.args(["-p", &self.server.port().to_string(), "nobody@127.0.0.1", "true"]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let (yes, no) = (text.contains("Permission denied"), text.contains("Host key verification failed"));
        assert_ne!(yes, no, "{text}");
        yes
    }
}

#[test]
fn several_files_as_in_openssh() {
    let host = Host::new(KeyType::Ed25519, |builder, _| builder);
    for (user, global, is_accepted) in [
        (&["", "{host} {key}\n"][..], &[][..], true),
        (&["{host} {other}\n", "{host} {key}\n"], &[], true),
        (&["{host} {key}\n", "@revoked * {key}\n"], &[], false),
        (&[""], &["", "{host} {key}\n"], true),
        (&[], &["{host} {key}\n"], true),
        (&["{host} {other}\n"], &["{host} {key}\n"], true),
        (&["{host} {key}\n"], &["{host} {other}\n"], true),
        (&["{host} {key}\n"], &["@revoked 127.0.0.1,{host} {key}\n"], false),
        (&["{host} {other}\n"], &["127.0.0.1 {key}\n"], false),
        (&["", ""], &["", ""], false),
    ] {
        host.check(&Files { user, global, alias: None }, is_accepted);
    }
}

#[test]
fn an_alias_as_in_openssh() {
    let certified = |builder: ServerBuilder, folder: &Path| {
        builder.host_certificate(&Key::generate(folder, "ca", KeyType::EcdsaP256), &["gate"])
    };
    let host = Host::new(KeyType::Ed25519, certified);
    for (content, is_accepted) in [
        ("gate {key}\n", true),
        ("GATE {key}\n", true),
        ("g* {key}\n", true),
        ("@cert-authority gate {ca}\n", true),
        ("@cert-authority * {ca}\n", true),
        ("{host} {key}\n", false),
        ("@cert-authority {host} {ca}\n", false),
        ("gate {other}\n{host} {key}\n", false),
        ("@revoked gate {ca}\n@cert-authority gate {ca}\n", false),
        ("@revoked gate {ca}\ngate {key}\n", false),
    ] {
        host.check(&Files { user: &[content], alias: Some("gate"), ..Files::default() }, is_accepted);
    }
    host.check(&Files { user: &["@cert-authority * {ca}\n"], ..Files::default() }, false);
    host.check(&Files { user: &["gate {key}\n"], alias: Some("other"), ..Files::default() }, false);
}

#[test]
fn every_type_of_authority_and_its_faults_as_in_openssh() {
    for kind in KeyType::ALL {
        let certified = |builder: ServerBuilder, folder: &Path| {
            builder.host_certificate(&Key::generate(folder, "ca", kind), &["a", "127.0.0.1"])
        };
        let host = Host::new(kind, certified);
        for (content, is_accepted) in [
            ("@cert-authority * {ca}\n", true),
            ("@cert-authority [127.0.0.1]:1,127.0.0.? {ca}\n", true),
            ("@cert-authority *,!127.0.0.1 {ca}\n", true),
            ("@cert-authority *,!127.0.0.1,!{host} {ca}\n", false),
            ("@cert-authority * {other}\n", false),
            ("@cert-authority * {key}\n", false),
            ("@revoked {host} {ca}\n{host} {key}\n", false),
            ("@revoked {host} {ca}\n@cert-authority 127.0.0.1 {ca}\n", false),
            ("@revoked elsewhere {ca}\n@cert-authority * {ca}\n", true),
            ("{host} {other}\n@cert-authority * {ca}\n", true),
            ("{host} {other}\n@cert-authority elsewhere {ca}\n", false),
        ] {
            host.check(&Files { user: &[content], ..Files::default() }, is_accepted);
        }
    }
}

#[test]
fn broken_lines_hide_no_other_as_in_openssh() {
    let host = Host::new(KeyType::Rsa, |builder, _| builder);
    let long = format!("{} ssh-rsa AAAA\n{{host}} {{key}}\n", "h".repeat(100_000));
    for (content, is_accepted) in [
        ("\0\n{host} {key}\n", true),
        ("@what {host} {other}\n{host} {key}\n", true),
        ("@revoked\n@cert-authority\n@revoked {host}\n{host} {key}\n", true),
        ("{host}\n{host} ssh-rsa\n{host} ssh-rsa !!!!\n{host} {key}\n", true),
        ("{host} 1024 65537 1234567890\n{host} {key}\n", true),
        ("|1|broken {key}\n{host} {key}", true),
        ("{host} ssh-unknown AAAA\n\t{host}\t{key}\tcomment\r\n", true),
        ("{host} ssh-ed25519 AAAA\r\n\r\n{host} {key}\r\n", true),
        (long.as_str(), true),
        ("@revoked @revoked {host} {key}\n", false),
        ("{host}{key}\n", false),
    ] {
        host.check(&Files { user: &[content], ..Files::default() }, is_accepted);
    }
}
