//! A certificate logs in exactly where OpenSSH's own client logs in with it, and a failure has a reason of its own.

use std::process::{Command, Stdio};

use crate::support::ca::{KeyType, Signing};
use crate::support::process::{find, run_tool};
use crate::support::server::{Server, current_user};
use crate::support::user::User;

/// A certificate, the lines of the server's configuration, and the code and reason where it is refused.
struct Case {
    name: &'static str,
    sign: fn(Signing) -> Signing,
    server: &'static str,
    refused: Option<(i32, &'static str)>,
}

const fn case(
    name: &'static str,
    sign: fn(Signing) -> Signing,
    refused: Option<(i32, &'static str)>,
) -> Case {
    Case { name, sign, server: "", refused }
}

fn ours(signing: Signing) -> Signing {
    signing.principals(&[&current_user()])
}

const CASES: [Case; 14] = [
    case("good", ours, None),
    case("from here", |signing| ours(signing).option("source-address=127.0.0.0/8"), None),
    case("forced sftp", |signing| ours(signing).option("force-command=internal-sftp"), None),
    case("no extensions", |signing| ours(signing).option("clear"), None),
    case("expired", |signing| ours(signing).valid("20200101:20210101"), Some((21, "it expired 2021-01-01"))),
    case("not yet valid", |signing| ours(signing).valid("+1d:+2d"), Some((21, "it is not valid before"))),
    case("of others", |signing| signing.principals(&["alice"]), Some((21, "is not among its principals"))),
    case("of nobody", |signing| signing, Some((21, "it names no principals"))),
    case("for hosts", |signing| ours(signing).for_host(), Some((21, "host certificate"))),
    case(
        "from elsewhere",
        |signing| ours(signing).option("source-address=10.0.0.0/8"),
        Some((20, "only valid from 10.0.0.0/8")),
    ),
    case(
        "unknown demand",
        |signing| ours(signing).option("critical:x@y=1"),
        Some((21, "the critical option x@y")),
    ),
    case(
        "forced other",
        |signing| ours(signing).option("force-command=/bin/false"),
        Some((21, "it forces the command /bin/false")),
    ),
    Case {
        name: "revoked key",
        sign: ours,
        server: "RevokedKeys KEY.pub",
        refused: Some((20, "the server refused certificate")),
    },
    Case {
        name: "revoked by list",
        sign: |signing| ours(signing).serial(7),
        server: "RevokedKeys KRL",
        refused: Some((20, "the server refused certificate")),
    },
];

/// Whether OpenSSH's `sftp` gets in.
fn openssh_logs_in(user: &User, port: u16) -> bool {
    let key = user.key.path().display().to_string();
    let options = [
        "BatchMode=yes".to_owned(),
        "StrictHostKeyChecking=no".into(),
        "UserKnownHostsFile=/dev/null".into(),
        "IdentitiesOnly=yes".into(),
        "IdentityAgent=none".into(),
        format!("IdentityFile={key}"),
        format!("CertificateFile={key}-cert.pub"),
    ];
    let mut sftp = Command::new(find("sftp", "openssh-client"));
    sftp.args(["-q", "-F", "none", "-b", "/dev/null", "-P", &port.to_string()]);
    sftp.args(options.iter().flat_map(|option| ["-o", option]));
    sftp.arg(format!("{}@127.0.0.1", current_user())).stdin(Stdio::null()).stdout(Stdio::null());
    sftp.stderr(Stdio::null()).status().unwrap().success()
}

fn check(case: &Case) {
    let user = User::new(KeyType::Ed25519);
    (case.sign)(user.authority.sign(&user.key)).write();
    let list = user.sandbox.path("revoked");
    let serials = user.sandbox.write("serials", "serial: 7\n");
    let authority = user.authority.public_path();
    run_tool(
        Command::new(find("ssh-keygen", "openssh-client"))
            .args(["-q", "-k", "-f"])
            .arg(&list)
            .arg("-s")
            .arg(authority)
            .arg(serials),
    );
    let key = user.key.path().display().to_string();
    let line = case.server.replace("KEY", &key).replace("KRL", &list.display().to_string());
    let builder = Server::builder().trust(&user.authority);
    let server = if line.is_empty() { builder } else { builder.setting(&line) }.start();
    user.remote("r", &server);
    let outcome = user.sandbox.sclone(["lsd", "r:/"]).run();
    assert_eq!(openssh_logs_in(&user, server.port()), case.refused.is_none(), "{}: {outcome}", case.name);
    let (code, reason) = case.refused.unwrap_or((0, ""));
    outcome.code(code).stderr_has(&[reason]);
}

#[test]
fn a_certificate_logs_in_where_it_does_with_openssh() {
    for cases in CASES.chunks(5) {
        std::thread::scope(|scope| {
            for case in cases {
                scope.spawn(|| check(case));
            }
        });
    }
}
