//! What must hold for any input from outside: each function takes bytes and panics where it does not hold. The fuzz
//! targets of `fuzz/` call these, and so do the property tests below.

use std::path::Path;

use crate::config::document::Document;
use crate::config::remote::{Argument, check_name};
use crate::filter::{Filter, Spec};
use crate::fs::{FileType, Metadata};
use crate::path::RelPath;
use crate::ssh::known_hosts::line::Line;
use crate::ssh::known_hosts::{HostName, KnownHosts};

/// A `known_hosts` file: each line is read alone, so the file says what its lines say one by one.
pub fn known_hosts(content: &[u8]) {
    let host = HostName::new("web1.example.org", 2222, None);
    let names = |line: &Line| {
        line.hosts.matches(host.exact()) || host.bare().is_some_and(|bare| line.hosts.matches(bare))
    };
    let lines = content.split(|&byte| byte == b'\n').filter_map(|line| Line::parse(line)?.ok());
    let alone: Vec<_> = lines.filter(names).map(|line| (line.marker, line.key)).collect();
    let known = KnownHosts::parse(Path::new("fuzz"), content, &host);
    let together: Vec<_> = known.entries().iter().map(|entry| (entry.marker, entry.key.clone())).collect();
    assert_eq!(alone, together, "one line changed what another says");
}

/// An argument of the command line: a path or a remote with its options.
pub fn argument(text: &[u8]) {
    if let Ok(Argument::Remote(remote)) = Argument::parse(text) {
        assert!(check_name(&remote.name).is_ok(), "a name no remote can have");
        assert!(text.ends_with(&remote.path), "the path is not the end of the argument");
    }
}

/// A pattern of a filter, and a path after the first line feed: no pattern takes long, and one that is accepted without
/// wild cards matches its own text.
pub fn glob(input: &[u8]) {
    let end = input.iter().position(|&byte| byte == b'\n').unwrap_or(input.len());
    let (pattern, path) = input.split_at_checked(end).unwrap_or((input, b""));
    let spec = Spec { include: Some(vec![pattern.to_vec()]), ..Spec::default() };
    let Ok(filter) = Filter::new(spec, 0) else { return };
    let sees = |path: &[u8]| {
        let file = Metadata { file_type: FileType::File, size: 0, modified: None, mode: None };
        RelPath::parse(path).is_ok_and(|path| filter.keep(&path, &file))
    };
    sees(path.get(1..).unwrap_or_default());
    let is_plain = pattern.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_ .+()|^$/".contains(byte));
    let is_name = !pattern.is_empty() && !pattern.starts_with(b"/") && RelPath::parse(pattern).is_ok();
    assert!(!is_plain || !is_name || sees(pattern), "a pattern does not match its own text");
}

/// A reply of an SFTP server.
pub fn sftp_reply(packet: &[u8]) {
    crate::sftp::read_any_reply(packet);
}

/// An `rclone.conf`: reading and writing gives the same bytes, and an edit touches nothing else.
pub fn document(bytes: &[u8]) {
    let Ok(document) = Document::parse(bytes) else { return };
    assert_eq!(document.to_bytes(), bytes, "a file that nobody edited changed");
    let mut edited = document.clone();
    let section = "fuzz-section-that-is-new";
    if !document.has_section(section) && edited.set(section, "key", "value").is_ok() {
        assert_eq!(edited.own(section, "key").as_deref(), Some("value"), "what was set is not there");
        let again = Document::parse(&edited.to_bytes());
        assert!(again.is_ok_and(|again| again == edited), "what was written is not what is read");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    /// Patterns that take a backtracking matcher longer than the age of the world.
    #[test]
    fn no_glob_takes_exponential_time() {
        let begun = std::time::Instant::now();
        let path = "a".repeat(5000);
        for pattern in [
            "*a".repeat(50) + "b",
            "**a".repeat(50) + "b",
            "{{(a*)*b}}".to_owned(),
            "{{(a|aa)+$b}}".to_owned(),
            format!("{}b", "{a,aa}".repeat(50)),
            format!("{}a{}", "{".repeat(200), "}".repeat(200)),
            "?".repeat(5000) + "b",
        ] {
            super::glob(format!("{pattern}\n{path}").as_bytes());
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(30), "{:?}", begun.elapsed());
    }

    proptest! {
        #[test]
        fn any_known_hosts_file(
            content in prop::collection::vec(prop_oneof![
                Just(b'\n'), Just(b' '), Just(b'|'), Just(b'@'), Just(b'*'), Just(b','), any::<u8>()
            ], 0..200)
        ) {
            super::known_hosts(&content);
        }

        #[test]
        fn any_argument(text in "[a-c,:='\"/ \\-]{0,16}", more: Vec<u8>) {
            super::argument(text.as_bytes());
            super::argument(&[text.as_bytes(), &more].concat());
        }

        #[test]
        fn any_glob(pattern in "([a-c*?/,. ]|\\[|\\]|\\{|\\}|\\{\\{|\\}\\}|\\\\|\\(|\\)|\\+|\\^|-|é){0,16}", path in "[a-c/.é ]{0,12}") {
            super::glob(format!("{pattern}\n{path}").as_bytes());
        }

        #[test]
        fn any_bytes_as_a_glob(input: Vec<u8>) {
            super::glob(&input);
        }

        #[test]
        fn any_sftp_reply(kind in 100_u8..106, more: Vec<u8>) {
            super::sftp_reply(&[&[kind], more.as_slice()].concat());
        }

        #[test]
        fn any_document(text in "([a-c\\[\\]=:#;\"` %()s]{0,12}\n){0,6}", more: Vec<u8>) {
            super::document(text.as_bytes());
            super::document(&[text.as_bytes(), &more].concat());
        }
    }
}
