//! A hostile SFTP server behind a real OpenSSH login.
//!
//! It stands between the client and the real `sftp-server`: requests that a [`Rule`] names are answered as the rule
//! says, all others go through. The program is this test binary, started again by sshd as its SFTP subsystem.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::packet::{self, Packet};
use super::process::die_with_parent;
use super::server::{Server, ServerBuilder};

/// Names the folder of plan and log to the program.
const FOLDER: &str = "SCLONE_TEST_HOSTILE_SFTP";
/// Where systems keep OpenSSH's server.
const SFTP_SERVER: [&str; 4] = [
    "/usr/lib/openssh/sftp-server",
    "/usr/libexec/openssh/sftp-server",
    "/usr/lib/ssh/sftp-server",
    "/usr/libexec/sftp-server",
];

/// One misbehaviour: what happens to the `nth` request (from 1; 0 is every one) of a kind on one connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rule {
    /// The kind of request by its name in the protocol: `OPEN`, `READ`, `posix-rename@openssh.com`; `*` for any.
    pub(crate) request: String,
    pub(crate) nth: u64,
    pub(crate) action: Action,
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Action {
    /// Is not carried out and answered by this status: 0 is a success that is none.
    Status { code: u32, text: String },
    /// Is not carried out and answered by a packet of this type and content (after the id).
    Reply { kind: u8, body: Vec<u8> },
    /// Is not carried out; these bytes go to the client as they are.
    Raw(Vec<u8>),
    /// Is not carried out and never answered.
    Silence,
    /// Is carried out on another path.
    Elsewhere(String),
    /// Is carried out after this many milliseconds.
    Delay(u64),
    /// Is carried out; the answer comes this many milliseconds late, and later ones overtake it.
    Late(u64),
    /// Is carried out; the answer comes twice.
    Twice,
    /// Is carried out; the answer has the id of no request.
    WrongId,
    /// Is carried out; of the data in the answer only this many bytes arrive.
    ShortData(usize),
    /// Is carried out; these bytes follow the answer. `INIT` is answered by more extensions.
    Append(Vec<u8>),
    /// Ends the session.
    Close,
}

impl Rule {
    /// Makes a rule; `nth` counts from 1, and 0 stands for every request of the kind.
    pub(crate) fn new(request: &str, nth: u64, action: Action) -> Self {
        Self { request: request.into(), nth, action }
    }
}

#[derive(Serialize, Deserialize)]
struct Plan {
    /// An extension that the real server is told not to offer, or nothing.
    without: String,
    rules: Vec<Rule>,
}

impl ServerBuilder {
    /// Serves SFTP by the hostile server with these rules.
    pub(crate) fn hostile(self, rules: &[Rule]) -> Self {
        self.hostile_without("", rules)
    }

    /// The same, and one of OpenSSH's extensions, by its name for the option `-P`, is not offered.
    pub(crate) fn hostile_without(self, extension: &str, rules: &[Rule]) -> Self {
        let plan = toml::to_string(&Plan { without: extension.into(), rules: rules.to_vec() }).unwrap();
        std::fs::write(self.folder().join("plan.toml"), plan).unwrap();
        std::fs::write(self.folder().join("requests"), "").unwrap();
        let program = std::env::current_exe().unwrap();
        // The test harness talks on standard output, so packets go out by standard error.
        let script = format!(
            "{FOLDER}='{}' exec '{}' --exact support::hostile::program --nocapture 2>&1 >/dev/null\n",
            self.folder().display(),
            program.display()
        );
        let path = self.folder().join("hostile-sftp");
        std::fs::write(&path, script).unwrap();
        self.subsystem(&format!("/bin/sh {}", path.display()))
    }
}

impl Server {
    /// What the clients asked the hostile server for so far: kind and, where it has one, path.
    pub(crate) fn requests(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.folder().join("requests")).unwrap();
        log.lines().map(str::to_owned).collect()
    }
}

/// The program, when sshd starts it. As a plain test it shows that a plan comes back from its file unchanged.
#[test]
fn program() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return serve(Path::new(&folder)).unwrap();
    }
    let raw = Action::Raw((0..=255).collect());
    let status = Action::Status { code: 4, text: "a \"quoted\"\nline".into() };
    let rules = [raw, status, Action::ShortData(7), Action::Close].map(|action| Rule::new("READ", 3, action));
    let text = toml::to_string(&Plan { without: String::new(), rules: rules.to_vec() }).unwrap();
    assert_eq!(toml::from_str::<Plan>(&text).unwrap().rules, rules);
}

/// What is to be done to answers, by request id.
type Pending = Mutex<HashMap<u32, Action>>;

fn serve(folder: &Path) -> io::Result<()> {
    let plan: Plan = toml::from_str(&std::fs::read_to_string(folder.join("plan.toml"))?).unwrap();
    let mut log = File::options().append(true).open(folder.join("requests"))?;
    let mut server = start_real_server(&plan.without)?;
    let (mut to_server, from_server) = (server.stdin.take().unwrap(), server.stdout.take().unwrap());
    let pending = Pending::default();
    std::thread::scope(|scope| {
        scope.spawn(|| pass_replies(from_server, &pending));
        let mut counts = HashMap::new();
        while let Some(mut packet) = Packet::read(&mut io::stdin())? {
            writeln!(log, "{}", packet.describe())?;
            match rule_for(&plan, &packet, &mut counts) {
                Some(Action::Close) => break,
                Some(Action::Elsewhere(path)) => packet.set_path(path.as_bytes()),
                Some(Action::Delay(time)) => std::thread::sleep(Duration::from_millis(time)),
                Some(
                    action @ (Action::WrongId
                    | Action::ShortData(_)
                    | Action::Append(_)
                    | Action::Late(_)
                    | Action::Twice),
                ) => {
                    pending.lock().unwrap().insert(packet.id(), action);
                }
                Some(action) => {
                    io::stderr().write_all(&answer(packet.id(), action))?;
                    continue;
                }
                None => {}
            }
            to_server.write_all(&packet.to_bytes())?;
        }
        server.kill()
    })
}

/// OpenSSH's program that serves SFTP on its standard streams.
pub(crate) fn sftp_server() -> PathBuf {
    let program = SFTP_SERVER.map(PathBuf::from).into_iter().find(|path| path.is_file());
    program.expect("sftp-server is missing: install the package openssh-sftp-server")
}

fn start_real_server(without: &str) -> io::Result<Child> {
    let mut command = Command::new(sftp_server());
    if !without.is_empty() {
        command.args(["-P", without]);
    }
    die_with_parent(command.stdin(Stdio::piped()).stdout(Stdio::piped())).spawn()
}

fn rule_for(plan: &Plan, packet: &Packet, counts: &mut HashMap<String, u64>) -> Option<Action> {
    let own = packet.name();
    for name in [&*own, "*"] {
        *counts.entry(name.to_owned()).or_default() += 1;
    }
    let is_meant = |rule: &&Rule| rule.request == own || rule.request == "*";
    let applies = |rule: &&Rule| is_meant(rule) && (rule.nth == 0 || rule.nth == counts[&rule.request]);
    plan.rules.iter().find(applies).map(|rule| rule.action.clone())
}

/// The bytes that answer a request which is not carried out.
fn answer(id: u32, action: Action) -> Vec<u8> {
    match action {
        Action::Raw(bytes) => bytes,
        Action::Reply { kind, body } => Packet::reply(kind, id, &body).to_bytes(),
        Action::Status { code, text } => {
            let body =
                [&code.to_be_bytes(), &*packet::string(text.as_bytes()), &*packet::string(b"")].concat();
            Packet::reply(packet::STATUS, id, &body).to_bytes()
        }
        _ => Vec::new(),
    }
}

fn pass_replies(mut from_server: ChildStdout, pending: &Pending) {
    while let Ok(Some(mut packet)) = Packet::read(&mut from_server as &mut dyn Read) {
        let action = pending.lock().unwrap().remove(&packet.id());
        match action {
            Some(Action::WrongId) => packet.set_id(packet.id() ^ 0x8000_0000),
            Some(Action::ShortData(length)) => packet.shorten_data(length),
            Some(Action::Append(more)) => packet.append(&more),
            Some(Action::Twice) => io::stderr().write_all(&packet.to_bytes()).unwrap_or_default(),
            Some(Action::Late(time)) => {
                std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(time));
                    io::stderr().write_all(&packet.to_bytes()).unwrap_or_default();
                });
                continue;
            }
            _ => {}
        }
        if io::stderr().write_all(&packet.to_bytes()).is_err() {
            return;
        }
    }
}
