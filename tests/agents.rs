//! Logging in with what `ssh-agent` holds: certificates, plain keys, or the key to a certificate on disk.

use std::process::Command;

use crate::login::KEY_TYPES;
use crate::support::lab::Lab;
use crate::support::process::run_tool;
use crate::support::server::current_user;
use sclone::error::Kind;
use sclone::questions::Nobody;
use sclone::ssh::login::Login;

#[test]
fn the_agent_signs_for_certificates_of_every_type() {
    let lab = Lab::new();
    let server = lab.server("");
    for (name, args) in KEY_TYPES {
        let agent = lab.agent();
        let key_file = lab.key(name, args);
        lab.sign("ca", name, &["-I", name, "-n", &current_user()]);
        agent.add_file(&key_file);
        let login = Login { agent_socket: Some(agent.socket().to_owned()), ..lab.login() };
        server.log_in(&login, &Nobody).unwrap_or_else(|error| panic!("{name}: {error}"));
        server.logged_all(&["Accepted publickey", "-CERT", &format!("ID {name} ")]);
    }
    assert_eq!(server.refused(), 0);
}

#[test]
fn a_certificate_on_disk_is_signed_for_by_the_agent() {
    let lab = Lab::new();
    let server = lab.server("");
    for (name, args) in KEY_TYPES {
        let agent = lab.agent();
        let key_file = lab.key(name, args);
        agent.add_file(&key_file);
        let certificate = lab.sign("ca", name, &["-I", name, "-n", &current_user()]);
        std::fs::remove_file(&key_file).unwrap();
        let agent_socket = Some(agent.socket().to_owned());
        for login in [
            Login { pubkey_file: Some(certificate.clone()), ..lab.login() },
            Login { key_file: Some(key_file.clone()), ..lab.login() },
            Login { key_file: Some(key_file.clone()), key_use_agent: true, ..lab.login() },
            Login {
                key_file: Some(key_file.clone()),
                pubkey_file: Some(certificate.clone()),
                identities_only: true,
                ..lab.login()
            },
        ] {
            let login = Login { agent_socket: agent_socket.clone(), ..login };
            server.log_in(&login, &Nobody).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        server.logged_all(&["Accepted publickey", "-CERT", &format!("ID {name} ")]);
    }
    assert_eq!(server.refused(), 0);
}

#[test]
fn key_use_agent_offers_the_named_key_alone() {
    let lab = Lab::new();
    let agent = lab.agent();
    for name in ["other", "named"] {
        agent.add_file(&lab.key(name, &["-t", "rsa", "-b", "2048"]));
        lab.authorize(name);
    }
    let server = lab.server("");
    let login = Login {
        key_file: Some(lab.path("named")),
        key_use_agent: true,
        agent_socket: Some(agent.socket().to_owned()),
        ..lab.login()
    };
    server.log_in(&login, &Nobody).unwrap();
    server.logged_all(&["Accepted publickey", "RSA", &lab.fingerprint("named")]);
    let stranger = lab.key("stranger", &["-t", "ed25519"]);
    let login = Login { key_file: Some(stranger), ..login };
    let error = server.log_in(&login, &Nobody).err().unwrap();
    assert_eq!(error.kind(), Kind::Config);
    assert!(error.to_string().contains(&lab.fingerprint("stranger")), "{error}");
}

#[test]
fn expired_certificates_of_the_agent_are_skipped() {
    let lab = Lab::new();
    let agent = lab.agent();
    let key = lab.key("old", &["-t", "ed25519"]);
    lab.sign("ca", "old", &["-I", "old", "-n", &current_user(), "-V", "20200101:20200102"]);
    agent.add_file(&key);
    agent.add_file(&lab.certified("new"));
    let server = lab.server("");
    let login = Login { agent_socket: Some(agent.socket().to_owned()), ..lab.login() };
    server.log_in(&login, &Nobody).unwrap();
    server.logged_all(&["Accepted publickey", "ID new "]);
    assert_eq!(server.refused(), 0);
}

/// `ssh-add` adds the plain key as well, which is what the server refuses.
#[test]
fn an_expired_certificate_of_the_agent_is_explained() {
    let lab = Lab::new();
    let agent = lab.agent();
    let key = lab.key("old", &["-t", "ed25519"]);
    lab.sign("ca", "old", &["-I", "old", "-n", &current_user(), "-V", "20200101:20200102"]);
    agent.add_file(&key);
    let server = lab.server("");
    let login = Login { agent_socket: Some(agent.socket().to_owned()), ..lab.login() };
    let error = server.log_in(&login, &Nobody).err().unwrap();
    assert_eq!(error.kind(), Kind::CertificateUnusable, "{error}");
    assert!(error.to_string().contains("certificate of ssh-agent old: it expired 2020-01-02"), "{error}");
    agent.add_file(&lab.certified("stranger"));
    lab.write("trusted", "");
    let error = server.log_in(&login, &Nobody).err().unwrap();
    assert_eq!(error.kind(), Kind::LoginRefused, "what was tried comes first: {error}");
}

#[test]
fn an_unusable_certificate_alone_fails_before_anything_is_sent() {
    let lab = Lab::new();
    let key_file = lab.key("key", &["-t", "ed25519"]);
    let agent = lab.agent();
    agent.add_file(&key_file);
    let expired = lab.sign("ca", "key", &["-I", "id", "-n", &current_user(), "-V", "20200101:20200102"]);
    let login = Login {
        pubkey_file: Some(expired),
        identities_only: true,
        agent_socket: Some(agent.socket().to_owned()),
        ..lab.login()
    };
    // The plain key of the agent is left to try, so this is no error yet.
    assert_eq!(login.plan(&Nobody, jiff::Timestamp::now()).unwrap().attempts.len(), 1);
    let login = Login { agent_socket: None, ..login };
    let error = login.plan(&Nobody, jiff::Timestamp::now()).err().unwrap();
    assert_eq!(error.kind(), Kind::CertificateUnusable, "{error}");
}

#[test]
fn several_keys_may_be_demanded() {
    let lab = Lab::new();
    let agent = lab.agent();
    for name in ["first", "second"] {
        agent.add_file(&lab.key(name, &["-t", "ed25519"]));
        lab.authorize(name);
    }
    let server = lab.server("AuthenticationMethods publickey,publickey");
    let login = Login { agent_socket: Some(agent.socket().to_owned()), ..lab.login() };
    server.log_in(&login, &Nobody).unwrap();
    server.logged_all(&["Accepted publickey"]);
    server.logged_all(&["Partial publickey"]);
}

#[test]
fn a_server_that_hangs_up_after_too_many_attempts_is_explained() {
    let lab = Lab::new();
    let agent = lab.agent();
    for name in ["a", "b", "c", "d", "e"] {
        agent.add_file(&lab.key(name, &["-t", "ed25519"]));
    }
    let server = lab.server("MaxAuthTries 5");
    let login = Login { agent_socket: Some(agent.socket().to_owned()), ..lab.login() };
    let error = server.log_in(&login, &Nobody).err().unwrap();
    assert_eq!(error.kind(), Kind::LoginRefused);
    assert!(error.to_string().contains("and 2 more"), "{error}");
    assert!(error.to_string().contains("MaxAuthTries"), "{error}");
}

#[test]
fn an_agent_that_cannot_be_used_is_explained() {
    let lab = Lab::new();
    let agent = lab.agent();
    let mute = std::os::unix::net::UnixListener::bind(lab.path("hangs up")).unwrap();
    let hangs_up = std::thread::spawn(move || drop(mute.accept().unwrap()));
    for (socket, text) in [
        (None, "SSH_AUTH_SOCK is not set"),
        (Some(lab.path("nowhere")), "no such file"),
        (Some(agent.socket().to_owned()), "it holds no key"),
        (Some(lab.path("hangs up")), "ask ssh-agent"),
    ] {
        let login = Login { agent_socket: socket, ..lab.login() };
        let error = login.plan(&Nobody, jiff::Timestamp::now()).err().unwrap();
        assert!(error.to_string().contains(text), "{text}: {error}");
        assert_eq!(error.kind(), Kind::Config, "{error}");
    }
    hangs_up.join().unwrap();
}

/// Nobody can be asked to confirm here, so the agent declines.
#[test]
fn an_agent_that_declines_is_the_first_reason() {
    let lab = Lab::new();
    let agent = lab.agent();
    let key = lab.certified("key");
    run_tool(Command::new("ssh-add").args(["-q", "-c"]).arg(&key).env("SSH_AUTH_SOCK", agent.socket()));
    let server = lab.server("");
    let login = Login { agent_socket: Some(agent.socket().to_owned()), ..lab.login() };
    let error = server.log_in(&login, &Nobody).err().unwrap();
    assert_eq!(error.kind(), Kind::LoginRefused, "{error}");
    assert!(error.reason().contains("the agent refuses to sign"), "{error}");
    assert!(!error.to_string().contains("authorized_keys"), "{error}");
}
