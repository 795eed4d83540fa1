//! Logging in to a real OpenSSH server with everything that `ssh-keygen` can make.

use std::path::Path;

use crate::support::lab::Lab;
use crate::support::person::Person;
use crate::support::server::current_user;
use sclone::questions::Nobody;
use sclone::ssh::login::Login;
use zeroize::Zeroizing;

/// The kinds of key, with what `ssh-keygen` is told.
pub(crate) const KEY_TYPES: [(&str, &[&str]); 5] = [
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
            let certificate = lab.sign(&format!("ca-{ca}"), name, &["-I", &id, "-n", &current_user()]);
            let login =
                Login { key_file: Some(key_file.clone()), pubkey_file: Some(certificate), ..lab.login() };
            server.log_in(&login, &Nobody).unwrap();
            server.logged_all(&["Accepted publickey", "-CERT", &format!("ID {id} ")]);
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
                lab.sign("ca", &file, &["-I", &file, "-n", &current_user()]);
                server.log_in(&login, &Nobody).unwrap_or_else(|error| panic!("{file}: {error}"));
                server.logged_all(&["Accepted publickey", &format!("ID {file} ")]);
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
    let by_private =
        Login { key_file: Some(key_file.clone()), pubkey_file: Some(key_file.clone()), ..lab.login() };
    let by_public = Login { pubkey_file: Some(lab.path("key.pub")), ..beside };
    server.log_in(&Login { key_file: Some(key_file.clone()), ..lab.login() }, &Nobody).unwrap();
    server.log_in(&by_public, &Nobody).unwrap();
    server.log_in(&by_private, &Nobody).unwrap();
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
        lab.sign("ca", name, &["-I", name, "-n", &current_user()]);
        let certificate = lab.read(&format!("{name}-cert.pub"));
        for text in [lab.read(name), lab.read(name).trim_end().replace('\n', "\\n")] {
            let key_pem = Some(Zeroizing::new(text));
            let login = Login { key_pem, pubkey: Some(certificate.clone()), ..lab.login() };
            server.log_in(&login, &Nobody).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        server.logged_all(&["Accepted publickey", &format!("ID {name} ")]);
    }
}

#[test]
fn a_passphrase_is_asked_for_once() {
    let lab = Lab::new();
    let key_file = lab.key("key", &["-t", "ed25519", "-N", "secret"]);
    lab.authorize("key");
    let server = lab.server("");
    let login = Login { key_file: Some(key_file.clone()), ..lab.login() };
    let answers = Person::who_types("secret");
    server.log_in(&login, &answers).unwrap();
    server.log_in(&login, &answers).unwrap();
    assert_eq!(answers.asked(), [format!("Passphrase for key {}: ", key_file.display())]);
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
    server.logged_all(&["Accepted publickey", "ID mapped "]);
}

#[test]
fn a_forced_command_still_logs_in() {
    let lab = Lab::new();
    let key_file = lab.key("key", &["-t", "ed25519"]);
    lab.sign("ca", "key", &["-I", "id", "-n", &current_user(), "-O", "force-command=internal-sftp"]);
    let server = lab.server("");
    let session = server.log_in(&Login { key_file: Some(key_file), ..lab.login() }, &Nobody).unwrap();
    session.sftp().unwrap().stat(Path::new("/")).unwrap();
}

#[test]
fn a_plain_key_goes_on_where_its_certificate_is_unusable() {
    let lab = Lab::new();
    let key_file = lab.key("key", &["-t", "ed25519"]);
    lab.sign("ca", "key", &["-I", "id", "-n", &current_user(), "-V", "20200101:20200102"]);
    lab.authorize("key");
    let server = lab.server("");
    server.log_in(&Login { key_file: Some(key_file), ..lab.login() }, &Nobody).unwrap();
    assert_eq!(server.refused(), 0);
}
