//! Host keys against real servers: what OpenSSH accepts and refuses, this program accepts and refuses.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what fails here fails its test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use crate::host_support::{Keys, Server};
use sclone::cancel::Cancel;
use sclone::error::{Error, Kind, Result};
use sclone::questions::{Nobody, Questions};
use sclone::ssh::dial::Target;
use sclone::ssh::host_key::{HostKeyPolicy, HostKeySettings, Pins};
use sclone::ssh::session::{Connected, SessionSettings, connect};
use zeroize::Zeroizing;

/// A person who gives the same answer to every question, and remembers the questions.
struct Person {
    answer: bool,
    asked: Mutex<Vec<String>>,
}

impl Person {
    fn who_says(answer: bool) -> Self {
        Self { answer, asked: Mutex::default() }
    }
}

impl Questions for Person {
    fn secret(&self, _prompt: &str) -> Result<Option<Zeroizing<String>>> {
        Ok(None)
    }

    fn line(&self, _prompt: &str) -> Result<Option<String>> {
        Ok(None)
    }

    fn confirm(&self, prompt: &str) -> Result<Option<bool>> {
        self.asked.lock().unwrap().push(prompt.to_owned());
        Ok(Some(self.answer))
    }
}

fn target(port: u16) -> Target {
    Target { host: "127.0.0.1".into(), port, user: "nobody".into(), alias: None }
}

fn settings(policy: HostKeyPolicy, known_hosts: &Path) -> SessionSettings {
    let host_keys =
        HostKeySettings { policy, user_files: vec![known_hosts.into()], ..HostKeySettings::default() };
    let connect_timeout = Duration::from_secs(20);
    SessionSettings {
        host_keys,
        connect_timeout,
        timeout: Duration::from_secs(20),
        ..SessionSettings::default()
    }
}

fn try_connect(port: u16, settings: &SessionSettings, questions: &dyn Questions) -> Result<Connected> {
    connect(&target(port), settings, questions, &Cancel::new())
}

fn refused(port: u16, settings: &SessionSettings, questions: &dyn Questions) -> Error {
    let error = try_connect(port, settings, questions).err().expect("the server is accepted");
    assert_eq!(error.kind(), Kind::HostKey, "{error}");
    error
}

/// Whether `ssh` gets as far as the login.
fn openssh_accepts(port: u16, known_hosts: &Path) -> bool {
    let output = Command::new("ssh")
        .args(["-F", "none", "-o", "StrictHostKeyChecking=yes", "-o", "GlobalKnownHostsFile=none"])
        .args(["-o", "BatchMode=yes", "-o", "PreferredAuthentications=none", "-o"])
        .arg(format!("UserKnownHostsFile={}", known_hosts.display()))
        .args(["-p", &port.to_string(), "nobody@127.0.0.1", "true"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    let (accepted, refused) =
        (text.contains("Permission denied"), text.contains("Host key verification failed"));
    assert_ne!(accepted, refused, "{text}");
    accepted
}

/// Fills in `{host}` (with the port) and `{key NAME}`.
fn fill(keys: &Keys, port: u16, template: &str) -> String {
    let mut text = template.replace("{host}", &format!("[127.0.0.1]:{port}"));
    while let Some(start) = text.find("{key ") {
        let end = start + text[start..].find('}').unwrap();
        let words = keys.words(&text[start + 5..end]);
        text.replace_range(start..=end, &words);
    }
    text
}

/// Each row: the content of `known_hosts`, and whether the server must be accepted. OpenSSH must agree.
fn check_table(keys: &Keys, port: u16, rows: &[(&str, bool)]) {
    let file = keys.path("known_hosts");
    for (template, expected) in rows {
        let content = fill(keys, port, template);
        fs::write(&file, &content).unwrap();
        let ours = try_connect(port, &settings(HostKeyPolicy::Strict, &file), &Nobody);
        if let Err(error) = &ours {
            assert_eq!(error.kind(), Kind::HostKey, "{error}");
        }
        assert_eq!(openssh_accepts(port, &file), *expected, "OpenSSH on {template}");
        assert_eq!(ours.is_ok(), *expected, "{template}: {:?}", ours.err().map(|error| error.to_string()));
        assert_eq!(fs::read_to_string(&file).unwrap(), content, "checking writes nothing");
    }
}

#[test]
fn plain_keys_as_in_openssh() {
    let keys = Keys::new();
    let server = Server::start(&keys.sshd_config(&["ed25519", "rsa", "ecdsa"], ""));
    check_table(
        &keys,
        server.port,
        &[
            ("{host} {key ed25519}\n", true),
            ("{host} {key rsa}\n", true),
            ("{host} {key ecdsa}\n", true),
            ("127.0.0.1 {key ed25519}\n", true),
            ("other,[127.0.0.*]:* {key ecdsa} comment\r\n", true),
            ("* {key ed25519}", true),
            ("broken\n{host} ssh-ed25519 AAAA\n{host} {key rsa}\n", true),
            ("{host} {key other_ed25519}\n{host} {key ed25519}\n", true),
            ("127.0.0.1 {key other_ed25519}\n{host} {key ed25519}\n", true),
            ("", false),
            ("# {host} {key ed25519}\n", false),
            ("{host} {key other_ed25519}\n", false),
            ("{host} {key other_ed25519}\n127.0.0.1 {key ed25519}\n", false),
            ("127.0.0.1 {key other_ed25519}\n", false),
            ("[127.0.0.1]:1 {key ed25519}\n", false),
            ("*,!{host} {key ed25519}\n", true),
            ("*,!{host},!127.0.0.1 {key ed25519}\n", false),
            ("{host} {key ed25519}\n@revoked * {key ed25519}\n", false),
            ("@revoked {host} {key rsa}\n{host} {key rsa}\n", false),
            ("@cert-authority {host} {key ed25519}\n", false),
            ("@cert-authority * {key ca}\n{host} {key ecdsa}\n", true),
        ],
    );
}

/// OpenSSH asks for recorded types only by the name with the port; here the bare name counts for that too.
#[test]
fn the_bare_name_steers_as_well() {
    let keys = Keys::new();
    let server = Server::start(&keys.sshd_config(&["ed25519", "rsa", "ecdsa"], ""));
    let file = keys.path("known_hosts");
    fs::write(&file, fill(&keys, server.port, "127.0.0.1 {key rsa}\n")).unwrap();
    try_connect(server.port, &settings(HostKeyPolicy::Strict, &file), &Nobody).unwrap();
    fs::write(&file, fill(&keys, server.port, "{host} {key rsa}\n@revoked 127.0.0.1 {key rsa}\n")).unwrap();
    let text = refused(server.port, &settings(HostKeyPolicy::Strict, &file), &Nobody).to_string();
    assert!(text.contains("is revoked by") && text.contains("known_hosts:2"), "{text}");
}

#[test]
fn only_another_type_is_recorded() {
    let keys = Keys::new();
    let server = Server::start(&keys.sshd_config(&["ed25519"], ""));
    check_table(&keys, server.port, &[("{host} {key other_rsa}\n", false), ("{host} {key rsa}\n", false)]);
}

#[test]
fn hashed_names_as_in_openssh() {
    let keys = Keys::new();
    let server = Server::start(&keys.sshd_config(&["ed25519", "rsa", "ecdsa"], ""));
    for (name, expected) in [("ecdsa", true), ("other_ecdsa", false)] {
        let file = keys.path("known_hosts");
        fs::write(&file, fill(&keys, server.port, &format!("{{host}} {{key {name}}}\n"))).unwrap();
        crate::host_support::run(keys.0.path(), "ssh-keygen", &["-q", "-H", "-f", "known_hosts"]);
        assert!(fs::read_to_string(&file).unwrap().starts_with("|1|"));
        assert_eq!(openssh_accepts(server.port, &file), expected);
        assert_eq!(
            try_connect(server.port, &settings(HostKeyPolicy::Strict, &file), &Nobody).is_ok(),
            expected
        );
    }
}

fn certified(arguments: &[&str]) -> (Keys, Server) {
    certified_by("ca", arguments)
}

/// A server whose ed25519 key has a certificate.
fn certified_by(ca: &str, arguments: &[&str]) -> (Keys, Server) {
    let keys = Keys::new();
    keys.key(ca);
    keys.key("ed25519");
    let all = [&["-q", "-s", ca, "-I", "test", "-h"], arguments, &["ed25519.pub"]].concat();
    crate::host_support::run(keys.0.path(), "ssh-keygen", &all);
    let extra = format!("HostCertificate {}\n", keys.path("ed25519-cert.pub").display());
    let server = Server::start(&keys.sshd_config(&["ed25519", "rsa", "ecdsa"], &extra));
    (keys, server)
}

#[test]
fn good_certificates_as_in_openssh() {
    let (keys, server) = certified(&["-n", "localhost,127.0.0.1"]);
    check_table(
        &keys,
        server.port,
        &[
            ("@cert-authority * {key ca}\n", true),
            ("@cert-authority [127.0.0.1]:* {key ca}\n", true),
            ("@cert-authority 127.0.0.1 {key ca}\n", true),
            ("@cert-authority {host} {key ca}\n", true),
            ("@cert-authority * {key other_ca}\n@cert-authority * {key ca}\n", true),
            ("{host} {key ed25519}\n", true),
            ("{host} {key rsa}\n", true),
            ("@cert-authority * {key other_ca}\n{host} {key ed25519}\n", true),
            ("@cert-authority * {key other_ca}\n", false),
            ("@cert-authority elsewhere {key ca}\n", false),
            ("{host} {key ca}\n", false),
            ("@revoked * {key ca}\n@cert-authority * {key ca}\n", false),
            ("@revoked * {key ed25519}\n@cert-authority * {key ca}\n", false),
            ("@revoked * {key ca}\n@cert-authority * {key ca}\n{host} {key ed25519}\n", false),
        ],
    );
}

#[test]
fn faulty_certificates_as_in_openssh() {
    let expired = ["-n", "127.0.0.1", "-V", "20200101:20200102"];
    let future = ["-n", "127.0.0.1", "-V", "20400101:20410102"];
    for (arguments, expected) in [
        (&[][..], true),
        (&expired, false),
        (&future, false),
        (&["-n", "elsewhere"], false),
        (&["-n", "127.*"], false),
        (&["-n", "127.0.0.1", "-O", "critical:x@example.org=1"], false),
    ] {
        let (keys, server) = certified(arguments);
        let rows = [
            ("@cert-authority * {key ca}\n", expected),
            ("@cert-authority * {key ca}\n{host} {key ed25519}\n", true),
        ];
        check_table(&keys, server.port, &rows);
    }
    let (keys, server) = certified_by("ca_rsa", &["-n", "127.0.0.1"]);
    check_table(&keys, server.port, &[("@cert-authority * {key ca_rsa}\n", true)]);
    let (keys, server) = certified_by("ca_rsa", &["-t", "ssh-rsa", "-n", "127.0.0.1"]);
    check_table(&keys, server.port, &[("@cert-authority * {key ca_rsa}\n", false)]);
}

#[test]
fn certificates_of_every_host_key_type() {
    let keys = Keys::new();
    for (bits, name) in [("384", "ecdsa384"), ("521", "ecdsa521")] {
        crate::host_support::run(
            keys.0.path(),
            "ssh-keygen",
            &["-q", "-N", "", "-t", "ecdsa", "-b", bits, "-f", name],
        );
    }
    for name in ["ed25519", "rsa", "ecdsa", "ecdsa384", "ecdsa521"] {
        let public = format!("{name}.pub");
        keys.key("ca");
        keys.key(name);
        crate::host_support::run(
            keys.0.path(),
            "ssh-keygen",
            &["-q", "-s", "ca", "-I", "test", "-h", "-n", "127.0.0.1", &public],
        );
        let extra = format!("HostCertificate {}\n", keys.path(&format!("{name}-cert.pub")).display());
        let server = Server::start(&keys.sshd_config(&[name], &extra));
        let rows = [("@cert-authority * {key ca}\n", true), ("@cert-authority * {key other_ca}\n", false)];
        check_table(&keys, server.port, &rows);
    }
}

#[test]
fn the_authority_itself_is_no_host() {
    let keys = Keys::new();
    let server = Server::start(&keys.sshd_config(&["ca"], ""));
    check_table(&keys, server.port, &[("@cert-authority * {key ca}\n", false)]);
}

#[test]
fn an_alias_replaces_name_and_port() {
    let (keys, server) = certified(&["-n", "gate"]);
    let file = keys.path("known_hosts");
    for content in ["gate {key rsa}\n", "@cert-authority gate {key ca}\n"] {
        fs::write(&file, fill(&keys, server.port, content)).unwrap();
        let mut settings = settings(HostKeyPolicy::Strict, &file);
        refused(server.port, &settings, &Nobody);
        settings.host_keys.alias = Some("Gate".into());
        assert!(try_connect(server.port, &settings, &Nobody).is_ok(), "{content}");
    }
}

#[test]
fn a_certificate_fault_is_explained() {
    let (keys, server) = certified(&["-n", "elsewhere"]);
    let file = keys.path("known_hosts");
    fs::write(&file, fill(&keys, server.port, "@cert-authority * {key ca}\n")).unwrap();
    let text = refused(server.port, &settings(HostKeyPolicy::Strict, &file), &Nobody).to_string();
    assert!(text.contains("127.0.0.1 is not among its principals (elsewhere)"), "{text}");
}

#[test]
fn an_unknown_host_is_asked_about_and_recorded() {
    let keys = Keys::new();
    let server = Server::start(&keys.sshd_config(&["ed25519"], ""));
    let file = keys.path("new/known_hosts");
    let settings = settings(HostKeyPolicy::Ask, &file);

    let text = refused(server.port, &settings, &Nobody).to_string();
    let line = fill(&keys, server.port, "{host} {key ed25519}");
    assert!(text.contains("`sclone trust REMOTE:`") && text.contains("host_key_policy"), "{text}");
    assert!(text.contains("SHA256:"), "{text}");

    refused(server.port, &settings, &Person::who_says(false));
    assert!(!file.exists());

    let person = Person::who_says(true);
    let connected = try_connect(server.port, &settings, &person).unwrap();
    assert_eq!(connected.host_key.key.unwrap().to_string(), keys.words("ed25519"));
    let asked = person.asked.lock().unwrap().join("\n");
    assert!(asked.contains("+--[ED25519 256]--+") && asked.contains("SHA256:"), "{asked}");
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{line}\n"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    try_connect(server.port, &settings, &Nobody).unwrap();
    assert!(openssh_accepts(server.port, &file));
}

#[test]
fn accept_new_takes_new_hosts_and_never_changed_ones() {
    let keys = Keys::new();
    let server = Server::start(&keys.sshd_config(&["ed25519"], ""));
    let file = keys.path("known_hosts");
    let settings = settings(HostKeyPolicy::AcceptNew, &file);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| try_connect(server.port, &settings, &Nobody).unwrap());
        }
    });
    assert_eq!(fs::read_to_string(&file).unwrap(), fill(&keys, server.port, "{host} {key ed25519}\n"));

    for recorded in ["other_ed25519", "other_rsa"] {
        let content = fill(&keys, server.port, &format!("# first\n{{host}} {{key {recorded}}}\n"));
        fs::write(&file, &content).unwrap();
        let text = refused(server.port, &settings, &Nobody).to_string();
        assert!(text.contains("has changed") && text.contains("known_hosts:2"), "{text}");
        assert_eq!(text.matches("SHA256:").count(), 2, "{text}");
        assert_eq!(fs::read_to_string(&file).unwrap(), content);
    }
}

#[test]
fn off_looks_at_nothing() {
    let keys = Keys::new();
    let server = Server::start(&keys.sshd_config(&["ed25519"], ""));
    let file = keys.path("known_hosts");
    fs::write(&file, fill(&keys, server.port, "{host} {key other_ed25519}\n")).unwrap();
    assert!(try_connect(server.port, &settings(HostKeyPolicy::Off, &file), &Nobody).is_ok());
}

#[test]
fn an_unreadable_file_is_an_error() {
    let keys = Keys::new();
    let server = Server::start(&keys.sshd_config(&["ed25519"], ""));
    let error = try_connect(server.port, &settings(HostKeyPolicy::AcceptNew, keys.0.path()), &Nobody);
    assert!(error.err().unwrap().to_string().starts_with("read known hosts file"));
}

#[test]
fn pins_decide_alone() {
    let (keys, server) = certified(&["-n", "127.0.0.1"]);
    let with = |entries: &[String], learns| {
        let mut settings = settings(HostKeyPolicy::Strict, &keys.path("known_hosts"));
        settings.host_keys.pins = Some(Pins::parse(entries.iter().map(String::as_str), learns).unwrap());
        settings
    };
    for name in ["ed25519", "rsa", "ecdsa"] {
        let connected = try_connect(server.port, &with(&[keys.words(name)], false), &Nobody).unwrap();
        assert_eq!(connected.host_key.new_pin, None);
        assert_eq!(connected.host_key.key.unwrap().to_string(), keys.words(name));
    }
    let learned = try_connect(server.port, &with(&[], true), &Nobody).unwrap().host_key.new_pin.unwrap();
    assert_eq!(learned.to_string(), keys.words("ed25519"));
    let text = refused(server.port, &with(&[keys.words("other_rsa")], true), &Nobody).to_string();
    assert_eq!(text.matches("SHA256:").count(), 2, "{text}");
    refused(server.port, &with(&[], false), &Nobody);
}

#[test]
fn host_key_algorithms_are_the_users_when_given() {
    let keys = Keys::new();
    let server = Server::start(&keys.sshd_config(&["ed25519", "rsa", "ecdsa"], ""));
    let file = keys.path("known_hosts");
    let mut settings = settings(HostKeyPolicy::AcceptNew, &file);
    settings.host_keys.algorithms = vec!["rsa-sha2-256".into()];
    let connected = try_connect(server.port, &settings, &Nobody).unwrap();
    assert_eq!(connected.host_key.key.unwrap().to_string(), keys.words("rsa"));
    settings.host_keys.algorithms = vec!["rot13".into()];
    assert_eq!(try_connect(server.port, &settings, &Nobody).err().unwrap().kind(), Kind::Config);
}
