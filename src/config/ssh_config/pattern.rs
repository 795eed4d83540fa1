//! Patterns of `Host` and `Match`: `*` stands for any text, `?` for any one character, `!` in front takes away.

/// That something fits, and whether by a pattern that says more than `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fit {
    /// Whether a pattern that fits has a character of its own; `*` and `?` alone name nothing.
    pub is_explicit: bool,
}

/// Whether the whole text fits the pattern. Upper and lower case differ.
pub fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut seen) = (0_usize, 0_usize);
    // Where to go on if what follows the last star does not fit: behind the star, one character later.
    let mut retry: Option<(usize, usize)> = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                at = at.saturating_add(1);
                retry = Some((at, seen));
            }
            Some(wanted) if *wanted == b'?' || text.get(seen) == Some(wanted) => {
                (at, seen) = (at.saturating_add(1), seen.saturating_add(1));
            }
            _ => {
                let Some((behind, from)) = retry else { return false };
                (at, seen) = (behind, from.saturating_add(1));
                retry = Some((behind, seen));
            }
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|&byte| byte == b'*'))
}

/// Whether the text fits one of the patterns and none of those with a `!`.
pub fn any_fits<'a>(patterns: impl IntoIterator<Item = &'a str>, text: &str) -> Option<Fit> {
    let mut fit = None;
    for pattern in patterns {
        if let Some(taken_away) = pattern.strip_prefix('!') {
            if fits(taken_away, text) {
                return None;
            }
        } else if fits(pattern, text) {
            let is_explicit = fit.is_some_and(|fit: Fit| fit.is_explicit) || is_explicit(pattern);
            fit = Some(Fit { is_explicit });
        }
    }
    fit
}

fn is_explicit(pattern: &str) -> bool {
    pattern.contains(|c| c != '*' && c != '?')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_fit_whole_texts() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "a.b", true),
            ("?", "", false),
            ("?", "a", true),
            ("web?", "web1", true),
            ("web?", "web12", false),
            ("*.example.com", "a.b.example.com", true),
            ("*.example.com", "example.com", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("Web1", "web1", false),
            ("**", "x", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn one_that_is_taken_away_counts_wherever_it_stands() {
        let fit = |list: &str, text| any_fits(list.split(','), text).map(|fit| fit.is_explicit);
        assert_eq!(fit("*,!web2", "web1"), Some(false));
        assert_eq!(fit("web*,!web2", "web1"), Some(true));
        assert_eq!(fit("web*,!web2", "web2"), None);
        assert_eq!(fit("!web2,web*", "web2"), None);
        assert_eq!(fit("!web2", "web1"), None, "nothing is named");
        assert_eq!(fit("?*,web1", "web1"), Some(true));
    }

    /// The same by trying every length for a star.
    fn slow(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            ([b'*', rest @ ..], _) => (0..=text.len()).any(|skip| slow(rest, &text[skip..])),
            ([b'?', rest @ ..], [_, text @ ..]) => slow(rest, text),
            ([wanted, rest @ ..], [byte, text @ ..]) => wanted == byte && slow(rest, text),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn fits_as_the_definition_says(pattern in "[ab*?]{0,8}", text in "[ab]{0,8}") {
            prop_assert_eq!(fits(&pattern, &text), slow(pattern.as_bytes(), text.as_bytes()));
        }
    }
}
