//! Host keys against real servers: what OpenSSH accepts and refuses, this program accepts and refuses.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::keys::Keys;
use crate::support::process::run_tool;
use crate::support::server::Server;
use sclone::cancel::Cancel;
use sclone::error::{Error, Kind, Result};
use sclone::questions::{Nobody, Questions};
use sclone::ssh::dial::Target;
use sclone::ssh::host_key::{HostKeyPolicy, HostKeySettings};
use sclone::ssh::session::{Connected, SessionSettings, connect};

fn target(port: u16) -> Target {
    Target { host: "127.0.0.1".into(), port, user: "nobody".into(), alias: None }
}

pub(crate) fn settings(policy: HostKeyPolicy, known_hosts: &Path) -> SessionSettings {
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

pub(crate) fn try_connect(
    port: u16,
    settings: &SessionSettings,
    questions: &dyn Questions,
) -> Result<Connected> {
    connect(&target(port), settings, questions, &Cancel::new())
}

pub(crate) fn refused(port: u16, settings: &SessionSettings, questions: &dyn Questions) -> Error {
    let error = try_connect(port, settings, questions).err().expect("the server is accepted");
    assert_eq!(error.kind(), Kind::HostKey, "{error}");
    error
}

/// Whether `ssh` gets as far as the login.
pub(crate) fn openssh_accepts(port: u16, known_hosts: &Path) -> bool {
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
pub(crate) fn fill(keys: &Keys, port: u16, template: &str) -> String {
    let mut text = template.replace("{host}", &format!("[127.0.0.1]:{port}"));
    while let Some(start) = text.find("{key ") {
        let end = start + text[start..].find('}').unwrap();
        let words = keys.key(&text[start + 5..end]).words();
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
    let server = keys.server(&["ed25519", "rsa", "ecdsa"]).start();
    check_table(
        &keys,
        server.port(),
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
            ("{host} {key ed25519}\n{host} {key rsa}\n@revoked {host} {key ed25519}\n", true),
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
    let server = keys.server(&["ed25519", "rsa", "ecdsa"]).start();
    let file = keys.path("known_hosts");
    fs::write(&file, fill(&keys, server.port(), "127.0.0.1 {key rsa}\n")).unwrap();
    try_connect(server.port(), &settings(HostKeyPolicy::Strict, &file), &Nobody).unwrap();
    fs::write(&file, fill(&keys, server.port(), "{host} {key rsa}\n@revoked 127.0.0.1 {key rsa}\n")).unwrap();
    let text = refused(server.port(), &settings(HostKeyPolicy::Strict, &file), &Nobody).to_string();
    assert!(text.contains("is revoked by") && text.contains("known_hosts:2"), "{text}");
}

#[test]
fn only_another_type_is_recorded() {
    let keys = Keys::new();
    let server = keys.server(&["ed25519"]).start();
    check_table(&keys, server.port(), &[("{host} {key other_rsa}\n", false), ("{host} {key rsa}\n", false)]);
}

#[test]
fn hashed_names_as_in_openssh() {
    let keys = Keys::new();
    let server = keys.server(&["ed25519", "rsa", "ecdsa"]).start();
    for (name, expected) in [("ecdsa", true), ("other_ecdsa", false)] {
        let file = keys.path("known_hosts");
        fs::write(&file, fill(&keys, server.port(), &format!("{{host}} {{key {name}}}\n"))).unwrap();
        run_tool(Command::new("ssh-keygen").args(["-q", "-H", "-f"]).arg(&file));
        assert!(fs::read_to_string(&file).unwrap().starts_with("|1|"));
        assert_eq!(openssh_accepts(server.port(), &file), expected);
        assert_eq!(
            try_connect(server.port(), &settings(HostKeyPolicy::Strict, &file), &Nobody).is_ok(),
            expected
        );
    }
}

pub(crate) fn certified(arguments: &[&str]) -> (Keys, Server) {
    certified_by("ca", arguments)
}

/// A server whose ed25519 key has a certificate.
fn certified_by(ca: &str, arguments: &[&str]) -> (Keys, Server) {
    let keys = Keys::new();
    keys.key(ca);
    keys.key("ed25519");
    let all = [&["-q", "-s", ca, "-I", "test", "-h"], arguments, &["ed25519.pub"]].concat();
    run_tool(Command::new("ssh-keygen").args(all).current_dir(keys.folder()));
    let certificate = format!("HostCertificate {}", keys.path("ed25519-cert.pub").display());
    let server = keys.server(&["ed25519", "rsa", "ecdsa"]).setting(&certificate).start();
    (keys, server)
}

#[test]
fn good_certificates_as_in_openssh() {
    let (keys, server) = certified(&["-n", "localhost,127.0.0.1"]);
    check_table(
        &keys,
        server.port(),
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
        check_table(&keys, server.port(), &rows);
    }
    let (keys, server) = certified_by("ca_rsa", &["-n", "127.0.0.1"]);
    check_table(&keys, server.port(), &[("@cert-authority * {key ca_rsa}\n", true)]);
    let (keys, server) = certified_by("ca_rsa", &["-t", "ssh-rsa", "-n", "127.0.0.1"]);
    check_table(&keys, server.port(), &[("@cert-authority * {key ca_rsa}\n", false)]);
}

#[test]
fn certificates_of_every_host_key_type() {
    let keys = Keys::new();
    for name in ["ed25519", "rsa", "ecdsa", "ecdsa384", "ecdsa521"] {
        keys.key("ca").sign(&keys.key(name)).for_host().principals(&["127.0.0.1"]).write();
        let certificate = format!("HostCertificate {}", keys.key(name).certificate_path().display());
        let server = keys.server(&[name]).setting(&certificate).start();
        let rows = [("@cert-authority * {key ca}\n", true), ("@cert-authority * {key other_ca}\n", false)];
        check_table(&keys, server.port(), &rows);
    }
}

#[test]
fn the_authority_itself_is_no_host() {
    let keys = Keys::new();
    let server = keys.server(&["ca"]).start();
    check_table(&keys, server.port(), &[("@cert-authority * {key ca}\n", false)]);
}

#[test]
fn an_alias_replaces_name_and_port() {
    let (keys, server) = certified(&["-n", "gate"]);
    let file = keys.path("known_hosts");
    for content in ["gate {key rsa}\n", "@cert-authority gate {key ca}\n"] {
        fs::write(&file, fill(&keys, server.port(), content)).unwrap();
        let mut settings = settings(HostKeyPolicy::Strict, &file);
        refused(server.port(), &settings, &Nobody);
        settings.host_keys.alias = Some("Gate".into());
        assert!(try_connect(server.port(), &settings, &Nobody).is_ok(), "{content}");
    }
}

#[test]
fn a_certificate_fault_is_explained() {
    let (keys, server) = certified(&["-n", "elsewhere"]);
    let file = keys.path("known_hosts");
    fs::write(&file, fill(&keys, server.port(), "@cert-authority * {key ca}\n")).unwrap();
    let text = refused(server.port(), &settings(HostKeyPolicy::Strict, &file), &Nobody).to_string();
    assert!(text.contains("127.0.0.1 is not among its principals (elsewhere)"), "{text}");
}
