//! The test support itself, proven against OpenSSH's own clients and plain sockets.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::ca::{Key, KeyType};
use crate::support::hostile::{Action, Rule};
use crate::support::packet;
use crate::support::process::{descendants, find, signal};
use crate::support::proxy::{Direction, Ending, Fault, Gate, Proxy};
use crate::support::sandbox::{Invocation, Sandbox};
use crate::support::server::{Server, current_user};
use crate::support::tree::{Tree, WEIRD_NAMES};
use crate::support::user::User;

impl User {
    /// OpenSSH's `ssh` or `sftp` with nothing of this machine's configuration.
    fn client(
        &self,
        program: &str,
        port: u16,
        known_hosts: &Path,
        key: &Key,
        arguments: &[&str],
    ) -> Invocation {
        let known_hosts = format!("-oUserKnownHostsFile={}", known_hosts.display());
        let (port, key) = (format!("-oPort={port}"), format!("-oIdentityFile={}", key.path().display()));
        let fixed = ["-Fnone", "-oBatchMode=yes", "-oIdentitiesOnly=yes", "-oIdentityAgent=none"];
        let strict =
            ["-oStrictHostKeyChecking=yes", "-oGlobalKnownHostsFile=none", &known_hosts, &port, &key];
        let all = fixed.iter().chain(&strict).chain(arguments);
        self.sandbox.program(&find(program, "openssh-client"), all)
    }

    fn ssh(&self, server: &Server, command: &str) -> Invocation {
        self.client("ssh", server.port(), &server.known_hosts(), &self.key, &["127.0.0.1", command])
    }

    fn sftp(&self, server: &Server, batch: &str) -> Invocation {
        self.client("sftp", server.port(), &server.known_hosts(), &self.key, &["-b", "-", "127.0.0.1"])
            .input(batch)
    }
}

#[test]
fn a_certificate_of_every_kind_logs_in_and_is_logged() {
    let user = User::new(KeyType::Ed25519);
    let server = Server::builder().cert_authority(&user.authority).start();
    let name = current_user();
    for kind in KeyType::ALL {
        let key = Key::generate(&user.sandbox.path(""), &format!("{kind:?}"), kind);
        user.authority.sign(&key).principals(&[&name]).serial(7).id("someone").write();
        let arguments = ["127.0.0.1", "echo in"];
        user.client("ssh", server.port(), &server.known_hosts(), &key, &arguments)
            .run()
            .code(0)
            .stdout("in\n");
        let line = server.logged(&format!(" ssh2: {}-CERT {}", kind.log_name(), key.fingerprint()));
        assert!(line.starts_with(&format!("Accepted publickey for {name} from 127.0.0.1 port ")), "{line}");
        let end = format!("ID someone (serial 7) CA ED25519 {}", user.authority.fingerprint());
        assert!(line.ends_with(&end), "{line}");
    }
    assert_eq!(server.connections(), KeyType::ALL.len());
}

#[test]
fn certificates_are_refused_for_the_reason_they_were_made_with() {
    let user = User::new(KeyType::Ed25519);
    let server = Server::builder().trust(&user.authority).start();
    let name = current_user();
    let sign = || user.authority.sign(&user.key).principals(&[&name]);
    user.ssh(&server, "true").run().code(0);
    sign().valid("20200101:20200102").write();
    user.ssh(&server, "true").run().code(255);
    server.logged("Certificate invalid: expired");
    sign().option("source-address=192.0.2.1/32").write();
    user.ssh(&server, "true").run().code(255);
    server.logged("not from a permitted source address");
}

#[test]
fn a_key_of_every_format_is_read() {
    let user = User::new(KeyType::Ed25519);
    for (format, passphrase) in [("RFC4716", "secret"), ("PEM", ""), ("PEM", "secret"), ("PKCS8", "")] {
        let name = format!("{format}{passphrase}");
        let key = Key::generate_as(&user.sandbox.path(""), &name, KeyType::EcdsaP256, format, passphrase);
        let public = ["-y", "-P", passphrase, "-f"].map(str::to_owned).into_iter();
        let arguments = public.chain([key.path().to_str().unwrap().to_owned()]);
        let shown = user.sandbox.program(&find("ssh-keygen", "openssh-client"), arguments).run();
        assert!(String::from_utf8_lossy(&shown.code(0).stdout).starts_with(&key.public_line()[..100]));
    }
}

#[test]
fn a_host_certificate_and_other_settings_reach_the_client() {
    let user = User::new(KeyType::Ed25519);
    let banner = user.sandbox.write("banner", "welcome\n");
    let server = Server::builder_with_host_key(KeyType::EcdsaP256)
        .authorized_key(&user.key.public_line())
        .host_certificate(&user.authority, &["127.0.0.1"])
        .setting(&format!("Banner {}", banner.display()))
        .start();
    assert!(server.host_key().public_line().starts_with("ecdsa-sha2-nistp256 "));
    let line = format!("@cert-authority * {}\n", user.authority.public_line());
    let known_hosts = user.sandbox.write("known_hosts", line);
    let outcome = user.client("ssh", server.port(), &known_hosts, &user.key, &["127.0.0.1", "true"]).run();
    outcome.code(0).stderr("welcome\n");
}

#[test]
fn sessions_can_be_killed_and_the_port_closed() {
    let user = User::new(KeyType::Ed25519);
    let server = Server::builder().trust(&user.authority).start();
    let before = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            server.logged("Accepted publickey");
            let sessions = server.session_ids();
            assert_eq!(sessions.len(), 1);
            signal(sessions[0], Signal::STOP);
            server.kill_sessions();
            assert_eq!((server.session_ids(), descendants(sessions[0])), (vec![], vec![]));
        });
        user.ssh(&server, "sleep 60").run().code(255);
    });
    assert!(before.elapsed() < Duration::from_secs(30));
    server.stop_accepting();
    user.ssh(&server, "true").run().code(255).stderr_has(&["Connection refused"]);
    assert_eq!(server.connections(), 1);
}

#[test]
fn weird_names_survive_a_trip_through_a_real_server() {
    let user = User::new(KeyType::Ed25519);
    let server = Server::builder().trust(&user.authority).start();
    let (from, to) = (user.sandbox.path("from"), user.sandbox.path("to"));
    let tree = Tree::new().weird_names("names").directory("empty").symlink("link", "nowhere");
    tree.clone().file_with("closed", "secret", 0o600, 5).write(&from);
    assert_eq!(Tree::read(&from), tree.clone().file_with("closed", "secret", 0o600, 5));
    assert_ne!(Tree::read(&from), tree.clone().file_with("closed", "secret", 0o644, 5));
    assert_ne!(Tree::read(&from), tree.clone().file_with("closed", "Secret", 0o600, 5));
    user.sftp(&server, &format!("get -Rp {}/names {}\n", from.display(), to.display())).run().code(0);
    let fetched = Tree::read(&to);
    assert_eq!(fetched, Tree::read(&from.join("names")));
    assert_eq!(WEIRD_NAMES.len(), std::fs::read_dir(&to).unwrap().count());
}

#[test]
fn the_hostile_server_misbehaves_as_planned_and_logs() {
    let user = User::new(KeyType::Ed25519);
    user.sandbox.write("file", "content");
    let status = |code| Action::Status { code, text: "planned".into() };
    let names = Action::Reply { kind: packet::NAME, body: packet::names(&[b"../evil"]) };
    let server = Server::builder()
        .trust(&user.authority)
        .hostile(&[
            Rule::new("MKDIR", 1, status(3)),
            Rule::new("posix-rename@openssh.com", 0, status(0)),
            Rule::new("READDIR", 1, names),
            Rule::new("READ", 1, Action::ShortData(3)),
            Rule::new("REMOVE", 1, Action::Delay(300)),
        ])
        .start();
    let path = |name: &str| user.sandbox.path(name).display().to_string();
    let batch = format!(
        "-mkdir {}\nmkdir {}\nrename {} {}\nls {}\nget {} {}\nrm {}\n",
        path("a"),
        path("b"),
        path("file"),
        path("moved"),
        path(""),
        path("file"),
        path("copy"),
        path("file"),
    );
    let start = Instant::now();
    user.sftp(&server, &batch).run().code(0).stderr_has(&["Permission denied", "../evil"]);
    assert!(start.elapsed() > Duration::from_millis(300));
    assert!(!user.sandbox.path("a").exists() && user.sandbox.path("b").is_dir());
    assert!(!user.sandbox.path("moved").exists() && !user.sandbox.path("file").exists());
    assert_eq!(std::fs::read(user.sandbox.path("copy")).unwrap(), b"content");
    let requests = server.requests();
    assert_eq!(requests[0], "INIT");
    assert!(requests.contains(&format!("MKDIR {}", path("a"))), "{requests:?}");
    assert!(requests.contains(&format!("posix-rename@openssh.com {}", path("file"))), "{requests:?}");
    assert_eq!(requests.iter().filter(|request| request.starts_with("READ ")).count(), 0);
    assert!(requests.iter().filter(|request| *request == "READ").count() >= 2, "{requests:?}");
}

#[test]
fn the_hostile_server_breaks_a_session_in_every_way() {
    let user = User::new(KeyType::Ed25519);
    for (action, ends_by_itself) in [
        (Action::Close, true),
        (Action::WrongId, true),
        (Action::Raw(b"\0\0\0\x01\xff".to_vec()), true),
        (Action::Silence, false),
    ] {
        let server =
            Server::builder().trust(&user.authority).hostile(&[Rule::new("STAT", 1, action)]).start();
        std::thread::scope(|scope| {
            let run = scope.spawn(|| user.sftp(&server, "cd /nowhere\n").run().code(255).to_string());
            if !ends_by_itself {
                let answered = Instant::now() + Duration::from_secs(1);
                while Instant::now() < answered {
                    assert!(!run.is_finished());
                    std::thread::sleep(Duration::from_millis(20));
                }
                server.kill_sessions();
            }
        });
    }
}

#[test]
fn a_person_answers_at_the_terminal_and_nobody_without_one() {
    let sandbox = Sandbox::new();
    let script =
        "printf 'name: ' >/dev/tty; read name </dev/tty; printf 'hello %s\\n' \"$name\"; stty size; exit 3";
    let shell = Path::new("/bin/sh");
    let screen = sandbox.program(shell, ["-c", script]).run_at_terminal(&[("name: ", "me\n")]);
    assert_eq!((screen.code, &*screen.text), (Some(3), "name: me\r\nhello me\r\n30 100\r\n"));
    sandbox.program(shell, ["-c", "echo x >/dev/tty"]).run().code(2).stderr_has(&["/dev/tty"]);
}

#[test]
fn nothing_of_this_machine_reaches_a_sandbox() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.program(Path::new("/usr/bin/env"), ["-i", "/bin/cat"]).input("in").run();
    outcome.code(0).stdout("in").stderr("");
    let outcome = sandbox.program(Path::new("/usr/bin/env"), [""; 0]).env("X", "y").run();
    let names: Vec<_> = std::str::from_utf8(&outcome.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| line.split_once('='))
        .collect();
    assert_eq!(names.len(), 6, "{names:?}");
}

#[test]
#[should_panic(expected = "did not end within")]
fn a_run_that_hangs_is_killed_and_fails() {
    Sandbox::new().program(Path::new("/bin/sleep"), ["60"]).within(Duration::from_millis(50)).run();
}

/// Sends `sent` through a proxy with this fault, and returns what arrived and how it ended.
fn through(fault: Fault, sent: &[u8]) -> (Vec<u8>, Option<std::io::ErrorKind>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let proxy = Proxy::to(listener.local_addr().unwrap().port()).fault(Direction::ToServer, fault).start();
    let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    client.write_all(sent).ok();
    client.shutdown(std::net::Shutdown::Write).ok();
    server.set_read_timeout(Some(Duration::from_millis(700))).unwrap();
    let mut arrived = Vec::new();
    let end = server.read_to_end(&mut arrived).err().map(|error| error.kind());
    assert_eq!(proxy.connections(), 1);
    (arrived, end)
}

#[test]
fn the_proxy_spoils_exactly_the_byte_it_was_told() {
    use std::io::ErrorKind::{ConnectionReset, WouldBlock};
    let sent: Vec<u8> = (0..60_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    let mut flipped = sent.clone();
    flipped[40_000] ^= 1;
    assert_eq!(through(Fault::Flip { at: 40_000 }, &sent), (flipped, None));
    assert_eq!(through(Fault::Stall { after: 33_333 }, &sent), (sent[..33_333].to_vec(), Some(WouldBlock)));
    let cut = |ending| through(Fault::Cut { after: 20_000, ending }, &sent);
    assert_eq!(cut(Ending::Close), (sent[..20_000].to_vec(), None));
    // A reset may overtake bytes that the receiver has not read yet.
    let (arrived, end) = cut(Ending::Reset);
    assert_eq!(end, Some(ConnectionReset));
    assert!(sent[..20_000].starts_with(&arrived));
    let timed = |fault| {
        let start = Instant::now();
        assert_eq!(through(fault, &sent), (sent.clone(), None));
        start.elapsed().as_millis()
    };
    assert!((200..650).contains(&timed(Fault::Latency(Duration::from_millis(200)))));
    assert!((200..2000).contains(&timed(Fault::Rate(300_000))));
}

#[test]
fn the_proxy_holds_one_connection_at_a_gate() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let gate = Gate::default();
    let pause = Fault::Pause { after: 3, gate: gate.clone() };
    let proxy =
        Proxy::to(listener.local_addr().unwrap().port()).fault_on(1, Direction::ToClient, pause).start();
    let mut buffer = [0; 5];
    for connection in 0..2 {
        let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        server.write_all(b"12345").unwrap();
        if connection == 1 {
            gate.wait_reached();
            client.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
            client.read_exact(&mut buffer[..3]).unwrap();
            client.read_exact(&mut buffer[3..]).unwrap_err();
            gate.open();
            client.set_read_timeout(None).unwrap();
            client.read_exact(&mut buffer[3..]).unwrap();
        } else {
            client.read_exact(&mut buffer).unwrap();
        }
        assert_eq!(&buffer, b"12345");
    }
}

#[test]
fn a_silent_server_says_nothing() {
    let proxy = Proxy::silent();
    let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap();
    client.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert_eq!(client.read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    drop(proxy);
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
}
