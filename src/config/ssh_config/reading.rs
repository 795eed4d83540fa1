//! What the files say about one host, as they say it.

use std::collections::BTreeMap;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use super::keyword::Keyword;
use crate::error::Error;
use crate::path::escape;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The value as it is written, without quotes.
    pub text: String,
    /// The line it stands on.
    pub place: Place,
}

impl Value {
    /// Whether it is `none`, which stands for nothing at all.
    pub fn is_none(&self) -> bool {
        self.text.eq_ignore_ascii_case("none")
    }
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub(super) file: Arc<Path>,
    pub(super) line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", escape(self.file.as_os_str().as_bytes()), self.line)
    }
}

/// What the files say about a host.
#[derive(Debug, Default)]
pub struct Reading {
    /// Whether a `Host` or `Match` that applies names the host by more than `*`.
    pub is_named: bool,
    /// Why a part of the files was not understood: the first fault that was met.
    pub fault: Option<Error>,
    /// The names that stand behind `Host` without a pattern, whichever host is asked about.
    pub names: Vec<String>,
    /// Keywords that neither `ssh` nor this program knows, with their places.
    pub unknown: Vec<(String, Place)>,
    pub(super) values: BTreeMap<Keyword, Vec<Value>>,
}

impl Reading {
    /// The value of a keyword.
    pub fn value(&self, keyword: Keyword) -> Option<&Value> {
        self.values(keyword).first()
    }

    /// All values of a keyword; none if it is not set.
    pub fn values(&self, keyword: Keyword) -> &[Value] {
        self.values.get(&keyword).map(Vec::as_slice).unwrap_or_default()
    }

    /// The keywords that are set.
    pub fn keywords(&self) -> impl Iterator<Item = Keyword> {
        self.values.keys().copied()
    }
}
