//! What OpenSSH's `ssh` says last when it gives up, where it carries a connection or is the option `ssh`.

use crate::error::Kind;

/// What it says where it takes a server for the wrong one.
const WRONG_SERVER: &str = "Host key verification failed.";

/// What it says where it was not let in.
const NOT_LET_IN: [&str; 2] = [": Permission denied (", ": Too many authentication failures"];

/// Why a connection cannot be had by trying again, if these words of `ssh` say so: [`Kind::HostKey`] or
/// [`Kind::LoginRefused`].
pub(super) fn refusal(words: &str) -> Option<Kind> {
    if words.contains(WRONG_SERVER) {
        return Some(Kind::HostKey);
    }
    NOT_LET_IN.iter().any(|refusal| words.contains(refusal)).then_some(Kind::LoginRefused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_from_other_ends() {
        for (words, expected) in [
            ("ann@web1: Permission denied (publickey,password).", Some(Kind::LoginRefused)),
            (
                "Received disconnect from ::1 port 22:2: Too many authentication failures",
                Some(Kind::LoginRefused),
            ),
            ("No ED25519 host key is known for web1\\r\\nHost key verification failed.", Some(Kind::HostKey)),
            ("bash: /srv/x: Permission denied", None),
            ("ssh: connect to host web1 port 22: Connection refused", None),
            ("", None),
        ] {
            assert_eq!(refusal(words), expected, "{words}");
        }
    }
}
