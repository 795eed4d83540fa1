//! `make bench`: this program, rclone, OpenSSH's sftp and rsync in turn on the same data in memory, against one sshd,
//! with and without a delay of 50 ms. Prints a table for each job: the median of three rounds, spread, rate, processor
//! seconds and memory of the client, and the ratio to the best peer.
//!
//! `RCLONE=/path/to/rclone` names the rclone to measure; `BENCH_ROUNDS=1` makes it quick; `BENCH_ONLY=text` runs only
//! jobs whose names contain the text.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark ends at the first surprise"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

#[path = "../tests/support/mod.rs"]
#[expect(dead_code, reason = "the tests use what this does not")]
mod support;

use support::ca::KeyType;
use support::proxy::{Direction, Fault, Proxy};
use support::server::{Server, current_user};
use support::tree::Tree;
use support::user::User;

/// Half of the round trip of the distant server.
const ONE_WAY: Duration = Duration::from_millis(25);

fn main() {
    let bench = Bench::new();
    println!("| job | tool | seconds (spread) | rate | CPU s | RSS MiB | to best peer |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for job in jobs() {
        if bench.only.as_ref().is_none_or(|only| job.name.contains(only.as_str())) {
            bench.report(&job);
        }
    }
}

/// What is measured: the same for every tool.
struct Job {
    name: &'static str,
    /// The folder of the data, and how many files or bytes it counts as.
    data: &'static str,
    amount: Amount,
    kind: Kind,
    is_distant: bool,
}

#[derive(Clone, Copy)]
enum Amount {
    Files(u32),
    Mebibytes(u32),
    Nothing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Up,
    Down,
    /// Up once more, when everything is there already.
    Again,
    /// List every file.
    Walk,
    /// List one folder, start to end.
    List,
    /// Up over OpenSSH's client with AES-GCM instead of the tool's own SSH.
    UpOverSsh,
    /// Plan a sync of two folders of this machine, of which one is empty.
    Plan,
}

fn jobs() -> Vec<Job> {
    let job = |name, data, amount, kind, is_distant| Job { name, data, amount, kind, is_distant };
    vec![
        job("10,000 files of 4 KiB up", "small", Amount::Files(10_000), Kind::Up, false),
        job("10,000 files of 4 KiB down", "small", Amount::Files(10_000), Kind::Down, false),
        job("10,000 files again, nothing changed", "small", Amount::Files(10_000), Kind::Again, false),
        job("1 GiB up", "large", Amount::Mebibytes(1024), Kind::Up, false),
        job("1 GiB down", "large", Amount::Mebibytes(1024), Kind::Down, false),
        job("1 GiB up over ssh -c aes128-gcm", "large", Amount::Mebibytes(1024), Kind::UpOverSsh, false),
        job("500 files of 4 KiB up, 50 ms", "few", Amount::Files(500), Kind::Up, true),
        job("500 files of 4 KiB down, 50 ms", "few", Amount::Files(500), Kind::Down, true),
        job("256 MiB up, 50 ms", "middle", Amount::Mebibytes(256), Kind::Up, true),
        job("256 MiB down, 50 ms", "middle", Amount::Mebibytes(256), Kind::Down, true),
        job("walk of 100,000 files", "many", Amount::Files(100_000), Kind::Walk, false),
        job("plan of a sync of 1,000,000 files", "million", Amount::Files(1_000_000), Kind::Plan, false),
        job("lsd", "few", Amount::Nothing, Kind::List, false),
    ]
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tool {
    Sclone,
    Rclone,
    TunedRclone,
    Sftp,
    Rsync,
}

impl Tool {
    const fn name(self) -> &'static str {
        match self {
            Self::Sclone => "sclone",
            Self::Rclone => "rclone",
            Self::TunedRclone => "rclone, tuned",
            Self::Sftp => "sftp",
            Self::Rsync => "rsync",
        }
    }

    fn of(kind: Kind) -> &'static [Self] {
        match kind {
            Kind::Up | Kind::Down => &[Self::Sclone, Self::Rclone, Self::Sftp, Self::Rsync],
            Kind::Again => &[Self::Sclone, Self::Rclone, Self::Rsync],
            Kind::Walk | Kind::List | Kind::Plan => &[Self::Sclone, Self::Rclone],
            Kind::UpOverSsh => &[Self::Sclone, Self::TunedRclone, Self::Sftp],
        }
    }
}

/// One run of a tool.
#[derive(Clone, Copy)]
struct Measure {
    seconds: f64,
    cpu: f64,
    mebibytes: f64,
}

struct Bench {
    user: User,
    server: Server,
    proxy: Proxy,
    data: tempfile::TempDir,
    rclone: String,
    rounds: usize,
    only: Option<String>,
}

impl Bench {
    fn new() -> Self {
        let user = User::new(KeyType::Ed25519);
        let server = user.server().start();
        let delay = Fault::Latency(ONE_WAY);
        let proxy = Proxy::to(server.port())
            .fault(Direction::ToServer, delay.clone())
            .fault(Direction::ToClient, delay)
            .start();
        let data = tempfile::Builder::new().prefix("sclone-bench").tempdir_in("/dev/shm").unwrap();
        let variable = |name| std::env::var(name).ok();
        Self {
            user,
            server,
            proxy,
            data,
            rclone: variable("RCLONE").unwrap_or_else(|| "rclone".into()),
            rounds: variable("BENCH_ROUNDS").map_or(3, |rounds| rounds.parse().unwrap()),
            only: variable("BENCH_ONLY"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.data.path().join(name)
    }

    fn make(&self, data: &str) {
        let root = self.path(data);
        if root.exists() {
            return;
        }
        let files = |count: usize, size: usize| {
            (0..count).fold(Tree::new(), |tree, number| {
                tree.file(format!("d{:03}/f{number:06}", number % 100), vec![b'x'; size])
            })
        };
        match data {
            "small" => files(10_000, 4096).write(&root),
            "few" => files(500, 4096).write(&root),
            "many" => files(100_000, 0).write(&root),
            "million" => empty_files(&root),
            "middle" => random_file(&root, 256),
            _ => random_file(&root, 1024),
        }
    }

    fn report(&self, job: &Job) {
        self.make(job.data);
        let tools = Tool::of(job.kind);
        let mut all = vec![Vec::new(); tools.len()];
        for _ in 0..self.rounds {
            for (tool, measures) in tools.iter().zip(&mut all) {
                measures.push(self.measure(job, *tool));
            }
        }
        let medians: Vec<_> = all.iter_mut().map(|measures| median(measures)).collect();
        let best = medians[1..].iter().map(|median| median.seconds).fold(f64::INFINITY, f64::min);
        for ((tool, median), measures) in tools.iter().zip(&medians).zip(&all) {
            let (least, most) = (measures[0].seconds, measures[measures.len() - 1].seconds);
            println!(
                "| {} | {} | {:.2} ({least:.2}-{most:.2}) | {} | {:.2} | {:.0} | {:.2} |",
                job.name,
                tool.name(),
                median.seconds,
                rate(job.amount, median.seconds),
                median.cpu,
                median.mebibytes,
                median.seconds / best
            );
        }
        if self.path("target").exists() {
            fs::remove_dir_all(self.path("target")).unwrap();
        }
    }

    fn measure(&self, job: &Job, tool: Tool) -> Measure {
        let target = self.path("target");
        if job.kind != Kind::Again || !target.exists() {
            if target.exists() {
                fs::remove_dir_all(&target).unwrap();
            }
            fs::create_dir(&target).unwrap();
        }
        if job.kind == Kind::Again {
            // Everything is there, whoever brought it.
            self.run(job, Tool::Rsync);
        }
        self.run(job, tool)
    }

    fn run(&self, job: &Job, tool: Tool) -> Measure {
        let (source, target) = (self.path(job.data), self.path("target"));
        let port = if job.is_distant { self.proxy.port() } else { self.server.port() };
        let (command, input) = match tool {
            Tool::Sclone => self.like_rclone(env!("CARGO_BIN_EXE_sclone"), job, port, &source, &target),
            Tool::Rclone | Tool::TunedRclone => self.like_rclone(&self.rclone, job, port, &source, &target),
            Tool::Sftp => self.sftp(job, port, &source, &target),
            Tool::Rsync => self.rsync(job, port, &source, &target),
        };
        let command = if tool == Tool::TunedRclone {
            let tuned = ["--sftp-concurrency", "256", "--sftp-chunk-size", "255k"].map(String::from);
            command.into_iter().chain(tuned).collect()
        } else {
            command
        };
        timed(&command, &input)
    }

    fn like_rclone(
        &self,
        program: &str,
        job: &Job,
        port: u16,
        source: &Path,
        target: &Path,
    ) -> (Vec<String>, String) {
        let remote = |path: &Path| format!("b:{}", path.display());
        let config = self.path("rclone.conf");
        let way = if job.kind == Kind::UpOverSsh {
            format!(
                "ssh = ssh {} -c aes128-gcm@openssh.com {}@127.0.0.1\n",
                self.ssh_options("-p", port).join(" "),
                current_user()
            )
        } else {
            String::new()
        };
        let text = format!(
            "[b]\ntype = sftp\nhost = 127.0.0.1\nport = {port}\nuser = {}\nkey_file = {}\npubkey_file = {}\nknown_hosts_file = {}\n\
             host_key_algorithms = ssh-ed25519\nhost_key_policy = off\nshell_type = none\ndisable_hashcheck = true\n{way}",
            current_user(),
            self.user.key.path().display(),
            self.user.key.certificate_path().display(),
            self.known_hosts(port).display(),
        );
        fs::write(&config, text).unwrap();
        let places = match job.kind {
            Kind::Up | Kind::Again | Kind::UpOverSsh => {
                vec!["copy".into(), source.display().to_string(), remote(target)]
            }
            Kind::Down => vec!["copy".into(), remote(source), target.display().to_string()],
            Kind::Walk => vec!["ls".into(), remote(source)],
            Kind::List => vec!["lsd".into(), remote(source)],
            Kind::Plan => {
                let words = ["sync", "--dry-run", "--quiet"].map(String::from).into_iter();
                words.chain([source, target].map(|path| path.display().to_string())).collect()
            }
        };
        let start = [program.to_owned(), "--config".into(), config.display().to_string()];
        (start.into_iter().chain(places).collect(), String::new())
    }

    /// A file with the server's key under the port that is dialled.
    fn known_hosts(&self, port: u16) -> PathBuf {
        let path = self.path("known_hosts");
        let key = fs::read_to_string(self.server.known_hosts()).unwrap();
        let key = key.split_once(' ').unwrap().1;
        fs::write(&path, format!("[127.0.0.1]:{port} {key}")).unwrap();
        path
    }

    fn ssh_options(&self, port_flag: &str, port: u16) -> Vec<String> {
        let key = self.user.key.path().display().to_string();
        let known = format!("UserKnownHostsFile={}", self.known_hosts(port).display());
        [port_flag, &port.to_string(), "-i", &key, "-o", &known, "-o", "BatchMode=yes"]
            .map(String::from)
            .to_vec()
    }

    fn sftp(&self, job: &Job, port: u16, source: &Path, target: &Path) -> (Vec<String>, String) {
        let mut command = vec!["sftp".to_owned(), "-q".into()];
        command.extend(self.ssh_options("-P", port));
        if job.kind == Kind::UpOverSsh {
            command.extend(["-c".into(), "aes128-gcm@openssh.com".into()]);
        }
        command.extend(["-b".into(), "-".into(), format!("{}@127.0.0.1", current_user())]);
        let verb = if job.kind == Kind::Down { "get" } else { "put" };
        (command, format!("{verb} -r {}/* {}\n", source.display(), target.display()))
    }

    fn rsync(&self, job: &Job, port: u16, source: &Path, target: &Path) -> (Vec<String>, String) {
        let ssh = format!("ssh {}", self.ssh_options("-p", port).join(" "));
        let remote = |path: &Path| format!("{}@127.0.0.1:{}/", current_user(), path.display());
        let local = |path: &Path| format!("{}/", path.display());
        let places = match job.kind {
            Kind::Down => [remote(source), local(target)],
            _ => [local(source), remote(target)],
        };
        (["rsync", "-a", "-e", &ssh].map(String::from).into_iter().chain(places).collect(), String::new())
    }
}

/// Runs a command under GNU time.
fn timed(command: &[String], input: &str) -> Measure {
    let report = tempfile::NamedTempFile::new().unwrap();
    let mut child = Command::new("/usr/bin/time")
        .args(["-q", "-f", "%e %U %S %M", "-o"])
        .arg(report.path())
        .args(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("GNU time is missing: install the package time");
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    let status = child.wait().unwrap();
    assert!(status.success(), "{command:?}: {status}");
    let text = fs::read_to_string(report.path()).unwrap();
    let figures: Vec<f64> = text.split_whitespace().map(|word| word.parse().unwrap()).collect();
    Measure { seconds: figures[0], cpu: figures[1] + figures[2], mebibytes: figures[3] / 1024.0 }
}

/// A thousand folders of a thousand files.
fn empty_files(root: &Path) {
    for folder in (0..1000).map(|number| root.join(format!("d{number:03}"))) {
        fs::create_dir_all(&folder).unwrap();
        for number in 0..1000 {
            fs::File::create(folder.join(format!("f{number:03}"))).unwrap();
        }
    }
}

fn random_file(root: &Path, mebibytes: usize) {
    fs::create_dir(root).unwrap();
    let mut random = std::io::Read::take(fs::File::open("/dev/urandom").unwrap(), (mebibytes as u64) << 20);
    std::io::copy(&mut random, &mut fs::File::create(root.join("file")).unwrap()).unwrap();
}

/// Sorts by time and returns the one in the middle.
fn median(measures: &mut [Measure]) -> Measure {
    measures.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
    measures[measures.len() / 2]
}

fn rate(amount: Amount, seconds: f64) -> String {
    match amount {
        Amount::Files(files) => format!("{:.0} files/s", f64::from(files) / seconds),
        Amount::Mebibytes(mebibytes) => format!("{:.0} MiB/s", f64::from(mebibytes) / seconds),
        Amount::Nothing => "-".into(),
    }
}
