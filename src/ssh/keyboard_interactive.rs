//! Answers the questions of a server (RFC 4256): the configured password first, a person for everything else.

use ssh2::{KeyboardInteractivePrompt, Prompt, Session};
use zeroize::Zeroizing;

use super::attempt::{Outcome, Secret, asked_password, nobody_to_ask};
use super::login::Login;
use crate::error::{Error, Result};
use crate::path::escape;
use crate::questions::Questions;

pub(crate) fn run(session: &Session, login: &Login, secret: &Secret, questions: &dyn Questions) -> Outcome {
    let password = match secret {
        Secret::Known(password) => Some(password),
        Secret::Ask => None,
    };
    let mut prompter = Prompter { login, password, is_password_used: false, questions, failure: None };
    let answer = session.userauth_keyboard_interactive(&login.user, &mut prompter);
    match (answer, prompter.failure) {
        (Err(_), Some(error)) => Outcome::Unable(error),
        (answer, _) => Outcome::Answered(answer),
    }
}

struct Prompter<'a> {
    login: &'a Login,
    password: Option<&'a Zeroizing<String>>,
    is_password_used: bool,
    questions: &'a dyn Questions,
    failure: Option<Error>,
}

impl Prompter<'_> {
    /// The password answers the first hidden question; without a person it answers every one, as in rclone.
    fn answer(&mut self, prompt: &Prompt<'_>) -> Result<String> {
        let text = format!("{}: ", escape(prompt.text.trim_end_matches([' ', ':', '\n']).as_bytes()));
        if !prompt.echo && !self.is_password_used {
            self.is_password_used = true;
            return match self.password {
                Some(password) => Ok(password.to_string()),
                None => Ok(asked_password(self.login, &text, self.questions)?.to_string()),
            };
        }
        let answer = if prompt.echo {
            self.questions.line(&text)?
        } else {
            self.questions.secret(&text)?.map(|answer| answer.to_string())
        };
        answer.or_else(|| self.password.map(|password| password.to_string())).ok_or_else(nobody_to_ask)
    }
}

impl KeyboardInteractivePrompt for Prompter<'_> {
    fn prompt(&mut self, _user: &str, instructions: &str, prompts: &[Prompt<'_>]) -> Vec<String> {
        if !instructions.trim().is_empty() {
            log::info!("the server says: {}", escape(instructions.trim().as_bytes()));
        }
        prompts
            .iter()
            .map(|prompt| {
                self.answer(prompt).unwrap_or_else(|error| {
                    self.failure.get_or_insert(error);
                    String::new()
                })
            })
            .collect()
    }
}
