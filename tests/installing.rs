//! `make install`, into a folder of its own.

use std::fs;
use std::process::Command;

use crate::support::process::run_tool;
use crate::support::sandbox::Sandbox;

#[test]
fn program_manual_and_completions_are_installed() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("stage");
    let program = env!("CARGO_BIN_EXE_sclone");
    let variables =
        [format!("SCLONE={program}"), format!("DESTDIR={}", folder.display()), "PREFIX=/opt/sclone".into()];
    let mut make = Command::new("make");
    make.args(["install"]).args(variables).current_dir(env!("CARGO_MANIFEST_DIR"));
    run_tool(make.env("HOME", sandbox.path("home")));
    let installed = folder.join("opt/sclone");
    let read = |path: &str| {
        fs::read_to_string(installed.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    assert_eq!(fs::read(installed.join("bin/sclone")).unwrap(), fs::read(program).unwrap());
    assert!(read("share/man/man1/sclone.1").contains("dry\\-run"));
    assert!(read("share/man/man1/sclone-copy.1").contains("EXIT STATUS"));
    assert!(read("share/bash-completion/completions/sclone").contains("complete -F _sclone sclone"));
    assert!(read("share/zsh/site-functions/_sclone").starts_with("#compdef sclone"));
    assert!(read("share/fish/vendor_completions.d/sclone.fish").contains("--command sclone"));
}
