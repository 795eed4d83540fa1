//! Passwords and passphrases, however they are given, stand in no log, message, process list or shown configuration.

use crate::support::ca::KeyType;
use crate::support::proxy::Proxy;
use crate::support::sandbox::{Outcome, Sandbox};
use crate::support::user::User;

const SECRET: &str = "Tr0ub4dor-and-3";

fn obscured(sandbox: &Sandbox) -> String {
    let outcome = sandbox.sclone(["obscure", "-"]).input(SECRET).run();
    String::from_utf8(outcome.code(0).stdout.clone()).unwrap().trim().to_owned()
}

#[track_caller]
fn assert_kept(outcome: &Outcome, hidden: &[&str]) {
    let shown = [outcome.stdout.as_slice(), outcome.stderr.as_slice()].concat();
    let shown = String::from_utf8_lossy(&shown).into_owned();
    for secret in hidden {
        assert!(!shown.contains(secret), "{secret} is shown: {outcome}");
    }
}

#[test]
fn no_secret_is_logged_or_shown() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().setting("PasswordAuthentication yes").start();
    let sandbox = &user.sandbox;
    let hidden = obscured(sandbox);
    user.remote_with("password", &server, &[("key_file", ""), ("pubkey_file", ""), ("pass", &hidden)]);
    user.remote_with("passphrase", &server, &[("key_file_pass", &hidden)]);
    let key = std::fs::read_to_string(user.key.path()).unwrap();
    let inline = key.trim().replace('\n', "\\n");
    user.remote_with("inline", &server, &[("key_file", ""), ("key_pem", &inline)]);
    let middle = key.lines().nth(2).unwrap().to_owned();
    for words in [
        "lsd -vv --dump headers password:",
        "lsd -vv passphrase:/",
        "lsd -vv inline:/",
        "doctor password:",
        "doctor -vv inline:",
        "config redacted",
        "config redacted password",
        "lsd -vv password:/ --use-json-log",
    ] {
        let outcome = sandbox.sclone(words.split(' ')).run();
        assert_kept(&outcome, &[SECRET, &hidden, &middle]);
    }
    let connection =
        format!(":sftp,host=127.0.0.1,port={},user=nobody,pass={hidden},host_key_policy=off:", server.port());
    assert_kept(&sandbox.sclone(["lsd", "-vv", &connection]).run(), &[SECRET, &hidden]);
    let outcome =
        sandbox.sclone(["lsd", "-vv", "password:/"]).env("RCLONE_CONFIG_PASSWORD_PASS", &hidden).run();
    assert_kept(&outcome, &[SECRET, &hidden]);
    let wrong = sandbox.sclone(["lsd", "password:/"]).env("RCLONE_CONFIG_PASSWORD_PASS", SECRET).run();
    assert_kept(wrong.fails(), &[SECRET]);
}

#[test]
fn a_typed_password_is_not_echoed() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().setting("PasswordAuthentication yes").start();
    user.remote_with("r", &server, &[("key_file", ""), ("pubkey_file", ""), ("ask_password", "true")]);
    let run = user.sandbox.sclone(["lsd", "-vv", "r:/"]);
    let screen = run.run_at_terminal(&[("Password for", &format!("{SECRET}\n"))]);
    assert_eq!(screen.code, Some(20), "{}", screen.text);
    assert!(!screen.text.contains(SECRET), "{}", screen.text);
}

#[test]
fn the_process_list_shows_no_secret_of_the_configuration() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    let hidden = obscured(&user.sandbox);
    let silent = Proxy::silent();
    let port = silent.port().to_string();
    user.remote_with("r", &server, &[("port", &port), ("pass", &hidden), ("key_file_pass", &hidden)]);
    let run = user.sandbox.sclone(["lsd", "--contimeout", "1s", "r:"]);
    run.run_while(|id| {
        while silent.connections() == 0 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        for file in ["cmdline", "environ"] {
            let shown = std::fs::read(format!("/proc/{id}/{file}")).unwrap();
            let shown = String::from_utf8_lossy(&shown).into_owned();
            assert!(!shown.contains(SECRET) && !shown.contains(&hidden), "{file}: {shown}");
        }
    })
    .code(23);
}
