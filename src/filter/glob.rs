//! From a glob to a regular expression in Go's syntax.
//!
//! ```text
//! glob  = [ "/" ] { item }           "/": from the root, else from any folder on; always to the end of the path
//! item  = "*"                        characters but "/"
//!       | "**"                       any characters
//!       | "?"                        one character but "/"
//!       | "[" … "]"                  a class of Go's regular expressions, as it stands
//!       | "{" glob { "," glob } "}"  one of these
//!       | "{{" regexp "}}"           a regular expression of Go; ends at the last "}}" of a run of "}"
//!       | "\" character              that escape of Go's regular expressions; of punctuation: itself
//!       | character                  itself
//! ```

/// Translates `glob`; for paths that differ in case too, if `ignore_case`.
///
/// # Errors
/// What is wrong with it, in rclone's words.
pub(crate) fn to_regexp(glob: &str, ignore_case: bool) -> Result<String, String> {
    let mut regexp = String::with_capacity(glob.len().saturating_add(16));
    if ignore_case {
        regexp.push_str("(?i)");
    }
    let body = glob.strip_prefix('/');
    regexp.push_str(if body.is_some() { "^" } else { "(^|/)" });
    let glob = body.unwrap_or(glob);
    let mut regexp = Translator { glob, rest: glob, last: None, depth: 0, in_path: true, regexp }.run()?;
    regexp.push('$');
    Ok(regexp)
}

/// Translates `glob` for text that is no path, of which `*` stands for any part, upper and lower case alike; for all of
/// it, if it is to be `whole`.
///
/// # Errors
/// What is wrong with it, in rclone's words.
pub(crate) fn to_text_regexp(glob: &str, whole: bool) -> Result<String, String> {
    let regexp = if whole { "(?i)^" } else { "(?i)" }.to_owned();
    let mut regexp = Translator { glob, rest: glob, last: None, depth: 0, in_path: false, regexp }.run()?;
    regexp.push_str(if whole { "$" } else { "" });
    Ok(regexp)
}

struct Translator<'a> {
    glob: &'a str,
    rest: &'a str,
    /// The character before `rest`.
    last: Option<char>,
    /// Open braces.
    depth: usize,
    /// Whether `/` sets the parts of a path apart.
    in_path: bool,
    regexp: String,
}

impl Translator<'_> {
    fn run(mut self) -> Result<String, String> {
        while let Some(next) = self.take() {
            match next {
                '\\' => {
                    self.regexp.push('\\');
                    let escaped = self.take();
                    self.regexp.extend(escaped);
                }
                '*' => self.stars()?,
                '?' => self.regexp.push_str(self.one()),
                '[' => self.class()?,
                ']' => return Err(self.fault("mismatched ']'")),
                '{' => self.open()?,
                '}' if self.depth == 0 => return Err(self.fault(BRACES)),
                '}' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.regexp.push(')');
                }
                ',' if self.depth > 0 => self.regexp.push('|'),
                '.' | '+' | '(' | ')' | '|' | '^' | '$' => self.regexp.extend(['\\', next]),
                _ => self.regexp.push(next),
            }
        }
        if self.depth > 0 {
            return Err(self.fault(BRACES));
        }
        Ok(self.regexp)
    }

    fn take(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next()?;
        self.rest = chars.as_str();
        self.last = Some(next);
        Some(next)
    }

    /// What stands for one character.
    const fn one(&self) -> &'static str {
        if self.in_path { "[^/]" } else { "." }
    }

    /// One star was taken.
    fn stars(&mut self) -> Result<(), String> {
        let more = self.rest.len().saturating_sub(self.rest.trim_start_matches('*').len());
        self.rest = self.rest.get(more..).unwrap_or_default();
        match more {
            0 => {
                self.regexp.push_str(self.one());
                self.regexp.push('*');
            }
            1 if self.in_path => self.regexp.push_str(".*"),
            _ => return Err(format!("too many stars in {:?}", self.glob)),
        }
        Ok(())
    }

    /// An opening bracket was taken.
    fn class(&mut self) -> Result<(), String> {
        let mut depth = 1_usize;
        self.regexp.push('[');
        while depth > 0 {
            let next = self.take().ok_or_else(|| self.fault("mismatched '[' and ']'"))?;
            self.regexp.push(next);
            match next {
                '[' => depth = depth.saturating_add(1),
                ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        Ok(())
    }

    /// An opening brace was taken.
    fn open(&mut self) -> Result<(), String> {
        if self.depth > 0 && self.before_last() == Some('{') {
            return self.raw();
        }
        self.depth = self.depth.saturating_add(1);
        self.regexp.push('(');
        Ok(())
    }

    /// The character before the one that was taken last.
    fn before_last(&self) -> Option<char> {
        let read = self.glob.len().saturating_sub(self.rest.len());
        self.glob.get(..read)?.chars().rev().nth(1)
    }

    /// Two opening braces were taken; the first has opened the group.
    fn raw(&mut self) -> Result<(), String> {
        let Some(end) = self.rest.find("}}") else {
            let outer = self.depth > 1;
            return Err(self.fault(if outer { BRACES } else { "mismatched '{{' and '}}'" }));
        };
        let run = self.rest.get(end..).unwrap_or_default();
        let run = run.len().saturating_sub(run.trim_start_matches('}').len());
        let (body, rest) = self.rest.split_at_checked(end.saturating_add(run)).unwrap_or_default();
        self.regexp.push_str(body.strip_suffix("}}").unwrap_or(body));
        self.regexp.push(')');
        self.rest = rest;
        self.depth = self.depth.saturating_sub(1);
        Ok(())
    }

    fn fault(&self, what: &str) -> String {
        format!("{what} in glob {:?}", self.glob)
    }
}

const BRACES: &str = "mismatched '{' and '}'";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn globs_become_what_rclone_shows() {
        for (glob, regexp) in [
            ("a.txt", r"(^|/)a\.txt$"),
            ("/a", "^a$"),
            ("//a", "^/a$"),
            ("", "(^|/)$"),
            ("*.jpg", r"(^|/)[^/]*\.jpg$"),
            ("a**b", "(^|/)a.*b$"),
            (r"*\**", r"(^|/)[^/]*\*[^/]*$"),
            ("**?", "(^|/).*[^/]$"),
            (r"a\Qx", r"(^|/)a\Qx$"),
            ("\\", r"(^|/)\$"),
            ("[[]]", "(^|/)[[]]$"),
            ("[*,{]", "(^|/)[*,{]$"),
            ("{a,{b,c}}", "(^|/)(a|(b|c))$"),
            ("{,a}", "(^|/)(|a)$"),
            ("{[,],a}", "(^|/)([,]|a)$"),
            ("a,b", "(^|/)a,b$"),
            ("{{a|b}}", "(^|/)(a|b)$"),
            (r"{{\d{8}}}", r"(^|/)(\d{8})$"),
            ("{{{a}}}", "(^|/)({a})$"),
            ("{{}}", "(^|/)()$"),
            (r"\{{a}", r"(^|/)\{(a)$"),
            ("*{{a}}**", "(^|/)[^/]*(a).*$"),
            ("x/{{a}}/y", "(^|/)x/(a)/y$"),
            ("a+(b)|^$", r"(^|/)a\+\(b\)\|\^\$$"),
        ] {
            assert_eq!(to_regexp(glob, false).as_deref(), Ok(regexp), "{glob}");
        }
        assert_eq!(to_regexp("/a", true).as_deref(), Ok("(?i)^a$"));
    }

    #[test]
    fn in_text_a_slash_is_a_character_like_others() {
        assert_eq!(to_text_regexp("/a?*", true).as_deref(), Ok("(?i)^/a..*$"));
        assert_eq!(to_text_regexp("{a,[bc]}", false).as_deref(), Ok("(?i)(a|[bc])"));
        assert_eq!(to_text_regexp("**", false).unwrap_err(), r#"too many stars in "**""#);
    }

    #[test]
    fn faults_are_named_in_rclones_words() {
        for (glob, fault) in [
            ("***", r#"too many stars in "***""#),
            ("[", r#"mismatched '[' and ']' in glob "[""#),
            ("[[]", r#"mismatched '[' and ']' in glob "[[]""#),
            ("]", r#"mismatched ']' in glob "]""#),
            ("[^]]", r#"mismatched ']' in glob "[^]]""#),
            ("}", r#"mismatched '{' and '}' in glob "}""#),
            ("/{a", r#"mismatched '{' and '}' in glob "{a""#),
            ("{a{b", r#"mismatched '{' and '}' in glob "{a{b""#),
            ("{{a}", r#"mismatched '{{' and '}}' in glob "{{a}""#),
            ("{{a}}x}", r#"mismatched '{' and '}' in glob "{{a}}x}""#),
        ] {
            assert_eq!(to_regexp(glob, false).unwrap_err(), fault, "{glob}");
        }
    }

    proptest! {
        #[test]
        fn plain_names_match_themselves_only(name in "[a-z0-9 ~#&=-]{1,12}") {
            let regexp = to_regexp(&name, false).unwrap();
            prop_assert_eq!(regexp, format!("(^|/){name}$"));
        }

        #[test]
        fn any_text_is_answered(glob in r"[\[\]{}*?,\\/a^$|()é-]{0,16}") {
            drop(to_regexp(&glob, true));
        }
    }
}
