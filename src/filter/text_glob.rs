//! A glob for text that is no path, such as the name of a remote.

use super::glob;
use super::pattern::Pattern;

/// What a text must hold, or be; upper and lower case are alike.
#[derive(Clone, Debug)]
pub struct TextGlob(Pattern);

impl TextGlob {
    /// Reads a glob in the language of filters, in which `*` stands for any text and `/` for itself. It is to fit the
    /// `whole` text, or a part of it.
    ///
    /// # Errors
    /// What is wrong with it, in rclone's words.
    pub fn new(glob: &str, whole: bool) -> Result<Self, String> {
        Pattern::new(glob::to_text_regexp(glob, whole)?).map(Self)
    }

    /// Whether it fits.
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_wholes() {
        for (glob, text, part, whole) in [
            ("eta", "zeta", true, false),
            ("Z?TA", "zeta", true, true),
            ("z?", "zeta", true, false),
            ("z{eta,*}", "z/a", true, true),
            ("[ab]1", "b1", true, true),
            ("[!a]*", "b", false, false),
            ("^z", "zeta", false, false),
        ] {
            let fits = |is_whole| TextGlob::new(glob, is_whole).unwrap().is_match(text);
            assert_eq!((fits(false), fits(true)), (part, whole), "{glob} {text}");
        }
        assert!(TextGlob::new("{", false).is_err());
    }
}
