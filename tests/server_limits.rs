//! Servers that allow few connections or few channels: everything is copied all the same, over those there are.

use crate::support::ca::KeyType;
use crate::support::daemon::Daemon;
use crate::support::tree::Tree;
use crate::support::user::User;

fn tree() -> Tree {
    let content = |number: u32| {
        (0..2_500_000_u32).map(|byte| (byte.wrapping_mul(number) % 251) as u8).collect::<Vec<_>>()
    };
    let large = (1..4).fold(Tree::new(), |tree, number| tree.file(format!("large{number}"), content(number)));
    (0..60).fold(large, |tree, number| tree.file(format!("d{}/f{number}", number % 12), number.to_string()))
}

fn remote(user: &User, daemon: &Daemon) {
    user.remote_with("r", &daemon.server, &[("port", &daemon.port.to_string()), ("host_key_policy", "off")]);
}

/// Copies up and down with all the connections and channels that can be asked for.
fn copy_both_ways(sessions: u32, startups: u32) {
    let user = User::new(KeyType::Ed25519);
    let server = user.server().setting(&format!("MaxSessions {sessions}"));
    let daemon = server.setting(&format!("MaxStartups {startups}")).listen();
    remote(&user, &daemon);
    let [here, there, back] = ["here", "there", "back"].map(|name| user.sandbox.path(name));
    tree().write(&here);
    let there_remote = format!("r:{}", there.display());
    for (from, to) in
        [(here.display().to_string(), there_remote.clone()), (there_remote, back.display().to_string())]
    {
        let flags = "--transfers 16 --checkers 16 --multi-thread-cutoff 1Mi --multi-thread-streams 8";
        let outcome = user.sandbox.sclone(["copy", &from, &to].into_iter().chain(flags.split(' '))).run();
        outcome.code(0);
        let text = String::from_utf8_lossy(&outcome.stderr).into_owned();
        assert!(!text.contains("ERROR"), "MaxSessions {sessions}, MaxStartups {startups}: {outcome}");
    }
    assert_eq!(Tree::read(&back), tree(), "MaxSessions {sessions}, MaxStartups {startups}");
}

#[test]
fn few_channels_and_few_starting_connections_are_made_do_with() {
    std::thread::scope(|scope| {
        for (sessions, startups) in [(1, 1), (1, 10), (2, 2), (10, 1)] {
            scope.spawn(move || copy_both_ways(sessions, startups));
        }
    });
}

#[test]
fn a_server_with_too_many_connections_starting_is_asked_again() {
    let user = User::new(KeyType::Ed25519);
    let daemon = user.server().setting("MaxStartups 1").listen();
    remote(&user, &daemon);
    Tree::new().file("f", "x").write(&user.sandbox.path("there"));
    let there = format!("r:{}", user.sandbox.path("there").display());
    std::thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| {
                user.sandbox.sclone(["lsf", &there]).run().code(0).stdout("f\n");
            });
        }
    });
}

#[test]
fn a_server_that_never_has_room_is_given_up_and_named() {
    let user = User::new(KeyType::Ed25519);
    let daemon = user.server().setting("MaxStartups 1").listen();
    remote(&user, &daemon);
    // It counts as starting as long as it says nothing.
    let occupant = std::net::TcpStream::connect(("127.0.0.1", daemon.port)).unwrap();
    let started = std::time::Instant::now();
    let outcome = user.sandbox.sclone(["lsf", "--contimeout", "2s", "r:"]).run();
    outcome.code(23).stdout("").stderr_has(&["takes no more connections", "MaxStartups"]);
    assert!(started.elapsed() < std::time::Duration::from_secs(15), "{:?}", started.elapsed());
    drop(occupant);
}
