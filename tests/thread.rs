//! The first thing anyone does: log in with a certificate, list, copy there and back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::ca::KeyType;
use crate::support::server::{Server, current_user};
use crate::support::tree::Tree;
use crate::support::user::User;

/// Three files of known sizes.
fn block_lists() -> Tree {
    let content =
        |size: usize| b"0.0.0.0 ads.example\n".iter().copied().cycle().take(size).collect::<Vec<_>>();
    Tree::new()
        .file("README", content(131))
        .file("hosts", content(1_716_863))
        .file("justdomains", content(594_617))
}

const LISTING: &str = "      131 README\n  1716863 hosts\n   594617 justdomains\n";

/// The server must have let the certificate in, not the plain key.
#[track_caller]
fn assert_certificate_was_accepted(user: &User, kind: KeyType, server: &Server) {
    let (name, type_name) = (current_user(), kind.log_name());
    let line = server.logged("Accepted publickey");
    let start = format!("Accepted publickey for {name} from 127.0.0.1 port ");
    let end = format!(
        " ssh2: {type_name}-CERT {} ID user_sweh (serial 0) CA {type_name} {}",
        user.key.fingerprint(),
        user.authority.fingerprint()
    );
    assert!(line.starts_with(&start) && line.ends_with(&end), "{line}\nis not\n{start}...{end}");
}

/// Key and certificate as `key_file` and `pubkey_file` may name them.
fn every_way_to_name_them(user: &User) -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let (key, certificate) =
        (fs::read(user.key.path()).unwrap(), fs::read(user.key.certificate_path()).unwrap());
    let secret = |name, parts: [&[u8]; 2]| {
        let path = user.sandbox.write(name, parts.concat());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        text(&path)
    };
    let both = secret("home/both", [&key, &certificate]);
    let reversed = secret("home/reversed", [&certificate, &key]);
    let key_file = text(user.key.path());
    let certificate_file = text(&user.key.certificate_path());
    vec![
        ("two files", vec![("key_file", key_file.clone()), ("pubkey_file", certificate_file)]),
        ("certificate found beside the key", vec![("key_file", key_file)]),
        ("one file named twice", vec![("key_file", both.clone()), ("pubkey_file", both.clone())]),
        ("one file named as the key", vec![("key_file", both)]),
        ("certificate before key", vec![("key_file", reversed.clone()), ("pubkey_file", reversed.clone())]),
        ("certificate before key, named once", vec![("key_file", reversed)]),
    ]
}

fn logs_in_and_lists(kind: KeyType) {
    let user = User::new(kind);
    let folder = user.sandbox.path("XX");
    block_lists().write(&folder);
    let path = format!("sftpcert:{}", folder.display());
    for (way, options) in every_way_to_name_them(&user) {
        let server = user.server().start();
        let options: Vec<_> = options.iter().map(|(key, value)| (*key, value.as_str())).collect();
        fs::write(user.sandbox.config_path(), "").unwrap();
        user.sandbox.remote("sftpcert", &server, &options);
        let outcome = user.sandbox.sclone(["ls", &path]).run();
        assert!(outcome.stdout == LISTING.as_bytes(), "{way}: {outcome}\nserver:\n{}", server.log());
        outcome.code(0).stderr("");
        assert_certificate_was_accepted(&user, kind, &server);
    }
}

#[test]
fn an_rsa_certificate_logs_in_and_lists() {
    logs_in_and_lists(KeyType::Rsa);
}

#[test]
fn an_ecdsa_certificate_logs_in_and_lists() {
    logs_in_and_lists(KeyType::EcdsaP256);
}

#[test]
fn an_ed25519_certificate_logs_in_and_lists() {
    logs_in_and_lists(KeyType::Ed25519);
}

#[test]
fn an_authority_trusted_for_all_users_serves_as_well() {
    let user = User::new(KeyType::Rsa);
    let server = Server::builder().trust(&user.authority).start();
    user.remote("sftpcert", &server);
    block_lists().write(&user.sandbox.path("XX"));
    let path = format!("sftpcert:{}", user.sandbox.path("XX").display());
    user.sandbox.sclone(["ls", &path]).run().code(0).stdout(LISTING).stderr("");
    assert_certificate_was_accepted(&user, KeyType::Rsa, &server);
}

#[test]
fn folders_are_listed_with_their_times() {
    let user = User::new(KeyType::Rsa);
    let server = user.server().start();
    user.remote("sftpcert", &server);
    let root = user.sandbox.path("top");
    Tree::new().directory("b").directory("a").file("c", "no folder").write(&root);
    for name in ["a", "b"] {
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_577_934_245);
        fs::File::open(root.join(name)).unwrap().set_modified(time).unwrap();
    }
    let lines = ["a", "b"].map(|name| format!("          -1 2020-01-02 03:04:05        -1 {name}\n"));
    let path = format!("sftpcert:{}", root.display());
    user.sandbox.sclone(["lsd", &path]).run().code(0).stdout(lines.concat()).stderr("");
}

#[test]
fn files_are_copied_there_and_back() {
    let user = User::new(KeyType::Rsa);
    let server = user.server().start();
    user.remote("sftpcert", &server);
    let tree = block_lists().weird_names("names").file_with("deep/er/closed", "secret", 0o600, 1_600_000_000);
    let [here, there, back] = ["here", "there", "back"].map(|name| user.sandbox.path(name));
    tree.write(&here);
    let (here_text, back_text) = (here.display().to_string(), back.display().to_string());
    let there_text = format!("sftpcert:{}", there.display());

    user.sandbox.sclone(["copy", &here_text, &there_text]).run().code(0).stdout("").stderr("");
    assert_eq!(Tree::read(&there), tree);
    user.sandbox.sclone(["copy", &there_text, &back_text]).run().code(0).stdout("").stderr("");
    assert_eq!(Tree::read(&back), tree);
    assert_certificate_was_accepted(&user, KeyType::Rsa, &server);

    // What is there already is not carried again.
    let again = user.sandbox.sclone(["copy", "-v", &here_text, &there_text]).run();
    assert!(!String::from_utf8_lossy(&again.code(0).stderr).contains("Copied"), "{again}");
}
