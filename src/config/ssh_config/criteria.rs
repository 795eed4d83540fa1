//! What follows `Match`: criteria that must all be met.

use super::line::is_blank;
use super::pattern::{Fit, any_fits};
use crate::error::{Error, Kind, Result};
use crate::path::escape;

/// What criteria are compared with.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The host name as far as it is known by now.
    pub host: &'a str,
    /// The host as it was named.
    pub original_host: &'a str,
    /// The user to log in as, as far as that is known by now.
    pub user: &'a str,
    /// The user on this machine.
    pub local_user: &'a str,
    /// The value of `Tag` as far as it is known by now; empty for none.
    pub tag: &'a str,
    /// Whether the files are read for the second time.
    pub is_final: bool,
}

/// What a `Match` line comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Whether all criteria are met.
    pub is_met: bool,
    /// Whether the host is named by more than `*`.
    pub is_explicit: bool,
    /// Whether the files have to be read a second time (`final`).
    pub wants_final: bool,
}

/// Decides about the text behind `Match`. As in `ssh`, a command (`exec`) is reached only if what stands before it is
/// met; none is run here.
///
/// # Errors
/// [`Kind::Unsupported`] for `exec` and for criteria that are not known; [`Kind::Config`] for an argument too few or
/// too many.
pub fn decide(text: &str, subject: Subject<'_>) -> Result<Outcome> {
    if text.is_empty() {
        return Err(wrong("nothing follows match"));
    }
    let mut words = Words(text);
    let mut outcome = Outcome { is_met: true, ..Outcome::default() };
    let mut count = 0_usize;
    while let Some(word) = words.next()? {
        let name = word.strip_prefix('!').unwrap_or(&word).to_ascii_lowercase();
        let is_negated = word.starts_with('!');
        if name == "all" {
            // As `ssh` has it: one criterion before it is let pass.
            if count > 1 || words.next()?.is_some() {
                return Err(wrong("all cannot be combined with other criteria"));
            }
            return Ok(Outcome { is_met: outcome.is_met && !is_negated, ..outcome });
        }
        count = count.saturating_add(1);
        if name == "final" || name == "canonical" {
            outcome.wants_final |= name == "final";
            outcome.is_met &= subject.is_final != is_negated;
            continue;
        }
        let argument = words.next()?.filter(|argument| !argument.is_empty());
        let argument = argument.ok_or_else(|| wrong(format!("nothing follows {}", shown(&name))))?;
        let fit = criterion(&name, &argument, subject, outcome.is_met)?;
        outcome.is_met &= fit.is_some() != is_negated;
        let names_host = matches!(&*name, "host" | "originalhost") && !is_negated;
        outcome.is_explicit |= names_host && fit.is_some_and(|fit| fit.is_explicit);
    }
    outcome.is_explicit &= outcome.is_met;
    Ok(outcome)
}

/// Whether one criterion is met.
fn criterion(name: &str, argument: &str, subject: Subject<'_>, is_met: bool) -> Result<Option<Fit>> {
    let by_name = |text: &str| {
        let (patterns, text) = (argument.to_lowercase(), text.to_lowercase());
        any_fits(patterns.split(','), &text)
    };
    match name {
        "host" => Ok(by_name(subject.host)),
        "originalhost" => Ok(by_name(subject.original_host)),
        "user" => Ok(any_fits(argument.split(','), subject.user)),
        "localuser" => Ok(any_fits(argument.split(','), subject.local_user)),
        "tagged" => Ok(any_fits(argument.split(','), subject.tag)),
        "sessiontype" => Ok(any_fits(argument.split(','), "subsystem")),
        // What was not met before it cannot be met by it.
        _ if !is_met => Ok(None),
        "exec" => Err(unsupported("Match exec runs a command, and sclone runs none of this file")),
        _ => Err(unsupported(format!("the criterion {} of Match is not known here", shown(name)))),
    }
}

/// Words separated by blanks, of which one `=` may be part; a word may stand in double quotes.
struct Words<'a>(&'a str);

impl Words<'_> {
    /// The next word; `None` at the end and before a comment.
    fn next(&mut self) -> Result<Option<String>> {
        let text = self.0.trim_start_matches(is_blank);
        if text.is_empty() || text.starts_with('#') {
            self.0 = "";
            return Ok(None);
        }
        let (word, rest) = if let Some(quoted) = text.strip_prefix('"') {
            quoted.split_once('"').ok_or_else(|| wrong("a quote is not closed"))?
        } else {
            let end = text.find(|c: char| is_blank(c) || c == '=' || c == '"').unwrap_or(text.len());
            text.split_at_checked(end).unwrap_or((text, ""))
        };
        let rest = rest.trim_start_matches(is_blank);
        self.0 = rest.strip_prefix('=').unwrap_or(rest);
        Ok(Some(word.to_owned()))
    }
}

fn shown(name: &str) -> String {
    escape(name.as_bytes()).into_owned()
}

fn wrong(reason: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Kind::Config, "read", reason)
}

fn unsupported(reason: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Kind::Unsupported, "read", reason)
        .advice("describe the host in rclone.conf instead, with ssh_config = none")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(text: &str) -> String {
        let subject = Subject {
            host: "Web1.example.com",
            original_host: "web1",
            user: "ann",
            local_user: "me",
            tag: "work",
            is_final: false,
        };
        match decide(text, subject) {
            Ok(outcome) if outcome.is_explicit => "named".to_owned(),
            Ok(outcome) => if outcome.is_met { "met" } else { "not met" }.to_owned(),
            Err(error) => error.reason().to_owned(),
        }
    }

    #[test]
    fn all_criteria_have_to_be_met() {
        for (text, expected) in [
            ("all", "met"),
            ("!all", "not met"),
            ("host web1", "not met"),
            ("host web1.*", "named"),
            ("HOST=WEB1.*", "named"),
            ("host *", "met"),
            ("!host db*", "met"),
            ("!host web*", "not met"),
            ("host *.example.com,!web1*", "not met"),
            ("originalhost web1 user ann", "named"),
            ("originalhost=web1 user=ann", "named"),
            ("originalhost web1 user bob", "not met"),
            ("user \"a*\"", "met"),
            ("localuser me,you", "met"),
            ("localuser you # me", "not met"),
            ("final", "not met"),
            ("!final", "met"),
            ("canonical all", "not met"),
            ("originalhost db1 exec \"true\"", "not met"),
            ("tagged work,home", "met"),
            ("tagged home", "not met"),
            ("sessiontype shell,exec", "not met"),
            ("!sessiontype shell", "met"),
            ("exec \"true\"", "Match exec runs a command, and sclone runs none of this file"),
            ("localnetwork 10.0.0.0/8", "the criterion localnetwork of Match is not known here"),
            ("user bob localnetwork 10.0.0.0/8", "not met"),
            ("host", "nothing follows host"),
            ("", "nothing follows match"),
            ("user ann all", "met"),
            ("user ann final all", "all cannot be combined with other criteria"),
            ("all user ann", "all cannot be combined with other criteria"),
            ("host \"web1", "a quote is not closed"),
        ] {
            assert_eq!(say(text), expected, "{text}");
        }
    }
}
