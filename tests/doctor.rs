//! `doctor`: what it finds on the way to a server, and what it still tells after a step has failed.

use std::fs;

use serde_json::Value;

use crate::support::ca::{Key, KeyType};
use crate::support::sandbox::{Outcome, Sandbox};
use crate::support::server::{Server, current_user};
use crate::support::user::User;

/// The report on `argument` as JSON, with its exit code.
pub(crate) struct Report {
    pub(crate) outcome: Outcome,
    document: Value,
}

impl Report {
    #[track_caller]
    pub(crate) fn on(sandbox: &Sandbox, argument: &str, code: i32) -> Self {
        let outcome = sandbox.sclone(["doctor", "--json", argument]).run();
        outcome.code(code);
        let document: Value = serde_json::from_slice(&outcome.stdout).unwrap();
        assert_eq!(document["exit_code"], code, "{outcome}");
        Self { outcome, document }
    }

    /// Checks how a step ended and that all of `parts` are said about it.
    #[track_caller]
    pub(crate) fn step(&self, step: &str, status: &str, parts: &[&str]) -> &Self {
        let all = self.document["steps"].as_array().unwrap();
        let found = all.iter().find(|found| found["step"] == step);
        let found = found.unwrap_or_else(|| panic!("no step {step}: {}", self.outcome));
        assert_eq!(found["status"], status, "{step}: {}", self.outcome);
        let said = format!("{}\n{}", found["detail"].as_str().unwrap(), found["mend"].as_str().unwrap_or(""));
        for part in parts {
            assert!(said.contains(part), "{part:?} is not said of {step}: {}", self.outcome);
        }
        self
    }

    #[track_caller]
    pub(crate) fn steps(&self, steps: &[&str], status: &str) -> &Self {
        steps.iter().fold(self, |report, step| report.step(step, status, &[]))
    }
}

/// What depends on a login.
const BEHIND_LOGIN: [&str; 6] = ["sftp", "path", "space", "shell", "hashes", "clock"];

#[test]
fn a_healthy_remote_is_ok_at_every_step() {
    let user = User::new(KeyType::EcdsaP256);
    let server = user.server().start();
    user.remote("a", &server);
    let name = current_user();
    let certificate = user.key.certificate_path();
    let report = Report::on(&user.sandbox, &format!("a:{}", user.sandbox.path("home").display()), 0);
    report
        .step("config", "ok", &["remote a:", "host, user, port, key_file, pubkey_file", "rclone.conf"])
        .step("key", "ok", &["ecdsa-sha2-nistp256 SHA256:", "to be tried: certificate "])
        .step(
            "certificate",
            "ok",
            &[
                &format!("{}: id \"user_sweh\", serial 0, for {name}, valid until 20", certificate.display()),
                &format!("signed by the CA ecdsa-sha2-nistp256 {}", user.authority.fingerprint()),
            ],
        )
        .step("dns", "ok", &["127.0.0.1 is an address"])
        .step("tcp", "ok", &[&format!("connected to 127.0.0.1:{}", server.port())])
        .step("banner", "ok", &["SSH-2.0-OpenSSH_", "; ", ", "])
        .step("host-key", "ok", &[&server.host_key().fingerprint(), "recorded in ", "known_hosts:1"])
        .step("login", "ok", &[&format!("{name}, by certificate {} with key ", certificate.display())])
        .step("sftp", "ok", &["version 3, starts in /", "posix-rename@openssh.com"])
        .step("path", "ok", &[&format!("{} is a folder", user.sandbox.path("home").display())])
        .step("space", "ok", &["iB are free"])
        .step("shell", "ok", &[])
        .step("hashes", "ok", &["md5 by md5sum, sha1 by sha1sum"])
        .step("clock", "ok", &["agrees"]);
    assert_eq!(report.document["status"], "ok");
    report.outcome.stderr("");
    let text = user.sandbox.sclone(["doctor", "a:"]).run();
    let text = String::from_utf8(text.code(0).stdout.clone()).unwrap();
    let steps: Vec<_> = text.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(steps.len(), 14, "{text}");
    assert!(steps.iter().all(|line| line.starts_with("ok   ") && line.as_bytes()[17] == b' '), "{text}");
    assert!(!text.contains('\x1b'), "{text}");
}

#[test]
fn an_unknown_and_a_changed_host_key_end_it_before_the_login() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    let empty = user.sandbox.write("empty", "");
    user.remote_with("unknown", &server, &[("known_hosts_file", empty.to_str().unwrap())]);
    let other = Key::generate(&user.sandbox.path(""), "other", KeyType::Ed25519);
    let line = format!("[127.0.0.1]:{} {}\n", server.port(), other.public_line());
    let wrong = user.sandbox.write("wrong", line);
    user.remote_with("changed", &server, &[("known_hosts_file", wrong.to_str().unwrap())]);
    let shown = server.host_key().fingerprint();
    for (remote, said) in [
        ("unknown:", ["the host is not known", &shown, "sclone trust unknown:"]),
        ("changed:", [&other.fingerprint(), &shown, "sclone trust changed: --replace"]),
    ] {
        Report::on(&user.sandbox, remote, 22)
            .steps(&["config", "key", "certificate", "dns", "tcp", "banner"], "ok")
            .step("host-key", "fail", &said)
            .steps(&["login"], "skip")
            .steps(&BEHIND_LOGIN, "skip")
            .outcome
            .stderr_has(&["Failed to doctor: step host-key: it failed"]);
    }
    assert!(!server.log().contains("Accepted"));
    assert_eq!(fs::read_to_string(empty).unwrap(), "");
}

#[test]
fn a_refused_login_tells_what_the_certificate_is_and_what_the_server_offered() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    user.remote("a", &server);
    let offered = "the server lets in by publickey";
    let ca = user.authority.fingerprint();
    user.authority.sign(&user.key).principals(&["somebody_else"]).write();
    let principal = "is not among its principals [somebody_else]";
    Report::on(&user.sandbox, "a:", 21)
        .step("certificate", "warn", &["for somebody_else", principal, &ca])
        .steps(&["host-key"], "ok")
        .step("login", "fail", &["the server refused certificate", offered, principal])
        .steps(&BEHIND_LOGIN, "skip");
    user.authority.sign(&user.key).principals(&[&current_user()]).valid("20200101:20210101").write();
    Report::on(&user.sandbox, "a:", 21)
        .step("certificate", "fail", &["it expired 2021-01-01", "have it signed again", &ca])
        .steps(&["host-key"], "ok")
        .step("login", "fail", &["it expired 2021-01-01", offered, "the server refused key"])
        .steps(&BEHIND_LOGIN, "skip");
}

#[test]
fn a_stranger_is_told_the_ca_and_a_plain_key_that_stands_in_is_noticed() {
    let user = User::new(KeyType::Ed25519);
    let stranger = Server::builder().start();
    user.remote("stranger", &stranger);
    Report::on(&user.sandbox, "stranger:", 20).steps(&["certificate"], "ok").step(
        "login",
        "fail",
        &["compare its CA SHA256:", "TrustedUserCAKeys"],
    );
    let by_key = Server::builder().authorized_key(&user.key.public_line()).start();
    user.remote("by_key", &by_key);
    Report::on(&user.sandbox, "by_key:", 0)
        .step("login", "warn", &["by key ", "the certificate was refused", "TrustedUserCAKeys"])
        .steps(&BEHIND_LOGIN, "ok");
}

#[test]
fn without_a_key_to_try_the_server_is_looked_at_all_the_same() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    user.remote_with("a", &server, &[("key_file", "/no/such/key"), ("pubkey_file", "/no/such/certificate")]);
    Report::on(&user.sandbox, "a:", 1)
        .step("key", "fail", &["/no/such/key: no such file", "check key_file"])
        .step("certificate", "fail", &["/no/such/certificate: no such file"])
        .steps(&["dns", "tcp", "banner", "host-key"], "ok")
        .step("login", "fail", &["/no/such/key", "the server lets in by publickey"])
        .steps(&BEHIND_LOGIN, "skip");
}

#[test]
fn a_server_that_is_not_there_is_no_reason_to_keep_quiet_about_the_rest() {
    let user = User::new(KeyType::Ed25519);
    let key = ("key_file", user.key.path().to_str().unwrap());
    user.sandbox.remote_at("closed", 1, &[key]);
    user.sandbox.remote_at("nowhere", 22, &[key, ("host", "nowhere.invalid")]);
    let behind = ["banner", "host-key", "login"];
    Report::on(&user.sandbox, "closed:", 23)
        .steps(&["key", "certificate", "dns"], "ok")
        .step("tcp", "fail", &["127.0.0.1:1: connection refused", "check host and port"])
        .steps(&behind, "skip")
        .steps(&BEHIND_LOGIN, "skip");
    Report::on(&user.sandbox, "nowhere:", 23)
        .steps(&["key", "certificate"], "ok")
        .step("dns", "fail", &["nowhere.invalid", "cannot be resolved", "spelling"])
        .steps(&["tcp"], "skip")
        .steps(&behind, "skip");
}

#[test]
fn a_server_without_sftp_may_still_have_a_shell_and_the_reverse() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    user.remote_with("a", &server, &[("subsystem", "other")]);
    Report::on(&user.sandbox, "a:", 1)
        .steps(&["login"], "ok")
        .step("sftp", "fail", &["start subsystem other", "does not offer"])
        .steps(&["path", "space"], "skip")
        .steps(&["shell", "hashes", "clock"], "ok");
    let files_only = user.server().setting("ForceCommand internal-sftp").start();
    user.remote("files", &files_only);
    Report::on(&user.sandbox, "files:", 0)
        .steps(&["sftp", "path", "space"], "ok")
        .step("shell", "warn", &["no Unix shell", "shell_type = none"])
        .steps(&["hashes", "clock"], "skip");
    user.remote_with("none", &files_only, &[("shell_type", "none")]);
    Report::on(&user.sandbox, "none:", 0).steps(&["shell", "hashes", "clock"], "skip");
}

#[test]
fn the_configuration_is_told_with_its_sources_and_its_faults() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    user.remote_with("a", &server, &[("keyfile", "x"), ("known_hosts_file", "none")]);
    let config = user.sandbox.config_path();
    let home = user.sandbox.path("home");
    let aliases =
        format!("[al]\ntype = alias\nremote = a:{0}\n[here]\ntype = alias\nremote = {0}\n", home.display());
    fs::write(&config, fs::read_to_string(&config).unwrap() + &aliases).unwrap();
    Report::on(&user.sandbox, "al:", 0)
        .step(
            "config",
            "warn",
            &["remote a:, by the alias al:", "not used: keyfile", "did you mean key_file?"],
        )
        .step("host-key", "warn", &["not checked", "sclone trust a:"])
        .step("path", "ok", &[&format!("{} is a folder", home.display())]);
    let local = Report::on(&user.sandbox, "here:", 0);
    local.steps(&["config", "path", "space"], "ok");
    assert_eq!(local.document["steps"].as_array().unwrap().len(), 3);
    Report::on(&user.sandbox, "a:/no/such/folder", 3)
        .step("path", "fail", &["/no/such/folder: no such file"])
        .steps(&["shell"], "ok");
    Report::on(&user.sandbox, "nobody:", 1)
        .step("config", "fail", &["find remote nobody", "known remotes: a, al, here"])
        .steps(&["key", "login", "clock"], "skip");
}

#[test]
fn an_external_program_leaves_less_to_look_at() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    let (known_hosts, key) = (server.known_hosts(), user.key.path().to_owned());
    let ssh = format!(
        "ssh -F none -o BatchMode=yes -o UserKnownHostsFile={} -i {} -p {}",
        known_hosts.display(),
        key.display(),
        server.port()
    );
    user.remote_with("good", &server, &[("ssh", &format!("{ssh} {}@127.0.0.1", current_user()))]);
    Report::on(&user.sandbox, "good:", 0)
        .steps(&["key", "certificate", "dns", "tcp", "banner", "host-key", "login"], "skip")
        .steps(&BEHIND_LOGIN, "ok");
    user.remote_with("bad", &server, &[("ssh", &format!("{ssh} nobody_here@127.0.0.1"))]);
    Report::on(&user.sandbox, "bad:", 20)
        .step("sftp", "fail", &["Permission denied"])
        .steps(&["path", "space", "shell", "hashes", "clock"], "skip");
}
