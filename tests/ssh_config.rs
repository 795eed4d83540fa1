//! OpenSSH's client configuration, read here and by `ssh -G`: both must come to the same.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use sclone::config::environment::Environment;
use sclone::config::ssh_config::keyword::Keyword;
use sclone::config::ssh_config::tokens::fill_host_name;
use sclone::config::ssh_config::{Files, Query, read};
use tempfile::TempDir;

use crate::support::process::find;
use crate::support::server::current_user;

/// A home with `.ssh/config` and further files beside it.
fn home(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::with_prefix("sclone-ssh-config-").unwrap();
    std::fs::create_dir_all(folder.path().join(".ssh/conf.d")).unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(".ssh").join(name), text).unwrap();
    }
    folder
}

/// What `ssh` says about a host, by keyword; `None` if it refuses the file.
fn by_ssh(home: &Path, name: &str) -> Option<BTreeMap<String, Vec<String>>> {
    let mut command = Command::new(find("ssh", "openssh-client"));
    command.env("HOME", home).arg("-G").arg("-F").arg(home.join(".ssh/config")).arg("--").arg(name);
    let output = command.output().unwrap();
    let mut said: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let (keyword, value) = line.split_once(' ').unwrap_or((line, ""));
        said.entry(keyword.to_owned()).or_default().push(value.to_owned());
    }
    output.status.success().then_some(said)
}

/// The same by this program, in the words of `ssh -G`; `None` if a part was not understood.
fn by_us(home: &Path, name: &str) -> Option<BTreeMap<String, Vec<String>>> {
    let user = current_user();
    let environment = Environment::new([("HOME", home.to_str().unwrap()), ("USER", &user)]);
    let query = Query { name, user: None, environment: &environment };
    let reading = read(&Files::One(home.join(".ssh/config")), query);
    if reading.fault.is_some() {
        return None;
    }
    let mut said = BTreeMap::from([
        ("hostname".to_owned(), vec![name.to_lowercase()]),
        ("port".to_owned(), vec!["22".to_owned()]),
        ("user".to_owned(), vec![user]),
        ("identitiesonly".to_owned(), vec!["no".to_owned()]),
        ("stricthostkeychecking".to_owned(), vec!["ask".to_owned()]),
    ]);
    for keyword in reading.keywords() {
        let texts: Vec<_> = reading.values(keyword).iter().map(|value| value.text.clone()).collect();
        let texts = match keyword {
            Keyword::UserKnownHostsFile | Keyword::GlobalKnownHostsFile => vec![texts.join(" ")],
            Keyword::HostName => vec![fill_host_name(&texts[0], name).unwrap().to_lowercase()],
            Keyword::HostKeyAlias => vec![texts[0].to_lowercase()],
            Keyword::StrictHostKeyChecking => vec![
                match texts[0].as_str() {
                    "strict" => "true",
                    "off" => "false",
                    other => other,
                }
                .to_owned(),
            ],
            _ => texts,
        };
        said.insert(keyword.name().to_owned(), texts);
    }
    Some(said)
}

/// The keywords that are acted upon. `ssh` shows the files it would look for by itself, too, and no way that is none.
fn comparable(said: BTreeMap<String, Vec<String>>) -> BTreeMap<String, Vec<String>> {
    let is_usual = |path: &String| path.starts_with("~/.ssh/id_");
    let is_kept = |keyword: &String, values: &Vec<String>| {
        Keyword::find(keyword).is_some()
            && !(keyword == "identityfile" && values.iter().all(is_usual))
            && !(keyword.starts_with("proxy") && values[0] == "none")
            && !(keyword.ends_with("knownhostsfile") && values[0].contains("ssh_known_hosts"))
            && !(keyword == "userknownhostsfile" && values[0].contains("/.ssh/known_hosts"))
    };
    said.into_iter().filter(|(keyword, values)| is_kept(keyword, values)).collect()
}

#[track_caller]
fn same(home: &Path, name: &str, text: &str) {
    let (theirs, ours) = (by_ssh(home, name).map(comparable), by_us(home, name).map(comparable));
    assert_eq!(ours, theirs, "{name} in\n{text}");
}

#[test]
fn ssh_comes_to_the_same() {
    for text in [
        "",
        "Host web1\n  HostName %h.example.com\n  Port 2222\n  User ann\nHost *\n  User bob\n  Port 3\n",
        "User all\nHost web1\nUser ann\n",
        "Host w* !web1\nPort 1\nHost !web2 w*\nPort 2\nHost ???1\nUser q\n",
        "host=web1\n\tPORT = 5\nhOsT \"web1\" db1\n  hostname=\"10.0.0.1\"\n",
        "IdentityFile ~/a\nHost web1\nIdentityFile %d/b\nIdentityFile ~/a\nCertificateFile c\nCertificateFile d\nIdentitiesOnly yes\nHost *\nIdentityFile none\n",
        "Host web1\nUserKnownHostsFile /a /b\nUserKnownHostsFile /c\nGlobalKnownHostsFile /d \"/e f\"\nHostKeyAlias Alias\n",
        "Host web1\nProxyJump a@b:1,c\nProxyCommand nc %h\nHost db1\nProxyCommand nc \"%h\" %p # no comment\nProxyJump x\nHost *\nProxyCommand none\n",
        "Host web1\nStrictHostKeyChecking no\nHost *\nStrictHostKeyChecking accept-new\n",
        "Host web1\nStrictHostKeyChecking yes\nIdentityAgent none\nHost db1\nIdentityAgent /run/sock\n",
        "Match host web1\nUser a\nMatch originalhost db*,!db2 user root\nUser b\nMatch all\nPort 9\nMatch !host web1\nIdentityFile x\n",
        "Host web1\nHostName inner.example.com\nMatch host *.example.com\nUser m\nMatch originalhost web1\nPort 8\n",
        "Match final host *.example.com\nUser f\nHost web1\nHostName w.example.com\nHost w.example.com\nPort 7\n",
        "Match user ann\nPort 1\nHost web1\nUser ann\nMatch user ann localuser nobody-here\nPort 2\nMatch user=ann\nPort 3\n",
        "Match localuser *\nPort 4\nMatch canonical\nUser c\n",
        "Include conf.d/*\nHost db1\nInclude more\nUser late\n",
        "Host web1\nInclude conf.d/b* /nowhere/*\nPort 10\n",
        "Host \"web 1\" web1\nUser 'a b'\n# comment\n   # another\nPort 2 # two\n",
        "Host web1\nIdentityFile \"~/my key\"\nIdentityFile 'single' \nUser a\\ b\n",
    ] {
        let home = home(&[
            ("config", text),
            ("conf.d/a", "Host web1\nPort 31\nMatch host db1\nPort 32\n"),
            ("conf.d/b", "User included\nHost other\nPort 33\n"),
            ("more", "IdentityFile more\nMatch originalhost db1\nHostKeyAlias m\n"),
        ]);
        for name in ["web1", "db1", "Web1", "w.example.com"] {
            same(home.path(), name, text);
        }
    }
}

#[test]
fn ssh_refuses_the_same() {
    for text in [
        "Port x\n",
        "Port 0\n",
        "Port\n",
        "Host\n",
        "Host \"\"\n",
        "Host web1\nUser \"x\n",
        "IdentitiesOnly maybe\n",
        "StrictHostKeyChecking perhaps\n",
        "Match\n",
        "Match host\n",
        "Match nonsense x\n",
        "Match user root final all\n",
        "Match all user root\n",
        "User a b\n",
        "Include config\n",
    ] {
        let home = home(&[("config", text)]);
        assert_eq!(by_ssh(home.path(), "web1"), None, "ssh takes {text}");
        assert_eq!(by_us(home.path(), "web1"), None, "{text}");
    }
}

/// Lines that may stand in any order.
fn line() -> impl Strategy<Value = String> {
    let name = || prop_oneof!["[a-c*?]{1,3}", "![a-c*?]{1,3}"];
    prop_oneof![
        3 => prop::collection::vec(name(), 1..4).prop_map(|names| format!("Host {}", names.join(" "))),
        2 => (prop::sample::select(vec!["host", "originalhost", "user"]), prop::collection::vec(name(), 1..3))
            .prop_map(|(criterion, names)| format!("Match {criterion} {}", names.join(","))),
        1 => name().prop_map(|name| format!("Match !host {} user a*", name.trim_start_matches('!'))),
        1 => Just("Match final all".to_owned()),
        2 => "[a-c]{1,2}".prop_map(|name| format!("  User {name}")),
        2 => "[a-c]{1,2}".prop_map(|name| format!("  HostName {name}%h")),
        2 => (1_u16..99).prop_map(|port| format!("\tPort={port}")),
        2 => "[a-c]".prop_map(|name| format!("IdentityFile \"/k/{name}\"")),
        1 => prop::sample::select(vec!["ProxyJump j", "ProxyCommand c %h", "ProxyJump none"]).prop_map(str::to_owned),
        1 => Just("# comment".to_owned()),
        1 => Just("Include more".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]
    #[test]
    fn ssh_comes_to_the_same_for_any_file(
        lines in prop::collection::vec(line(), 0..12), more in prop::collection::vec(line(), 0..3), name in "[a-c]{1,3}"
    ) {
        let (text, more) = (lines.join("\n"), more.join("\n").replace("Include more", ""));
        let home = home(&[("config", &text), ("more", &more)]);
        let (theirs, ours) = (by_ssh(home.path(), &name), by_us(home.path(), &name));
        prop_assert_eq!(ours.map(comparable), theirs.map(comparable), "{} in\n{}\nmore:\n{}", name, text, more);
    }
}
