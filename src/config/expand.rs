//! Paths as people write them in a configuration: `~/.ssh/id`, `${RCLONE_CONFIG_DIR}/key`.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use super::environment::Environment;

/// Replaces a leading `~` by the home folder, then `$NAME` and `${NAME}` by variables; an unset one is empty.
///
/// `~user` stays as it is, as in rclone; so does a `$` with no name after it.
pub fn expand_path(path: &str, environment: &Environment) -> PathBuf {
    let (mut expanded, rest) = match (path.strip_prefix('~'), environment.home()) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
            (home.as_os_str().as_bytes().to_vec(), rest)
        }
        _ => (Vec::new(), path),
    };
    expand_variables(rest, environment, &mut expanded);
    PathBuf::from(OsString::from_vec(expanded))
}

fn expand_variables(text: &str, environment: &Environment, out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.extend_from_slice(before.as_bytes());
        if let Some((name, remainder)) = variable_name(after) {
            out.extend_from_slice(environment.os(name).map_or(&b""[..], |value| value.as_bytes()));
            rest = remainder;
        } else {
            out.push(b'$');
            rest = after;
        }
    }
    out.extend_from_slice(rest.as_bytes());
}

/// Splits the name of a variable from the front of the text behind its `$`.
fn variable_name(text: &str) -> Option<(&str, &str)> {
    if let Some(braced) = text.strip_prefix('{') {
        return braced.split_once('}').filter(|(name, _)| !name.is_empty());
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    text.split_at_checked(end).filter(|(name, _)| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expands_home_and_variables() {
        let environment = Environment::new([("HOME", "/home/ann"), ("DIR", "/keys"), ("EMPTY", "")]);
        for (given, expected) in [
            ("/etc/key", "/etc/key"),
            ("~", "/home/ann"),
            ("~/.ssh/id", "/home/ann/.ssh/id"),
            ("~bob/id", "~bob/id"),
            ("/x/~/y", "/x/~/y"),
            ("$DIR/id", "/keys/id"),
            ("${DIR}x/$DIR", "/keysx//keys"),
            ("$DIRx/id", "/id"),
            ("${EMPTY}/id", "/id"),
            ("a$/b$$DIR", "a$/b$/keys"),
            ("${unclosed", "${unclosed"),
            ("${}", "${}"),
            ("$", "$"),
            ("", ""),
        ] {
            assert_eq!(expand_path(given, &environment), PathBuf::from(expected), "{given}");
        }
        let homeless = Environment::new([("X", "y")]);
        assert_eq!(expand_path("~/k", &homeless), PathBuf::from("~/k"));
    }
}
