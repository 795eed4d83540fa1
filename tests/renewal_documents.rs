//! Each `cert_command` of docs/certificates.md, word for word. `step` and `vault` are stand-ins that take what their own
//! documents say and nothing else; the real `vault` and `step` need a CA on the network.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::support::ca::{Key, KeyType};
use crate::support::sandbox::Sandbox;
use crate::support::server::{Server, current_user};

const DOCUMENT: &str = include_str!("../docs/certificates.md");

/// Fails while the file `down` is there. Signs a copy of the key and prints the certificate.
const VAULT: &str = r#"#!/bin/sh
set -eu
[ ! -e TOP/down ] || { echo 'Error writing data: connection refused' >&2; exit 2; }
[ "$#" = 5 ] && [ "$1 $2 $3" = 'write -field=signed_key ssh-client-signer/sign/my-role' ]
file=${4#public_key=@} principals=${5#valid_principals=}
[ "$file" != "$4" ] && [ "$principals" != "$5" ]
cp "$file" TOP/tmp/key.pub
ssh-keygen -q -s TOP/ca -I vault-token -n "$principals" -V +8h TOP/tmp/key.pub
cat TOP/tmp/key-cert.pub
"#;

/// Fails while the file `down` is there. Signs a key that is there, and overwrites no certificate without `--force`.
const STEP: &str = r#"#!/bin/sh
set -eu
[ ! -e TOP/down ] || { echo 'client GET https://ca/provisioners failed' >&2; exit 1; }
[ "$1 $2" = 'ssh certificate' ]
shift 2
force='' sign=''
while :; do
    case $1 in
    --force) force=yes ;;
    --sign) sign=yes ;;
    --provisioner-password-file) shift; cat "$1" >/dev/null ;;
    -*) echo "flag provided but not defined: $1" >&2; exit 1 ;;
    *) break ;;
    esac
    shift
done
[ "$#" = 2 ] && [ "$sign" = yes ]
[ "$force" = yes ] || [ ! -e "${2%.pub}-cert.pub" ]
ssh-keygen -q -s TOP/ca -I "$1" -n "${1%@*},$1" -V +8h "$2"
"#;

/// What an option of a section of the document is set to.
fn option(section: &str, name: &str) -> String {
    let (_, section) = DOCUMENT.split_once(&format!("[{section}]\n")).unwrap();
    let value = section.lines().find_map(|line| line.strip_prefix(&format!("{name} = "))).unwrap();
    value.to_owned()
}

/// Ann's home with her CA and the programs, a key, and a server that trusts the CA.
fn scene(key: &str, kind: KeyType) -> (Sandbox, Server) {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path("home/.ssh")).unwrap();
    fs::create_dir_all(sandbox.path("home/.step")).unwrap();
    let top = sandbox.path("").display().to_string();
    for (name, script) in [("vault", VAULT), ("step", STEP)] {
        let program = sandbox.write(name, script.replace("TOP", top.trim_end_matches('/')));
        fs::set_permissions(program, PermissionsExt::from_mode(0o700)).unwrap();
    }
    sandbox.write("home/.step/pass", "potato\n");
    let authority = Key::generate(&sandbox.path(""), "ca", KeyType::Ed25519);
    Key::generate(&sandbox.path("home/.ssh"), key, kind);
    fs::copy(sandbox.path("ca"), sandbox.path("home/ca")).unwrap();
    let server = Server::builder().trust(&authority).start();
    (sandbox, server)
}

/// The command of a section, for this home and this user.
fn command(section: &str, sandbox: &Sandbox) -> String {
    let home: PathBuf = sandbox.path("home");
    let command =
        option(section, "cert_command").replace("/home/ann", "HOME").replace("ann", &current_user());
    command.replace("HOME", home.to_str().unwrap())
}

#[test]
fn every_command_of_the_document_renews() {
    for (section, key, kind) in [
        ("by-step", "id_ecdsa", KeyType::EcdsaP256),
        ("by-vault", "id_rsa", KeyType::Rsa),
        ("by-ssh-keygen", "id_rsa", KeyType::Rsa),
    ] {
        assert_eq!(option(section, "key_file"), format!("~/.ssh/{key}"));
        let (sandbox, server) = scene(key, kind);
        let (key_file, command) = (format!("~/.ssh/{key}"), command(section, &sandbox));
        sandbox.remote("a", &server, &[("key_file", &key_file), ("cert_command", &command)]);
        let path = format!("{}:/usr/bin:/bin", sandbox.path("").display());
        let run = |arguments: &[&str]| sandbox.sclone(arguments).env("PATH", &path).run();
        for _ in 0..2 {
            run(&["lsd", "a:/"]).code(0).stderr("");
            run(&["cert", "renew", "a:"]).code(0).stderr("");
        }
        server.logged("-CERT");
        if section != "by-ssh-keygen" {
            sandbox.write("down", "");
            run(&["cert", "renew", "a:"]).code(21).stderr_has(&["it said: "]);
            run(&["lsd", "a:/"]).code(0).stderr("");
        }
    }
}
