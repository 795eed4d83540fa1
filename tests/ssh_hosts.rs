//! Hosts of `~/.ssh/config` as remotes, on real servers.

use std::path::Path;

use crate::support::agent::Agent;
use crate::support::ca::{Key, KeyType};
use crate::support::sandbox::Sandbox;
use crate::support::server::{Server, current_user};
use crate::support::user::User;

/// Writes `~/.ssh/config`.
fn configure(sandbox: &Sandbox, text: &str) {
    std::fs::create_dir_all(sandbox.path("home/.ssh")).unwrap();
    sandbox.write("home/.ssh/config", text);
}

/// The lines that lead to a server, without any about keys.
fn address(server: &Server) -> String {
    let (port, known_hosts) = (server.port(), server.known_hosts());
    format!("  HostName 127.0.0.1\n  Port {port}\n  UserKnownHostsFile {}\n", known_hosts.display())
}

fn line(keyword: &str, path: &Path) -> String {
    format!("  {keyword} \"{}\"\n", path.display())
}

#[test]
fn a_host_is_a_remote() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    let text = format!("Host web1\n{}{}", address(&server), line("IdentityFile", user.key.path()));
    configure(&user.sandbox, &format!("Host *\n  Compression yes\n{text}"));
    user.sandbox.sclone(["lsd", "web1:/"]).run().code(0);
    server.logged(&format!("Accepted publickey for {}", current_user()));
    server.logged("ID user_sweh");
    let outcome = user.sandbox.sclone(["lsf", "-vv", "web1:/etc/passwd"]).run();
    outcome.code(0).stdout("passwd\n").stderr_has(&["web1: port from ", ".ssh/config:5", "identityfile"]);
    user.sandbox.sclone(["cert", "check", "web1:"]).run().code(0);
    let outcome = user.sandbox.sclone(["lsd", "web1,host=localhost,port=1:/"]).run();
    outcome.code(23).stderr_has(&["localhost:1"]);
    for typo in ["wbe1:", "web11:"] {
        let outcome = user.sandbox.sclone(["lsd", typo]).run();
        outcome.code(1).stderr_has(&[
            "there is no section of this name",
            "nor a Host of ssh",
            "did you mean web1: ?",
        ]);
    }
    let off = user.sandbox.sclone(["lsd", "web1:"]).env("RCLONE_SFTP_SSH_CONFIG", "none").run();
    off.code(1).stderr_has(&["there is no section of this name"]);
    let other = user.sandbox.write("other_config", text.replace("web1", "elsewhere"));
    let other = other.to_str().unwrap();
    user.sandbox.sclone(["lsd", "elsewhere:/", "--sftp-ssh-config", other]).run().code(0);
    user.sandbox.sclone(["lsd", "web1:/", "--sftp-ssh-config", other]).run().code(1);
}

#[test]
fn a_section_names_a_host_and_has_the_last_word() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    let text = format!(
        "Host web1\n{}{}  User nobody-here\n",
        address(&server),
        line("IdentityFile", user.key.path())
    );
    configure(&user.sandbox, &text);
    let config = format!(
        "[r]\ntype = sftp\nhost = web1\nuser = {}\n[wrong]\ntype = sftp\nhost = web1\n\
         [web1]\ntype = sftp\nhost = 127.0.0.1\nport = 1\nkey_file = {}\n",
        current_user(),
        user.key.path().display()
    );
    std::fs::write(user.sandbox.config_path(), config).unwrap();
    user.sandbox.sclone(["lsd", "r:/"]).run().code(0);
    user.sandbox.sclone(["lsd", "wrong:/"]).run().code(21).stderr_has(&["nobody-here@127.0.0.1"]);
    user.sandbox.sclone(["lsd", "web1:/"]).run().code(23).stderr_has(&["127.0.0.1:1"]);
    user.sandbox.sclone(["lsd", "r:/"]).env("RCLONE_CONFIG_R_PORT", "1").run().code(23);
    let key_file = user.sandbox.path("none").to_str().unwrap().to_owned();
    let outcome = user.sandbox.sclone(["lsd", &format!("r,key_file='{key_file}':/")]).run();
    outcome.code(1).stderr_has(&["read", &key_file]);
    user.sandbox.sclone(["lsd", ":sftp,host=web1:/"]).run().code(21).stderr_has(&["nobody-here"]);
}

#[test]
fn a_certificate_of_the_host_for_another_key_hides_none_of_the_section() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    let other = Key::generate(&user.sandbox.path(""), "other", KeyType::EcdsaP256);
    user.authority.sign(&other).principals(&[&current_user()]).write();
    let (way, certificate) = (address(&server), line("CertificateFile", &other.certificate_path()));
    configure(&user.sandbox, &format!("Host web1\n{way}{certificate}"));
    let remote = format!(":sftp,host=web1,key_file='{}':/", user.key.path().display());
    user.sandbox.sclone(["lsd", &remote]).run().code(0).stderr("");
}

#[test]
fn keys_and_certificates_are_tried_in_turn() {
    let user = User::new(KeyType::Ed25519);
    let home = user.sandbox.path("home");
    let (first, second) =
        (Key::generate(&home, "first", KeyType::Rsa), Key::generate(&home, "second", KeyType::EcdsaP256));
    let server = user.server().authorized_key(&second.public_line()).start();
    let keys = format!(
        "{}{}{}",
        line("IdentityFile", &home.join("missing")),
        line("IdentityFile", first.path()),
        line("IdentityFile", second.path())
    );
    configure(&user.sandbox, &format!("Host web1\n{}{keys}", address(&server)));
    user.sandbox.sclone(["lsd", "web1:/"]).run().code(0);
    server.logged(&format!("Failed publickey for {} ", current_user()));
    server.logged(&format!("Accepted publickey for {} ", current_user()));
    server.logged(&second.fingerprint());

    // A certificate goes with the key that it fits, wherever that stands.
    let moved = user.sandbox.path("moved-cert");
    std::fs::rename(user.key.certificate_path(), &moved).unwrap();
    let server = user.server().start();
    let certificate = line("CertificateFile", &moved) + &line("CertificateFile", &home.join("none-cert"));
    let keys = keys + &line("IdentityFile", user.key.path());
    configure(&user.sandbox, &format!("Host web1\n{}{certificate}{keys}", address(&server)));
    user.sandbox.sclone(["lsd", "web1:/"]).run().code(0).stderr_has(&["none-cert"]);
    server.logged("ID user_sweh");
    assert!(!server.log().contains("Failed publickey"), "the certificate is tried first");
}

#[test]
fn without_identity_file_the_usual_files_are_tried() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    configure(&user.sandbox, &format!("Host web1\n{}", address(&server)));
    let outcome = user.sandbox.sclone(["lsd", "web1:/"]).run();
    outcome.code(1).stderr_has(&["none of these key files is there", ".ssh/id_rsa", ".ssh/id_ed25519"]);
    assert_eq!(server.connections(), 0);
    for (from, to) in [(user.key.path(), "id_ed25519"), (&user.key.certificate_path(), "id_ed25519-cert.pub")]
    {
        std::fs::copy(from, user.sandbox.path("home/.ssh").join(to)).unwrap();
    }
    user.sandbox.sclone(["lsd", "web1:/"]).run().code(0);
    server.logged("ID user_sweh");
}

#[test]
fn the_agent_is_asked_as_far_as_the_host_allows() {
    let user = User::new(KeyType::Ed25519);
    let home = user.sandbox.path("home");
    let (agent, named) =
        (Agent::start(user.sandbox.path("agent")), Agent::start(user.sandbox.path("named agent")));
    for number in 0..6 {
        agent.add(&Key::generate(&home, &format!("other{number}"), KeyType::Ed25519));
    }
    let server = user.server().setting("MaxAuthTries 3").start();
    let certificate = user.key.certificate_path();
    let aside = user.sandbox.path("aside");
    std::fs::rename(&certificate, &aside).unwrap();
    let (plain, keyless) = (address(&server), line("CertificateFile", &aside));
    let run = |text: &str| {
        configure(&user.sandbox, &format!("Host web1\n{plain}{text}"));
        user.sandbox.sclone(["lsd", "web1:/"]).env("SSH_AUTH_SOCK", agent.socket()).run()
    };
    run("").code(20).stderr_has(&["MaxAuthTries"]);
    let identity = line("IdentityFile", user.key.path());
    run(&format!("{identity}{keyless}  IdentitiesOnly yes\n")).code(0);
    run(&format!("{identity}{keyless}")).code(0);
    // Its private key is in no file.
    std::fs::rename(user.key.path(), user.sandbox.path("key aside")).unwrap();
    named.add_file(&user.sandbox.path("key aside"));
    let socket = line("IdentityAgent", named.socket());
    run(&format!("{socket}{keyless}{identity}")).code(0);
    run(&format!("  IdentityAgent $OTHER\n{keyless}")).code(21).stderr_has(&["in no identity file"]);
    run(&format!("  IdentityAgent none\n{keyless}")).code(21);
    std::fs::rename(&aside, &certificate).unwrap();
    run(&format!("{socket}{identity}  IdentitiesOnly yes\n")).code(0);
    // The public half is as good a name for a key of the agent.
    let public = line("IdentityFile", &user.key.public_path());
    run(&format!("{socket}{public}  IdentitiesOnly yes\n")).code(0).stderr("");
    let server = user.server().authorized_key(&user.key.public_line()).setting("MaxAuthTries 2").start();
    std::fs::remove_file(&certificate).unwrap();
    let text = format!("Host web1\n{}{socket}{public}  IdentitiesOnly yes\n", address(&server));
    configure(&user.sandbox, &text);
    user.sandbox.sclone(["lsd", "web1:/"]).run().code(0).stderr("");
    server.logged(&user.key.fingerprint());
}

#[test]
fn a_passphrase_is_asked_for_when_the_server_takes_the_key() {
    let user = User::new(KeyType::Ed25519);
    let home = user.sandbox.path("home");
    let (unwanted, wanted) =
        (Key::generate(&home, "unwanted", KeyType::Ed25519), Key::generate(&home, "wanted", KeyType::Rsa));
    for key in [&unwanted, &wanted] {
        let mut command = std::process::Command::new("ssh-keygen");
        crate::support::process::run_tool(command.args(["-q", "-p", "-N", "sesame", "-f"]).arg(key.path()));
    }
    let server = user.server().authorized_key(&wanted.public_line()).start();
    let keys = line("IdentityFile", unwanted.path()) + &line("IdentityFile", wanted.path());
    configure(&user.sandbox, &format!("Host web1\n{}{keys}", address(&server)));
    let prompt = format!("Passphrase for key {}: ", wanted.path().display());
    let screen = user.sandbox.sclone(["lsd", "web1:/"]).run_at_terminal(&[(&prompt, "sesame\n")]);
    assert_eq!(screen.code, Some(0), "{}", screen.text);
    assert!(!screen.text.contains("unwanted"), "{}", screen.text);
    let outcome = user.sandbox.sclone(["lsd", "web1:/"]).run();
    outcome.code(20).stderr_has(&["wanted", "encrypted"]);
}

#[test]
fn known_hosts_and_policies_are_the_hosts() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    let key = line("IdentityFile", user.key.path());
    let way = format!("  HostName 127.0.0.1\n  Port {}\n{key}", server.port());
    let (own, global) = (user.sandbox.path("own"), user.sandbox.path("global"));
    let files = line("UserKnownHostsFile", &own) + &line("GlobalKnownHostsFile", &global);
    let run = |text: &str| {
        configure(&user.sandbox, &format!("Host web1\n{way}{files}{text}"));
        user.sandbox.sclone(["lsd", "web1:/"]).run()
    };
    run("").code(22).stderr_has(&["sclone trust web1:"]);
    let with_port = format!("web1,port={}:", server.port());
    let outcome = user.sandbox.sclone(["lsd", &with_port]).run();
    outcome.code(22).stderr_has(&[&format!("sclone trust {with_port}")]);
    run("  StrictHostKeyChecking yes\n").code(22);
    run("  StrictHostKeyChecking accept-new\n").code(0);
    let recorded = std::fs::read_to_string(&own).unwrap();
    assert!(recorded.contains(&format!("[127.0.0.1]:{} ssh-ed25519 ", server.port())), "{recorded}");
    run("").code(0);
    std::fs::write(&global, format!("the-alias {}\n", server.host_key().public_line())).unwrap();
    std::fs::remove_file(&own).unwrap();
    run("  HostKeyAlias The-Alias\n").code(0);
    run("  StrictHostKeyChecking no\n").code(0).stderr_has(&["the host key is not checked"]);
}

#[test]
fn jumps_and_commands_lead_to_the_server() {
    let user = User::new(KeyType::Ed25519);
    let (gate, server) = (user.server().start(), user.server().start());
    let key = line("IdentityFile", user.key.path());
    let text = format!(
        "Host gate\n{}{key}Host web1\n{}{key}  ProxyJump gate\n\
         Host web2\n{}{key}  ProxyCommand ssh -F {} -W [%h]:%p gate # %n %r\n",
        address(&gate),
        address(&server),
        address(&server),
        user.sandbox.path("home/.ssh/config").display(),
    );
    configure(&user.sandbox, &text);
    user.sandbox.sclone(["lsd", "web1:/"]).run().code(0);
    assert_eq!((gate.connections(), server.connections()), (1, 1));
    user.sandbox.sclone(["lsd", "web2:/"]).run().code(0);
    assert_eq!((gate.connections(), server.connections()), (2, 2));
    user.sandbox.sclone(["lsd", "web1,proxy_command='false':/"]).run().code(23);
    assert_eq!(gate.connections(), 2);
}

#[test]
fn what_is_not_understood_is_refused_where_it_matters() {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().start();
    let host = format!("Host web1\n{}{}", address(&server), line("IdentityFile", user.key.path()));
    configure(&user.sandbox, &format!("{host}Match host 127.* exec \"touch /tmp/never\"\n  Port 1\n"));
    let outcome = user.sandbox.sclone(["lsd", "web1:/"]).run();
    outcome.code(1).stderr_has(&[".ssh/config:6: Match exec runs a command", "ssh_config = none"]);
    assert_eq!(server.connections(), 0);

    configure(&user.sandbox, &format!("Match exec true\n  User x\n{host}"));
    user.remote("plain", &server);
    user.sandbox.sclone(["lsd", "plain:/"]).run().code(0);
    let outcome = user.sandbox.sclone(["lsd", "typo:/"]).run();
    outcome.code(1).stderr_has(&["no section of this name", "config:1: Match exec"]);

    configure(&user.sandbox, &format!("{host}  Prot 1\n"));
    let outcome = user.sandbox.sclone(["lsd", "-v", "web1:/"]).run();
    outcome.code(0).stderr_has(&["the keyword prot is not known", ".ssh/config:6"]);
}
