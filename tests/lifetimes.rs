//! A run that outlives many certificates, each of which lasts for seconds: a day with certificates of an hour, in short.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_executor::block_on;
use sclone::cancel::Cancel;
use sclone::config::environment::Environment;
use sclone::config::sftp_options::SftpOptions;
use sclone::error::Kind;
use sclone::questions::Nobody;
use sclone::sftp::Pool;
use sclone::ssh::{Factory, Surroundings};

use crate::renewal::{EXPIRED, command, runs, signing, user_with};
use crate::support::proxy::{Direction, Fault, Gate, Proxy};
use crate::support::server::{Server, current_user};
use crate::support::user::User;

/// How long something may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long each certificate lasts, and what `ssh-keygen -V` calls that.
const LIFE: Duration = Duration::from_secs(2);
const VALIDITY: &str = "-1m:+2s";

/// Connections to a port of the server, with certificates renewed by a command.
fn pool(user: &User, server: &Server, port: u16, command: &str, renew_before: &str) -> Pool {
    let known_hosts = format!("[127.0.0.1]:{port} {}\n", server.host_key().public_line());
    let known_hosts = user.sandbox.write("known", known_hosts);
    let options = |name: &str| match name {
        "host" => Some("127.0.0.1".to_owned()),
        "port" => Some(port.to_string()),
        "user" => Some(current_user()),
        "key_file" => Some(user.key.path().display().to_string()),
        "known_hosts_file" => Some(known_hosts.display().to_string()),
        "cert_command" => Some(command.to_owned()),
        "cert_renew_before" => Some(renew_before.to_owned()),
        _ => None,
    };
    let surroundings = Surroundings {
        config: None,
        home: None,
        agent_socket: None,
        connect_timeout: PATIENCE,
        timeout: PATIENCE,
        questions: Arc::new(Nobody),
        cancel: Cancel::new(),
    };
    let options = SftpOptions::from_lookup(options, &Environment::new([("HOME", "/nowhere")])).unwrap();
    let factory = Factory::new("r", options, surroundings).unwrap();
    Pool::new(Arc::new(move || factory.connect()), PATIENCE, None)
}

/// Asks the server something, over a new connection if the last was lost.
fn ask(pool: &Pool) -> sclone::error::Result<Vec<u8>> {
    block_on(async { pool.client().await?.real_path(b"/").await })
}

/// Asks again until a lost connection is noticed and replaced.
fn ask_again(pool: &Pool) -> sclone::error::Result<Vec<u8>> {
    let end = Instant::now() + PATIENCE;
    loop {
        match ask(pool) {
            Err(error) if error.kind() == Kind::ConnectionLost && Instant::now() < end => {}
            answer => return answer,
        }
    }
}

/// Lives through three certificates, with one connection in the life of each.
fn live_on(renew_before: &str) {
    let (user, server) = user_with(EXPIRED);
    let pool = pool(&user, &server, server.port(), &signing(&user, VALIDITY), renew_before);
    for life in 1..=3 {
        ask_again(&pool).unwrap();
        assert!(runs(&user) >= life);
        std::thread::sleep(LIFE + Duration::from_millis(100));
        server.kill_sessions();
    }
}

#[test]
fn certificates_that_outlast_the_margin_are_renewed_each_time() {
    live_on("0s");
}

#[test]
fn certificates_that_never_outlast_the_margin_are_renewed_each_time() {
    live_on("5m");
}

#[test]
fn a_ca_that_was_out_of_reach_is_asked_again_once_the_certificate_has_ended() {
    let (user, server) = user_with("-1m:+5s");
    let ends = Instant::now() + Duration::from_secs(6);
    let up = user.sandbox.path("up");
    let (ca, name, key) = (user.authority.path().display(), current_user(), user.key.public_path());
    let sign = format!("exec ssh-keygen -q -s {ca} -I renewed -n {name} -V+1h {}", key.display());
    let command = command(&user, &format!("[ -e {} ] || exit 1\n{sign}", up.display()));
    let pool = pool(&user, &server, server.port(), &command, "5m");
    ask(&pool).unwrap();
    fs::write(up, "").unwrap();
    std::thread::sleep(ends.saturating_duration_since(Instant::now()));
    server.kill_sessions();
    ask_again(&pool).unwrap();
    assert_eq!(runs(&user), 2);
    server.logged("ID renewed");
}

#[test]
fn a_certificate_that_ends_while_its_login_is_under_way_is_renewed() {
    let (user, server) = user_with(VALIDITY);
    let gate = Gate::default();
    let pause = Fault::Pause { after: 100, gate: gate.clone() };
    let late = Proxy::to(server.port()).fault_on(0, Direction::ToServer, pause).start();
    let pool = pool(&user, &server, late.port(), &signing(&user, "+1h"), "0s");
    std::thread::scope(|threads| {
        threads.spawn(|| {
            gate.wait_reached();
            std::thread::sleep(LIFE + Duration::from_millis(100));
            gate.open();
        });
        ask(&pool).unwrap();
    });
    assert_eq!(runs(&user), 1);
    server.logged("ID renewed");
}
