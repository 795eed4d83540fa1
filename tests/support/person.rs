//! Somebody who is asked.

use std::sync::{Mutex, PoisonError};

use sclone::error::Result;
use sclone::questions::Questions;
use zeroize::Zeroizing;

/// A person who gives the same answer to every question, and remembers the questions.
#[derive(Default)]
pub(crate) struct Person {
    types: Option<&'static str>,
    says: Option<bool>,
    asked: Mutex<Vec<String>>,
}

impl Person {
    /// Types this wherever something is to be typed.
    pub(crate) fn who_types(text: &'static str) -> Self {
        Self { types: Some(text), ..Self::default() }
    }

    /// Says yes or no to everything.
    pub(crate) fn who_says(answer: bool) -> Self {
        Self { says: Some(answer), ..Self::default() }
    }

    /// The questions so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, prompt: &str) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(prompt.to_owned());
    }
}

impl Questions for Person {
    fn secret(&self, prompt: &str) -> Result<Option<Zeroizing<String>>> {
        self.remember(prompt);
        Ok(self.types.map(|text| Zeroizing::new(text.to_owned())))
    }

    fn line(&self, prompt: &str) -> Result<Option<String>> {
        self.remember(prompt);
        Ok(self.types.map(str::to_owned))
    }

    fn confirm(&self, prompt: &str) -> Result<Option<bool>> {
        self.remember(prompt);
        Ok(self.says)
    }
}
