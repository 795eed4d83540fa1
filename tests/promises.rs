//! Every promise of the documents names the test that holds the program to it, and that test exists.

const DOCUMENTS: [&str; 3] = [
    include_str!("../docs/reliability.md"),
    include_str!("../docs/security.md"),
    include_str!("../docs/servers.md"),
];

/// The `file::name` in backquotes of a document.
fn tests_named_in(document: &str) -> impl Iterator<Item = (&str, &str)> {
    let quoted = document.split('`').skip(1).step_by(2);
    quoted.filter_map(|text| text.split_once("::")).filter(|(_, name)| !name.contains(':'))
}

#[test]
fn every_test_that_a_promise_names_exists() {
    let mut count = 0;
    for (file, name) in DOCUMENTS.into_iter().flat_map(tests_named_in) {
        let root = env!("CARGO_MANIFEST_DIR");
        let places = [format!("{root}/tests/{file}.rs"), format!("{root}/src/{file}.rs")];
        let source = places.iter().find_map(|place| std::fs::read_to_string(place).ok());
        let source = source.unwrap_or_else(|| panic!("no file {file}.rs for the test {name}"));
        assert!(source.contains(&format!("fn {name}(")), "{file}::{name}");
        count += 1;
    }
    assert!(count > 30, "only {count} tests are named");
}
