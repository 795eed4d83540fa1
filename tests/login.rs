//! Logging in to a real OpenSSH server with everything that `ssh-keygen` and `ssh-agent` can make.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::path::Path;

use crate::login_support::{Answers, Lab, run, user};
use sclone::error::Kind;
use sclone::questions::Nobody;
use sclone::ssh::login::Login;
use zeroize::Zeroizing;

const KEY_TYPES: [(&str, &[&str]); 5] = [
    ("rsa", &["-t", "rsa", "-b", "2048"]),
    ("ecdsa256", &["-t", "ecdsa", "-b", "256"]),
    ("ecdsa384", &["-t", "ecdsa", "-b", "384"]),
    ("ecdsa521", &["-t", "ecdsa", "-b", "521"]),
    ("ed25519", &["-t", "ed25519"]),
];

#[test]
fn certificates_of_every_key_type_by_every_ca_type_log_in() {
    let lab = Lab::new();
    for (name, args) in KEY_TYPES {
        lab.key(&format!("ca-{name}"), args);
        lab.trust(&format!("ca-{name}"));
    }
    let server = lab.server("");
    for (name, args) in KEY_TYPES {
        let key_file = lab.key(name, args);
        for (ca, _) in KEY_TYPES {
            let id = format!("{name}-by-{ca}");
            let certificate = lab.sign(&format!("ca-{ca}"), name, &["-I", &id, "-n", &user()]);
            let login =
                Login { key_file: Some(key_file.clone()), pubkey_file: Some(certificate), ..lab.login() };
            server.log_in(&login, &Nobody).unwrap();
            server.assert_logged(&["Accepted publickey", "-CERT", &format!("ID {id} ")]);
        }
    }
    assert_eq!(server.refused(), 0);
}

#[test]
fn private_keys_of_every_format_log_in() {
    let lab = Lab::new();
    let server = lab.server("");
    for (name, args) in KEY_TYPES {
        for format in ["RFC4716", "PEM", "PKCS8"] {
            for passphrase in ["", "open sesame"] {
                let file = format!("{name}-{format}-{}", passphrase.len());
                let mut all = args.to_vec();
                all.extend(["-m", format, "-N", passphrase]);
                let key_file = lab.key(&file, &all);
                lab.authorize(&file);
                let key_file_pass = Some(Zeroizing::new(passphrase.to_owned()));
                let login = Login { key_file: Some(key_file.clone()), key_file_pass, ..lab.login() };
                server.log_in(&login, &Nobody).unwrap_or_else(|error| panic!("{file}: {error}"));
                lab.sign("ca", &file, &["-I", &file, "-n", &user()]);
                server.log_in(&login, &Nobody).unwrap_or_else(|error| panic!("{file}: {error}"));
                server.assert_logged(&["Accepted publickey", &format!("ID {file} ")]);
            }
        }
    }
}

#[test]
fn openssl_keys_log_in() {
    let lab = Lab::new();
    let server = lab.server("");
    let cipher = openssl::symm::Cipher::aes_256_cbc();
    for name in ["plain", "encrypted"] {
        let key = openssl::pkey::PKey::generate_ed25519().unwrap();
        let pem = match name {
            "plain" => key.private_key_to_pem_pkcs8().unwrap(),
            _ => key.private_key_to_pem_pkcs8_passphrase(cipher, b"secret").unwrap(),
        };
        let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
        blob.extend_from_slice(&key.raw_public_key().unwrap());
        lab.write(&format!("{name}.pub"), format!("ssh-ed25519 {}\n", openssl::base64::encode_block(&blob)));
        lab.authorize(name);
        let key_file_pass = Some(Zeroizing::new("secret".to_owned()));
        let login = Login { key_file: Some(lab.write(name, pem)), key_file_pass, ..lab.login() };
        server.log_in(&login, &Nobody).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn every_cipher_of_openssh_keys_is_decrypted() {
    let lab = Lab::new();
    let server = lab.server("");
    for cipher in [
        "aes128-cbc",
        "aes192-cbc",
        "aes256-cbc",
        "aes128-ctr",
        "aes192-ctr",
        "aes256-ctr",
        "aes128-gcm@openssh.com",
        "aes256-gcm@openssh.com",
        "chacha20-poly1305@openssh.com",
    ] {
        let key_file = lab.key(cipher, &["-t", "ed25519", "-Z", cipher, "-N", "secret"]);
        lab.authorize(cipher);
        let key_file_pass = Some(Zeroizing::new("secret".to_owned()));
        let login = Login { key_file: Some(key_file), key_file_pass, ..lab.login() };
        server.log_in(&login, &Nobody).unwrap_or_else(|error| panic!("{cipher}: {error}"));
    }
}

#[test]
fn certificate_files_of_every_shape_log_in() {
    let lab = Lab::new();
    let key_file = lab.certified("key");
    let line = lab.read("key-cert.pub").trim_end().to_owned();
    let public = lab.read("key.pub");
    let mut parts = line.splitn(3, ' ');
    let (kind, base64) = (parts.next().unwrap(), parts.next().unwrap());
    let (start, end) = base64.split_at(77);
    std::fs::remove_file(lab.path("key-cert.pub")).unwrap();
    let server = lab.server("");
    for (shape, text) in [
        ("clean", format!("{line}\n")),
        ("no final newline", line.clone()),
        ("no comment", format!("{kind} {base64}\n")),
        ("leading comment", format!("# from the CA\n{line}\n")),
        ("blank lines", format!("\n \n{line}\n\n")),
        ("byte order mark", format!("\u{feff}{line}\n")),
        ("carriage returns", format!("# a\r\n{line}\r\n")),
        ("tabs", format!("\t{kind}\t{base64}\tcomment\n")),
        ("spaces", format!("  {kind}   {base64}   two words\n")),
        ("options", format!("no-pty,command=\"echo \\\"ssh-rsa x\\\"\" {line}\n")),
        ("public key before", format!("{public}{line}\n")),
        ("broken base64", format!("{kind} {start}\n{end}\n")),
        ("broken after the type", format!("{kind}\n{start}\n{end}\n")),
        ("a second line", format!("{line}\n# the end\n{public}")),
        ("a damaged line before", format!("{kind} {start}\n\n{line}\n")),
    ] {
        let pubkey_file = Some(lab.write("certificate", &text));
        let login = Login { key_file: Some(key_file.clone()), pubkey_file, ..lab.login() };
        server.log_in(&login, &Nobody).unwrap_or_else(|error| panic!("{shape}: {error}"));
        let login = Login { key_file: Some(key_file.clone()), pubkey: Some(text), ..lab.login() };
        server.log_in(&login, &Nobody).unwrap_or_else(|error| panic!("inline, {shape}: {error}"));
    }
    assert_eq!(server.refused(), 0);
}

#[test]
fn a_certificate_is_found_beside_the_key_in_it_and_beside_the_public_key() {
    let lab = Lab::new();
    let key_file = lab.certified("key");
    let server = lab.server("");
    let beside = Login { key_file: Some(key_file.clone()), ..lab.login() };
    let by_public = Login { pubkey_file: Some(lab.path("key.pub")), ..beside };
    server.log_in(&Login { key_file: Some(key_file.clone()), ..lab.login() }, &Nobody).unwrap();
    server.log_in(&by_public, &Nobody).unwrap();
    let elsewhere = lab.write("elsewhere", lab.read("key"));
    server.log_in(&Login { key_file: Some(elsewhere), ..by_public }, &Nobody).unwrap();
    let (key, certificate) = (lab.read("key"), lab.read("key-cert.pub"));
    for (name, text) in [
        ("key first", format!("{key}{certificate}")),
        ("certificate first", format!("{certificate}{key}")),
        ("key, public key, certificate", format!("{key}{}{certificate}", lab.read("key.pub"))),
        ("carriage returns", format!("{key}{certificate}").replace('\n', "\r\n")),
    ] {
        let both = lab.write("both", text);
        let login = Login { key_file: Some(both.clone()), ..lab.login() };
        server.log_in(&login, &Nobody).unwrap_or_else(|error| panic!("{name}: {error}"));
        let login = Login { pubkey_file: Some(both), ..login };
        server.log_in(&login, &Nobody).unwrap_or_else(|error| panic!("{name}, given twice: {error}"));
    }
    assert_eq!(server.refused(), 0);
}

#[test]
fn inline_keys_log_in() {
    let lab = Lab::new();
    let server = lab.server("");
    for (name, args) in KEY_TYPES {
        lab.key(name, args);
        lab.sign("ca", name, &["-I", name, "-n", &user()]);
        let certificate = lab.read(&format!("{name}-cert.pub"));
        for text in [lab.read(name), lab.read(name).trim_end().replace('\n', "\\n")] {
            let key_pem = Some(Zeroizing::new(text));
            let login = Login { key_pem, pubkey: Some(certificate.clone()), ..lab.login() };
            server.log_in(&login, &Nobody).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        server.assert_logged(&["Accepted publickey", &format!("ID {name} ")]);
    }
}

#[test]
fn the_agent_signs_for_certificates_of_every_type() {
    let lab = Lab::new();
    let server = lab.server("");
    for (name, args) in KEY_TYPES {
        let agent = lab.agent();
        let key_file = lab.key(name, args);
        lab.sign("ca", name, &["-I", name, "-n", &user()]);
        agent.add(&key_file);
        let login = Login { agent_socket: Some(agent.socket.clone()), ..lab.login() };
        server.log_in(&login, &Nobody).unwrap_or_else(|error| panic!("{name}: {error}"));
        server.assert_logged(&["Accepted publickey", "-CERT", &format!("ID {name} ")]);
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
        agent.add(&key_file);
        let certificate = lab.sign("ca", name, &["-I", name, "-n", &user()]);
        std::fs::remove_file(&key_file).unwrap();
        let agent_socket = Some(agent.socket.clone());
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
        server.assert_logged(&["Accepted publickey", "-CERT", &format!("ID {name} ")]);
    }
    assert_eq!(server.refused(), 0);
}

#[test]
fn key_use_agent_offers_the_named_key_alone() {
    let lab = Lab::new();
    let agent = lab.agent();
    for name in ["other", "named"] {
        agent.add(&lab.key(name, &["-t", "rsa", "-b", "2048"]));
        lab.authorize(name);
    }
    let server = lab.server("");
    let login = Login {
        key_file: Some(lab.path("named")),
        key_use_agent: true,
        agent_socket: Some(agent.socket.clone()),
        ..lab.login()
    };
    server.log_in(&login, &Nobody).unwrap();
    server.assert_logged(&["Accepted publickey", "RSA", &fingerprint(&lab.path("named.pub"))]);
    let stranger = lab.key("stranger", &["-t", "ed25519"]);
    let login = Login { key_file: Some(stranger), ..login };
    let error = server.log_in(&login, &Nobody).err().unwrap();
    assert_eq!(error.kind(), Kind::Config);
    assert!(error.to_string().contains(&fingerprint(&lab.path("stranger.pub"))), "{error}");
}

#[test]
fn expired_certificates_of_the_agent_are_skipped() {
    let lab = Lab::new();
    let agent = lab.agent();
    let key = lab.key("old", &["-t", "ed25519"]);
    lab.sign("ca", "old", &["-I", "old", "-n", &user(), "-V", "20200101:20200102"]);
    agent.add(&key);
    agent.add(&lab.certified("new"));
    let server = lab.server("");
    let login = Login { agent_socket: Some(agent.socket.clone()), ..lab.login() };
    server.log_in(&login, &Nobody).unwrap();
    server.assert_logged(&["Accepted publickey", "ID new "]);
    assert_eq!(server.refused(), 0);
}

#[test]
fn several_keys_may_be_demanded() {
    let lab = Lab::new();
    let agent = lab.agent();
    for name in ["first", "second"] {
        agent.add(&lab.key(name, &["-t", "ed25519"]));
        lab.authorize(name);
    }
    let server = lab.server("AuthenticationMethods publickey,publickey");
    let login = Login { agent_socket: Some(agent.socket.clone()), ..lab.login() };
    server.log_in(&login, &Nobody).unwrap();
    server.assert_logged(&["Accepted publickey"]);
    server.assert_logged(&["Partial publickey"]);
}

#[test]
fn a_second_method_that_is_not_configured_is_named() {
    let lab = Lab::new();
    let key_file = lab.key("key", &["-t", "ed25519"]);
    lab.authorize("key");
    let server = lab.server("PasswordAuthentication yes\nAuthenticationMethods publickey,password");
    let error = server.log_in(&Login { key_file: Some(key_file), ..lab.login() }, &Nobody).err().unwrap();
    assert_eq!(error.kind(), Kind::LoginRefused);
    assert!(error.to_string().contains("then also wants one of [password]"), "{error}");
}

#[test]
fn methods_that_are_not_offered_are_not_tried() {
    let lab = Lab::new();
    let server = lab.server("");
    let login = Login { pass: Some(Zeroizing::new("secret".to_owned())), ..lab.login() };
    let error = server.log_in(&login, &Nobody).err().unwrap();
    assert_eq!(error.kind(), Kind::LoginRefused);
    assert!(error.to_string().contains("the server offers only [publickey]"), "{error}");
    assert!(!error.to_string().contains("secret"));
}

#[test]
fn a_refused_password_is_said_and_never_shown() {
    let lab = Lab::new();
    let server = lab.server("PasswordAuthentication yes");
    let login = Login { ask_password: true, ..lab.login() };
    let answers = Answers::new("not the password");
    let error = server.log_in(&login, &answers).err().unwrap();
    assert_eq!(error.kind(), Kind::LoginRefused);
    assert!(error.to_string().contains("refused password"), "{error}");
    assert!(!error.to_string().contains("not the password"));
    assert_eq!(*answers.asked.lock().unwrap(), [format!("Password for {}@lab: ", user())]);
    let error = server.log_in(&login, &Nobody).err().unwrap();
    assert!(error.to_string().contains("no terminal"), "{error}");
}

#[test]
fn a_passphrase_is_asked_for_once() {
    let lab = Lab::new();
    let key_file = lab.key("key", &["-t", "ed25519", "-N", "secret"]);
    lab.authorize("key");
    let server = lab.server("");
    let login = Login { key_file: Some(key_file.clone()), ..lab.login() };
    let answers = Answers::new("secret");
    server.log_in(&login, &answers).unwrap();
    server.log_in(&login, &answers).unwrap();
    assert_eq!(*answers.asked.lock().unwrap(), [format!("Passphrase for key {}: ", key_file.display())]);
}

#[test]
fn a_wrong_passphrase_is_asked_for_three_times() {
    let lab = Lab::new();
    let key_file = lab.key("key", &["-t", "ed25519", "-N", "secret"]);
    let answers = Answers::new("wrong");
    let login = Login { key_file: Some(key_file), ..lab.login() };
    let error = login.plan(&answers, jiff::Timestamp::now()).err().unwrap();
    assert!(error.to_string().contains("the passphrase is wrong"), "{error}");
    assert_eq!(answers.asked.lock().unwrap().len(), 3);
}

#[test]
fn a_server_that_hangs_up_after_too_many_attempts_is_explained() {
    let lab = Lab::new();
    let agent = lab.agent();
    for name in ["a", "b", "c", "d", "e"] {
        agent.add(&lab.key(name, &["-t", "ed25519"]));
    }
    let server = lab.server("MaxAuthTries 5");
    let login = Login { agent_socket: Some(agent.socket.clone()), ..lab.login() };
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
        (Some(agent.socket.clone()), "it holds no key"),
        (Some(lab.path("hangs up")), "ask ssh-agent"),
    ] {
        let login = Login { agent_socket: socket, ..lab.login() };
        let error = login.plan(&Nobody, jiff::Timestamp::now()).err().unwrap();
        assert!(error.to_string().contains(text), "{text}: {error}");
        assert_eq!(error.kind(), Kind::Config, "{error}");
    }
    hangs_up.join().unwrap();
}

#[test]
fn refused_certificates_are_explained() {
    let lab = Lab::new();
    lab.key("other-ca", &["-t", "ed25519"]);
    lab.key("rsa-ca", &["-t", "rsa", "-b", "2048"]);
    lab.trust("rsa-ca");
    let user = user();
    let me = user.as_str();
    let server = lab.server("");
    let cases: [(&str, &[&str], Kind, &str); 9] = [
        ("ca", &["-n", me, "-V", "20200101:20200102"], Kind::CertificateUnusable, "it expired 2020-01-02"),
        ("ca", &["-n", me, "-V", "+1d:+2d"], Kind::CertificateUnusable, "it is not valid before"),
        ("ca", &["-n", me, "-V", "+5m:+2d"], Kind::CertificateUnusable, "this clock may be behind"),
        ("ca", &["-n", me, "-h"], Kind::CertificateUnusable, "host certificate"),
        ("ca", &["-n", "alice,bob"], Kind::CertificateUnusable, "is not among its principals [alice, bob]"),
        ("ca", &[], Kind::CertificateUnusable, "it names no principals"),
        ("ca", &["-n", me, "-O", "critical:x@y=1"], Kind::CertificateUnusable, "the critical option x@y"),
        (
            "ca",
            &["-n", me, "-O", "source-address=10.0.0.0/8"],
            Kind::LoginRefused,
            "only valid from 10.0.0.0/8",
        ),
        ("rsa-ca", &["-n", me, "-t", "ssh-rsa"], Kind::CertificateUnusable, "signed with SHA-1"),
    ];
    for (index, (ca, args, kind, text)) in cases.into_iter().enumerate() {
        let name = format!("key{index}");
        let key_file = lab.key(&name, &["-t", "ed25519"]);
        lab.sign(ca, &name, &[&["-I", "id"], args].concat());
        let login = Login { key_file: Some(key_file), ..lab.login() };
        let error = server.log_in(&login, &Nobody).err().unwrap();
        let message = error.to_string();
        assert!(message.contains(text), "{text}: {message}");
        assert!(message.contains(&format!("{name}-cert.pub")), "{message}");
        assert_eq!(error.kind(), kind, "{message}");
        assert!((2..=6).contains(&message.lines().count()), "{message}");
    }
    let key_file = lab.key("stranger", &["-t", "ed25519"]);
    lab.sign("other-ca", "stranger", &["-I", "id", "-n", me]);
    let error = server.log_in(&Login { key_file: Some(key_file), ..lab.login() }, &Nobody).err().unwrap();
    assert_eq!(error.kind(), Kind::LoginRefused);
    assert!(error.to_string().contains(&fingerprint(&lab.path("other-ca.pub"))), "{error}");
    assert!(error.to_string().contains("TrustedUserCAKeys"), "{error}");
}

#[test]
fn a_ca_in_authorized_keys_is_as_good_as_a_trusted_one() {
    let lab = Lab::new();
    lab.key("own-ca", &["-t", "ecdsa"]);
    lab.write("authorized_keys", format!("cert-authority,principals=\"alice\" {}", lab.read("own-ca.pub")));
    let key_file = lab.key("key", &["-t", "ed25519"]);
    lab.sign("own-ca", "key", &["-I", "mapped", "-n", "alice"]);
    let server = lab.server("");
    server.log_in(&Login { key_file: Some(key_file), ..lab.login() }, &Nobody).unwrap();
    server.assert_logged(&["Accepted publickey", "ID mapped "]);
}

#[test]
fn a_forced_command_still_logs_in() {
    let lab = Lab::new();
    let key_file = lab.key("key", &["-t", "ed25519"]);
    lab.sign("ca", "key", &["-I", "id", "-n", &user(), "-O", "force-command=internal-sftp"]);
    let server = lab.server("Subsystem sftp internal-sftp");
    let session = server.log_in(&Login { key_file: Some(key_file), ..lab.login() }, &Nobody).unwrap();
    session.sftp().unwrap().stat(Path::new("/")).unwrap();
}

#[test]
fn an_unusable_certificate_alone_fails_before_anything_is_sent() {
    let lab = Lab::new();
    let key_file = lab.key("key", &["-t", "ed25519"]);
    let agent = lab.agent();
    agent.add(&key_file);
    let expired = lab.sign("ca", "key", &["-I", "id", "-n", &user(), "-V", "20200101:20200102"]);
    let login = Login {
        pubkey_file: Some(expired),
        identities_only: true,
        agent_socket: Some(agent.socket.clone()),
        ..lab.login()
    };
    // The plain key of the agent is left to try, so this is no error yet.
    assert_eq!(login.plan(&Nobody, jiff::Timestamp::now()).unwrap().attempts.len(), 1);
    let login = Login { agent_socket: None, ..login };
    let error = login.plan(&Nobody, jiff::Timestamp::now()).err().unwrap();
    assert_eq!(error.kind(), Kind::CertificateUnusable, "{error}");
}

#[test]
fn a_plain_key_goes_on_where_its_certificate_is_unusable() {
    let lab = Lab::new();
    let key_file = lab.key("key", &["-t", "ed25519"]);
    lab.sign("ca", "key", &["-I", "id", "-n", &user(), "-V", "20200101:20200102"]);
    lab.authorize("key");
    let server = lab.server("");
    server.log_in(&Login { key_file: Some(key_file), ..lab.login() }, &Nobody).unwrap();
    assert_eq!(server.refused(), 0);
}

#[test]
fn a_certificate_for_another_key_names_both_fingerprints() {
    let lab = Lab::new();
    lab.certified("mine");
    lab.certified("yours");
    let login = Login {
        key_file: Some(lab.path("mine")),
        pubkey_file: Some(lab.path("yours-cert.pub")),
        ..lab.login()
    };
    let error = lab.server("").log_in(&login, &Nobody).err().unwrap();
    assert_eq!(error.kind(), Kind::CertificateUnusable);
    for name in ["mine.pub", "yours.pub"] {
        assert!(error.to_string().contains(&fingerprint(&lab.path(name))), "{error}");
    }
}

#[test]
fn every_fault_of_a_private_key_has_its_own_message() {
    let lab = Lab::new();
    lab.certified("key");
    lab.key("locked", &["-t", "ed25519", "-N", "secret"]);
    lab.key("locked-pem", &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "secret"]);
    lab.key("locked-pkcs8", &["-t", "rsa", "-b", "2048", "-m", "PKCS8", "-N", "secret"]);
    lab.write("empty", "\n");
    lab.write("text", "hello\n");
    lab.write("cut", lab.read("key").lines().take(3).collect::<Vec<_>>().join("\n"));
    lab.write("damaged", lab.read("key").replace("AAAA", "AAAB"));
    lab.write("putty", "PuTTY-User-Key-File-3: ssh-ed25519\n");
    for (name, passphrase, text) in [
        ("missing", "", "no such file"),
        (".", "", "is a directory"),
        ("empty", "", "is empty"),
        ("text", "", "no private key stands there"),
        ("cut", "", "no private key stands there"),
        ("damaged", "", "damaged"),
        ("putty", "", "PuTTY"),
        ("key.pub", "", "this is a public key"),
        ("key-cert.pub", "", "this is a certificate"),
        ("locked", "", "no passphrase is given"),
        ("locked", "wrong", "the passphrase is wrong"),
        ("locked-pem", "", "no passphrase is given"),
        ("locked-pem", "wrong", "the passphrase is wrong"),
        ("locked-pkcs8", "", "no passphrase is given"),
        ("locked-pkcs8", "wrong", "the passphrase is wrong"),
    ] {
        let key_file_pass = Some(Zeroizing::new(passphrase.to_owned()));
        let login = Login { key_file: Some(lab.path(name)), key_file_pass, ..lab.login() };
        let error = login.plan(&Nobody, jiff::Timestamp::now()).err().unwrap();
        assert!(error.to_string().contains(text), "{name}: {error}");
        assert_eq!(error.kind(), Kind::Config, "{name}: {error}");
    }
}

#[test]
fn every_fault_of_a_certificate_file_is_said() {
    let lab = Lab::new();
    let key_file = lab.certified("key");
    lab.certified("certified");
    let line = lab.read("certified-cert.pub");
    lab.write("cut", line.get(..200).unwrap());
    lab.write("empty", "");
    lab.write("text", "hello\n");
    for (name, text) in [
        ("missing", "no such file"),
        ("cut", "on line 1 is damaged or cut short"),
        ("empty", "it is empty"),
        ("text", "it holds no certificate"),
        ("key", "a private key, but no certificate"),
    ] {
        let login =
            Login { key_file: Some(key_file.clone()), pubkey_file: Some(lab.path(name)), ..lab.login() };
        let plan = login.plan(&Nobody, jiff::Timestamp::now()).unwrap();
        let error = &plan.skipped.first().unwrap().error;
        assert!(error.to_string().contains(text), "{name}: {error}");
        assert_eq!(error.kind(), Kind::CertificateUnusable, "{name}: {error}");
    }
}

fn fingerprint(public: &Path) -> String {
    let mut command = std::process::Command::new("ssh-keygen");
    command.arg("-lf").arg(public);
    run(&mut command);
    let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
    output.split(' ').nth(1).unwrap().to_owned()
}
