//! Which values of a section are not for other eyes.

use crate::config::option_table::OptionSpec;

/// Parts of keys that name secrets in the remotes of other programs.
const SECRET_WORDS: [&str; 7] = ["pass", "secret", "token", "key", "credential", "auth", "pem"];

/// Whether the value gives access to something: never shown.
pub(super) fn is_secret(remote_type: Option<&str>, key: &str) -> bool {
    match (remote_type, OptionSpec::find(key)) {
        (Some("sftp"), Some(option)) => option.is_password() || option.name == "key_pem",
        (Some("sftp" | "local" | "alias"), _) => false,
        _ => SECRET_WORDS.iter().any(|word| key.contains(word)),
    }
}

/// Whether the value should not be posted in public: secrets, and who logs in where.
pub(super) fn is_private(remote_type: Option<&str>, key: &str) -> bool {
    is_secret(remote_type, key)
        || remote_type == Some("sftp") && OptionSpec::find(key).is_some_and(|option| option.sensitive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_private_values() {
        for (remote_type, key, secret, private) in [
            (Some("sftp"), "pass", true, true),
            (Some("sftp"), "key_file_pass", true, true),
            (Some("sftp"), "key_pem", true, true),
            (Some("sftp"), "host", false, true),
            (Some("sftp"), "key_file", false, false),
            (Some("sftp"), "port", false, false),
            (Some("sftp"), "cert_command", false, true),
            (Some("sftp"), "proxy_jump", false, true),
            (Some("s3"), "secret_access_key", true, true),
            (Some("s3"), "region", false, false),
            (None, "pass", true, true),
            (Some("alias"), "remote", false, false),
        ] {
            assert_eq!(is_secret(remote_type, key), secret, "{remote_type:?} {key}");
            assert_eq!(is_private(remote_type, key), private, "{remote_type:?} {key}");
        }
    }
}
