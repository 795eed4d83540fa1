//! With little memory, few descriptors and a small address space everything is done all the same.

use std::path::Path;

use crate::support::ground::Ground;
use crate::support::hostile::{Action, Rule};
use crate::support::process::peak_memory;
use crate::support::sandbox::Outcome;
use crate::support::tree::Tree;

/// Runs under a limit of the shell's `ulimit`.
fn limited(ground: &Ground, limit: &str, words: &str) -> Outcome {
    let program = env!("CARGO_BIN_EXE_sclone");
    let words = words.replace("THERE", &ground.there.display().to_string());
    let words = words.replace("HERE", &ground.here.display().to_string());
    let line = format!("ulimit {limit}; exec {program} {words}");
    ground.user.sandbox.program(Path::new("/bin/sh"), ["-c", &line]).run()
}

fn large(number: u32) -> Vec<u8> {
    (0..3_000_000_u32).map(|byte| (byte.wrapping_mul(number) % 251) as u8).collect()
}

fn tree() -> Tree {
    let large = (1..4).fold(Tree::new(), |tree, number| tree.file(format!("large{number}"), large(number)));
    (0..300).fold(large, |tree, number| tree.file(format!("d{}/f{number}", number % 50), number.to_string()))
}

const MANY_WAYS: &str = "--transfers 16 --checkers 16 --multi-thread-cutoff 1Mi --multi-thread-streams 8";

#[test]
fn sixty_four_descriptors_are_enough_for_many_files_and_ways() {
    let ground = Ground::new();
    tree().write(&ground.here);
    limited(&ground, "-n 64", &format!("copy HERE r:THERE {MANY_WAYS}")).code(0);
    std::fs::remove_dir_all(&ground.here).unwrap();
    limited(&ground, "-n 64", &format!("sync r:THERE HERE {MANY_WAYS}")).code(0);
    assert_eq!(Tree::read(&ground.here), tree());
    limited(&ground, "-n 64", "check r:THERE HERE --checkers 64").code(0);
    limited(&ground, "-n 64", "purge r:THERE --checkers 64").code(0);
}

#[test]
fn a_small_address_space_is_enough() {
    let ground = Ground::new();
    tree().write(&ground.here);
    limited(&ground, "-v 700000", &format!("copy HERE r:THERE {MANY_WAYS}")).code(0);
    limited(&ground, "-v 700000", "check r:THERE HERE").code(0);
    assert_eq!(Tree::read(&ground.there), tree());
}

#[test]
fn a_file_larger_than_the_memory_it_may_take_goes_both_ways() {
    let ground = Ground::new();
    std::fs::create_dir_all(&ground.here).unwrap();
    // A hole reads as zeros and takes no disk.
    std::fs::File::create(ground.here.join("large")).unwrap().set_len(160_000_000).unwrap();
    for line in ["copy HERE @THERE --ignore-checksum", "copy @HERE THERE/back --ignore-checksum"] {
        let mut peak = 0;
        ground.invocation(line).run_while(|id| peak = peak_memory(id)).code(0);
        assert!(peak < 110_000, "{line}: {peak} KiB");
    }
    for copy in ["large", "back/large"] {
        assert_eq!(std::fs::metadata(ground.there.join(copy)).unwrap().len(), 160_000_000);
    }
}

#[test]
fn a_tree_of_many_files_is_listed_in_little_memory() {
    let real = Ground::new();
    let thousand = (0..1_000).fold(Tree::new(), |tree, number| tree.file(format!("file{number:04}"), ""));
    thousand.write(&real.there);
    let folders = (0..100).fold(Tree::new(), |tree, number| tree.directory(format!("folder{number:03}")));
    // The top is what it is; every folder in it shows the same thousand files.
    let elsewhere = Action::Elsewhere(real.there.display().to_string());
    let ground =
        Ground::with(&[Rule::new("OPENDIR", 1, Action::Delay(0)), Rule::new("OPENDIR", 0, elsewhere)]);
    folders.write(&ground.there);
    let mut peak = 0;
    let flags = "--sftp-connections 1";
    let run = ground.invocation(&format!("lsf -R --files-only @THERE {flags}"));
    let outcome = run.run_while(|id| peak = peak_memory(id));
    assert!(outcome.code(0).stdout.split(|byte| *byte == b'\n').count() > 90_000, "{outcome}");
    assert!(peak < 90_000, "{peak} KiB");
}
