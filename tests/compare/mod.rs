//! The same commands as rclone runs them, with the same answers.
//!
//! A transcript (`*.txt` in this folder) holds commands and what rclone answered: exit code, standard output, and the
//! trees if they changed. The tests below play it to sclone, so that they need no rclone. `make compare` first lets
//! rclone answer again and writes that down. A new case is one line, `$ lsf -R {src}`, and a run of `make compare`.

mod scene;
mod tags;
mod transcript;

use std::path::{Path, PathBuf};

use scene::{Answer, Scenes};
use transcript::{Block, Case, Transcript};

use crate::support::extended;

/// Names the rclone that is to answer again.
const RCLONE: &str = "SCLONE_COMPARE_RCLONE";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compare")
}

/// Plays one transcript.
#[track_caller]
fn play(name: &str) {
    let path = folder().join(name).with_extension("txt");
    let mut transcript = Transcript::parse(&std::fs::read_to_string(&path).unwrap());
    if let Some(rclone) = std::env::var_os(RCLONE) {
        let mut scenes = Scenes::default();
        for case in &mut transcript.cases {
            let answers = scenes.of(&case.tree).answers(Path::new(&rclone), &case.arguments);
            case.record(answers);
        }
        std::fs::write(&path, transcript.to_string()).unwrap();
    }
    let mut complaints = String::new();
    let mut scenes = Scenes::default();
    for case in &transcript.cases {
        let sclone = Path::new(env!("CARGO_BIN_EXE_sclone"));
        for (place, answer) in scenes.of(&case.tree).answers(sclone, &case.arguments) {
            if let Some(expected) = case.expected(place).filter(|expected| **expected != answer) {
                complaints += &complaint(case, place, expected, &answer);
            }
        }
    }
    assert!(complaints.is_empty(), "{complaints}");
}

/// What differs: lines of the one, then lines of the other, or everything where only the order does.
fn complaint(case: &Case, place: &str, expected: &Answer, found: &Answer) -> String {
    let mut text = format!("\n$ {}   ({place}, tree {})\n", case.arguments, case.tree);
    for (who, one, other) in [("expected", expected, found), ("found", found, expected)] {
        text += &format!("{who} exit {}\n", one.code);
        let same_lines = one.lines.iter().all(|line| other.lines.contains(line));
        for line in one.lines.iter().filter(|line| same_lines || !other.lines.contains(line)) {
            text += &format!("{line}\n");
        }
    }
    text + &found.log
}

#[test]
fn listings() {
    play("listings");
}

#[test]
fn hashes() {
    play("hashes");
}

#[test]
fn checks() {
    play("checks");
}

#[test]
fn filters() {
    play("filters");
}

#[test]
fn copies() {
    play("copies");
}

#[test]
fn moves() {
    play("moves");
}

#[test]
fn syncs() {
    play("syncs");
}

#[test]
fn removals() {
    play("removals");
}

#[test]
fn metadata() {
    let folder = tempfile::tempdir().unwrap();
    if extended::are_kept(folder.path()) {
        play("metadata");
    }
}

#[test]
fn every_transcript_is_played_and_every_case_has_its_answers() {
    let source = include_str!("mod.rs");
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(source.contains(&format!("play(\"{name}\")")), "no test plays {name}");
        let text = std::fs::read_to_string(&path).unwrap();
        let transcript = Transcript::parse(&text);
        assert_eq!(transcript.to_string(), text, "{name} is not written as make compare writes it");
        for case in transcript.cases {
            for place in scene::places(&case.arguments) {
                assert!(
                    case.expected(place).is_some(),
                    "{} has no answer {place}: make compare",
                    case.arguments
                );
            }
        }
    }
}

#[test]
fn an_answer_of_sclones_own_stands_beside_rclones_and_has_a_reason() {
    for name in
        ["listings", "hashes", "checks", "filters", "copies", "moves", "syncs", "removals", "metadata"]
    {
        let text = std::fs::read_to_string(folder().join(name).with_extension("txt")).unwrap();
        for case in Transcript::parse(&text).cases {
            let is_own = case.blocks.iter().any(|block: &Block| block.is_own);
            let has_reason = case.before.iter().any(|line| line.starts_with("# sclone"));
            assert_eq!(
                is_own, has_reason,
                "{}: say why sclone answers otherwise: # sclone ...",
                case.arguments
            );
        }
    }
}
