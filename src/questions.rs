//! What the layers below the command line may ask a person, and what they may tell one.

use zeroize::Zeroizing;

use crate::error::Result;

/// A person at a terminal, or nobody.
///
/// Implementations answer `None` when there is nobody to ask (no terminal, `--ask-password=false`); callers then fail
/// with an error that names the option which would have made the question unnecessary.
pub trait Questions: Send + Sync {
    /// Asks for a secret; nothing is echoed. `prompt` ends in `: `.
    ///
    /// # Errors
    /// Reading from the terminal failed.
    fn secret(&self, prompt: &str) -> Result<Option<Zeroizing<String>>>;

    /// Asks for one line of text; the answer is echoed.
    ///
    /// # Errors
    /// Reading from the terminal failed.
    fn line(&self, prompt: &str) -> Result<Option<String>>;

    /// Asks to confirm; only a clear yes is true.
    ///
    /// # Errors
    /// Reading from the terminal failed.
    fn confirm(&self, prompt: &str) -> Result<Option<bool>>;

    /// Asks for the path of a file, which may be completed while it is typed; `~/` stands for the home folder.
    ///
    /// # Errors
    /// Reading from the terminal failed.
    fn path(&self, prompt: &str) -> Result<Option<String>> {
        self.line(prompt)
    }

    /// Whether there is a terminal at which another program may ask its own questions.
    fn has_terminal(&self) -> bool {
        false
    }
}

/// Nobody: every question stays unanswered.
pub struct Nobody;

impl Questions for Nobody {
    fn secret(&self, _prompt: &str) -> Result<Option<Zeroizing<String>>> {
        Ok(None)
    }

    fn line(&self, _prompt: &str) -> Result<Option<String>> {
        Ok(None)
    }

    fn confirm(&self, _prompt: &str) -> Result<Option<bool>> {
        Ok(None)
    }
}
