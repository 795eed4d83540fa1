//! All integration tests, in one binary. Each file of this folder is one module.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod host_support;
mod login_support;
mod support;

mod bad_input;
mod certificates;
mod checking;
mod cli;
mod compare;
mod completion;
mod config_commands;
mod config_menu;
mod copying;
mod copying_faults;
mod dialling;
mod documents;
mod engine;
mod filters;
mod host_keys;
mod installing;
mod layers;
mod listing;
mod login;
mod refusals;
mod renewal;
mod support_works;
mod thread;
mod trust;

/// A file that nobody names here would compile nowhere and test nothing.
#[test]
fn every_file_of_this_folder_is_a_module() {
    let main = include_str!("main.rs");
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests")).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_dir() && !entry.path().join("mod.rs").exists() {
            continue;
        }
        let name = entry.file_name().into_string().unwrap();
        let module = name.strip_suffix(".rs").unwrap_or(&name);
        assert!(
            module == "main" || main.lines().any(|line| line == format!("mod {module};")),
            "tests/{name} is not listed in tests/main.rs: add `mod {module};`"
        );
    }
}
