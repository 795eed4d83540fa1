//! Logins that fail, and the reasons that are given.

use crate::support::lab::Lab;
use crate::support::person::Person;
use crate::support::server::current_user;
use sclone::error::Kind;
use sclone::questions::Nobody;
use sclone::ssh::login::Login;
use zeroize::Zeroizing;

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
    let answers = Person::who_types("not the password");
    let error = server.log_in(&login, &answers).err().unwrap();
    assert_eq!(error.kind(), Kind::LoginRefused);
    assert!(error.to_string().contains("refused password"), "{error}");
    assert!(!error.to_string().contains("not the password"));
    assert_eq!(answers.asked(), [format!("Password for {}@lab: ", current_user())]);
    let error = server.log_in(&login, &Nobody).err().unwrap();
    assert!(error.to_string().contains("no terminal"), "{error}");
}

#[test]
fn refused_certificates_are_explained() {
    let lab = Lab::new();
    lab.key("other-ca", &["-t", "ed25519"]);
    lab.key("rsa-ca", &["-t", "rsa", "-b", "2048"]);
    lab.trust("rsa-ca");
    let user = current_user();
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
    assert!(error.to_string().contains(&lab.fingerprint("other-ca")), "{error}");
    assert!(error.to_string().contains("TrustedUserCAKeys"), "{error}");
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
    for name in ["mine", "yours"] {
        assert!(error.to_string().contains(&lab.fingerprint(name)), "{error}");
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
    lab.write("alone", lab.read("key"));
    for (name, text) in [
        ("missing", "no such file"),
        ("cut", "on line 1 is damaged or cut short"),
        ("empty", "it is empty"),
        ("text", "it holds no certificate"),
        ("alone", "a private key, but no certificate"),
    ] {
        let login =
            Login { key_file: Some(key_file.clone()), pubkey_file: Some(lab.path(name)), ..lab.login() };
        let plan = login.plan(&Nobody, jiff::Timestamp::now()).unwrap();
        let error = &plan.skipped.first().unwrap().error;
        assert!(error.to_string().contains(text), "{name}: {error}");
        assert_eq!(error.kind(), Kind::CertificateUnusable, "{name}: {error}");
    }
}

#[test]
fn a_wrong_passphrase_is_asked_for_three_times() {
    let lab = Lab::new();
    let key_file = lab.key("key", &["-t", "ed25519", "-N", "secret"]);
    let answers = Person::who_types("wrong");
    let login = Login { key_file: Some(key_file), ..lab.login() };
    let error = login.plan(&answers, jiff::Timestamp::now()).err().unwrap();
    assert!(error.to_string().contains("the passphrase is wrong"), "{error}");
    assert_eq!(answers.asked().len(), 3);
}
