//! `cert_command` when it is needed in the middle of a run, when another program connects, and when the run is stopped.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::renewal::{EXPIRED, command, runs, signing, user_with};
use crate::support::process::signal;
use crate::support::proxy::{Direction, Fault, Gate, Proxy};
use crate::support::server::current_user;
use crate::support::tree::Tree;
use crate::support::user::User;

/// How long something may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_connection_that_is_lost_after_the_certificate_has_ended_comes_back_with_a_new_one() {
    let (user, server) = user_with("-1h:+1h");
    let gate = Gate::default();
    let pause = Fault::Pause { after: 400_000, gate: gate.clone() };
    let proxy = Proxy::to(server.port()).fault_on(0, Direction::ToServer, pause).start();
    let known_hosts = format!("[127.0.0.1]:{} {}\n", proxy.port(), server.host_key().public_line());
    let known_hosts = user.sandbox.write("known", known_hosts);
    user.remote_with(
        "a",
        &server,
        &[
            ("port", &proxy.port().to_string()),
            ("known_hosts_file", known_hosts.to_str().unwrap()),
            ("cert_command", &signing(&user, "+1h")),
        ],
    );
    let (from, to) = (user.sandbox.path("from"), user.sandbox.path("to"));
    let content = vec![b'x'; 20_000];
    (0..600).fold(Tree::new(), |tree, n| tree.file(format!("{n}"), &content)).write(&from);
    let there = format!("a:{}", to.display());
    let run = user.sandbox.sclone(["copy", "--transfers", "16", from.to_str().unwrap(), &there]);
    let outcome = run.within(PATIENCE * 3).run_while(|_| {
        gate.wait_reached();
        user.authority.sign(&user.key).principals(&[&current_user()]).valid(EXPIRED).write();
        server.kill_sessions();
        gate.open();
    });
    assert_eq!((runs(&user), server.connections() > 1), (1, true), "{outcome}");
    server.logged("ID renewed");
    let arrived = fs::read_dir(&to).unwrap().filter(|file| {
        let name = file.as_ref().unwrap().file_name();
        !name.to_string_lossy().contains("partial")
    });
    assert!(arrived.count() > 300, "{outcome}");
}

#[test]
fn a_job_that_will_outlast_the_certificate_is_warned_of_once() {
    let (user, server) = user_with("-1h:+20m");
    let slow = Proxy::to(server.port()).fault(Direction::ToServer, Fault::Rate(400_000)).start();
    let known_hosts = format!("[127.0.0.1]:{} {}\n", slow.port(), server.host_key().public_line());
    let known_hosts = user.sandbox.write("known", known_hosts);
    let port = slow.port().to_string();
    user.remote_with("a", &server, &[("port", &port), ("known_hosts_file", known_hosts.to_str().unwrap())]);
    let from = user.sandbox.write("large", "");
    fs::File::options().write(true).open(&from).unwrap().set_len(2_000_000_000).unwrap();
    let there = format!("a:{}", user.sandbox.path("to").display());
    let log = user.sandbox.path("log");
    let said = || fs::read_to_string(&log).unwrap_or_default();
    let arguments = ["copy", "--log-file", log.to_str().unwrap(), from.to_str().unwrap(), &there];
    let outcome = user.sandbox.sclone(arguments).within(PATIENCE * 4).run_while(|process| {
        wait_until("nobody warned", || said().contains("the certificate ends 20"));
        // Time for one more look.
        std::thread::sleep(Duration::from_secs(6));
        signal(process, Signal::INT);
    });
    outcome.code(130);
    assert!(said().contains("(in 19 minutes), and the job may last longer"), "{}", said());
    assert_eq!(said().matches("the certificate ends").count(), 1, "{}", said());
}

#[test]
fn another_program_is_started_after_the_renewal() {
    let (user, server) = user_with(EXPIRED);
    let ssh = format!(
        "ssh -F none -o BatchMode=yes -o UserKnownHostsFile={} -i {} -p {} {}@127.0.0.1",
        server.known_hosts().display(),
        user.key.path().display(),
        server.port(),
        current_user()
    );
    user.remote_with("a", &server, &[("ssh", &ssh), ("cert_command", &signing(&user, "+1h"))]);
    let file = user.sandbox.write("home/file", "text");
    let there = format!("a:{}", file.display());
    user.sandbox.sclone(["lsd", "a:/"]).run().code(0);
    assert_eq!(runs(&user), 1);
    user.authority.sign(&user.key).principals(&[&current_user()]).valid(EXPIRED).write();
    user.sandbox.sclone(["md5sum", &there]).run().code(0).stdout("1cb251ec0d568de6a929b520c4aed8d1  file\n");
    assert_eq!(runs(&user), 2);
    server.logged("ID renewed");
}

/// A command that would run for a long time, and the file with the number of its process.
fn endless(user: &User) -> (String, PathBuf) {
    let id = user.sandbox.path("id");
    let script = format!("trap '' INT; echo $$ > {0}.new; mv {0}.new {0}; sleep 60; sleep 60", id.display());
    (command(user, &script), id)
}

#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[track_caller]
fn assert_gone(id: &Path) {
    let id = fs::read_to_string(id).unwrap();
    let process = PathBuf::from("/proc").join(id.trim());
    wait_until("the command runs on", || !process.exists());
}

#[test]
fn stopping_the_run_stops_the_command() {
    for (which, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let (user, server) = user_with(EXPIRED);
        let (endless, id) = endless(&user);
        user.remote_with("a", &server, &[("cert_command", &endless)]);
        for arguments in [["lsd", "a:"].as_slice(), &["cert", "renew", "a:"]] {
            let mut since = None;
            let run = user.sandbox.sclone(arguments).within(PATIENCE * 2);
            let outcome = run.run_while(|process| {
                wait_until("the command did not start", || id.exists());
                since = Some(Instant::now());
                signal(process, which);
            });
            outcome.code(code);
            assert!(since.unwrap().elapsed() < Duration::from_secs(4), "{outcome}");
            assert_gone(&id);
            fs::remove_file(&id).unwrap();
        }
        assert_eq!((runs(&user), server.connections()), (2, 0));
    }
}

#[test]
fn ctrl_c_at_a_terminal_stops_the_command() {
    let (user, server) = user_with(EXPIRED);
    let (endless, id) = endless(&user);
    let ready = format!("{endless}-ready");
    fs::write(&ready, format!("#!/bin/sh\necho waiting >&2\nexec {endless}\n")).unwrap();
    fs::set_permissions(&ready, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    user.remote_with("a", &server, &[("cert_command", &ready)]);
    let run = user.sandbox.sclone(["lsd", "-v", "a:"]).within(PATIENCE);
    let screen = run.run_at_terminal(&[("cert_command: waiting", "\x03")]);
    assert_eq!(screen.code, Some(130), "{}", screen.text);
    if id.exists() {
        assert_gone(&id);
    }
}
