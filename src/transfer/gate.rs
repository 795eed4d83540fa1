//! What stands before every change: nothing, `--dry-run`, or the questions of `--interactive`.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Kind, Result};
use crate::questions::Questions;
use crate::units::size;

/// How careful a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Caution {
    /// It does what it was told.
    #[default]
    Off,
    /// It says what it would do (`--dry-run`).
    DryRun,
    /// It asks before each change (`--interactive`).
    Interactive,
}

/// Lets changes pass, or not. One gate serves a whole run, because it remembers answers for all changes of a kind.
pub struct Gate {
    caution: Caution,
    questions: Arc<dyn Questions>,
    /// What was answered for every further change of a kind.
    settled: Mutex<HashMap<&'static str, bool>>,
}

/// An answer to the question whether a change may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
    Always(bool),
    Quit,
}

impl Gate {
    /// A gate that asks by `questions`, if it asks at all.
    pub fn new(caution: Caution, questions: Arc<dyn Questions>) -> Self {
        Self { caution, questions, settled: Mutex::default() }
    }

    /// Whether nothing is done at all.
    pub fn is_dry_run(&self) -> bool {
        self.caution == Caution::DryRun
    }

    /// Whether every change passes without a word; otherwise changes are best offered one by one, in order.
    pub fn is_open(&self) -> bool {
        self.caution == Caution::Off
    }

    /// Whether a change may be made. What may not is logged. `action` is what would be done, in rclone's words
    /// (`delete`, `remove directory`), `object` what it would be done to, `size` its bytes, if it has any.
    ///
    /// # Errors
    /// [`Kind::Quit`] if the person ends the run here; there is nobody to ask.
    pub fn allows(&self, action: &'static str, object: impl Display, size: Option<u64>) -> Result<bool> {
        let (allowed, flag) = match self.caution {
            Caution::Off => return Ok(true),
            Caution::DryRun => (false, "--dry-run"),
            Caution::Interactive => (self.is_agreed(action, &object)?, "--interactive"),
        };
        if !allowed {
            let size = size.map(|bytes| format!(" (size {})", size::short(bytes))).unwrap_or_default();
            log::warn!(object:% = object; "Skipped {action} as {flag} is set{size}");
        }
        Ok(allowed)
    }

    fn is_agreed(&self, action: &'static str, object: &impl Display) -> Result<bool> {
        let mut settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(allowed) = settled.get(action) {
            return Ok(*allowed);
        }
        match self.ask(action, object)? {
            Answer::Yes => Ok(true),
            Answer::No => Ok(false),
            Answer::Always(allowed) => {
                let what = if allowed { "Doing" } else { "Skipping" };
                log::warn!("{what} all {action} operations from now on without asking");
                settled.insert(action, allowed);
                Ok(allowed)
            }
            Answer::Quit => {
                log::warn!("Quitting now");
                Err(Error::new(Kind::Quit, "ask", "the person ended the run"))
            }
        }
    }

    fn ask(&self, action: &str, object: &impl Display) -> Result<Answer> {
        let question = format!(
            "\nsclone: {action} \"{object}\"?\n\
             y) Yes, this is OK (default)\n\
             n) No, skip this\n\
             s) Skip all {action} operations with no more questions\n\
             !) Do all {action} operations with no more questions\n\
             q) Exit sclone now.\n"
        );
        let mut before = question.as_str();
        loop {
            let line = self.questions.line(&format!("{before}y/n/s/!/q> "))?.ok_or_else(nobody)?;
            match line.trim().to_ascii_lowercase().as_str() {
                "" | "y" => return Ok(Answer::Yes),
                "n" => return Ok(Answer::No),
                "s" => return Ok(Answer::Always(false)),
                "!" => return Ok(Answer::Always(true)),
                "q" => return Ok(Answer::Quit),
                _ => before = "This value must be one of the following characters: y, n, s, !, q.\n",
            }
        }
    }
}

fn nobody() -> Error {
    Error::new(Kind::Config, "ask before the change", "there is nobody to answer")
        .advice("leave out --interactive, or see with --dry-run what would be done")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::questions::Nobody;
    use zeroize::Zeroizing;

    /// Answers from a list, last one first.
    struct Script(Mutex<Vec<&'static str>>);

    impl Questions for Script {
        fn secret(&self, _: &str) -> Result<Option<Zeroizing<String>>> {
            Ok(None)
        }

        fn line(&self, _: &str) -> Result<Option<String>> {
            Ok(self.0.lock().unwrap().pop().map(str::to_owned))
        }

        fn confirm(&self, _: &str) -> Result<Option<bool>> {
            Ok(None)
        }
    }

    fn gate(answers: &[&'static str]) -> Gate {
        let answers = answers.iter().rev().copied().collect();
        Gate::new(Caution::Interactive, Arc::new(Script(Mutex::new(answers))))
    }

    #[test]
    fn only_an_interactive_gate_asks() {
        let off = Gate::new(Caution::Off, Arc::new(Nobody));
        assert!(off.is_open() && off.allows("delete", "a", None).unwrap());
        let dry = Gate::new(Caution::DryRun, Arc::new(Nobody));
        assert!(dry.is_dry_run() && !dry.allows("delete", "a", Some(1)).unwrap());
        let asking = Gate::new(Caution::Interactive, Arc::new(Nobody));
        assert_eq!(asking.allows("delete", "a", None).unwrap_err().kind(), Kind::Config);
    }

    #[test]
    fn answers_hold_once_or_for_all_of_a_kind() {
        let gate = gate(&["", "nonsense", "n", "s", "!", "q"]);
        let allows = |action| gate.allows(action, "a", None);
        assert!(allows("delete").unwrap());
        assert!(!allows("delete").unwrap());
        assert!(!allows("delete").unwrap());
        assert!(!allows("delete").unwrap());
        assert!(allows("copy").unwrap());
        assert!(allows("copy").unwrap());
        assert_eq!(allows("move").unwrap_err().kind(), Kind::Quit);
    }
}
