//! One section as `config` shows it.

use crate::config::document::Document;

/// What stands for a secret.
pub(super) const HIDDEN: &str = "*** ENCRYPTED ***";

/// `[name]` and `key = value` lines; a value that `hides` says is hidden becomes `instead`.
pub(super) fn section_text(
    document: &Document,
    name: &str,
    hides: impl Fn(Option<&str>, &str) -> bool,
    instead: &str,
) -> String {
    let remote_type = document.get(name, "type");
    let mut text = format!("[{name}]\n");
    if remote_type.is_none() {
        text.push_str(&format!("# couldn't find type of fs for \"{name}\"\n"));
    }
    for key in document.keys(name) {
        let value = document.get(name, key).unwrap_or_default();
        let shown = if hides(remote_type.as_deref(), key) && !value.is_empty() { instead } else { &value };
        text.push_str(&format!("{key} = {shown}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_hidden_and_a_missing_type_is_told() {
        let document = Document::parse(b"[a]\ntype = sftp\nuser =\npass = x\n[b]\nhost = h\n").unwrap();
        let hides = |_: Option<&str>, key: &str| matches!(key, "pass" | "user");
        assert_eq!(
            section_text(&document, "a", hides, HIDDEN),
            "[a]\ntype = sftp\nuser = \npass = *** ENCRYPTED ***\n"
        );
        assert_eq!(
            section_text(&document, "b", hides, HIDDEN),
            "[b]\n# couldn't find type of fs for \"b\"\nhost = h\n"
        );
        assert_eq!(
            section_text(&document, "c", hides, HIDDEN),
            "[c]\n# couldn't find type of fs for \"c\"\n"
        );
    }
}
