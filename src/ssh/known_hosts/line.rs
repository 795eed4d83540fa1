//! One line of a `known_hosts` file: `[@marker] hosts key-type base64-key [comment]`.

use super::pattern::Hosts;
use crate::ssh::verifying_key::VerifyingKey;

/// The longest line that is read, in bytes: some ten times a large RSA key and its names.
pub const LONGEST: usize = 64 * 1024;

/// What the key of a line means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// The host has this key.
    Host,
    /// `@cert-authority`: the host has a certificate signed by this key.
    CertAuthority,
    /// `@revoked`: whoever shows this key, or a certificate signed by it, is not the host.
    Revoked,
}

/// A line that says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What the key means.
    pub marker: Marker,
    /// Which hosts it is about.
    pub hosts: Hosts,
    /// The key.
    pub key: VerifyingKey,
}

/// Why a line says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// More than [`LONGEST`] bytes.
    #[error("the line is too long")]
    TooLong,
    /// `@something` other than the two known markers, or two markers.
    #[error("unknown or repeated marker")]
    Marker,
    /// A hashed host name that cannot be read.
    #[error("the hashed host name is malformed")]
    Hosts,
    /// The key is missing, broken, or of a type this program does not know.
    #[error("no key of a known type")]
    Key,
}

impl Line {
    /// Reads one line, with or without its end. `None` for blank lines and comments.
    ///
    /// # Errors
    /// The line says nothing that can be understood.
    pub fn parse(line: &[u8]) -> Option<Result<Self, Broken>> {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            return None;
        }
        Some(Self::parse_words(line))
    }

    fn parse_words(line: &[u8]) -> Result<Self, Broken> {
        if line.len() > LONGEST {
            return Err(Broken::TooLong);
        }
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let mut hosts = words.next().ok_or(Broken::Key)?;
        let mut marker = Marker::Host;
        if hosts.starts_with(b"@") {
            marker = match hosts {
                b"@cert-authority" => Marker::CertAuthority,
                b"@revoked" => Marker::Revoked,
                _ => return Err(Broken::Marker),
            };
            hosts = words.next().ok_or(Broken::Key)?;
            if hosts.starts_with(b"@") {
                return Err(Broken::Marker);
            }
        }
        let hosts = Hosts::parse(hosts).ok_or(Broken::Hosts)?;
        let (algorithm, encoded) = (words.next().ok_or(Broken::Key)?, words.next().ok_or(Broken::Key)?);
        let key = VerifyingKey::from_words(algorithm, encoded).ok_or(Broken::Key)?;
        Ok(Self { marker, hosts, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIcUAb2UGZMzVCWOHCjGLQR3KLGOyC6ZkdVp7fGAVcmi";

    fn parse(text: &str) -> Option<Result<Line, Broken>> {
        Line::parse(text.as_bytes())
    }

    #[test]
    fn every_shape_of_a_good_line() {
        for (prefix, suffix) in
            [("", ""), ("", "\r\n"), ("  \t", " a comment with spaces"), ("\u{feff}", "\n")]
        {
            let line = parse(&format!("{prefix}Host,[h]:2222 \t{KEY}{suffix}")).unwrap().unwrap();
            assert_eq!(line.marker, Marker::Host);
            assert!(line.hosts.matches("host") && line.hosts.matches("[h]:2222"));
        }
        let tabs = KEY.replace(' ', "\t");
        assert!(parse(&format!("h\t{tabs}\tcomment")).unwrap().is_ok());
        assert_eq!(parse(&format!("@revoked h {KEY}")).unwrap().unwrap().marker, Marker::Revoked);
        assert_eq!(
            parse(&format!("@cert-authority * {KEY}")).unwrap().unwrap().marker,
            Marker::CertAuthority
        );
        let comment = [format!("h {KEY} ").as_bytes(), b"\xff\xfe"].concat();
        assert!(Line::parse(&comment).unwrap().is_ok(), "a comment need not be text");
    }

    #[test]
    fn lines_that_say_nothing() {
        for silent in ["", "  ", "# comment", "\t# comment", "\r\n"] {
            assert_eq!(parse(silent), None);
        }
        for (text, reason) in [
            ("host".to_owned(), Broken::Key),
            (format!("@unknown h {KEY}"), Broken::Marker),
            (format!("@revoked @revoked h {KEY}"), Broken::Marker),
            (format!("|1|xx|yy {KEY}"), Broken::Hosts),
            (format!("|2|AAAA|AAAA {KEY}"), Broken::Hosts),
            (format!("h {}", &KEY[..40]), Broken::Key),
            ("h ssh-unknown AAAA".to_owned(), Broken::Key),
            (format!("{} {KEY}", "h".repeat(LONGEST)), Broken::TooLong),
            (format!("h ssh-rsa {}", &KEY[12..]), Broken::Key),
        ] {
            assert_eq!(parse(&text), Some(Err(reason)), "{text:.80}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read_without_panic(line: Vec<u8>) {
            if let Some(Ok(line)) = Line::parse(&line) {
                line.hosts.matches("host");
            }
        }
    }
}
