//! Rules for what a file has besides its path, size and age: `--metadata-include`, `--metadata-exclude`,
//! `--metadata-filter`.

use std::borrow::Cow;

use super::glob;
use super::rules::{RuleList, RuleSet, Sign, bad};
use super::text;
use crate::fs::Properties;

/// Stands for the properties of a file that has none, so that a rule for everything matches it too.
const NOTHING: &str = "\0=\0";

/// Rules whose globs match `key=value` as those for files match paths. As in rclone, `--ignore-case` says nothing about
/// them.
#[derive(Clone, Debug, Default)]
pub(crate) struct MetadataRules(RuleList);

impl MetadataRules {
    /// Whether a file with these properties is seen: as the first rule says that matches one of them, else yes.
    pub(crate) fn include(&self, properties: &Properties) -> bool {
        let mut texts: Vec<Cow<'_, str>> =
            properties.iter().map(|(key, value)| format!("{key}={}", text::of(value)).into()).collect();
        if texts.is_empty() {
            texts.push(NOTHING.into());
        }
        self.0.include_one_of(&texts)
    }

    /// Whether there are no rules.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rules as `--dump filters` shows them.
    pub(crate) fn shown(&self) -> impl Iterator<Item = String> + '_ {
        self.0.shown()
    }
}

impl RuleSet for MetadataRules {
    fn add(&mut self, sign: Sign, glob: &str) -> Result<(), String> {
        let regexp = glob::to_regexp(glob, false)?;
        self.0.add(sign, regexp.clone()).map_err(|fault| bad(glob, &regexp, &fault))
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_matches_any_property_decides() {
        let mut file = Properties::default();
        file.set("colour", "red");
        file.set("path", "a/b");
        let nothing = Properties::default();
        for (lines, with, without) in [
            (&["+ colour=red", "- **"][..], true, false),
            (&["- colour=red"], false, true),
            (&["- path=*"], true, true),
            (&["- path=**"], false, true),
            (&["- b"], false, true),
            (&["- red"], true, true),
            (&["- our=red"], true, true),
            (&["- COLOUR=red"], true, true),
            (&["- c", "!", "+ path=a/?", "- colour=*"], true, true),
            (&["- *"], false, false),
            (&[], true, true),
        ] {
            let mut rules = MetadataRules::default();
            for line in lines {
                rules.add_rule(line).unwrap();
            }
            assert_eq!((rules.include(&file), rules.include(&nothing)), (with, without), "{lines:?}");
        }
    }
}
