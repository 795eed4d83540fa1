//! Hashes by the SFTP extension `check-file`, which OpenSSH's server lacks: here it is scripted.

use crate::support::ca::KeyType;
use crate::support::hostile::{Action, Rule};
use crate::support::packet::{EXTENDED_REPLY, string};
use crate::support::sandbox::Outcome;
use crate::support::server::Server;
use crate::support::user::User;

/// What the shell of the server finds out about the file.
const TRUE_MD5: &str = "5d41402abc4b2a76b9719d911017c592";
/// What the scripted server says.
const SCRIPTED_MD5: &str = "07070707070707070707070707070707";

fn announce(extension: &str) -> Rule {
    Rule::new("INIT", 0, Action::Append([string(extension.as_bytes()), string(b"")].concat()))
}

fn hash(algorithm: &str, length: usize) -> Action {
    Action::Reply { kind: EXTENDED_REPLY, body: [string(algorithm.as_bytes()), vec![7; length]].concat() }
}

fn status(code: u32) -> Action {
    Action::Status { code, text: "no".into() }
}

/// Runs `md5sum` on one file of a server with these rules.
fn md5sum(rules: &[Rule], flags: &[&str]) -> (Outcome, Server) {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().hostile(rules).start();
    user.remote("r", &server);
    let file = user.sandbox.write("file", "hello");
    let path = format!("r:{}", file.display());
    let outcome = user.sandbox.sclone([&["md5sum", &path], flags].concat()).run();
    (outcome, server)
}

fn asked_for(server: &Server) -> Vec<String> {
    let requests = server.requests().into_iter().filter(|line| line.starts_with("check-file"));
    requests.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn a_server_that_offers_it_hashes_without_a_shell() {
    for extension in ["check-file", "check-file-name"] {
        let rules = [announce(extension), Rule::new("check-file-name", 0, hash("md5", 16))];
        let (outcome, server) = md5sum(&rules, &["--sftp-shell-type", "none"]);
        outcome.code(0).stdout(format!("{SCRIPTED_MD5}  file\n")).stderr("");
        assert_eq!(asked_for(&server), ["check-file-name"]);
    }
}

#[test]
fn a_server_that_knows_only_handles_is_given_one() {
    let rules = [
        announce("check-file-handle"),
        Rule::new("check-file-name", 0, status(8)),
        Rule::new("check-file-handle", 0, hash("md5", 16)),
    ];
    let (outcome, server) = md5sum(&rules, &[]);
    outcome.code(0).stdout(format!("{SCRIPTED_MD5}  file\n")).stderr("");
    assert_eq!(asked_for(&server), ["check-file-name", "check-file-handle"]);
}

#[test]
fn an_answer_that_will_not_do_leaves_it_to_the_shell() {
    for answer in [hash("sha1", 20), hash("md5", 15), status(8), status(4)] {
        let rules = [
            announce("check-file"),
            Rule::new("check-file-name", 0, answer),
            Rule::new("check-file-handle", 0, status(8)),
        ];
        let (outcome, _server) = md5sum(&rules, &[]);
        outcome.code(0).stdout(format!("{TRUE_MD5}  file\n")).stderr("");
    }
}

#[test]
fn a_file_that_may_not_be_read_is_an_error_of_this_file() {
    let rules = [announce("check-file"), Rule::new("check-file-name", 0, status(3))];
    let (outcome, _server) = md5sum(&rules, &[]);
    outcome.code(1).stderr_has(&["permission denied"]);
}

#[test]
fn nobody_asks_a_server_that_does_not_offer_it_or_where_hashes_are_forbidden() {
    let rule = Rule::new("check-file-name", 0, hash("md5", 16));
    let (outcome, server) = md5sum(std::slice::from_ref(&rule), &[]);
    outcome.code(0).stdout(format!("{TRUE_MD5}  file\n"));
    assert!(asked_for(&server).is_empty());
    let (outcome, server) = md5sum(&[announce("check-file"), rule], &["--sftp-disable-hashcheck"]);
    outcome.code(1).stderr_has(&["cannot compute md5"]);
    assert!(asked_for(&server).is_empty());
}
