//! `sclone trust`, and what a run does about host keys from its first connection to its last.

use std::fs;

use std::sync::Arc;
use std::time::Duration;

use sclone::cancel::Cancel;
use sclone::config::environment::Environment;
use sclone::config::sftp_options::SftpOptions;
use sclone::error::Kind;
use sclone::questions::Nobody;
use sclone::ssh::{Factory, Surroundings};

use crate::support::ca::{Key, KeyType};
use crate::support::server::Server;
use crate::support::user::User;

fn entry(server: &Server, key: &Key) -> String {
    let line = key.public_line();
    let words: Vec<_> = line.split(' ').take(2).collect();
    format!("[127.0.0.1]:{} {}\n", server.port(), words.join(" "))
}

/// A user with a remote `r` whose known hosts file holds `content`.
fn user_knowing(server: impl FnOnce(&User) -> Server, content: &str) -> (User, Server, String) {
    let user = User::new(KeyType::Ed25519);
    let server = server(&user);
    let known_hosts = user.sandbox.write("known_hosts", content).to_str().unwrap().to_owned();
    user.remote_with("r", &server, &[("known_hosts_file", &known_hosts)]);
    (user, server, known_hosts)
}

fn plain(user: &User) -> Server {
    user.server().start()
}

#[test]
fn an_unknown_server_is_shown_then_recorded_then_trusted() {
    let (user, server, known_hosts) = user_knowing(plain, "# mine\n");
    user.sandbox.sclone(["ls", "r:"]).run().code(22).stderr_has(&["`sclone trust r:`", "SHA256:"]);

    let shown = user.sandbox.sclone(["trust", "r:", "--show"]).run();
    shown.code(0);
    let text = String::from_utf8(shown.stdout.clone()).unwrap();
    assert!(text.starts_with("ssh-ed25519 SHA256:") && text.ends_with(" 256 bits, new\n"), "{text}");
    user.sandbox.sclone(["trust", "r:"]).run().code(22).stderr_has(&["nobody to ask", "--yes"]);
    user.sandbox.sclone(["trust", "r:", "--yes", "--dry-run"]).run().code(0).stderr_has(&["--dry-run"]);
    assert_eq!(fs::read_to_string(&known_hosts).unwrap(), "# mine\n");

    user.sandbox.sclone(["trust", "r:", "--yes"]).run().code(0).stdout(text);
    let recorded = format!("# mine\n{}", entry(&server, server.host_key()));
    assert_eq!(fs::read_to_string(&known_hosts).unwrap(), recorded);
    user.sandbox.sclone(["trust", "r:"]).run().code(0);
    assert_eq!(fs::read_to_string(&known_hosts).unwrap(), recorded);
    assert!(!server.log().contains("Accepted"), "trust logs nobody in");
    user.sandbox.sclone(["lsd", "r:/"]).run().code(0);
}

#[test]
fn the_command_that_is_advised_means_the_server_of_the_run() {
    let (user, server, _) = user_knowing(plain, "");
    let config = user.sandbox.path("other conf").to_str().unwrap().to_owned();
    fs::rename(user.sandbox.config_path(), &config).unwrap();
    let known_hosts = user.sandbox.path("flag known_hosts").to_str().unwrap().to_owned();
    let (port, wrong) = (server.port().to_string(), "r,port=1:");
    let flags = ["--config", &config, "--sftp-port", &port, "--sftp-known-hosts-file", &known_hosts];
    let run = || user.sandbox.sclone(["lsd", wrong].into_iter().chain(flags)).run();
    let outcome = run();
    let expected =
        format!("`sclone trust 'r,port={port},known_hosts_file={known_hosts}:' --config '{config}'`");
    outcome.code(22).stderr_has(&[&expected]);
    let remote = format!("r,port={port},known_hosts_file={known_hosts}:");
    user.sandbox.sclone(["trust", &remote, "--config", &config, "--yes"]).run().code(0);
    assert_eq!(fs::read_to_string(&known_hosts).unwrap(), entry(&server, server.host_key()));
    user.sandbox.sclone(["lsd", "r:/"].into_iter().chain(flags)).run().code(0);
}

#[test]
fn a_person_compares_the_picture_and_decides() {
    let (user, server, known_hosts) = user_knowing(plain, "");
    let no = user.sandbox.sclone(["trust", "r:"]).run_at_terminal(&[("(yes/no) ", "no\n")]);
    assert_eq!(no.code, Some(22), "{}", no.text);
    assert!(no.text.contains("+--[ED25519 256]--+"), "{}", no.text);
    assert_eq!(fs::read_to_string(&known_hosts).unwrap(), "");
    let yes = user.sandbox.sclone(["trust", "r:"]).run_at_terminal(&[("(yes/no) ", "yes\n")]);
    assert_eq!(yes.code, Some(0), "{}", yes.text);
    assert_eq!(fs::read_to_string(&known_hosts).unwrap(), entry(&server, server.host_key()));
}

#[test]
fn keys_of_every_type_are_asked_for() {
    let extra = User::new(KeyType::Rsa);
    let setting = format!("HostKey {}", extra.key.path().display());
    let (user, server, known_hosts) = user_knowing(|user| user.server().setting(&setting).start(), "");
    user.sandbox.sclone(["trust", "r:", "--yes"]).run().code(0);
    let expected = entry(&server, server.host_key()) + &entry(&server, &extra.key);
    assert_eq!(fs::read_to_string(&known_hosts).unwrap(), expected);
}

#[test]
fn a_changed_key_needs_replace() {
    let (user, server, known_hosts) = user_knowing(plain, "");
    let old = entry(&server, &user.key);
    fs::write(&known_hosts, format!("# a\n{old}other {}", old.split_once(' ').unwrap().1)).unwrap();
    let before = fs::read_to_string(&known_hosts).unwrap();
    user.sandbox.sclone(["ls", "r:"]).run().code(22).stderr_has(&["`sclone trust r: --replace`"]);
    let refused = user.sandbox.sclone(["trust", "r:", "--yes"]).run();
    refused.code(22).stderr_has(&["differ from the recorded ones", "--replace"]);
    let text = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert_eq!(text.matches("SHA256:").count(), 2, "{text}");
    assert!(text.contains("CHANGED: ") && text.contains("known_hosts:2 has"), "{text}");
    assert_eq!(fs::read_to_string(&known_hosts).unwrap(), before);

    user.sandbox.sclone(["trust", "r:", "--yes", "--replace"]).run().code(0);
    let after = before.replacen(&old, "", 1) + &entry(&server, server.host_key());
    assert_eq!(fs::read_to_string(&known_hosts).unwrap(), after);
    user.sandbox.sclone(["lsd", "r:/"]).run().code(0);
}

#[test]
fn a_revoked_key_is_never_recorded() {
    let (user, server, known_hosts) = user_knowing(plain, "");
    let content = format!("@revoked * {}\n", server.host_key().public_line());
    fs::write(&known_hosts, &content).unwrap();
    let refused = user.sandbox.sclone(["trust", "r:", "--yes", "--replace"]).run();
    refused.code(22).stderr_has(&["revoked"]);
    assert_eq!(fs::read_to_string(&known_hosts).unwrap(), content);
}

#[test]
fn a_certificate_is_shown_with_its_worth() {
    let certified = |user: &User| user.server().host_certificate(&user.authority, &["127.0.0.1"]).start();
    let (user, _server, known_hosts) = user_knowing(certified, "");
    let shown = |part: &str| {
        let shown = user.sandbox.sclone(["trust", "r:", "--show"]).run();
        shown.code(0);
        let text = String::from_utf8_lossy(&shown.stdout).into_owned();
        assert!(text.contains("host certificate \"") && text.contains(part), "{text}");
    };
    shown("signed by an unknown CA");
    fs::write(&known_hosts, format!("@cert-authority * {}\n", user.authority.public_line())).unwrap();
    shown("trusted by ");
}

#[test]
fn the_first_key_is_pinned_in_the_configuration_after_the_login() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    let pin = [("known_hosts_file", ""), ("pin_host_key", "true")];
    user.remote_with("stranger", &server, &[&pin[..], &[("user", "nobody")]].concat());
    user.remote_with("r", &server, &pin);
    let before = fs::read_to_string(user.sandbox.config_path()).unwrap();
    user.sandbox.sclone(["lsd", "stranger:/"]).run();
    assert_eq!(fs::read_to_string(user.sandbox.config_path()).unwrap(), before, "nobody was logged in");

    user.sandbox.sclone(["lsd", "r:/"]).run().code(0).stderr_has(&["r: Pinned host key ssh-ed25519 SHA256:"]);
    let line = server.host_key().public_line();
    let words: Vec<_> = line.split(' ').take(2).collect();
    let after = format!("{before}host_keys = {}\n", words.join(" "));
    assert_eq!(fs::read_to_string(user.sandbox.config_path()).unwrap(), after);
    user.sandbox.sclone(["lsd", "r:/"]).run().code(0).stderr("");

    let other = user.key.public_line();
    let other: Vec<_> = other.split(' ').take(2).collect();
    let swapped = after.replace(&words.join(" "), &other.join(" "));
    fs::write(user.sandbox.config_path(), swapped).unwrap();
    user.sandbox.sclone(["lsd", "r:/"]).run().code(22).stderr_has(&["host_keys has"]);
}

#[test]
fn pins_are_shown_added_and_replaced() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    user.remote_with("r", &server, &[("known_hosts_file", ""), ("pin_host_key", "true")]);
    let words = |key: &Key| key.public_line().rsplit_once(' ').unwrap().0.to_owned();
    let config = || fs::read_to_string(user.sandbox.config_path()).unwrap();
    let before = config();
    let shown = user.sandbox.sclone(["trust", "r:", "--show"]).run();
    shown.code(0).stdout(format!("ssh-ed25519 {} 256 bits, new\n", server.host_key().fingerprint()));
    assert_eq!(config(), before);
    user.sandbox.sclone(["trust", "r:", "--yes"]).run().code(0).stderr_has(&["in host_keys of r"]);
    let after = format!("{before}host_keys = {}\n", words(server.host_key()));
    assert_eq!(config(), after);

    let swapped = after.replace(&words(server.host_key()), &words(&user.key));
    fs::write(user.sandbox.config_path(), &swapped).unwrap();
    let refused = user.sandbox.sclone(["trust", "r:", "--yes"]).run();
    refused.code(22).stderr_has(&["--replace"]);
    let text = String::from_utf8_lossy(&refused.stdout).into_owned();
    for key in [server.host_key(), &user.key] {
        assert!(text.contains(&key.fingerprint()), "{text}");
    }
    assert_eq!(config(), swapped);
    user.sandbox.sclone(["trust", "r:", "--yes", "--replace"]).run().code(0);
    assert_eq!(config(), after);
    user.sandbox.sclone(["lsd", "r:/"]).run().code(0).stderr("");
    user.sandbox.sclone(["trust", "r,host=localhost:", "--show"]).run().code(0);
}

#[test]
fn a_switched_off_check_is_said_once() {
    let (user, _server, _) = user_knowing(plain, "");
    let run = user.sandbox.sclone(["lsd", "r,host_key_policy=off:/"]).run();
    run.code(0);
    let text = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(text.matches("host key is not checked").count(), 1, "{text}");
}

/// Makes the connections of one run with the options of the configuration file's remote.
fn factory(user: &User, server: &Server, known_hosts: &str) -> Factory {
    let (port, key) = (server.port().to_string(), user.key.path().to_str().unwrap().to_owned());
    let known_hosts = known_hosts.to_owned();
    let lookup = move |name: &str| match name {
        "host" => Some("127.0.0.1".to_owned()),
        "port" => Some(port.clone()),
        "user" => Some(crate::support::server::current_user()),
        "key_file" => Some(key.clone()),
        "known_hosts_file" => Some(known_hosts.clone()),
        _ => None,
    };
    let options = SftpOptions::from_lookup(lookup, &Environment::new([("HOME", "/nowhere")])).unwrap();
    let bound = Duration::from_secs(20);
    let surroundings = Surroundings {
        config: None,
        home: None,
        agent_socket: None,
        connect_timeout: bound,
        timeout: bound,
        questions: Arc::new(Nobody),
        cancel: Cancel::new(),
    };
    Factory::new("r", options, surroundings).unwrap()
}

#[test]
fn a_server_that_becomes_another_one_during_a_run_is_refused() {
    let (user, server, known_hosts) = user_knowing(plain, "");
    let both = entry(&server, server.host_key()) + &entry(&server, &user.key);
    fs::write(&known_hosts, both).unwrap();
    let run = factory(&user, &server, &known_hosts);
    run.connect().unwrap();
    run.connect().unwrap();
    // The server reads its key anew for each connection.
    fs::copy(user.key.path(), server.host_key().path()).unwrap();
    let error = run.connect().err().unwrap();
    assert_eq!(error.kind(), Kind::HostKey, "{error}");
    assert!(error.to_string().contains("changed during this run"), "{error}");
    factory(&user, &server, &known_hosts).connect().expect("another run knows both keys");
}
