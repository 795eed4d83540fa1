//! `proxy_jump`: servers on the way are checked like the last one, against the same files and by the same policy.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::support::ca::{Key, KeyType};
use crate::support::sandbox::{Invocation, Outcome};
use crate::support::server::{Server, current_user};
use crate::support::user::User;

/// A user with a remote `r` that is reached through `gates`, in this order.
struct Way {
    user: User,
    gates: Vec<Server>,
    inner: Server,
    known_hosts: PathBuf,
}

impl Way {
    fn through(count: usize) -> Self {
        let user = User::new(KeyType::Ed25519);
        let server = || user.server().authorized_key(&user.key.public_line()).start();
        let way = Self {
            gates: (0..count).map(|_| server()).collect(),
            inner: server(),
            known_hosts: user.sandbox.write("known hosts", ""),
            user,
        };
        way.log_in_to_gates_with(&way.user.key);
        let gate = |gate: &Server| format!("{}@127.0.0.1:{}", current_user(), gate.port());
        let hosts = way.gates.iter().map(gate).collect::<Vec<_>>().join(",");
        let options =
            [("known_hosts_file", way.known_hosts.to_str().unwrap()), ("proxy_jump", hosts.as_str())];
        let options = if count == 0 { &options[..1] } else { &options };
        way.user.remote_with("r", &way.inner, options);
        way
    }

    /// Makes `ssh` use this key: it looks for its configuration in the home of the account, not in that of the test.
    fn log_in_to_gates_with(&self, key: &Key) {
        let config = format!("IdentityFile {}\nIdentitiesOnly yes\n", key.path().display());
        let config = self.user.sandbox.write("ssh_config", config);
        let script = format!("#!/bin/sh\nexec /usr/bin/ssh -F {} \"$@\"\n", config.display());
        let program = self.user.sandbox.write("ssh", script);
        fs::set_permissions(program, Permissions::from_mode(0o755)).unwrap();
    }

    fn sclone<const COUNT: usize>(&self, arguments: [&str; COUNT]) -> Invocation {
        let path = format!("{}:/usr/bin:/bin", self.user.sandbox.path("").display());
        self.user.sandbox.sclone(arguments).env("PATH", path)
    }

    /// Records the keys of these servers.
    fn record(&self, servers: &[&Server]) {
        let lines: Vec<_> = servers.iter().map(|server| entry(server)).collect();
        fs::write(&self.known_hosts, lines.concat()).unwrap();
    }

    fn recorded(&self) -> String {
        fs::read_to_string(&self.known_hosts).unwrap()
    }

    fn lsd(&self, remote: &str) -> Outcome {
        self.sclone(["lsd", remote]).run()
    }
}

fn entry(server: &Server) -> String {
    let line = server.host_key().public_line();
    let words: Vec<_> = line.split(' ').take(2).collect();
    format!("[127.0.0.1]:{} {}\n", server.port(), words.join(" "))
}

#[test]
fn known_servers_are_passed() {
    let way = Way::through(2);
    way.record(&[&way.gates[0], &way.gates[1], &way.inner]);
    let before = way.recorded();
    way.lsd("r:/").code(0).stderr("");
    assert_eq!(way.recorded(), before);
    for gate in &way.gates {
        assert_eq!(gate.connections(), 1, "a known server is not looked at twice");
        gate.logged("Accepted publickey");
    }
}

#[test]
fn an_unknown_server_on_the_way_is_refused_then_trusted() {
    let way = Way::through(1);
    way.record(&[&way.inner]);
    let refused = way.lsd("r:/");
    let gate = &way.gates[0];
    refused.code(22).stderr_has(&[
        &format!("[127.0.0.1]:{}: the host is not known", gate.port()),
        &gate.host_key().fingerprint(),
        "sclone trust ':sftp,host=127.0.0.1,port=",
    ]);
    assert_eq!(way.inner.connections(), 0);
    assert!(!gate.log().contains("Accepted"), "a stranger was logged in to");
    assert_eq!(way.recorded(), entry(&way.inner));

    // The command is there to be typed.
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    let command = text.split('`').nth(1).unwrap();
    let trust = command.strip_prefix("sclone trust '").and_then(|rest| rest.strip_suffix('\'')).unwrap();
    way.sclone(["trust", trust, "--yes"]).run().code(0);
    assert_eq!(way.recorded(), entry(&way.inner) + &entry(gate));
    way.lsd("r:/").code(0).stderr("");
}

#[test]
fn the_second_server_on_the_way_is_checked_as_well() {
    let way = Way::through(2);
    way.record(&[&way.gates[0], &way.inner]);
    way.lsd("r:/").code(22).stderr_has(&[
        &format!("[127.0.0.1]:{}: the host is not known", way.gates[1].port()),
        &way.gates[1].host_key().fingerprint(),
        ",proxy_jump=\"ssh://",
    ]);
    assert_eq!(way.inner.connections(), 0);
    assert!(!way.gates[1].log().contains("Accepted"));
}

#[test]
fn a_changed_key_on_the_way_stops_everything() {
    let way = Way::through(1);
    let gate = &way.gates[0];
    let old = entry(gate).replace(&entry(gate)[entry(gate).find("ssh-").unwrap()..], "");
    let line = way.user.key.public_line();
    let changed = format!("# mine\n{old}{}\n{}", &line[..line.rfind(' ').unwrap()], entry(&way.inner));
    fs::write(&way.known_hosts, &changed).unwrap();
    for policy in ["ask", "accept-new", "strict"] {
        way.lsd(&format!("r,host_key_policy={policy}:/")).code(22).stderr_has(&[
            "the host key has changed",
            &gate.host_key().fingerprint(),
            &way.user.key.fingerprint(),
            "known hosts:2",
            "--replace",
        ]);
    }
    assert_eq!(way.inner.connections(), 0);
    assert!(!gate.log().contains("Accepted"));
    assert_eq!(way.recorded(), changed);
}

#[test]
fn a_revoked_key_on_the_way_is_refused() {
    let way = Way::through(1);
    let gate = &way.gates[0];
    let revoked = format!("{}@revoked * {}\n", entry(gate), gate.host_key().public_line());
    fs::write(&way.known_hosts, revoked + &entry(&way.inner)).unwrap();
    way.lsd("r:/").code(22).stderr_has(&["is revoked by", "known hosts:2"]);
    assert_eq!(way.inner.connections(), 0);
}

#[test]
fn a_certificate_on_the_way_is_enough() {
    let way = Way::through(0);
    let gate = way.user.server().authorized_key(&way.user.key.public_line());
    let gate = gate.host_certificate(&way.user.authority, &["127.0.0.1"]).start();
    let authority = format!("@cert-authority * {}\n", way.user.authority.public_line());
    fs::write(&way.known_hosts, authority + &entry(&way.inner)).unwrap();
    let hop = format!("{}@127.0.0.1:{}", current_user(), gate.port());
    way.lsd(&format!("r,proxy_jump=\"{hop}\":/")).code(0).stderr("");
    assert_eq!(gate.connections(), 1);
}

#[test]
fn new_servers_on_the_way_are_recorded_where_that_is_wanted() {
    let way = Way::through(2);
    way.lsd("r,host_key_policy=accept-new:/").code(0);
    assert_eq!(way.recorded(), entry(&way.gates[0]) + &entry(&way.gates[1]) + &entry(&way.inner));
    way.lsd("r,host_key_policy=strict:/").code(0).stderr("");
}

#[test]
fn a_person_is_asked_about_each_server() {
    let way = Way::through(1);
    let asked = format!("host [127.0.0.1]:{}.", way.gates[0].port());
    let no = way.sclone(["lsd", "r:/"]).run_at_terminal(&[(&asked, ""), ("?", "no\n")]);
    assert_eq!(no.code, Some(22), "{}", no.text);
    assert_eq!((way.inner.connections(), way.recorded().as_str()), (0, ""));
    let yes = way.sclone(["lsd", "r:/"]).run_at_terminal(&[
        (&asked, ""),
        ("?", "yes\n"),
        (&format!("host [127.0.0.1]:{}.", way.inner.port()), ""),
        ("?", "yes\n"),
    ]);
    assert_eq!(yes.code, Some(0), "{}", yes.text);
    assert_eq!(way.recorded(), entry(&way.gates[0]) + &entry(&way.inner));
}

#[test]
fn a_switched_off_check_covers_the_way() {
    let way = Way::through(2);
    let run = way.lsd("r,host_key_policy=off:/");
    run.code(0);
    let text = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!((text.lines().count(), text.matches("not checked").count()), (1, 1), "{text}");
    assert_eq!(way.recorded(), "");
}

#[test]
fn a_server_on_the_way_that_lets_nobody_in_is_named() {
    let way = Way::through(2);
    way.record(&[&way.gates[0], &way.gates[1], &way.inner]);
    let stranger = Key::generate(&way.user.sandbox.path(""), "stranger", KeyType::Ed25519);
    way.log_in_to_gates_with(&stranger);
    way.lsd("r:/")
        .code(20)
        .stderr_has(&["a server on the way refused the login", "Permission denied (publickey"]);
    assert_eq!((way.gates[0].connections(), way.inner.connections()), (1, 0), "a refusal is final");
}

#[test]
fn a_server_behind_the_way_that_does_not_answer_is_explained() {
    let way = Way::through(1);
    way.record(&[&way.gates[0], &way.inner]);
    way.inner.stop_accepting();
    way.lsd("r:/").code(23).stderr_has(&["connect failed: Connection refused"]);
}

/// `ssh` itself would look into the home of the account.
#[test]
fn files_in_a_home_of_its_own_count_on_the_way() {
    let user = User::new(KeyType::Ed25519);
    let server = || user.server().start();
    let (gates, inner) = ([server(), server()], server());
    let folder = user.sandbox.path("home/.ssh");
    fs::create_dir_all(&folder).unwrap();
    fs::copy(user.key.path(), folder.join("id_ed25519")).unwrap();
    fs::copy(user.key.certificate_path(), folder.join("id_ed25519-cert.pub")).unwrap();
    fs::copy(user.key.path(), folder.join("key of gate1")).unwrap();
    fs::copy(user.key.certificate_path(), folder.join("gate1.pub")).unwrap();
    let me = current_user();
    let host = |name: &str, server: &Server, more: &str| {
        format!("Host {name}\n  HostName 127.0.0.1\n  Port {}\n  User {me}\n{more}", server.port())
    };
    let own = "  IdentityFile \"~/.ssh/key of gate1\"\n  CertificateFile ~/.ssh/gate1.pub\n  UserKnownHostsFile ~/.ssh/own\n";
    let config = host("gate1", &gates[0], own) + &host("gate2", &gates[1], "");
    fs::write(folder.join("config"), config + &host("web1", &inner, "  ProxyJump gate1,gate2\n")).unwrap();
    let run = || user.sandbox.sclone(["lsd", "web1:/"]).run();
    let (own, usual) = (folder.join("own"), folder.join("known_hosts"));
    fs::write(&usual, entry(&gates[1]) + &entry(&inner)).unwrap();
    run().code(22).stderr_has(&[&gates[0].host_key().fingerprint(), own.to_str().unwrap()]);
    fs::write(&own, entry(&gates[0])).unwrap();
    fs::write(&usual, entry(&inner)).unwrap();
    run().code(22).stderr_has(&[&gates[1].host_key().fingerprint(), usual.to_str().unwrap()]);
    fs::write(&usual, entry(&gates[1]) + &entry(&inner)).unwrap();
    run().code(0).stderr("");
    for gate in &gates {
        gate.logged("Accepted publickey");
    }
}
