//! The walk over an expression: groups, repetitions and what stands between them.

use super::class;
use super::escape::Escape;
use super::input::{Input, Result, fault, push_literal};

/// The most repetitions that Go takes.
const MOST_REPEATS: u32 = 1000;

/// Translates an expression.
///
/// # Errors
/// What is wrong with it, in Go's words.
pub(crate) fn translate(go: &str) -> Result<String> {
    let mut translator =
        Translator { input: Input { rest: go }, before: Before::Nothing, depth: 0, out: String::new() };
    while !translator.input.rest.is_empty() {
        translator.step()?;
    }
    if translator.depth > 0 {
        return Err(fault("missing closing )", go));
    }
    Ok(translator.out)
}

/// What a repetition would repeat.
#[derive(Clone, Copy)]
enum Before<'a> {
    Nothing,
    Item,
    Repetition(&'a str),
}

struct Translator<'a> {
    input: Input<'a>,
    before: Before<'a>,
    /// Open groups.
    depth: usize,
    out: String,
}

impl<'a> Translator<'a> {
    fn step(&mut self) -> Result<()> {
        let start = self.input.rest;
        match self.input.take() {
            None => return Ok(()),
            Some('(') => return self.open(start),
            Some(')') => {
                self.depth = self.depth.checked_sub(1).ok_or_else(|| fault("unexpected )", start))?;
                self.out.push(')');
            }
            Some('|') => {
                self.out.push('|');
                self.before = Before::Nothing;
                return Ok(());
            }
            Some('[') => class::translate(&mut self.input, start, &mut self.out)?,
            Some('\\') => self.escape(start)?,
            Some(plain @ ('.' | '^' | '$')) => self.out.push(plain),
            Some('*' | '+' | '?') => return self.repeat(start),
            Some('{') => match repeat_count(&mut self.input) {
                Some(count) => return self.repeat_counted(start, count),
                None => push_literal(&mut self.out, '{'),
            },
            Some(literal) => push_literal(&mut self.out, literal),
        }
        self.before = Before::Item;
        Ok(())
    }

    fn escape(&mut self, start: &'a str) -> Result<()> {
        if self.input.eat("Q") {
            let (quoted, rest) = self.input.rest.split_once(r"\E").unwrap_or((self.input.rest, ""));
            quoted.chars().for_each(|literal| push_literal(&mut self.out, literal));
            self.input.rest = rest;
            return Ok(());
        }
        match Escape::read(&mut self.input, start)? {
            Escape::Literal(literal) => push_literal(&mut self.out, literal),
            Escape::Class(class) => self.out.push_str(&class),
            Escape::Assertion(assertion) => self.out.push_str(assertion),
        }
        Ok(())
    }

    /// An opening parenthesis was taken.
    fn open(&mut self, start: &'a str) -> Result<()> {
        self.before = Before::Nothing;
        if !self.input.eat("?") {
            self.out.push_str("(?:");
        } else if self.input.eat("P<") || self.input.eat("<") {
            let name = self.input.rest.split_once('>').map(|(name, rest)| {
                self.input.rest = rest;
                name
            });
            let is_word = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            name.filter(is_word)
                .filter(|name| !name.is_empty())
                .ok_or_else(|| fault("invalid named capture", start))?;
            self.out.push_str("(?:");
        } else {
            return self.flags(start);
        }
        self.depth = self.depth.saturating_add(1);
        Ok(())
    }

    /// `(?` was taken: flags follow, for the group they open or for the rest of the group they stand in.
    fn flags(&mut self, start: &'a str) -> Result<()> {
        let before = self.input.rest;
        while let Some(next) = self.input.take() {
            let flags = self.input.since(before);
            match next {
                'i' | 'm' | 's' | 'U' => {}
                '-' if !flags.trim_end_matches('-').contains('-') && !flags.ends_with("--") => {}
                ':' | ')' if !flags.trim_end_matches([':', ')']).ends_with('-') => {
                    if flags != ")" {
                        self.out.push_str("(?");
                        self.out.push_str(flags);
                    }
                    self.depth = self.depth.saturating_add(usize::from(next == ':'));
                    return Ok(());
                }
                _ => break,
            }
        }
        Err(fault("invalid or unsupported Perl syntax", Input { rest: self.input.rest }.since(start)))
    }
}

impl<'a> Translator<'a> {
    /// `*`, `+` or `?` was taken.
    fn repeat(&mut self, start: &'a str) -> Result<()> {
        self.input.eat("?");
        let operator = self.input.since(start);
        match self.before {
            Before::Nothing => Err(fault("missing argument to repetition operator", operator)),
            Before::Repetition(first) => {
                Err(fault("invalid nested repetition operator", &format!("{first}{operator}")))
            }
            Before::Item => {
                self.out.push_str(operator);
                self.before = Before::Repetition(operator);
                Ok(())
            }
        }
    }

    /// `{n,m}` was taken.
    fn repeat_counted(&mut self, start: &'a str, (least, most): (u32, Option<u32>)) -> Result<()> {
        if least > MOST_REPEATS || most.is_some_and(|most| most > MOST_REPEATS || most < least) {
            return Err(fault("invalid repeat count", self.input.since(start)));
        }
        self.repeat(start)
    }
}

/// Reads the rest of `{n}`, `{n,}` or `{n,m}` after the brace; `None`, and nothing read, if it is none of these.
fn repeat_count(input: &mut Input<'_>) -> Option<(u32, Option<u32>)> {
    let (inside, rest) = input.rest.split_once('}')?;
    let number = |text: &str| {
        let is_plain =
            text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
        let number = if text.len() > 8 { u32::MAX } else { text.parse().ok()? };
        (is_plain && !text.is_empty()).then_some(number)
    };
    let counts = match inside.split_once(',') {
        None => (number(inside)?, Some(number(inside)?)),
        Some((least, "")) => (number(least)?, None),
        Some((least, most)) => (number(least)?, Some(number(most)?)),
    };
    input.rest = rest;
    Some(counts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::filter::pattern::Pattern;

    fn matches(go: &str, text: &str) -> bool {
        Pattern::new(format!("^({go})$")).unwrap_or_else(|error| panic!("{go}: {error}")).is_match(text)
    }

    #[test]
    fn go_expressions_keep_their_meaning() {
        for (go, yes, no) in [
            ("[[]x", &["[x"][..], &["x"][..]),
            ("[a&&b]", &["a", "&", "b"], &["c"]),
            ("[a~~b]", &["~"], &["c"]),
            ("[a-z&&[^b]]", &["c]", "[]", "^]"], &["b", "A]"]),
            ("[]a]", &["]", "a"], &["b"]),
            ("[^]a]", &["b", "é"], &["]", "a"]),
            ("[-a]", &["-", "a"], &["b"]),
            (r"[\w-]", &["-", "_", "9"], &["é", "+"]),
            ("[a-z-9]", &["-", "9", "m"], &["8"]),
            ("[^^]", &["a"], &["^"]),
            ("[[:alpha:]x]", &["b", "x"], &["1", "é"]),
            ("[[:^alpha:]]", &["1", "é"], &["b"]),
            ("[[=a=]]", &["a]", "=]", "[]"], &["a"]),
            (r"\d+\D", &["12é"], &["٣é", "12"]),
            (r"\s\S", &[" x"], &["\u{a0}x", "\u{b}x"]),
            (r"\Qa.b*\Ec", &["a.b*c"], &["axbc"]),
            (r"\101\x42\x{43}\07", &["ABC\u{7}"], &[]),
            (r"\pL\P{L}\p{^L}", &["é1-"], &["aa1", "1a1"]),
            (r"[\pN\PL]", &["1", "-"], &["a"]),
            (r"\a\f\v\t\n\r", &["\u{7}\u{c}\u{b}\t\n\r"], &[]),
            ("a{,3}", &["a{,3}"], &["aa"]),
            ("a{2}b{1,}c{0,2}", &["aabbc", "aab"], &["ab"]),
            ("a{", &["a{"], &["a"]),
            ("x{01}", &["x{01}"], &["x"]),
            ("(?i)É", &["é", "É"], &["e"]),
            ("(?i:a)b", &["Ab"], &["aB"]),
            ("(?P<n>a)(?<m>b)", &["ab"], &[]),
            ("(?i-s:A.)", &["ab"], &["a\n"]),
            ("a(?)b", &["ab"], &[]),
            (r"\bé|x\B", &["xé"], &[]),
            ("a*?b+?c??", &["aabb"], &["aa"]),
            ("a b#c", &["a b#c"], &["abc"]),
            (r"\_\<\>", &["_<>"], &[]),
            (r".\z", &["\n", "é"], &[""]),
        ] {
            for text in yes {
                assert!(matches(go, text) || go == r"\bé|x\B", "{go} matches {text:?}");
            }
            for text in no {
                assert!(!matches(go, text), "{go} does not match {text:?}");
            }
        }
    }

    #[test]
    fn word_boundaries_are_ascii() {
        let is_match = |go: &str, text| Pattern::new(go.into()).unwrap().is_match(text);
        assert!(is_match(r"a\bé", "aé") && !is_match(r"a\Bé", "aé"));
        assert!(is_match(r"a\Bb", "ab") && is_match(r"é\B", "é"));
    }

    #[test]
    fn faults_are_those_of_go() {
        for (go, what) in [
            ("[]", "missing closing ]: `[]`"),
            ("x[a", "missing closing ]: `[a`"),
            ("[b-a]", "invalid character class range: `b-a`"),
            ("[a--b]", "invalid character class range: `a--`"),
            ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
            (r"[a-\d]", r"invalid escape sequence: `\d`"),
            (r"[\Qa]", r"invalid escape sequence: `\Q`"),
            (r"[\b]", r"invalid escape sequence: `\b`"),
            (r"\q", r"invalid escape sequence: `\q`"),
            (r"\C", r"invalid escape sequence: `\C`"),
            (r"\é", r"invalid escape sequence: `\é`"),
            (r"\8", r"invalid escape sequence: `\8`"),
            (r"\1", r"invalid escape sequence: `\1`"),
            (r"\x4)", r"invalid escape sequence: `\x4)`"),
            (r"\x{110000}", r"invalid escape sequence: `\x{110000`"),
            (r"\", "trailing backslash at end of expression: ``"),
            ("a{1001}", "invalid repeat count: `{1001}`"),
            ("a{2,1}", "invalid repeat count: `{2,1}`"),
            ("a**", "invalid nested repetition operator: `**`"),
            ("x*{2}", "invalid nested repetition operator: `*{2}`"),
            ("*a", "missing argument to repetition operator: `*`"),
            ("a)", "unexpected ): `)`"),
            ("(a", "missing closing ): `(a`"),
            ("(?x)a", "invalid or unsupported Perl syntax: `(?x`"),
            ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
            ("(?i-)a", "invalid or unsupported Perl syntax: `(?i-)`"),
            ("(?P<>a)", "invalid named capture: `(?P<>a)`"),
        ] {
            assert_eq!(translate(go).unwrap_err(), format!("error parsing regexp: {what}"), "{go}");
        }
    }

    proptest! {
        #[test]
        fn every_literal_means_itself(text in "\\PC{1,12}") {
            let quoted = format!(r"\Q{}\E", text.replace('\\', "/"));
            prop_assert!(matches(&quoted, &text.replace('\\', "/")));
        }

        #[test]
        fn any_expression_is_answered(go in r"[\[\](){}*+?|^$.:a-cQEdpPLx0-9,\\&~iU<>é-]{0,24}") {
            drop(Pattern::new(go));
        }
    }
}
