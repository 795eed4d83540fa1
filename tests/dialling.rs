//! Ways to a server and what goes wrong on them: each fault is one message within its deadline.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::proxies::carry;
use crate::support::keys::Keys;
use crate::support::peer::Peer;
use crate::support::server::{Server, current_user};
use sclone::cancel::Cancel;
use sclone::error::{Error, Kind};
use sclone::questions::Nobody;
use sclone::ssh::deadline::Deadline;
use sclone::ssh::dial::jump::Jump;
use sclone::ssh::dial::{Route, Target, tcp};
use sclone::ssh::host_key::{HostKeyPolicy, HostKeySettings};
use sclone::ssh::session::{Connected, SessionSettings, connect};

fn target(host: &str, port: u16) -> Target {
    Target { host: host.into(), port, user: "nobody".into(), alias: None }
}

fn settings(route: Route, bound: Duration) -> SessionSettings {
    let host_keys = HostKeySettings { policy: HostKeyPolicy::Off, ..HostKeySettings::default() };
    SessionSettings { route, host_keys, connect_timeout: bound, timeout: bound, ..SessionSettings::default() }
}

pub(crate) fn attempt(host: &str, port: u16, route: Route, bound: Duration) -> Result<Connected, Error> {
    connect(&target(host, port), &settings(route, bound), &Nobody, &Cancel::new())
}

pub(crate) const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_secs(1);

/// The error of a connection that must fail, and that it came in time.
fn fault(host: &str, port: u16, bound: Duration) -> Error {
    let start = Instant::now();
    let error = attempt(host, port, Route::Direct, bound).err().expect("connected");
    assert!(start.elapsed() < bound + SHORT, "took {:?}: {error}", start.elapsed());
    error
}

pub(crate) fn sshd(keys: &Keys) -> Server {
    keys.server(&["ed25519"]).start()
}

#[test]
fn names_and_addresses() {
    let keys = Keys::new();
    let server = sshd(&keys);
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "::ffff:127.0.0.1"] {
        let connected = attempt(host, server.port(), Route::Direct, LONG);
        let connected = connected.unwrap_or_else(|error| panic!("{host}: {error}"));
        assert!(connected.session.is_blocking());
        assert_eq!(connected.session.timeout(), 20_000);
    }
}

#[test]
fn nothing_listens() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = fault("127.0.0.1", port, LONG);
    assert_eq!(error.kind(), Kind::Connect);
    let expected = format!(
        "connect to 127.0.0.1:{port}: connection refused\nnothing listens there: check host and port, and that sshd runs"
    );
    assert_eq!(error.to_string(), expected);
}

#[test]
fn no_such_name() {
    let error = fault("no-such-host.invalid", 22, LONG);
    assert_eq!(error.kind(), Kind::Connect);
    assert!(
        error.to_string().starts_with("look up no-such-host.invalid:22: the name cannot be resolved"),
        "{error}"
    );
}

#[test]
fn accepted_and_then_silence() {
    let mut kept = Vec::new();
    let server = Peer::serve(move |stream| kept.push(stream));
    let error = fault("127.0.0.1", server.port(), SHORT);
    assert_eq!(error.kind(), Kind::TimedOut);
    assert!(error.to_string().contains("said nothing within 1s"), "{error}");
}

#[test]
fn a_greeting_and_then_silence() {
    let mut kept = Vec::new();
    let server = Peer::serve(move |mut stream| {
        stream.write_all(b"SSH-2.0-silent\r\n").unwrap();
        kept.push(stream);
    });
    let error = fault("127.0.0.1", server.port(), SHORT);
    assert_eq!(error.kind(), Kind::TimedOut);
    assert!(error.to_string().contains("key exchange was not done within 1s"), "{error}");
}

#[test]
fn a_drop_at_a_time() {
    for (text, expected) in [
        ("SSH-2.0-slow_and_long_identification_of_a_server\r\n", "key exchange was not done within 1s"),
        ("hi\r\n", "no SSH server answers there; it says \""),
    ] {
        let server = Peer::serve(move |mut stream| {
            thread::spawn(move || {
                for byte in text.bytes().cycle().take(100) {
                    if stream.write_all(&[byte]).is_err() {
                        return;
                    }
                    thread::sleep(Duration::from_millis(100));
                }
            });
        });
        let text = fault("127.0.0.1", server.port(), SHORT).to_string();
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn text_before_the_identification_is_no_fault() {
    let keys = Keys::new();
    let inner = sshd(&keys);
    let server = Peer::serve(move |mut stream| {
        stream.write_all(b"Welcome\r\nto this server\r\n").unwrap();
        carry(stream, TcpStream::connect(("127.0.0.1", inner.port())).unwrap());
    });
    attempt("127.0.0.1", server.port(), Route::Direct, LONG).unwrap();
    let server = Peer::serve(|mut stream| {
        stream.write_all(b"Welcome\r\nSSH-2.0-short\r\n").unwrap();
        drop(stream.read(&mut [0; 4096]));
    });
    assert_eq!(fault("127.0.0.1", server.port(), LONG).kind(), Kind::ConnectionLost);
}

#[test]
fn something_else_listens() {
    let mut kept = Vec::new();
    let server = Peer::serve(move |mut stream| {
        stream.write_all(b"220 mail.example.org\x1b[2J ESMTP\r\n").unwrap();
        kept.push(stream);
    });
    let error = fault("127.0.0.1", server.port(), SHORT);
    assert_eq!(error.kind(), Kind::Connect);
    assert!(error.to_string().contains("it says \"220 mail.example.org\\x1b[2J ESMTP\""), "{error}");
}

#[test]
fn the_door_is_shut_at_once() {
    let server = Peer::serve(drop);
    let error = fault("127.0.0.1", server.port(), LONG);
    assert_eq!(error.kind(), Kind::Connect);
    assert!(error.to_string().contains("MaxStartups"), "{error}");
    let server = Peer::serve(|mut stream| stream.write_all(b"Exceeded MaxStartups\r\n").unwrap());
    let error = fault("127.0.0.1", server.port(), SHORT);
    assert_eq!(error.kind(), Kind::Busy);
    assert!(error.to_string().contains("takes no more connections at the moment (MaxStartups)"), "{error}");
}

#[test]
fn the_connection_breaks_in_the_key_exchange() {
    let server = Peer::serve(|mut stream| {
        stream.write_all(b"SSH-2.0-short\r\n").unwrap();
        let mut buffer = [0; 4096];
        drop(stream.read(&mut buffer));
    });
    let error = fault("127.0.0.1", server.port(), LONG);
    assert_eq!(error.kind(), Kind::ConnectionLost, "{error}");
}

#[test]
fn no_algorithm_in_common() {
    let keys = Keys::new();
    for (line, kind, theirs) in [
        ("Ciphers aes128-cbc\n", "cipher", "aes128-cbc"),
        ("KexAlgorithms diffie-hellman-group14-sha1\n", "key exchange", "diffie-hellman-group14-sha1"),
        ("HostKeyAlgorithms ssh-rsa\n", "host key algorithm", "ssh-rsa"),
        ("Ciphers aes128-ctr\nMACs hmac-sha1\n", "MAC", "hmac-sha1"),
    ] {
        let server = keys.server(&["ed25519", "rsa"]).setting(line).start();
        let error = fault("127.0.0.1", server.port(), LONG);
        assert_eq!(error.kind(), Kind::Unsupported, "{line}: {error}");
        let text = error.to_string();
        assert!(text.contains(&format!("no {kind} in common")), "{text}");
        assert!(
            text.contains(&format!("the server offers {theirs}")) && text.contains("this side offers "),
            "{text}"
        );
    }
}

#[test]
fn what_is_sent_in_the_clear() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let server = Peer::serve(move |mut stream| {
        stream.write_all(b"SSH-2.0-listener\r\n").unwrap();
        let mut sent = Vec::new();
        stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        drop(stream.read_to_end(&mut sent));
        drop(sender.send(sent));
    });
    fault("127.0.0.1", server.port(), LONG);
    let sent = receiver.recv_timeout(LONG).unwrap();
    assert!(sent.starts_with(concat!("SSH-2.0-sclone_", env!("CARGO_PKG_VERSION"), "\r\n").as_bytes()));
    let sent = String::from_utf8_lossy(&sent);
    assert!(sent.contains("kex-strict-c-v00@openssh.com"), "the handshake can be truncated (Terrapin)");
    for weak in ["sha1", "md5", "cbc", "ssh-rsa,", "ssh-dss", "arcfour", "-cert-v01"] {
        assert!(!sent.contains(weak), "{weak} is offered");
    }
}

#[test]
fn nobody_is_named_before_the_host_key_is_accepted() {
    let keys = Keys::new();
    let server = keys.server(&["ed25519"]).setting("LogLevel DEBUG2").start();
    let mut settings = settings(Route::Direct, LONG);
    settings.host_keys.policy = HostKeyPolicy::Strict;
    let error =
        connect(&target("127.0.0.1", server.port()), &settings, &Nobody, &Cancel::new()).err().unwrap();
    assert_eq!(error.kind(), Kind::HostKey);
    server.logged("Connection closed by");
    let log = server.log();
    assert!(log.contains("SSH2_MSG_NEWKEYS received"), "{log}");
    assert!(!log.contains("userauth-request"), "{log}");
}

#[test]
fn the_users_algorithms_are_used() {
    let keys = Keys::new();
    let server = sshd(&keys);
    for cipher in ["aes256-ctr", "chacha20-poly1305@openssh.com", "aes128-gcm@openssh.com"] {
        let mut settings = settings(Route::Direct, LONG);
        settings.algorithms.ciphers = vec![cipher.into()];
        let connected =
            connect(&target("127.0.0.1", server.port()), &settings, &Nobody, &Cancel::new()).unwrap();
        assert_eq!(connected.session.methods(ssh2::MethodType::CryptCs), Some(cipher));
    }
}

#[test]
fn cancelling_ends_the_wait_at_once() {
    let mut kept = Vec::new();
    let server = Peer::serve(move |stream| kept.push(stream));
    let cancel = Cancel::new();
    let start = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(200));
            cancel.cancel();
        });
        let target = target("127.0.0.1", server.port());
        let error = connect(&target, &settings(Route::Direct, LONG), &Nobody, &cancel).err().unwrap();
        assert_eq!(error.kind(), Kind::Cancelled);
    });
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

/// A port that swallows connections: its queue is full.
fn black_hole() -> (SocketAddr, Vec<TcpStream>, std::os::fd::OwnedFd) {
    use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket};
    let fd = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&fd, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    listen(&fd, 0).unwrap();
    let address = SocketAddr::try_from(getsockname(&fd).unwrap()).unwrap();
    let connections =
        (0..4).map_while(|_| TcpStream::connect_timeout(&address, Duration::from_millis(300)).ok());
    let connections = connections.collect();
    (address, connections, fd)
}

#[test]
fn a_black_hole_does_not_hide_the_next_address() {
    let (hole, _queue, _listener) = black_hole();
    let good = TcpListener::bind("127.0.0.1:0").unwrap();
    let cancel = Cancel::new();
    let start = Instant::now();
    tcp::connect(&[hole, good.local_addr().unwrap()], &Deadline::after(Duration::from_secs(2), &cancel))
        .unwrap();
    assert!(start.elapsed() >= Duration::from_millis(900), "the hole was none");
    let error = tcp::connect(&[hole], &Deadline::after(SHORT, &cancel)).err().unwrap();
    assert_eq!(error.kind(), Kind::TimedOut);
    assert!(error.to_string().contains("no answer within 1s"), "{error}");
}

#[test]
fn through_a_command() {
    let keys = Keys::new();
    let server = sshd(&keys);
    let config = server.configuration_path();
    let pid = keys.path("pid");
    let line =
        format!("sh -c 'echo $$ > {}; exec /usr/sbin/sshd -i -e -f {}'", pid.display(), config.display());
    let connected = attempt("inside.invalid", 22, Route::Command(line), LONG).unwrap();
    let process = fs::read_to_string(&pid).unwrap().trim().to_owned();
    assert!(Path::new("/proc").join(&process).exists());
    drop(connected);
    assert!(!Path::new("/proc").join(&process).exists(), "the command outlives the connection");
}

#[test]
fn a_command_that_fails() {
    let start = Instant::now();
    let route = Route::Command("sh -c 'echo cannot reach %h >&2; exit 1'".into());
    let error = attempt("inside.invalid", 22, route, LONG).err().unwrap();
    assert_eq!(error.kind(), Kind::Connect);
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(error.to_string().contains("ended: cannot reach inside.invalid"), "{error}");
    let error = attempt("inside.invalid", 22, Route::Command("sleep 60".into()), SHORT).err().unwrap();
    assert_eq!(error.kind(), Kind::TimedOut);
    assert!(start.elapsed() < Duration::from_secs(8));
}

/// The folder under `/proc` of a process with this word among its arguments.
fn process_of(word: &str) -> Option<PathBuf> {
    let folders = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let has_word = |folder: &PathBuf| {
        let arguments = fs::read(folder.join("cmdline")).unwrap_or_default();
        arguments.split(|&byte| byte == 0).any(|argument| argument == word.as_bytes())
    };
    folders.filter(|folder| folder.join("exe").exists()).find(has_word)
}

#[test]
fn ctrl_c_leaves_the_way_open_and_its_end_ends_ssh() {
    let keys = Keys::new();
    let inner = sshd(&keys);
    let outer = keys.server(&["rsa"]).authorized_key(&keys.key("user").public_line()).start();
    let ssh_config = keys.path("ssh_config");
    let text =
        format!("IdentityFile {}\nIdentitiesOnly yes\nLogLevel ERROR\n", keys.key("user").path().display());
    fs::write(&ssh_config, text).unwrap();
    let hosts = format!("{}@127.0.0.1:{}", current_user(), outer.port());
    let unchecked = HostKeySettings { policy: HostKeyPolicy::Off, ..HostKeySettings::default() };
    let mut jump = Jump::parse(&hosts, unchecked).unwrap();
    jump.ssh_config = Some(ssh_config);
    let connected = attempt("127.0.0.1", inner.port(), Route::Jump(Box::new(jump)), LONG)
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(connected.host_key.key.unwrap().to_string(), keys.key("ed25519").words());
    let process = process_of(&format!("[127.0.0.1]:{}", inner.port())).expect("ssh -W");
    let status = fs::read_to_string(process.join("status")).unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:\t")).unwrap();
    assert_ne!(u64::from_str_radix(ignored, 16).unwrap() & 0b10, 0, "Ctrl-C ends the way to the server");
    drop(connected.session);
    drop(connected.socket);
    assert!(!process.exists(), "ssh outlives the connection");
}
