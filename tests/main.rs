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
mod changing;
mod changing_sources;
mod check_file;
mod checking;
mod cli;
mod compare;
mod completeness;
mod completion;
mod config_commands;
mod config_menu;
mod copying;
mod copying_faults;
mod crashing;
mod dialling;
mod doctor;
mod doctor_notices;
mod documents;
mod durability;
mod engine;
mod filters;
mod full_disk;
mod host_keys;
mod hostile_server;
mod installing;
mod interruptions;
mod jumps;
mod known_hosts;
mod layers;
mod limits;
mod links;
mod listing;
mod local_faults;
mod login;
mod login_limits;
mod metadata;
mod missing_extensions;
mod moving;
mod moving_faults;
mod other_servers;
mod permissions;
mod planning;
mod promises;
mod proxies;
mod refusals;
mod renewal;
mod renewal_midway;
mod replacing;
mod reporting;
mod resuming;
mod shy_deletion;
mod ssh_config;
mod ssh_hosts;
mod support_works;
mod sweeps;
mod syncing;
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
