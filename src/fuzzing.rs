//! What must hold for any input from outside: each function takes bytes and panics where it does not hold. The fuzz
//! targets of `fuzz/` call these, and so do the property tests below.

use std::path::Path;

use crate::config::document::Document;
use crate::config::environment::Environment;
use crate::config::remote::{Argument, check_name};
use crate::config::ssh_config::{Query, Reading, read_text};
use crate::filter::{Filter, Patterns, Spec};
use crate::fs::{FileType, Metadata};
use crate::path::RelPath;
use crate::ssh::certificate::Certificate;
use crate::ssh::host_certificate::HostCertificate;
use crate::ssh::known_hosts::line::Line;
use crate::ssh::known_hosts::{HostName, KnownHosts};
use crate::ssh::private_key::{KeySource, PrivateKey};
use crate::ssh::public_file::PublicFile;
use crate::units::{ByteSize, Interval};

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
    let paths = Patterns { include: Some(vec![pattern.to_vec()]), ..Patterns::default() };
    let spec = Spec { paths, ..Spec::default() };
    let Ok(filter) = Filter::new(spec, 0) else { return };
    let sees = |path: &[u8]| {
        let file = Metadata { file_type: FileType::File, size: 0, modified: None, mode: None };
        RelPath::parse(path).is_ok_and(|path| filter.keep(&path, &file))
    };
    sees(path.get(1..).unwrap_or_default());
    let is_plain = pattern.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_ .+()|^$/".contains(byte));
    let is_name = !pattern.is_empty() && RelPath::parse(pattern).is_ok_and(|path| path.as_bytes() == pattern);
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

/// OpenSSH's client configuration: a line that applies to everybody before it, or a block for somebody else behind it,
/// changes nothing.
pub fn ssh_config(content: &[u8]) {
    if content.to_ascii_lowercase().windows(7).any(|word| word == b"include") {
        return;
    }
    let environment = Environment::new([("HOME", "/nowhere"), ("USER", "me")]);
    let query = Query { name: "web1", user: None, environment: &environment };
    let values = |content: &[u8]| -> (bool, Vec<String>) {
        let reading: Reading = read_text(Path::new("fuzz"), content, query);
        let texts = reading.keywords().flat_map(|keyword| reading.values(keyword));
        (reading.is_named, texts.map(|value| value.text.clone()).collect())
    };
    let alone = values(content);
    let between = [b"Host *\n", content, b"\nHost somebody-else\nUser x\nIdentityFile y\n"].concat();
    assert_eq!(alone, values(&between), "what is said to others counts");
}

/// A certificate on the wire or in a file: what is read from either is written as one line that says the same.
pub fn certificate(bytes: &[u8]) {
    if let Some(host) = HostCertificate::parse(bytes) {
        drop(host);
    }
    let on_the_wire = Certificate::from_blob(bytes);
    for certificate in on_the_wire.into_iter().chain(PublicFile::parse(bytes).certificates) {
        let again = PublicFile::parse(certificate.to_openssh_line().as_bytes()).certificates;
        let blobs: Vec<_> = again.iter().map(Certificate::blob).collect();
        assert_eq!(blobs, [certificate.blob()], "what was written is not what is read");
    }
}

/// A private key file: it is read, or refused in a few lines that no terminal takes for commands.
pub fn private_key(bytes: &[u8]) {
    let source = KeySource::Option("key_pem");
    if let Err(error) = PrivateKey::parse(bytes, source, None, &|_| Ok(None)) {
        let text = error.to_string();
        assert!(text.lines().count() <= 3, "a message of many lines");
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "a message with control characters");
    }
}

/// A size or a length of time: what is shown of it is read as the same.
pub fn quantity(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    if let Ok(size) = text.parse::<ByteSize>()
        && let Some(bytes) = size.bytes()
    {
        assert_eq!(format!("{bytes}b").parse().ok(), Some(size), "a size changed");
    }
    if let Ok(interval) = text.parse::<Interval>() {
        assert_eq!(interval.to_string().parse().ok(), Some(interval), "a length of time changed");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    const CERTIFICATE: &str = "ssh-ed25519-cert-v01@openssh.com";
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
        fn any_ssh_config(
            text in "((Host|Match|Match host|User|Port|IdentityFile|ProxyJump|[a-z]{0,5})[ =\"]{0,2}[a-w1*?!,#'\"\\\\ =]{0,9}\n){0,8}",
            more: Vec<u8>,
        ) {
            super::ssh_config(text.as_bytes());
            super::ssh_config(&[text.as_bytes(), &more].concat());
        }

        #[test]
        fn any_document(text in "([a-c\\[\\]=:#;\"` %()s]{0,12}\n){0,6}", more: Vec<u8>) {
            super::document(text.as_bytes());
            super::document(&[text.as_bytes(), &more].concat());
        }

        #[test]
        fn any_certificate(fields in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..14)) {
            let string = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
            let mut blob = string(CERTIFICATE.as_bytes());
            for field in &fields {
                blob.extend(string(field));
            }
            super::certificate(&blob);
            super::certificate(format!("{CERTIFICATE} {}", openssl::base64::encode_block(&blob)).as_bytes());
        }

        #[test]
        fn any_private_key(kind in "(OPENSSH |RSA |EC |ENCRYPTED |)", text in "([A-Za-z0-9+/=: ,-]{0,64}\n){0,4}", more: Vec<u8>) {
            let content = [text.as_bytes(), openssl::base64::encode_block(&more).as_bytes()].concat();
            let (begin, end) = (format!("-----BEGIN {kind}PRIVATE KEY-----\n"), format!("\n-----END {kind}PRIVATE KEY-----\n"));
            super::private_key(&[begin.as_bytes(), &content, end.as_bytes()].concat());
            super::private_key(&more);
        }

        #[test]
        fn any_quantity(text in "[-+0-9.eE]{0,6}(off|ns|ms|s|m|h|d|w|M|y|[kKmMgGtTpPeE]i?[bB]?|b|)([0-9.]{0,4}(s|m|h))?", more: Vec<u8>) {
            super::quantity(text.as_bytes());
            super::quantity(&more);
        }
    }
}
