use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::files::Files;
use super::keyword::Keyword;
use super::reader::{Query, read};
use super::reading::{Reading, Value};
use crate::config::environment::Environment;
use crate::error::Kind;

fn look_up(folder: &Path, name: &str) -> Reading {
    let environment = Environment::new([("HOME", folder.to_str().unwrap()), ("USER", "me")]);
    let query = Query { name, user: None, environment: &environment };
    read(&Files::One(folder.join(".ssh/config")), query)
}

fn home(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(".ssh").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    }
    folder
}

/// Keyword, value and line of everything that is set.
fn said(reading: &Reading) -> Vec<String> {
    let values = |keyword: Keyword| reading.values(keyword).iter().map(move |value| (keyword, value));
    let show = |(keyword, value): (Keyword, &Value)| {
        let place = value.place.to_string();
        let place = place.rsplit('/').next().unwrap().to_owned();
        format!("{} {} {place}", keyword.name(), value.text)
    };
    reading.keywords().flat_map(values).map(show).collect()
}

#[test]
fn the_first_value_counts_and_identity_files_add_up() {
    let home = home(&[(
        "config",
        "IdentityFile ~/all\nHost web* !web9\n  Port 2222\n  User ann\n  IdentityFile a b\nHost web1\n\
         Port 3\n  IdentityFile=b\n  IdentityFile ~/all\n  HostName \"10.0.0.1\"\nHost *\n  User bob\n  IdentityFile c\n",
    )]);
    let reading = look_up(home.path(), "web1");
    let error = reading.fault.as_ref().unwrap().to_string();
    assert!(error.ends_with("config:5: identityfile takes one argument, more follow"), "{error}");
    assert_eq!(
        said(&reading),
        [
            "hostname 10.0.0.1 config:10",
            "identityfile ~/all config:1",
            "identityfile b config:8",
            "identityfile c config:13",
            "port 2222 config:3",
            "user ann config:4",
        ]
    );
    assert!(reading.is_named);
    let other = look_up(home.path(), "web9");
    assert_eq!(
        said(&other),
        ["identityfile ~/all config:1", "identityfile c config:13", "user bob config:12"]
    );
    assert!(!other.is_named && other.fault.is_none());
}

#[test]
fn a_name_is_known_only_by_more_than_a_star() {
    let text = "Host *\n User ann\nHost ?*\n Port 1\nHost web1 db?\n HostName h\nMatch host h\n Port 2\n\
                Match originalhost mail user ann\n IdentityFile m\nMatch user ann\n IdentityFile x\nMatch !host y\n";
    let home = home(&[("config", text)]);
    for (name, expected) in
        [("web1", true), ("db1", true), ("mail", true), ("h", true), ("db", false), ("wbe1", false)]
    {
        assert_eq!(look_up(home.path(), name).is_named, expected, "{name}");
    }
}

#[test]
fn includes_are_followed_where_they_stand() {
    let home = home(&[
        (
            "config",
            "Host web1\n  Include conf.d/*.conf ~/.ssh/more none*\n  User late\nHost db1\n Include more\n Port 9\n",
        ),
        ("conf.d/a.conf", "User early\nHost db1\n  Port 7\n"),
        ("conf.d/b.conf", "Port 2222\nMatch all\n IdentityFile b\n"),
        ("conf.d/skipped", "Port 1\n"),
        ("more", "ProxyJump gate\n"),
    ]);
    let web1 = look_up(home.path(), "web1");
    assert_eq!(
        said(&web1),
        ["identityfile b b.conf:3", "port 2222 b.conf:1", "proxyjump gate more:1", "user early a.conf:1"]
    );
    assert_eq!(said(&look_up(home.path(), "db1")), ["port 9 config:6", "proxyjump gate more:1"]);
}

#[test]
fn loops_and_floods_of_includes_end() {
    let home = home(&[
        ("config", "Host a\nInclude config\n"),
        ("flood", "Include f*\nInclude f*\n"),
        ("f2", "Include f*\n"),
    ]);
    let fault = look_up(home.path(), "a").fault.unwrap();
    assert!(fault.reason().contains("more than 16 deep"), "{fault}");
    std::fs::write(home.path().join(".ssh/config"), "Include f*\n").unwrap();
    assert!(look_up(home.path(), "a").fault.is_some());
}

#[test]
fn what_is_not_understood_names_its_line() {
    for (text, expected) in [
        ("Host a\nPort 0\n", "config:2: port \"0\" is not a number from 1 to 65535"),
        ("Host a\n\nPort x\n", "config:3: port \"x\" is not a number"),
        ("IdentitiesOnly maybe\nHost a\n", "config:1: identitiesonly \"maybe\" is not yes or no"),
        ("Host a\nUser \"x\n", "config:2: a quote is not closed"),
        ("Host a\nUser\n", "config:2: nothing follows user"),
        ("Host a\nMatch exec \"true\"\nPort 2\n", "config:2: Match exec runs a command"),
        ("Host a\nMatch localnetwork x\n", "config:2: the criterion localnetwork of Match is not known"),
        ("Host a\nMatch\n", "config:2: nothing follows match"),
    ] {
        let home = home(&[("config", text)]);
        let reading = look_up(home.path(), "a");
        assert!(reading.is_named, "{text}");
        let fault = reading.fault.as_ref().unwrap().to_string();
        assert!(fault.contains(expected), "{text}: {fault}");
        assert_eq!(reading.value(Keyword::Port), None, "{text}");
    }
    let quiet = home(&[(
        "config",
        "Host b\nPort 0\nMatch host b exec x\nMatch host b localnetwork x\nHost a\nUser x\n",
    )]);
    assert!(look_up(quiet.path(), "a").fault.is_none(), "what does not apply does no harm");
}

#[test]
fn unknown_keywords_are_told_unless_they_are_to_be_ignored() {
    let text = "IgnoreUnknown UseKey*,Other\nHost a\nPrt 22\nUseKeychainX yes\nother 1\nCompression yes\nForwardAgent\n";
    let home = home(&[("config", text)]);
    let reading = look_up(home.path(), "a");
    let unknown: Vec<_> = reading.unknown.iter().map(|(keyword, _)| keyword.as_str()).collect();
    assert_eq!(unknown, ["prt"]);
    assert!(reading.fault.is_none());
}

#[test]
fn files_that_others_can_write_to_are_not_obeyed() {
    let home = home(&[("config", "Host a\nProxyCommand evil\n")]);
    let path = home.path().join(".ssh/config");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o666)).unwrap();
    assert!(look_up(home.path(), "a").is_named, "a file that is named for the run is obeyed");
    let environment = Environment::new([("HOME", home.path().to_str().unwrap()), ("USER", "me")]);
    let reading = read(&Files::Default, Query { name: "a", user: None, environment: &environment });
    assert!(!reading.is_named && reading.value(Keyword::ProxyCommand).is_none());
    let fault = reading.fault.unwrap();
    assert_eq!(fault.kind(), Kind::Config);
    assert!(fault.to_string().contains("others can write to it"), "{fault}");
    std::fs::remove_file(&path).unwrap();
    assert!(look_up(home.path(), "a").fault.is_none(), "a missing file says nothing");
    std::fs::create_dir(&path).unwrap();
    assert!(look_up(home.path(), "a").fault.is_some());
}

#[test]
fn the_way_is_the_one_met_first() {
    let home = home(&[(
        "config",
        "Host a\nProxyJump none\nHost b\nProxyCommand x \"y\" # z\nHost *\nProxyCommand c\nProxyJump j\n",
    )]);
    assert_eq!(said(&look_up(home.path(), "a")), ["proxycommand c config:6", "proxyjump none config:2"]);
    assert_eq!(said(&look_up(home.path(), "b")), ["proxycommand x \"y\" # z config:4"]);
    assert_eq!(said(&look_up(home.path(), "c")), ["proxycommand c config:6"]);
}

#[test]
fn a_tag_is_matched_once_it_is_set() {
    let home = home(&[(
        "config",
        "Match tagged work\n  Port 1\nHost a\n  Tag work\nMatch tagged w*,home\n  User ann\nMatch sessiontype shell\n  User bob\n",
    )]);
    assert_eq!(said(&look_up(home.path(), "a")), ["tag work config:4", "user ann config:6"]);
}
