//! `sclone config` at a terminal.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::ca::{Key, KeyType};
use crate::support::process::die_with_parent;
use crate::support::sandbox::Sandbox;
use crate::support::server::{Server, current_user};

fn config(sandbox: &Sandbox) -> String {
    std::fs::read_to_string(sandbox.config_path()).unwrap()
}

/// A home whose `~/.ssh` holds a key with a valid certificate, another key with an expired one, and the server's key.
fn home(server: &Server, authority: &Key) -> Sandbox {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("home/.ssh");
    std::fs::create_dir(&folder).unwrap();
    let (old, new) =
        (Key::generate(&folder, "id_old", KeyType::Ed25519), Key::generate(&folder, "id_rsa", KeyType::Rsa));
    authority.sign(&old).principals(&[&current_user()]).valid("20200101:20210101").write();
    authority.sign(&new).principals(&[&current_user()]).write();
    std::fs::copy(server.known_hosts(), folder.join("known_hosts")).unwrap();
    sandbox
}

#[test]
fn a_remote_with_a_certificate_is_made_tested_and_written() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Key::generate(folder.path(), "ca", KeyType::Ed25519);
    let server = Server::builder().cert_authority(&authority).start();
    let sandbox = home(&server, &authority);
    std::fs::write(sandbox.config_path(), "# mine\n[other]\ntype = s3\n").unwrap();
    let port = format!("{}\n", server.port());
    let screen = sandbox.sclone(["config"]).env("USER", current_user()).run_at_terminal(&[
        ("other                s3", ""),
        ("e/n/d/r/c/s/q> ", "n\n"),
        ("Enter name for new remote.\r\nname> ", "other\n"),
        ("Remote \"other\" already exists.", ""),
        ("name> ", "web1\n"),
        ("Storage> ", "sftp\n"),
        ("Option host.", ""),
        ("host> ", "\n"),
        ("This value is required and it has no default.", ""),
        ("host> ", "127.0.0.1\n"),
        ("user> ", "\n"),
        ("Press Enter for the default (22).", ""),
        ("port> ", "many\n"),
        ("Failed to parse \"many\": it is not a port number", ""),
        ("port> ", &port),
        ("Press Enter for the default (certificate).", ""),
        ("login> ", "\n"),
        ("expired for", ""),
        ("(~/.ssh/id_old-cert.pub)", ""),
        ("valid until", ""),
        ("(~/.ssh/id_rsa-cert.pub)", ""),
        ("pubkey_file> ", "\n"),
        ("key_file> ", "\n"),
        ("Edit advanced config?", ""),
        ("y/n> ", "\n"),
        ("[web1]\r\ntype = sftp\r\nhost = 127.0.0.1", ""),
        ("Test the connection?", ""),
        ("y/n> ", "\n"),
        ("Logged in to sftp://", ""),
        ("Keep this \"web1\" remote?", ""),
        ("y/e/d> ", "y\n"),
        ("web1                 sftp", ""),
        ("e/n/d/r/c/s/q> ", "q\n"),
    ]);
    assert_eq!(screen.code, Some(0), "{}", screen.text);
    let port = server.port();
    assert_eq!(
        config(&sandbox),
        format!(
            "# mine\n[other]\ntype = s3\n\n[web1]\ntype = sftp\nhost = 127.0.0.1\nport = {port}\n\
             pubkey_file = ~/.ssh/id_rsa-cert.pub\nkey_file = ~/.ssh/id_rsa\n"
        )
    );
    server.logged("RSA-CERT");
    sandbox.sclone(["lsd", "web1:"]).env("USER", current_user()).run().code(0);
}

/// What the configuration of `ssh` says about the host counts where the remote says nothing.
#[test]
fn a_host_of_ssh_answers_the_questions() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("home/.ssh");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("config"), "Host web1\n  User ann\n  Port 7024\n").unwrap();
    let make = |port: &str, expected: &str| {
        let screen = sandbox.sclone(["config"]).env("USER", current_user()).run_at_terminal(&[
            ("n/s/q> ", "n\n"),
            ("name> ", "a\n"),
            ("Storage> ", "sftp\n"),
            ("host> ", "web1\n"),
            ("Press Enter for the default (ann).", ""),
            ("user> ", "\n"),
            ("Press Enter for the default (7024).", ""),
            ("port> ", port),
            ("Press Enter for the default (ssh).", ""),
            ("login> ", "\n"),
            ("Edit advanced config?", ""),
            ("y/n> ", "\n"),
            ("Test the connection?", ""),
            ("y/n> ", "n\n"),
            ("y/e/d> ", "y\n"),
            ("e/n/d/r/c/s/q> ", "q\n"),
        ]);
        assert_eq!(screen.code, Some(0), "{}", screen.text);
        assert_eq!(config(&sandbox), expected);
        std::fs::write(sandbox.config_path(), "").unwrap();
    };
    make("\n", "[a]\ntype = sftp\nhost = web1\n");
    make("22\n", "[a]\ntype = sftp\nhost = web1\nport = 22\n");
}

#[test]
fn a_failed_test_is_explained_and_nothing_need_be_kept() {
    let sandbox = Sandbox::new();
    let screen = sandbox.sclone(["config", "edit"]).run_at_terminal(&[
        ("No remotes found, make a new one?", ""),
        ("n/s/q> ", "n\n"),
        ("name> ", "a\n"),
        ("Storage> ", "1\n"),
        ("host> ", "127.0.0.1\n"),
        ("user> ", "me\n"),
        ("port> ", "1\n"),
        ("login> ", "4\n"),
        ("y/n> ", "y\n"),
        ("Enter the password:\r\npassword: ", "hunter2\n"),
        ("Confirm the password:\r\npassword: ", "hunter2\n"),
        ("Edit advanced config?", ""),
        ("y/n> ", "n\n"),
        ("pass = *** ENCRYPTED ***", ""),
        ("y/n> ", "y\n"),
        ("The test failed: ", ""),
        ("y/e/d> ", "d\n"),
        ("n/s/q> ", "q\n"),
    ]);
    assert_eq!(screen.code, Some(0), "{}", screen.text);
    assert!(
        screen.text.contains("connection refused") && !screen.text.contains("hunter2"),
        "{}",
        screen.text
    );
    assert_eq!(config(&sandbox), "");
}

const FILE: &str = "# mine\n[a]\ntype=sftp\nhost : h\n# why\nport = 2222\npass = YWFhYWFhYWFhYWFhYWFhYXMaGgIlEQ\nodd = x\n\n[b]\ntype = local\n";

#[test]
fn remotes_are_edited_renamed_copied_and_deleted() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.config_path(), FILE).unwrap();
    let screen = sandbox.sclone(["config"]).run_at_terminal(&[
        ("q> ", "e\n"),
        ("remote> ", "1\n"),
        ("Editing existing \"a\" remote", ""),
        ("default (h)", ""),
        ("host> ", "new\n"),
        ("user> ", "u\n"),
        ("default (2222)", ""),
        ("port> ", "\n"),
        ("default (password)", ""),
        ("login> ", "\n"),
        ("k/y/n> ", "\n"),
        ("y/n> ", "\n"),
        ("Test the connection?", ""),
        ("y/n> ", "n\n"),
        ("y/e/d> ", "\n"),
        ("q> ", "r\n"),
        ("2 > b", ""),
        ("remote> ", "b\n"),
        ("Enter new name for \"b\" remote.", ""),
        ("name> ", "bad/name\n"),
        ("Can't use \"bad/name\"", ""),
        ("name> ", "c\n"),
        ("q> ", "c\n"),
        ("remote> ", "a\n"),
        ("Enter name for copy of \"a\" remote.", ""),
        ("name> ", "a2\n"),
        ("q> ", "x\n"),
        ("This value must be one of the following characters: e, n, d, r, c, s, q.", ""),
        ("q> ", "d\n"),
        ("remote> ", "9\n"),
        ("There is no such remote.", ""),
        ("remote> ", "c\n"),
        ("q> ", "q\n"),
    ]);
    assert_eq!(screen.code, Some(0), "{}", screen.text);
    let pass = "pass = YWFhYWFhYWFhYWFhYWFhYXMaGgIlEQ\nodd = x\n";
    assert_eq!(
        config(&sandbox),
        format!(
            "# mine\n[a]\ntype=sftp\nhost : new\n# why\nport = 2222\n{pass}user = u\n\n\
             [a2]\ntype = sftp\nhost = new\nport = 2222\n{pass}user = u\n"
        )
    );
}

#[test]
fn ctrl_c_changes_nothing_wherever_it_comes() {
    let answers = [
        ("q> ", "n\n"),
        ("name> ", "new\n"),
        ("Storage> ", "sftp\n"),
        ("host> ", "h\n"),
        ("user> ", "\n"),
        ("port> ", "\n"),
        ("login> ", "password\n"),
        ("y/n> ", "y\n"),
        ("password: ", "x\n"),
        ("password: ", "x\n"),
        ("y/n> ", "\n"),
        ("y/n> ", "n\n"),
        ("y/e/d> ", "y\n"),
    ];
    for stop in 0..answers.len() {
        let sandbox = Sandbox::new();
        std::fs::write(sandbox.config_path(), FILE).unwrap();
        let mut talk = answers[..=stop].to_vec();
        talk[stop].1 = "\x03";
        let screen = sandbox.sclone(["config"]).env("USER", "me").run_at_terminal(&talk);
        assert_eq!(screen.code, Some(130), "after {:?}: {}", answers[stop].0, screen.text);
        assert_eq!(config(&sandbox), FILE);
    }
}

#[test]
fn the_file_is_encrypted_from_the_menu() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.config_path(), FILE).unwrap();
    let set = sandbox.sclone(["config"]).run_at_terminal(&[
        ("q> ", "s\n"),
        ("Your configuration is not encrypted.", ""),
        ("a/q> ", "a\n"),
        ("password: ", "pw\n"),
        ("password: ", "pw\n"),
        ("Password set", ""),
        ("Your configuration is encrypted.", ""),
        ("c/u/q> ", "q\n"),
        ("q> ", "q\n"),
    ]);
    assert_eq!(set.code, Some(0), "{}", set.text);
    assert!(config(&sandbox).contains("RCLONE_ENCRYPT_V0:"));
    let removed = sandbox.sclone(["config"]).run_at_terminal(&[
        ("Password of", "pw\n"),
        ("q> ", "s\n"),
        ("c/u/q> ", "u\n"),
        ("a/q> ", "q\n"),
        ("q> ", "q\n"),
    ]);
    assert_eq!((removed.code, config(&sandbox).as_str()), (Some(0), FILE), "{}", removed.text);
}

#[test]
fn without_a_terminal_there_is_another_way() {
    let outcome = Sandbox::new().sclone(["config"]).input("n\n").run();
    outcome.code(2).stdout("").stderr_has(&["there is nobody to ask", "sclone config create"]);
}

/// An agent that holds these keys, each with its certificate.
fn agent(sandbox: &Sandbox, keys: &[&Key]) -> (std::process::Child, std::path::PathBuf) {
    let socket = sandbox.path("agent");
    let mut agent = std::process::Command::new("ssh-agent");
    let child =
        die_with_parent(agent.arg("-D").arg("-a").arg(&socket)).stdout(Stdio::null()).spawn().unwrap();
    for key in keys {
        let add = || sandbox.program("/usr/bin/ssh-add".as_ref(), [key.path()]).env("SSH_AUTH_SOCK", &socket);
        let end = Instant::now() + Duration::from_secs(20);
        while !socket.exists() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(10));
        }
        add().run().code(0);
    }
    (child, socket)
}

#[test]
fn the_keys_of_the_agent_are_listed_and_do_no_harm() {
    let sandbox = Sandbox::new();
    let authority = Key::generate(&sandbox.path(""), "ca", KeyType::Ed25519);
    let key = Key::generate(&sandbox.path("tmp"), "evil\x1b[2J", KeyType::EcdsaP256);
    authority.sign(&key).principals(&["someone"]).write();
    let (mut agent, socket) = agent(&sandbox, &[&key]);
    let to_login = [("q> ", "n\n"), ("name> ", "a\n"), ("Storage> ", "sftp\n"), ("host> ", "h\n")];
    let answers =
        [&to_login[..], &[("user> ", "\n"), ("port> ", "\n"), ("login> ", "agent\n"), ("y/n> ", "\x03")]];
    let answers = answers.concat();
    let talk = || sandbox.sclone(["config"]);
    let screen = talk().env("SSH_AUTH_SOCK", &socket).run_at_terminal(&answers);
    agent.kill().and_then(|()| agent.wait()).unwrap();
    let fingerprint = key.fingerprint();
    for part in [
        &format!("  ecdsa-sha2-nistp256 {fingerprint} "),
        "evil\\x1b[2J",
        &format!(
            "certificate unusable for someone: user {} is not among its principals [someone]",
            current_user()
        ),
    ] {
        assert!(screen.text.contains(part), "{part} is not in: {}", screen.text);
    }
    assert!(!screen.text.contains("\x1b[2J"), "{:?}", screen.text);
    assert_eq!((screen.code, config(&sandbox).as_str()), (Some(130), ""));
    let none = talk().run_at_terminal(&answers);
    assert!(none.text.contains("SSH_AUTH_SOCK is not set"), "{}", none.text);
}

#[test]
fn tab_completes_the_path_of_a_key_and_ctrl_c_still_changes_nothing() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("home/my keys");
    std::fs::create_dir(&folder).unwrap();
    Key::generate(&folder, "only", KeyType::Ed25519);
    std::fs::remove_file(folder.join("only.pub")).unwrap();
    let to_key = [
        ("q> ", "n\n"),
        ("name> ", "a\n"),
        ("Storage> ", "sftp\n"),
        ("host> ", "h\n"),
        ("user> ", "u\n"),
        ("port> ", "\n"),
        ("login> ", "key\n"),
    ];
    let stopped = [&to_key[..], &[("key_file> ", "\x03")]].concat();
    let screen = sandbox.sclone(["config"]).run_at_terminal(&stopped);
    assert_eq!((screen.code, config(&sandbox).as_str()), (Some(130), ""), "{}", screen.text);

    let rest = [
        ("key_file> ", "~/my\to\t\n"),
        ("y/n> ", "\n"),
        ("Test the connection?", ""),
        ("y/n> ", "n\n"),
        ("y/e/d> ", "\n"),
        ("q> ", "q\n"),
    ];
    let screen = sandbox.sclone(["config"]).run_at_terminal(&[&to_key[..], &rest].concat());
    assert_eq!(screen.code, Some(0), "{}", screen.text);
    assert!(config(&sandbox).contains("key_file = ~/my keys/only\n"), "{}", config(&sandbox));
}
