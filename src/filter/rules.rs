//! Rules in order: the first that matches decides.

use std::collections::HashSet;

use super::folder_globs::folder_regexps;
use super::glob;
use super::pattern::Pattern;
use super::spec::Patterns;
use super::text;

/// Whether what a rule matches is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Sign {
    Include,
    Exclude,
}

/// Something that rules are added to, one after the other.
pub(crate) trait RuleSet {
    /// Adds a rule.
    ///
    /// # Errors
    /// What is wrong with the glob, in rclone's words.
    fn add(&mut self, sign: Sign, glob: &str) -> Result<(), String>;

    /// Drops all rules so far.
    fn clear(&mut self);

    /// Adds `+ GLOB`, `- GLOB`, or `!`, which drops all rules so far.
    ///
    /// # Errors
    /// What is wrong with it, in rclone's words.
    fn add_rule(&mut self, rule: &str) -> Result<(), String> {
        if rule == "!" {
            self.clear();
            Ok(())
        } else if let Some(glob) = rule.strip_prefix("- ") {
            self.add(Sign::Exclude, glob)
        } else if let Some(glob) = rule.strip_prefix("+ ") {
            self.add(Sign::Include, glob)
        } else {
            Err(format!("malformed rule {rule:?}"))
        }
    }

    /// Adds all includes, then all excludes, then the rules, as rclone orders them whatever the command line does.
    ///
    /// # Errors
    /// What is wrong with one of them, in rclone's words.
    fn add_all(&mut self, patterns: &Patterns) -> Result<(), String> {
        if patterns.include.is_some() && patterns.exclude.is_some() {
            log::error!(
                "Using --filter is recommended instead of both --include and --exclude as the order they are parsed in is indeterminate"
            );
        }
        for (sign, globs) in [(Sign::Include, &patterns.include), (Sign::Exclude, &patterns.exclude)] {
            for glob in globs.iter().flatten() {
                self.add(sign, &text::of(glob))?;
            }
        }
        for rule in &patterns.rules {
            self.add_rule(&text::of(rule))?;
        }
        if patterns.include.is_some() {
            self.add(Sign::Exclude, "/**")?;
        }
        Ok(())
    }
}

/// Rules for one kind of text.
#[derive(Clone, Debug, Default)]
pub(crate) struct RuleList {
    rules: Vec<(Sign, Pattern)>,
    known: HashSet<(Sign, String)>,
}

impl RuleList {
    /// Whether the path is seen: as the first matching rule says, else yes.
    pub(crate) fn includes(&self, text: &str) -> bool {
        self.include_one_of(&[text])
    }

    /// Whether what has these texts is seen: as the first rule says that matches one of them, else yes.
    pub(crate) fn include_one_of(&self, texts: &[impl AsRef<str>]) -> bool {
        let is_match = |pattern: &Pattern| texts.iter().any(|text| pattern.is_match(text.as_ref()));
        let first = self.rules.iter().find(|(_, pattern)| is_match(pattern));
        first.is_none_or(|(sign, _)| *sign == Sign::Include)
    }

    /// Whether there are no rules.
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules as `--dump filters` shows them.
    pub(crate) fn shown(&self) -> impl Iterator<Item = String> + '_ {
        self.rules.iter().map(|(sign, pattern)| {
            let sign = if *sign == Sign::Include { '+' } else { '-' };
            format!("{sign} {}", pattern.as_str())
        })
    }

    /// Adds a rule unless the same one is there.
    pub(crate) fn add(&mut self, sign: Sign, regexp: String) -> Result<(), String> {
        if self.known.insert((sign, regexp.clone())) {
            self.rules.push((sign, Pattern::new(regexp)?));
        }
        Ok(())
    }
}

/// Rules for files, and those for folders that follow from them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    /// Decide about files.
    pub(crate) files: RuleList,
    /// Decide about folders, whose paths end in `/`.
    pub(crate) folders: RuleList,
    ignore_case: bool,
}

impl Rules {
    /// No rules yet.
    pub(crate) fn new(ignore_case: bool) -> Self {
        Self { ignore_case, ..Self::default() }
    }
}

impl RuleSet for Rules {
    fn clear(&mut self) {
        *self = Self::new(self.ignore_case);
    }

    fn add(&mut self, sign: Sign, glob: &str) -> Result<(), String> {
        let is_folder = glob.ends_with('/');
        // A folder is left out with all there is below it.
        let below = if is_folder && sign == Sign::Exclude { "**" } else { "" };
        let glob = format!("{glob}{below}");
        let is_both = glob.contains("**");
        let regexp = glob::to_regexp(&glob, self.ignore_case)?;
        if is_both || !is_folder {
            self.files.add(sign, regexp.clone()).map_err(|fault| bad(&glob, &regexp, &fault))?;
            // What one exclude leaves another rule may still bring in, unless it is everything.
            if sign == Sign::Include || glob == "*" {
                for folder in folder_regexps(&glob, self.ignore_case)? {
                    self.folders.add(sign, folder.clone()).map_err(|fault| bad(&glob, &folder, &fault))?;
                }
            }
        }
        if is_both || is_folder {
            self.folders.add(sign, regexp.clone()).map_err(|fault| bad(&glob, &regexp, &fault))?;
        }
        Ok(())
    }
}

/// Says which glob is wrong, and how.
pub(crate) fn bad(glob: &str, regexp: &str, fault: &str) -> String {
    let glob = glob.strip_prefix('/').unwrap_or(glob);
    format!("bad glob pattern {glob:?} (regexp {regexp:?}): {fault}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(lines: &[&str]) -> Rules {
        let mut rules = Rules::new(false);
        for line in lines {
            rules.add_rule(line).unwrap();
        }
        rules
    }

    #[test]
    fn folders_follow_from_files_as_rclone_dumps_them() {
        let rules = rules(&["+ /sub/*.txt", "- tmp/", "+ x/**", "- *", "- tmp/"]);
        assert_eq!(
            rules.files.shown().collect::<Vec<_>>(),
            [r"+ ^sub/[^/]*\.txt$", "- (^|/)tmp/.*$", "+ (^|/)x/.*$", "- (^|/)[^/]*$"]
        );
        assert_eq!(
            rules.folders.shown().collect::<Vec<_>>(),
            ["+ ^sub/$", "- (^|/)tmp/.*$", "+ (^|/)x/.*/$", "+ (^|/)x/$", "+ (^|/)x/.*$", "- ^.*$"]
        );
    }

    #[test]
    fn an_exclamation_mark_drops_what_came_before() {
        assert!(rules(&["- *", "!"]).files.is_empty());
        assert_eq!(rules(&["- *", "!", "- a"]).files.shown().collect::<Vec<_>>(), ["- (^|/)a$"]);
    }

    #[test]
    fn faults_quote_the_rule() {
        let mut rules = Rules::new(false);
        for (rule, fault) in [
            ("a", r#"malformed rule "a""#),
            ("-a", r#"malformed rule "-a""#),
            ("-  ***", r#"too many stars in " ***""#),
            (
                r"- \q",
                r#"bad glob pattern "\\q" (regexp "(^|/)\\q$"): error parsing regexp: invalid escape sequence: `\q`"#,
            ),
        ] {
            assert_eq!(rules.add_rule(rule).unwrap_err(), fault);
        }
    }
}
