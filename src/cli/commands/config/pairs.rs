//! The options that `config create` and `config update` take: `key value` or `key=value`, passwords obscured.

use zeroize::Zeroizing;

use crate::config::obscure::{obscure, reveal};
use crate::config::option_table::OptionSpec;
use crate::config::sftp_options::nearest;
use crate::error::{Error, Kind, Result};

/// Options to set, and how to treat passwords among them.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct Pairs {
    /// Options of the remote: `key=value`, or `key value`
    #[arg(value_name = "KEY=VALUE")]
    options: Vec<String>,

    /// Obscure passwords even if they look as if they were
    #[arg(long, conflicts_with = "no_obscure")]
    obscure: bool,

    /// Take passwords as they are: they are obscured already
    #[arg(long)]
    no_obscure: bool,

    /// Do not show the remote afterwards
    #[arg(long)]
    pub(super) no_output: bool,
}

impl Pairs {
    /// The options as they go into a section of this type.
    pub(super) fn for_type(&self, remote_type: &str) -> Result<Vec<(String, Zeroizing<String>)>> {
        let pairs = read_pairs(&self.options)?;
        pairs.into_iter().map(|(key, value)| self.treat(remote_type, key, value)).collect()
    }

    fn treat(&self, remote_type: &str, key: String, value: String) -> Result<(String, Zeroizing<String>)> {
        let value = Zeroizing::new(value);
        if remote_type != "sftp" {
            return Ok((key, value));
        }
        let Some(option) = OptionSpec::find(&key) else {
            warn_unknown(&key);
            return Ok((key, value));
        };
        let is_plain = self.obscure || reveal(&value).is_err();
        if option.is_password() && !value.is_empty() && is_plain && !self.no_obscure {
            return Ok((key, Zeroizing::new(obscure(&value)?)));
        }
        Ok((key, value))
    }
}

fn warn_unknown(key: &str) {
    if matches!(key, "type" | "description") {
        return;
    }
    match nearest(key) {
        Some(near) => log::warn!("sftp has no option \"{key}\": did you mean \"{near}\"?"),
        None => log::warn!("sftp has no option \"{key}\""),
    }
}

/// Reads `key value` and `key=value`.
pub(super) fn read_pairs(words: &[String]) -> Result<Vec<(String, String)>> {
    let refuse = |reason| Err(Error::new(Kind::Usage, "read options", reason));
    let mut pairs = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (key, value) = match (word.split_once('='), words.as_slice()) {
            (Some(pair), _) => pair,
            (None, [value, ..]) => {
                words.next();
                (word.as_str(), value.as_str())
            }
            (None, []) => return refuse("found key without value"),
        };
        if key.is_empty() {
            return refuse("found value without key");
        }
        if [key, value].iter().any(|text| text.contains(['\n', '\r'])) {
            return refuse("invalid key or value contains \\n or \\r");
        }
        pairs.push((key.to_owned(), value.to_owned()));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(words: &[&str]) -> Pairs {
        let options = words.iter().map(|word| (*word).to_owned()).collect();
        Pairs { options, obscure: false, no_obscure: false, no_output: false }
    }

    fn values(pairs: &Pairs, remote_type: &str) -> Vec<(String, String)> {
        let pairs = pairs.for_type(remote_type).unwrap();
        pairs.into_iter().map(|(key, value)| (key, value.to_string())).collect()
    }

    #[test]
    fn both_forms_mix() {
        assert_eq!(
            values(&pairs(&["host", "h", "port=22", "x=", "user", "a", "y=b=c"]), "local"),
            [("host", "h"), ("port", "22"), ("x", ""), ("user", "a"), ("y", "b=c")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn broken_pairs_are_refused() {
        for words in [&["host"][..], &["a=b", "c"], &["=x"], &["", "x"], &["host", "a\nb"], &["a\rb=c"]] {
            assert_eq!(pairs(words).for_type("sftp").unwrap_err().kind(), Kind::Usage, "{words:?}");
        }
    }

    #[test]
    fn plain_passwords_are_obscured_and_obscured_ones_kept() {
        let obscured = "YWFhYWFhYWFhYWFhYWFhYXMaGgIlEQ";
        let value = |pairs: &Pairs| values(pairs, "sftp").remove(0).1;
        assert_eq!(*reveal(&value(&pairs(&["pass=potato"]))).unwrap(), "potato");
        assert_eq!(value(&pairs(&["pass", obscured])), obscured);
        assert_eq!(value(&Pairs { no_obscure: true, ..pairs(&["pass=potato"]) }), "potato");
        let twice = value(&Pairs { obscure: true, ..pairs(&["pass", obscured]) });
        assert_eq!(*reveal(&twice).unwrap(), obscured);
        assert_eq!(value(&pairs(&["user=potato"])), "potato");
    }
}
