//! What a server may list, and what comes of it: names that lead elsewhere, entries that are no files or say nothing
//! about themselves, names twice, folders without end.

use std::time::{Duration, Instant};

use crate::support::ground::Ground;
use crate::support::hostile::{Action, Rule};
use crate::support::packet::{NAME, listing, names};
use crate::support::process::peak_memory;
use crate::support::tree::Tree;

const FOLDER: u32 = 0o040_755;
const FILE: u32 = 0o100_644;
const LINK: u32 = 0o120_777;

/// The end of a listing.
fn end() -> Action {
    Action::Status { code: 1, text: "End of file".into() }
}

fn listed(entries: &[(&[u8], u32, u64)]) -> Action {
    Action::Reply { kind: NAME, body: listing(entries) }
}

/// A server whose folder `there` has two files, and lists by these rules.
fn ground(rules: &[Rule]) -> Ground {
    let ground = Ground::with(rules);
    Tree::new().file("a", "first").file("d/b", "second").write(&ground.there);
    ground
}

#[test]
fn folders_whose_names_lead_elsewhere_are_not_entered() {
    let names: [&[u8]; 6] = [b"../evil", b"/tmp/evil", b"x/evil", b"", b"evil\0", b"..\x1b[31m/evil"];
    let entries = names.map(|name| (name, FOLDER, 4096));
    let ground = ground(&[Rule::new("READDIR", 1, listed(&entries))]);
    Tree::new().file("surplus", "kept").write(&ground.here);
    let outcome = ground.sclone("sync @THERE HERE");
    outcome.fails().stderr_has(&[
        "../evil",
        "/tmp/evil",
        "x/evil",
        "evil\\x00",
        "\\x1b[31m",
        "the name is empty",
    ]);
    assert!(!outcome.stderr.contains(&0x1b), "an escape sequence reached the terminal");
    assert_eq!(Tree::read(&ground.here), Tree::read(&ground.there).file_now("surplus", &ground.here));
    let asked = ground.server.requests();
    assert!(asked.iter().all(|request| !request.contains("evil")), "{asked:?}");
}

#[test]
fn what_is_no_file_is_said_and_never_opened() {
    let kinds: [(&[u8], u32); 5] = [
        (b"fifo", 0o010_644),
        (b"socket", 0o140_755),
        (b"tty", 0o020_620),
        (b"disk", 0o060_660),
        (b"odd", 0o644),
    ];
    let entries = kinds.map(|(name, mode)| (name, mode, 0));
    let ground = ground(&[Rule::new("READDIR", 1, listed(&entries))]);
    let outcome = ground.sclone("copy @THERE HERE");
    outcome.code(0);
    for (name, _) in kinds {
        let name = String::from_utf8_lossy(name);
        outcome.stderr_has(&[&format!("NOTICE: {name}: ")]);
        assert!(
            !ground.server.requests().iter().any(|request| request.ends_with(&format!("/{name}"))),
            "{name}"
        );
    }
    assert_eq!(Tree::read(&ground.here), Tree::read(&ground.there));
}

#[test]
fn an_entry_without_attributes_is_asked_for_by_itself() {
    let bare = Action::Reply { kind: NAME, body: names(&[b"a", b"d", b"gone"]) };
    let ground = ground(&[Rule::new("READDIR", 1, bare), Rule::new("READDIR", 2, end())]);
    let outcome = ground.sclone("copy @THERE HERE");
    assert_eq!(Tree::read(&ground.here), Tree::read(&ground.there), "{outcome}");
    ground.sclone("lsf -R @THERE").stdout("a\nd/\nd/b\n");
}

#[test]
fn a_size_that_no_file_has_does_no_harm() {
    for size in [0, 1 << 40, 1 << 62, 1 << 63, u64::MAX] {
        let entries: [(&[u8], u32, u64); 2] = [(b"a", FILE, size), (b"d", FOLDER, size)];
        let ground = ground(&[Rule::new("READDIR", 1, listed(&entries)), Rule::new("READDIR", 2, end())]);
        let outcome = ground.sclone("copy @THERE HERE --retries 1");
        assert!(outcome.succeeded() || outcome.exit_code() == 5, "{outcome}");
        let content = std::fs::read(ground.here.join("a")).unwrap_or_else(|_| b"first".to_vec());
        assert_eq!(content, b"first", "{size}");
        assert!(ground.here.join("d/b").exists(), "{size}: {outcome}");
        for command in ["lsl @THERE", "size @THERE", "lsjson @THERE"] {
            ground.sclone(command).code(0);
        }
    }
}

#[test]
fn a_name_that_is_listed_twice_is_said_and_decides_nothing() {
    let twice: [(&[u8], u32, u64); 4] =
        [(b"a", FILE, 5), (b"a", FILE, 7), (b"d", FOLDER, 0), (b"d", FOLDER, 0)];
    let ground = ground(&[Rule::new("READDIR", 1, listed(&twice)), Rule::new("READDIR", 2, end())]);
    Tree::new().file("surplus", "kept").write(&ground.here);
    let outcome = ground.sclone("sync @THERE HERE");
    outcome.fails().stderr_has(&[
        "ERROR : list a: the name is listed twice",
        "ERROR : list d: the name is listed twice",
    ]);
    assert!(ground.here.join("surplus").exists() && ground.here.join("d/b").exists(), "{outcome}");
}

#[test]
fn a_link_is_not_written_through_by_a_folder_of_its_name() {
    let outside = Ground::new();
    std::fs::create_dir(&outside.there).unwrap();
    let target = outside.there.display().to_string();
    for order in [[LINK, FOLDER], [FOLDER, LINK]] {
        let entries = order.map(|mode| (&b"x"[..], mode, 0));
        let inside: [(&[u8], u32, u64); 1] = [(b"planted", FILE, 5)];
        let ground = ground(&[
            Rule::new("READDIR", 1, listed(&entries)),
            Rule::new("READDIR", 2, end()),
            Rule::new("READDIR", 3, listed(&inside)),
            Rule::new("READDIR", 4, end()),
            Rule::new("READLINK", 0, Action::Reply { kind: NAME, body: names(&[target.as_bytes()]) }),
            Rule::new("OPENDIR", 2, Action::Elsewhere(target.clone())),
        ]);
        std::fs::create_dir(ground.there.join("x")).unwrap();
        std::fs::write(ground.there.join("x/planted"), "first").unwrap();
        ground.sclone("copy @THERE HERE --links").fails().stderr_has(&["listed twice"]);
        assert!(!outside.there.join("planted").exists());
    }
}

#[test]
fn answers_without_a_name_are_not_waited_for_without_end() {
    let nothing = Action::Reply { kind: NAME, body: names(&[]) };
    let ground = ground(&[Rule::new("READDIR", 0, nothing)]);
    let outcome = ground.invocation("lsf @THERE").within(Duration::from_secs(30)).run();
    outcome.fails().stdout("").stderr_has(&["without a name"]);
}

#[test]
fn an_answer_without_a_name_is_not_the_end() {
    let nothing = Action::Reply { kind: NAME, body: names(&[]) };
    let ground = ground(&[Rule::new("READDIR", 1, nothing)]);
    ground.sclone("lsf @THERE").code(0).stdout("a\nd/\n").stderr("");
}

#[test]
fn folders_within_folders_without_end_are_given_up() {
    let ground = Ground::new();
    Tree::new().directory("deeper").write(&ground.there);
    let endless = ground.user.server().hostile(&[Rule::new(
        "OPENDIR",
        0,
        Action::Elsewhere(ground.there.display().to_string()),
    )]);
    let endless = endless.start();
    ground.user.remote("endless", &endless);
    let started = Instant::now();
    let run = ground.invocation("size endless:/top").within(Duration::from_secs(60));
    let mut peak = 0;
    run.run_while(|id| peak = peak_memory(id)).fails().stderr_has(&["too deep"]);
    assert!(peak < 200_000, "{peak} KiB after {:?}", started.elapsed());
}

#[test]
fn a_path_that_is_resolved_to_nonsense_leads_nowhere() {
    let answers: [&[&[u8]]; 4] = [&[], &[b"/a", b"/b"], &[b"/\x1b[31m/../x"], &[b""]];
    for answer in answers {
        let resolved = Action::Reply { kind: NAME, body: names(answer) };
        let ground = ground(&[Rule::new("REALPATH", 0, resolved)]);
        for command in ["copy @THERE @HERE", "sync @THERE @HERE", "lsf r:"] {
            let outcome = ground.sclone(command);
            assert!(!outcome.stderr.contains(&0x1b), "{outcome}");
            assert!(outcome.succeeded() || (1..=25).contains(&outcome.exit_code()), "{outcome}");
        }
        assert_eq!(Tree::read(&ground.there), Tree::new().file("a", "first").file("d/b", "second"));
    }
}
