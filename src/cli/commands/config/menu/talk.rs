//! How the menu talks: lines said, answers asked for until they make sense.

use zeroize::Zeroizing;

use crate::cli::context::Ctx;
use crate::error::{Error, Kind, Result};
use crate::path::escape;

/// The conversation with the person at the terminal.
#[derive(Clone, Copy)]
pub(super) struct Talk<'a> {
    pub(super) ctx: &'a Ctx,
}

impl Talk<'_> {
    /// Shows lines. Names from files and agents cannot do anything to the terminal.
    pub(super) fn say(self, text: &str) -> Result<()> {
        text.split('\n').try_for_each(|line| self.ctx.stdout.line(&*escape(line.as_bytes())))
    }

    /// Asks for one line.
    pub(super) fn line(self, prompt: &str) -> Result<String> {
        self.ctx.questions.line(&format!("{prompt}> "))?.map(|line| line.trim().to_owned()).ok_or_else(nobody)
    }

    /// Asks for a secret twice, until both are the same and not empty.
    pub(super) fn new_secret(self) -> Result<Zeroizing<String>> {
        let ask = |prompt: &str| self.ctx.questions.secret(prompt)?.ok_or_else(nobody);
        loop {
            let secret = ask("Enter the password:\npassword: ")?;
            if secret.is_empty() {
                self.say("A password cannot be empty.")?;
            } else if ask("Confirm the password:\npassword: ")? == secret {
                return Ok(secret);
            } else {
                self.say("Passwords do not match!")?;
            }
        }
    }

    /// Asks for one of a few letters. Enter takes the default.
    pub(super) fn letter(self, choices: &[(char, &str)], default: Option<char>) -> Result<char> {
        for (letter, meaning) in choices {
            let note = if default == Some(*letter) { " (default)" } else { "" };
            self.say(&format!("{letter}) {meaning}{note}"))?;
        }
        let letters: Vec<String> = choices.iter().map(|(letter, _)| letter.to_string()).collect();
        loop {
            let answer = self.line(&letters.join("/"))?.to_lowercase();
            let mut typed = answer.chars();
            match (typed.next(), typed.next(), default) {
                (None, _, Some(default)) => return Ok(default),
                (Some(letter), None, _) if choices.iter().any(|(known, _)| *known == letter) => {
                    return Ok(letter);
                }
                _ => {
                    let letters = letters.join(", ");
                    self.say(&format!("This value must be one of the following characters: {letters}."))?;
                }
            }
        }
    }

    /// Asks for yes or no.
    pub(super) fn agrees(self, question: &str, default: bool) -> Result<bool> {
        self.say(question)?;
        let default = if default { 'y' } else { 'n' };
        Ok(self.letter(&[('y', "Yes"), ('n', "No")], Some(default))? == 'y')
    }

    /// Lists choices, each with a line of explanation, and asks for a number or a text of one's own. Gives the choice
    /// or the text; Enter takes the default.
    pub(super) fn pick(self, prompt: &str, choices: &[(String, String)], default: &str) -> Result<String> {
        self.pick_by(|| self.line(prompt), choices, default)
    }

    /// The same where the text is the path of a file.
    pub(super) fn pick_path(
        self,
        prompt: &str,
        choices: &[(String, String)],
        default: &str,
    ) -> Result<String> {
        let ask = || self.ctx.questions.path(&format!("{prompt}> "))?.ok_or_else(nobody);
        self.pick_by(|| ask().map(|path| path.trim().to_owned()), choices, default)
    }

    fn pick_by(
        self,
        ask: impl Fn() -> Result<String>,
        choices: &[(String, String)],
        default: &str,
    ) -> Result<String> {
        for (number, (choice, meaning)) in (1..).zip(choices) {
            self.say(&format!("{number:2} / {meaning}\n   \\ ({choice})"))?;
        }
        loop {
            let answer = ask()?;
            if answer.is_empty() && !default.is_empty() {
                return Ok(default.to_owned());
            }
            match answer.parse::<usize>() {
                Ok(number) => match number.checked_sub(1).and_then(|index| choices.get(index)) {
                    Some((choice, _)) => return Ok(choice.clone()),
                    None => self.say("No choices with this number.")?,
                },
                Err(_) => return Ok(answer),
            }
        }
    }
}

/// There is no terminal, or it was closed.
pub(super) fn nobody() -> Error {
    Error::new(Kind::Usage, "ask on the terminal", "there is nobody to ask")
        .advice("`sclone config create` makes a remote without questions")
}
