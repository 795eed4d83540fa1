//! A remote that is being made or changed, before it is written.

use std::collections::BTreeMap;

use crate::cli::commands::config::secrecy::is_secret;
use crate::cli::commands::config::section_text::{HIDDEN, section_text};
use crate::config::document::Document;
use crate::config::environment::Environment;
use crate::config::ssh_remote::host_options;
use crate::error::Result;

/// A remote in the making: what it was, and what it is to be.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) name: String,
    is_new: bool,
    before: Vec<(String, String)>,
    now: Vec<(String, String)>,
}

impl Draft {
    /// A remote that is not there yet.
    pub(super) fn new(name: &str, kind: &str) -> Self {
        let now = vec![("type".to_owned(), kind.to_owned())];
        Self { name: name.to_owned(), is_new: true, before: Vec::new(), now }
    }

    /// A remote as the file has it.
    pub(super) fn of(document: &Document, name: &str) -> Self {
        let value = |key: &str| document.own(name, key).unwrap_or_default().into_owned();
        let before: Vec<_> =
            document.keys(name).into_iter().map(|key| (key.to_owned(), value(key))).collect();
        Self { name: name.to_owned(), is_new: false, now: before.clone(), before }
    }

    /// The value of an option, if it has one.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let found = self.now.iter().find(|(known, _)| known == key);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// What the configuration of `ssh` says about the host of the remote, by option; `None` if it is none of its hosts.
    pub(super) fn ssh_host(&self, environment: &Environment) -> Option<BTreeMap<&'static str, String>> {
        host_options(self.get("host")?, &|key| self.get(key).map(str::to_owned), environment)
    }

    /// Sets an option; an empty value removes it.
    pub(super) fn set(&mut self, key: &str, value: &str) {
        match self.now.iter_mut().find(|(known, _)| known == key) {
            _ if value.is_empty() => self.now.retain(|(known, _)| known != key),
            Some((_, old)) => value.clone_into(old),
            None => self.now.push((key.to_owned(), value.to_owned())),
        }
    }

    /// Makes the file hold the remote. Only lines of options that changed are touched.
    pub(super) fn write(&self, document: &mut Document) -> Result<()> {
        if self.is_new {
            document.add_section(&self.name)?;
        }
        for (key, _) in self.before.iter().filter(|(key, _)| self.now.iter().all(|(kept, _)| kept != key)) {
            document.remove_key(&self.name, key);
        }
        let changed = self.now.iter().filter(|pair| !self.before.contains(pair));
        changed.into_iter().try_for_each(|(key, value)| document.set(&self.name, key, value))
    }

    /// The section as it will stand in the file, without secrets.
    pub(super) fn shown(&self, document: &Document) -> Result<String> {
        let mut document = document.clone();
        self.write(&mut document)?;
        Ok(section_text(&document, &self.name, is_secret, HIDDEN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_written() {
        let file = "# mine\n[a]\ntype=sftp\nhost : h\n# why\nport = 1\nx = `y`\n\n[b]\n";
        let mut document = Document::parse(file.as_bytes()).unwrap();
        let mut draft = Draft::of(&document, "a");
        assert_eq!((draft.get("host"), draft.get("nosuch")), (Some("h"), None));
        draft.set("host", "new");
        draft.set("port", "");
        draft.set("user", "u");
        draft.write(&mut document).unwrap();
        let expected =
            file.replace(": h", ": new").replace("port = 1\n", "").replace("`y`\n", "`y`\nuser = u\n");
        assert_eq!(String::from_utf8(document.to_bytes()).unwrap(), expected);

        Draft::new("c", "local").write(&mut document).unwrap();
        assert_eq!(document.get("c", "type").as_deref(), Some("local"));
    }
}
