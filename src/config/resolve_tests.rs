use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Kind, Result};

use super::document::Document;
use super::environment::Environment;
use super::resolve::{Resolved, resolve};
use super::sources::{RemoteEntry, Sources};
use super::store::Store;

const FILE: &str = "
[web1]
type = sftp
host = web1.example
port = 1
user = filed
key_file = ${DIR}/id
[web1.admin]
user = root
[odd]
type = s3
[untyped]
host = x
[al]
type = alias
remote = web1:base/
[chain]
type = alias
remote = al:more
[home]
type = alias
remote = /srv/data
[here]
type = local
[self]
type = alias
remote = self:x
[ring]
type = alias
remote = gnir:
[gnir]
type = alias
remote = ring:
[empty]
type = alias
";

/// Resolves an argument and gives what matters of it as `name user@host:port path`, or `local path`.
fn place(argument: &str, flags: &[(&str, &str)], variables: &[(&str, &str)]) -> Result<String> {
    let store = Store::in_memory(Document::parse(FILE.as_bytes()).unwrap());
    let environment = Environment::new(variables.iter().copied().chain([("USER", "me"), ("DIR", "/keys")]));
    let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let (flags, defaults) = (map(flags), map(&[("port", "9")]));
    let sources = Sources { store: &store, environment: &environment, flags: &flags, defaults: &defaults };
    Ok(match resolve(argument.as_bytes(), &sources)? {
        Resolved::Local { path } => format!("local {}", path.display()),
        Resolved::Sftp { name, options, path, .. } => {
            let path = String::from_utf8(path).unwrap();
            format!("{name} {}@{}:{} {path}", options.user, options.host, options.port).trim_end().to_owned()
        }
    })
}

#[test]
fn arguments_mean_places() {
    for (argument, expected) in [
        ("/a/b", "local /a/b"),
        ("web1", "local web1"),
        ("here:", "local ."),
        ("here:x", "local x"),
        (":local:/x:y", "local /x:y"),
        ("web1:", "web1 filed@web1.example:1"),
        ("web1:/etc", "web1 filed@web1.example:1 /etc"),
        ("web1.admin:x", "web1.admin root@web1.example:1 x"),
        ("web1,port=3,user='a,b':x", "web1 a,b@web1.example:3 x"),
        (":sftp,host=h:x", ":sftp me@h:9 x"),
    ] {
        assert_eq!(place(argument, &[], &[]).unwrap(), expected, "{argument}");
    }
}

/// Checked against rclone 1.75.2, except for the loops, where it runs out of stack.
#[test]
fn aliases_lead_below_their_base() {
    for (argument, expected) in [
        ("al:", "web1 filed@web1.example:1 base/"),
        ("al:x", "web1 filed@web1.example:1 base/x"),
        ("al:/x", "web1 filed@web1.example:1 base/x"),
        ("al:../../x", "web1 filed@web1.example:1 base/x"),
        ("al:a/../b//./c/", "web1 filed@web1.example:1 base/b/c/"),
        ("chain:x", "web1 filed@web1.example:1 base/more/x"),
        ("home:x/../..", "local /srv/data"),
        ("home:x", "local /srv/data/x"),
        (":alias,remote='web1:':x", "web1 filed@web1.example:1 x"),
    ] {
        assert_eq!(place(argument, &[], &[]).unwrap(), expected, "{argument}");
    }
    for (argument, part) in [
        ("self:", "it leads back to itself: self -> self"),
        ("ring:x", "it leads back to itself: ring -> gnir -> ring"),
        ("empty:", "it can't point to an empty remote"),
        ("al,rmote=x:", "type alias has no option rmote here"),
        ("here,links=true:", "type local has no option links here"),
    ] {
        let error = place(argument, &[], &[]).unwrap_err();
        assert!(error.kind() == Kind::Config && error.to_string().contains(part), "{error}");
    }
}

#[test]
fn flag_before_environment_before_argument_before_file_before_settings() {
    let flag = [("port", "2")];
    let steps = [
        ("SCLONE_CONFIG_WEB1_PORT", "3"),
        ("RCLONE_CONFIG_WEB1_PORT", "4"),
        ("SCLONE_SFTP_PORT", "5"),
        ("RCLONE_SFTP_PORT", "6"),
    ];
    let port = |argument, flags: &[(&str, &str)], variables: &[(&str, &str)]| {
        let place = place(argument, flags, variables).unwrap();
        place.rsplit_once(':').unwrap().1.to_owned()
    };
    assert_eq!(port("web1,port=7:", &flag, &steps), "2");
    for (skipped, (_, expected)) in steps.iter().enumerate() {
        assert_eq!(port("web1,port=7:", &[], &steps[skipped..]), *expected);
    }
    assert_eq!(port("web1,port=7:", &[], &[]), "7");
    assert_eq!(port("web1:", &[], &[]), "1");
    assert_eq!(port(":sftp,host=h:", &[], &steps[..2]), "9", "no variable is about a remote without a name");
    assert_eq!(port(":sftp,host=h:", &[], &steps), "5");
    assert_eq!(port("web1,port=:", &[], &[]), "22", "an empty value asks for the built-in default");
}

#[test]
fn the_environment_makes_remotes() {
    let variables = [
        ("RCLONE_CONFIG_ENVR_TYPE", "sftp"),
        ("RCLONE_CONFIG_ENVR_HOST", "e"),
        ("SCLONE_CONFIG_WEB1_TYPE", "local"),
    ];
    for name in ["envr", "ENVR", "Envr"] {
        assert_eq!(place(&format!("{name}:x"), &[], &variables).unwrap(), format!("{name} me@e:9 x"));
    }
    assert_eq!(place("web1:x", &[], &variables).unwrap(), "local x");
    let store = Store::in_memory(
        Document::parse(b"[a]\ntype=sftp\ndescription=d\n[b]\n[web1]\ntype=sftp\n").unwrap(),
    );
    let (environment, none) = (Environment::new(variables), BTreeMap::new());
    let sources = Sources { store: &store, environment: &environment, flags: &none, defaults: &none };
    let entry = |name: &str, kind: &str, description: &str, from_environment| RemoteEntry {
        name: name.into(),
        kind: kind.into(),
        description: description.into(),
        from_environment,
    };
    let expected =
        [entry("envr", "sftp", "", true), entry("web1", "local", "", true), entry("a", "sftp", "d", false)];
    assert_eq!(sources.remotes(), expected);
}

#[test]
fn mistakes_are_named_with_what_was_meant() {
    for (argument, message) in [
        (
            "web2:",
            "find remote web2: there is no section of this name in the environment, and there is no configuration file\n\
             did you mean web1: ?",
        ),
        (
            "zzz:",
            "find remote zzz: there is no section of this name in the environment, and there is no configuration file\n\
             known remotes: web1, web1.admin, odd, al, chain, home, here, self, ring, gnir, empty",
        ),
        ("odd:", "open remote odd: type s3 is not one this program has\nthe types are sftp, local and alias"),
        (
            ":ftp:",
            "open remote ftp: type ftp is not one this program has\nthe types are sftp, local and alias",
        ),
        (
            "untyped:",
            "find remote untyped: its section has no type, so what it is cannot be told\nadd a line `type = sftp`",
        ),
        (
            "web1,pubkeyfile=x:",
            "use option pubkeyfile: there is none of this name, in the options of web1\ndid you mean pubkey_file?",
        ),
        ("web1,port=x:", "read option port of web1: \"x\" is not a port number from 1 to 65535"),
        (":sftp:", "read option host of :sftp: it is not set, so there is nothing to connect to"),
        ("web1,b='x:", "read remote web1: unterminated quoted config value"),
    ] {
        assert_eq!(place(argument, &[], &[]).unwrap_err().to_string(), message, "{argument}");
    }
    let error = place("web1:", &[("hots", "x")], &[]).unwrap_err();
    assert!(error.to_string().ends_with("did you mean host?"), "{error}");
}

#[test]
fn paths_of_options_may_start_at_the_folder_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rclone.conf");
    std::fs::write(&path, "[a]\ntype=sftp\nhost=h\nuser=u\nkey_file=${RCLONE_CONFIG_DIR}/id\n").unwrap();
    let questions = crate::questions::Nobody;
    let passwords = super::password::PasswordSources { command: None, variable: None, questions: &questions };
    let store = Store::load(super::location::Location::at(&path), &passwords).unwrap();
    let (environment, none) = (Environment::default(), BTreeMap::new());
    let sources = Sources { store: &store, environment: &environment, flags: &none, defaults: &none };
    let Ok(Resolved::Sftp { options, .. }) = resolve(b"a:", &sources) else { panic!() };
    assert_eq!(options.key_file.as_deref(), Some(folder.path().join("id").as_path()));
    assert!(options.key_file.as_deref().is_some_and(Path::is_absolute));
}
