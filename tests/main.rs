//! All integration tests, in one binary. Each file of this folder is one module.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod support;

mod agents;
mod as_openssh;
mod bad_input;
mod certificates;
mod changing;
mod changing_sources;
mod check_file;
mod checking;
mod cli;
mod closed_outputs;
mod compare;
mod completeness;
mod completion;
mod config_commands;
mod config_crashes;
mod config_edits;
mod config_menu;
mod conformance;
mod copying;
mod copying_faults;
mod crashing;
mod damage;
mod deep_trees;
mod dialling;
mod doctor;
mod doctor_notices;
mod documents;
mod durability;
mod engine;
mod few_resources;
mod filters;
mod full_disk;
mod host_key_policies;
mod host_key_races;
mod host_keys;
mod hostile_listings;
mod hostile_server;
mod hostile_words;
mod installing;
mod interruptions;
mod jumps;
mod known_hosts;
mod layers;
mod lifetimes;
mod limits;
mod links;
mod listing;
mod local_faults;
mod login;
mod login_limits;
mod login_refusals;
mod metadata;
mod metadata_flags;
mod modes;
mod moving;
mod moving_faults;
mod odd_names;
mod other_servers;
mod permissions;
mod planning;
mod promises;
mod proxies;
mod refusals;
mod renewal;
mod renewal_documents;
mod renewal_midway;
mod replacing;
mod reporting;
mod resuming;
mod secrets;
mod server_limits;
mod shy_deletion;
mod ssh_config;
mod ssh_hosts;
mod stalls;
mod support_works;
mod sweeps;
mod sync_flags;
mod syncing;
mod thread;
mod trust;
mod writing;

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
