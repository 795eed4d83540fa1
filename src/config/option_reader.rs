//! Reads the options of a remote one by one: given or default, in the grammar of each, with one form of error.

use std::path::PathBuf;

use crate::error::{Error, Kind, Result};

use super::environment::Environment;
use super::expand::expand_path;
use super::obscure::reveal;
use super::option_table::{OPTIONS, OptionKind, OptionSpec};
use super::option_value as value;
use super::secret::Secret;
use super::sftp_options::{HostKeyPolicy, KnownHosts};
use super::ssh_config::Files;

/// The values as they were given.
pub(super) struct OptionReader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    environment: &'a Environment,
}

impl<'a> OptionReader<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Option<String>, environment: &'a Environment) -> Self {
        Self { lookup, environment }
    }

    /// The text of an option, given or default; empty if there is neither.
    pub(super) fn string(&self, name: &'static str) -> Result<String> {
        let option = OptionSpec::find(name)
            .ok_or_else(|| Error::new(Kind::Config, "read option", "there is no such option").on(name))?;
        Ok((self.lookup)(name).filter(|text| !text.is_empty()).unwrap_or_else(|| option.default.to_owned()))
    }

    pub(super) fn optional(&self, name: &'static str) -> Result<Option<String>> {
        Ok(Some(self.string(name)?).filter(|text| !text.is_empty()))
    }

    pub(super) fn parse<T>(&self, name: &'static str, parse: impl Fn(&str) -> value::Parsed<T>) -> Result<T> {
        let text = self.string(name)?;
        parse(&text).map_err(|accepted| bad_value(name, &text, accepted))
    }

    pub(super) fn flag(&self, name: &'static str) -> Result<bool> {
        self.parse(name, value::boolean)
    }

    pub(super) fn list(&self, name: &'static str, separator: char) -> Result<Vec<String>> {
        self.parse(name, |text| value::list(text, separator))
    }

    pub(super) fn path(&self, name: &'static str) -> Result<Option<PathBuf>> {
        Ok(self.optional(name)?.map(|text| expand_path(&text, self.environment)))
    }

    pub(super) fn known_hosts(&self, name: &'static str) -> Result<KnownHosts> {
        Ok(match self.path(name)? {
            None => KnownHosts::Default,
            Some(path) if path.as_os_str() == "none" => KnownHosts::Off,
            Some(path) => KnownHosts::File(path),
        })
    }

    pub(super) fn ssh_config(&self, name: &'static str) -> Result<Files> {
        let is_default = |text: &str| OptionSpec::find(name).is_some_and(|option| option.default == text);
        Ok(match self.optional(name)? {
            Some(text) if text == "none" => Files::Off,
            Some(text) if !is_default(&text) => Files::One(expand_path(&text, self.environment)),
            _ => Files::Default,
        })
    }

    pub(super) fn password(&self, name: &'static str) -> Result<Option<Secret>> {
        self.optional(name)?
            .map(|text| reveal(&text).map(Secret::new).map_err(|error| error.on(name)))
            .transpose()
    }

    pub(super) fn key_text(&self, name: &'static str) -> Result<Option<Secret>> {
        let unescape = |text: String| value::unescape(&text).map(Secret::new);
        self.optional(name)?.map(unescape).transpose().map_err(|accepted| bad_value(name, "", accepted))
    }

    pub(super) fn choice(&self, name: &'static str) -> Result<Option<String>> {
        let Some(text) = self.optional(name)? else { return Ok(None) };
        match OptionSpec::find(name).map(|option| option.kind) {
            Some(OptionKind::Choice(words)) if !words.contains(&text.as_str()) => {
                Err(bad_value(name, &text, &format!("one of {}", words.join(", "))))
            }
            _ => Ok(Some(text)),
        }
    }

    pub(super) fn policy(&self, name: &'static str) -> Result<HostKeyPolicy> {
        Ok(match self.choice(name)?.as_deref() {
            Some("accept-new") => HostKeyPolicy::AcceptNew,
            Some("strict") => HostKeyPolicy::Strict,
            Some("off") => HostKeyPolicy::Off,
            _ => HostKeyPolicy::Ask,
        })
    }

    pub(super) fn user(&self) -> Result<String> {
        let given = self.optional("user")?.or_else(|| self.environment.user().map(str::to_owned));
        given.ok_or_else(|| {
            Error::new(Kind::Config, "read option", "it is not set, and the current user has no name")
                .on("user")
        })
    }

    pub(super) fn hash_commands(&self) -> Result<Vec<(&'static str, String)>> {
        let commands =
            OPTIONS.iter().filter_map(|option| Some((option.name.strip_suffix("sum_command")?, option.name)));
        let found = commands.map(|(hash, name)| Ok(self.optional(name)?.map(|command| (hash, command))));
        found.filter_map(Result::transpose).collect()
    }

    pub(super) fn assignments(&self, name: &'static str) -> Result<Vec<(String, String)>> {
        let split =
            |item: &String| item.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.list(name, ' ')?
            .iter()
            .map(|item| {
                split(item).ok_or_else(|| bad_value(name, item, "NAME=value, several separated by blanks"))
            })
            .collect()
    }

    pub(super) fn changed(&self) -> Vec<&'static str> {
        let differs = |option: &&OptionSpec| {
            let given = (self.lookup)(option.name).filter(|text| !text.is_empty());
            given.is_some_and(|text| !option.is_default(&text))
        };
        OPTIONS.iter().filter(differs).map(|option| option.name).collect()
    }
}

/// Adds to a grammar of numbers that zero is not accepted.
pub(super) fn at_least_one<T: PartialEq + From<u8>>(
    parse: fn(&str) -> value::Parsed<T>,
    accepted: &'static str,
) -> impl Fn(&str) -> value::Parsed<T> {
    move |text| parse(text).and_then(|number| if number == T::from(0) { Err(accepted) } else { Ok(number) })
}

/// `value` is left out of the message when the option is one to keep to oneself.
fn bad_value(name: &str, value: &str, accepted: &str) -> Error {
    let secret = OptionSpec::find(name).is_some_and(|option| option.is_password() || option.sensitive);
    let reason = if secret || value.is_empty() {
        format!("the value is not {accepted}")
    } else {
        format!("\"{}\" is not {accepted}", crate::path::escape(value.as_bytes()))
    };
    Error::new(Kind::Config, "read option", reason).on(name)
}
