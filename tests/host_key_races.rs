//! Several processes that record host keys in one `known_hosts` file at the same time.

use std::os::unix::fs::PermissionsExt;

use crate::support::ca::KeyType;
use crate::support::user::User;

#[test]
fn many_processes_record_host_keys_at_once_and_lose_none() {
    let user = User::new(KeyType::Ed25519);
    let servers = [(); 3].map(|()| user.server().start());
    let file = user.sandbox.path("home/hosts");
    std::fs::write(&file, "# begun by hand, without an end of line").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let known = file.display().to_string();
    for (number, server) in servers.iter().enumerate() {
        let options = [("known_hosts_file", known.as_str()), ("host_key_policy", "accept-new")];
        user.remote_with(&format!("r{number}"), server, &options);
    }
    std::thread::scope(|scope| {
        for run in 0..9 {
            let remote = format!("r{}:/", run % 3);
            let user = &user;
            scope.spawn(move || {
                user.sandbox.sclone(["lsd", &remote]).run().code(0);
            });
        }
    });
    let text = std::fs::read_to_string(&file).unwrap();
    let mut expected = vec!["# begun by hand, without an end of line".to_owned()];
    expected.extend(
        servers
            .iter()
            .map(|server| format!("[127.0.0.1]:{} {}", server.port(), server.host_key().public_line())),
    );
    let key = |line: &str| line.split(' ').take(3).collect::<Vec<_>>().join(" ");
    let mut lines: Vec<_> = text.lines().map(key).collect();
    let mut expected: Vec<_> = expected.iter().map(|line| key(line)).collect();
    lines.sort();
    expected.sort();
    assert_eq!(lines, expected, "{text}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let left = std::fs::read_dir(user.sandbox.path("home")).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().contains("hosts")).collect();
    assert_eq!(left, ["hosts"], "temporary files and locks are gone");
}
