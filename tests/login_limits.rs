//! Keys at the edge of what can log in: large ones, those on a token, those a server takes in old ways only.

use std::process::Command;

use crate::support::agent::Agent;
use crate::support::ca::KeyType;
use crate::support::process::run_tool;
use crate::support::security_key::{SecurityKey, TokenAgent, TokenType};
use crate::support::server::{Server, current_user};
use crate::support::user::User;

#[test]
fn a_key_on_a_token_needs_the_agent() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    let token = user.sandbox.write("token", SecurityKey::generate(TokenType::Ed25519).private_file());
    run_tool(Command::new("chmod").arg("600").arg(&token));
    let shown = run_tool(Command::new("ssh-keygen").arg("-y").arg("-f").arg(&token));
    assert!(shown.starts_with("sk-ssh-ed25519@openssh.com "), "ssh-keygen reads it otherwise: {shown}");
    let token = token.to_str().unwrap();
    user.remote_with("r", &server, &[("key_file", token)]);
    let outcome = user.sandbox.sclone(["lsd", "r:/"]).run();
    outcome.code(1).stderr_has(&["a key of sk-ssh-ed25519@openssh.com", "ssh-agent", "ssh = ssh", "Ed25519"]);
    let agent = Agent::start(user.sandbox.path("agent"));
    let outcome = user.sandbox.sclone(["lsd", "r:/"]).env("SSH_AUTH_SOCK", agent.socket()).run();
    outcome.code(1).stderr_has(&["a key of sk-ssh-ed25519@openssh.com"]);
    assert_eq!(server.connections(), 0);

    std::fs::create_dir_all(user.sandbox.path("home/.ssh")).unwrap();
    let (port, known_hosts) = (server.port(), server.known_hosts());
    let host = format!(
        "Host web1\nHostName 127.0.0.1\nPort {port}\nUserKnownHostsFile {}\nIdentityFile {token}\n",
        known_hosts.display()
    );
    user.sandbox.write("home/.ssh/config", &host);
    user.sandbox.sclone(["lsd", "web1:/"]).run().code(1).stderr_has(&["a key of sk-ssh-ed25519@openssh.com"]);
    let host = format!("{host}IdentityFile {}\n", user.key.path().display());
    user.sandbox.write("home/.ssh/config", host);
    user.sandbox.sclone(["lsd", "web1:/"]).run().code(0).stderr_has(&["a key of sk-ssh-ed25519@openssh.com"]);
}

#[test]
fn a_security_key_signs_through_the_agent() {
    for kind in [TokenType::Ed25519, TokenType::Ecdsa] {
        let user = User::new(KeyType::Ed25519);
        let key = SecurityKey::generate(kind);
        let (name, file) = (key.type_name(), user.sandbox.write("token", key.private_file()));
        let public = user.sandbox.write("token.pub", format!("{}\n", key.public_line()));
        let plain = Server::builder().authorized_key(&key.public_line()).start();
        let certified = user.server().start();
        let agent = TokenAgent::start(user.sandbox.path("agent"), key);
        let lsd = |remote: &str| {
            let run = user.sandbox.sclone(["lsd", remote]).env("SSH_AUTH_SOCK", agent.socket()).run();
            run.code(0).stderr("");
        };
        let file = file.to_str().unwrap();
        user.sandbox.remote("any", &plain, &[]);
        user.sandbox.remote("named", &plain, &[("key_file", file)]);
        user.sandbox.remote("limited", &plain, &[("key_file", file), ("key_use_agent", "true")]);
        for remote in ["any:/", "named:/", "limited:/"] {
            lsd(remote);
        }
        plain.logged("-SK SHA256:");

        let mut sign = Command::new("ssh-keygen");
        sign.args(["-q", "-I", name, "-n", &current_user(), "-s"]).arg(user.authority.path()).arg(&public);
        run_tool(&mut sign);
        user.sandbox.remote("signed", &certified, &[("key_file", file)]);
        lsd("signed:/");
        certified.logged(&format!("ID {name} "));
    }
}

#[test]
fn a_server_that_wants_sha1_is_explained() {
    let user = User::new(KeyType::Rsa);
    let server = user
        .server()
        .authorized_key(&user.key.public_line())
        .setting("PubkeyAcceptedAlgorithms ssh-rsa,ssh-rsa-cert-v01@openssh.com")
        .start();
    user.remote("r", &server);
    let outcome = user.sandbox.sclone(["lsd", "r:/"]).run();
    outcome.code(20).stderr_has(&[
        "RSA with SHA-1",
        "Ed25519",
        "ssh = ssh -o PubkeyAcceptedAlgorithms=+ssh-rsa",
    ]);
    server.logged("rsa-sha2-512-cert-v01@openssh.com not in PubkeyAcceptedAlgorithms");
}

#[test]
fn large_keys_log_in_from_wherever_they_lie() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    for bits in ["3072", "4096"] {
        let key = user.sandbox.path(format!("home/id_{bits}"));
        run_tool(Command::new("ssh-keygen").args(["-q", "-t", "rsa", "-N", "", "-b", bits, "-f"]).arg(&key));
        let mut sign = Command::new("ssh-keygen");
        sign.arg("-q").arg("-s").arg(user.authority.path()).args(["-I", bits, "-n"]);
        run_tool(sign.arg(current_user()).arg(key.with_extension("pub")));
        let known_hosts = server.known_hosts();
        let path = if bits == "3072" { "~/id_3072" } else { "${FOLDER}/id_4096" };
        let options = [("known_hosts_file", known_hosts.to_str().unwrap()), ("key_file", path)];
        user.sandbox.remote_at(&format!("r{bits}"), server.port(), &options);
        let run = user.sandbox.sclone(["lsd", &format!("r{bits}:/")]);
        run.env("FOLDER", user.sandbox.path("home")).run().code(0);
        server.logged(&format!("ID {bits} "));
    }
}

#[test]
fn a_server_that_bears_one_attempt_is_explained() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().setting("MaxAuthTries 1").start();
    user.remote("r", &server);
    user.sandbox.sclone(["lsd", "r:/"]).run().code(0).stderr("");
    let stranger = user.sandbox.path("home/stranger");
    run_tool(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&stranger));
    user.sandbox.remote("s", &server, &[("key_file", stranger.to_str().unwrap())]);
    let before = server.connections();
    let outcome = user.sandbox.sclone(["lsd", "s:/"]).run();
    outcome.code(20).stderr_has(&["the server refused key", "stranger", "MaxAuthTries"]);
    assert_eq!(server.connections() - before, 1, "a refusal is not tried again");
}
