//! What is done about the host key of a server by each policy, by pins, and with algorithms of the user's own.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::host_keys::{certified, fill, openssh_accepts, refused, settings, try_connect};
use crate::support::keys::Keys;
use crate::support::person::Person;
use sclone::error::Kind;
use sclone::questions::Nobody;
use sclone::ssh::host_key::{HostKeyPolicy, Pins};

#[test]
fn an_unknown_host_is_asked_about_and_recorded() {
    let keys = Keys::new();
    let server = keys.server(&["ed25519"]).start();
    let file = keys.path("new/known_hosts");
    let settings = settings(HostKeyPolicy::Ask, &file);

    let text = refused(server.port(), &settings, &Nobody).to_string();
    let line = fill(&keys, server.port(), "{host} {key ed25519}");
    assert!(text.contains("`sclone trust REMOTE:`") && text.contains("host_key_policy"), "{text}");
    assert!(text.contains("SHA256:"), "{text}");

    refused(server.port(), &settings, &Person::who_says(false));
    assert!(!file.exists());

    let person = Person::who_says(true);
    let connected = try_connect(server.port(), &settings, &person).unwrap();
    assert_eq!(connected.host_key.key.unwrap().to_string(), keys.key("ed25519").words());
    let asked = person.asked().join("\n");
    assert!(asked.contains("+--[ED25519 256]--+") && asked.contains("SHA256:"), "{asked}");
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{line}\n"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    try_connect(server.port(), &settings, &Nobody).unwrap();
    assert!(openssh_accepts(server.port(), &file));
}

#[test]
fn accept_new_takes_new_hosts_and_never_changed_ones() {
    let keys = Keys::new();
    let server = keys.server(&["ed25519"]).start();
    let file = keys.path("known_hosts");
    let settings = settings(HostKeyPolicy::AcceptNew, &file);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| try_connect(server.port(), &settings, &Nobody).unwrap());
        }
    });
    assert_eq!(fs::read_to_string(&file).unwrap(), fill(&keys, server.port(), "{host} {key ed25519}\n"));

    for recorded in ["other_ed25519", "other_rsa"] {
        let content = fill(&keys, server.port(), &format!("# first\n{{host}} {{key {recorded}}}\n"));
        fs::write(&file, &content).unwrap();
        let text = refused(server.port(), &settings, &Nobody).to_string();
        assert!(text.contains("has changed") && text.contains("known_hosts:2"), "{text}");
        assert_eq!(text.matches("SHA256:").count(), 2, "{text}");
        assert_eq!(fs::read_to_string(&file).unwrap(), content);
    }
}

#[test]
fn off_looks_at_nothing() {
    let keys = Keys::new();
    let server = keys.server(&["ed25519"]).start();
    let file = keys.path("known_hosts");
    fs::write(&file, fill(&keys, server.port(), "{host} {key other_ed25519}\n")).unwrap();
    assert!(try_connect(server.port(), &settings(HostKeyPolicy::Off, &file), &Nobody).is_ok());
}

#[test]
fn an_unreadable_file_is_an_error() {
    let keys = Keys::new();
    let server = keys.server(&["ed25519"]).start();
    let error = try_connect(server.port(), &settings(HostKeyPolicy::AcceptNew, keys.folder()), &Nobody);
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
        let connected = try_connect(server.port(), &with(&[keys.key(name).words()], false), &Nobody).unwrap();
        assert_eq!(connected.host_key.new_pin, None);
        assert_eq!(connected.host_key.key.unwrap().to_string(), keys.key(name).words());
    }
    let learned = try_connect(server.port(), &with(&[], true), &Nobody).unwrap().host_key.new_pin.unwrap();
    assert_eq!(learned.to_string(), keys.key("ed25519").words());
    let text = refused(server.port(), &with(&[keys.key("other_rsa").words()], true), &Nobody).to_string();
    assert_eq!(text.matches("SHA256:").count(), 2, "{text}");
    refused(server.port(), &with(&[], false), &Nobody);
}

#[test]
fn host_key_algorithms_are_the_users_when_given() {
    let keys = Keys::new();
    let server = keys.server(&["ed25519", "rsa", "ecdsa"]).start();
    let file = keys.path("known_hosts");
    let mut settings = settings(HostKeyPolicy::AcceptNew, &file);
    settings.host_keys.algorithms = vec!["rsa-sha2-256".into()];
    let connected = try_connect(server.port(), &settings, &Nobody).unwrap();
    assert_eq!(connected.host_key.key.unwrap().to_string(), keys.key("rsa").words());
    settings.host_keys.algorithms = vec!["rot13".into()];
    assert_eq!(try_connect(server.port(), &settings, &Nobody).err().unwrap().kind(), Kind::Config);
}
