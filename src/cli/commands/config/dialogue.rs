//! The questions about a remote one by one, for programs that ask them elsewhere: `--non-interactive`.
//!
//! Each run answers at most one question and writes the next as JSON, with a state to come back with. The states are
//! rclone's: `*all-set,N,ADVANCED` takes the answer for option number N, `*all-advanced` the answer whether advanced
//! options are wanted. An empty state ends it.

use std::str::FromStr;

use serde::Serialize;

use super::json::indented;
use super::question::Question;
use crate::cli::context::Ctx;
use crate::config::document::Document;
use crate::config::obscure::obscure;
use crate::config::option_table::OptionSpec;
use crate::config::remote_type::RemoteType;
use crate::error::{Error, Kind, Result};

/// How to go on with the questions.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct Dialogue {
    /// Write what is to be asked next as JSON, for a program to ask
    #[arg(long)]
    non_interactive: bool,

    /// Ask for every option that is not given, not only for what is missing
    #[arg(long, requires = "non_interactive")]
    all: bool,

    /// Take the answer to a question
    #[arg(long = "continue", id = "continue", requires = "state")]
    go_on: bool,

    /// The state that came with the question
    #[arg(long, requires = "continue")]
    state: Option<String>,

    /// The answer, passwords in clear
    #[arg(long, requires = "continue", default_value = "", hide_default_value = true)]
    result: String,
}

/// Which answer is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Option { index: usize, advanced: bool },
    Advanced,
}

/// What is written.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Step {
    state: String,
    option: Option<Question>,
    error: String,
    result: String,
}

impl Dialogue {
    /// Whether a program asks the questions.
    pub(super) fn is_wanted(&self) -> bool {
        self.non_interactive || self.go_on
    }

    /// Whether an answer has come.
    pub(super) fn is_answer(&self) -> bool {
        self.go_on
    }

    /// Takes the answer if one has come, and finds the next question. `given` are options not to ask for.
    pub(super) fn step(
        &self,
        ctx: &Ctx,
        document: &mut Document,
        name: &str,
        given: &[&str],
    ) -> Result<Step> {
        let kind = document.get(name, "type").unwrap_or_default();
        let options = RemoteType::find(&kind).map_or(&[][..], |remote_type| remote_type.options);
        let asker = Asker { options, name, given, user: ctx.settings.environment.user().unwrap_or_default() };
        match self.state.as_deref().filter(|_| self.go_on) {
            Some(state) => asker.answer(document, state.parse()?, &self.result),
            None if self.all => Ok(asker.next(document, 0, false)),
            None => Ok(Step::end()),
        }
    }
}

/// Writes a step.
pub(super) fn write(ctx: &Ctx, step: &Step) -> Result<()> {
    ctx.stdout.line(indented(step, b"\t")?)
}

impl Step {
    const fn end() -> Self {
        Self { state: String::new(), option: None, error: String::new(), result: String::new() }
    }
}

/// Knows what there is to ask.
struct Asker<'a> {
    options: &'static [OptionSpec],
    name: &'a str,
    given: &'a [&'a str],
    user: &'a str,
}

impl Asker<'_> {
    /// The first question from option `index` on.
    fn next(&self, document: &Document, index: usize, advanced: bool) -> Step {
        let open = |(_, option): &(usize, &OptionSpec)| {
            option.advanced == advanced && !self.given.contains(&option.name)
        };
        match self.options.iter().enumerate().skip(index).find(open) {
            Some((index, option)) => self.ask(document, index, option),
            None if !advanced && self.options.iter().any(|option| option.advanced) => {
                let (state, option) = ("*all-advanced".to_owned(), Some(Question::advanced()));
                Step { state, option, ..Step::end() }
            }
            None => Step::end(),
        }
    }

    fn ask(&self, document: &Document, index: usize, option: &OptionSpec) -> Step {
        let current = document.own(self.name, option.name);
        let question = Question::of(option, current.as_deref(), self.user);
        let state = format!("*all-set,{index},{}", option.advanced);
        Step { state, option: Some(question), ..Step::end() }
    }

    fn answer(&self, document: &mut Document, state: State, result: &str) -> Result<Step> {
        let State::Option { index, advanced } = state else {
            return Ok(if result == "true" { self.next(document, 0, true) } else { Step::end() });
        };
        let option = self.options.get(index).ok_or_else(|| wrong_state("there is no such option"))?;
        if let (false, Err(accepted)) = (result.is_empty(), option.check(result)) {
            return Ok(Step { error: format!("it is not {accepted}"), ..self.ask(document, index, option) });
        }
        self.set(document, option, result)?;
        Ok(self.next(document, index.saturating_add(1), advanced))
    }

    /// What says the same as nothing is not written; the password that is there already is kept.
    fn set(&self, document: &mut Document, option: &OptionSpec, result: &str) -> Result<()> {
        let is_user = option.name == "user" && result == self.user;
        if result.is_empty() || is_user || option.is_default(result) {
            document.remove_key(self.name, option.name);
        } else if option.is_password() && document.own(self.name, option.name).as_deref() != Some(result) {
            document.set(self.name, option.name, &obscure(result)?)?;
        } else {
            document.set(self.name, option.name, result)?;
        }
        Ok(())
    }
}

impl FromStr for State {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let fields: Vec<&str> = text.split(',').collect();
        match fields.as_slice() {
            ["*all-advanced"] => Ok(Self::Advanced),
            ["*all-set", index, advanced @ ("true" | "false")] => {
                let index = index.parse().map_err(|_| wrong_state("its number cannot be read"))?;
                Ok(Self::Option { index, advanced: *advanced == "true" })
            }
            _ => Err(wrong_state("it is not one that came with a question")),
        }
    }
}

fn wrong_state(reason: &'static str) -> Error {
    Error::new(Kind::Usage, "read state", reason)
}
