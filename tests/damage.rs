//! Bytes that arrive damaged once keys are exchanged: the connection ends, and no file is torn.

use std::time::{Duration, Instant};

use crate::support::ground::Ground;
use crate::support::proxy::{Direction, Fault, Proxy};
use crate::support::tree::Tree;

/// Bytes that pass in each direction before the first file does, at least.
const LOGIN: u64 = 4_500;
/// What is copied, in bytes.
const SIZE: u32 = 120_000;
const CIPHERS: [&str; 4] =
    ["chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes256-ctr", "aes128-gcm@openssh.com"];

fn content() -> Vec<u8> {
    (0..SIZE).map(|number| (number % 251) as u8).collect()
}

/// Copies once over a connection that damages one byte.
fn copy_damaged(ground: &Ground, up: bool, at: u64, cipher: &str) {
    let name = format!("{}{at}", if up { "up" } else { "down" });
    let (from, to) = (ground.here.clone(), ground.user.sandbox.path(&name));
    Tree::new().file_with("f", "old", 0o644, 1_500_000_000).write(&to);
    let direction = if up { Direction::ToServer } else { Direction::ToClient };
    let proxy = Proxy::to(ground.server.port()).fault(direction, Fault::Flip { at }).start();
    let remote = format!(
        ":sftp,host=127.0.0.1,port={},user={},key_file={},host_key_policy=off,ciphers={cipher}:",
        proxy.port(),
        crate::support::server::current_user(),
        ground.user.key.path().display(),
    );
    let (source, destination) = (from.display().to_string(), to.display().to_string());
    let places = if up { [source, remote + &destination] } else { [remote + &source, destination] };
    let flags = ["copy", "--timeout", "4s", "--retries", "1", "--low-level-retries", "1"];
    let started = Instant::now();
    let arguments = flags.into_iter().chain(places.iter().map(String::as_str));
    let outcome = ground.user.sandbox.sclone(arguments).within(Duration::from_secs(60)).run();
    outcome.fails();
    assert!(started.elapsed() < Duration::from_secs(20), "{name}, {cipher}: {:?}", started.elapsed());
    let left = std::fs::read(to.join("f")).unwrap();
    // What is damaged may be the last answer, to a file that is already in place.
    assert!(left == b"old" || left == content(), "{name}, {cipher}: torn\n{outcome}");
    assert_eq!(std::fs::read(from.join("f")).unwrap(), content());
}

fn damage(up: bool) {
    let ground = Ground::new();
    Tree::new().file("f", content()).write(&ground.here);
    let step = u64::from(SIZE) / 20;
    std::thread::scope(|scope| {
        for (lane, cipher) in (0_u64..).zip(CIPHERS) {
            let ground = &ground;
            scope.spawn(move || {
                for place in (0..20).filter(|place| place % 4 == lane) {
                    // An odd step, so that lengths, contents and checksums of packets are all met.
                    copy_damaged(ground, up, LOGIN + place * (step - 37), cipher);
                }
            });
        }
    });
}

#[test]
fn any_byte_to_the_server_may_be_damaged_after_the_handshake() {
    damage(true);
}

#[test]
fn any_byte_from_the_server_may_be_damaged_after_the_handshake() {
    damage(false);
}
