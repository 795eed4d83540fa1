//! The text that stands at a command's arguments: an example near its beginning, its exit codes at its end.

/// The parts of a command's text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Text {
    /// What it does, its example and what else is to be known, each paragraph on one line.
    pub(super) about: String,
    /// The exit codes, each with its meaning.
    pub(super) exit_codes: Vec<(String, String)>,
}

/// Takes a text apart.
pub(super) fn read(text: &str) -> Text {
    let (mut about, mut exit_codes) = (Vec::new(), Vec::new());
    for paragraph in text.split("\n\n") {
        let joined = flow(paragraph);
        match joined.strip_prefix("Exit codes: ") {
            Some(list) => exit_codes = codes(list),
            None => about.push(joined),
        }
    }
    Text { about: about.join("\n\n"), exit_codes }
}

/// One line, for the terminal to break; indented lines stay as they are.
fn flow(paragraph: &str) -> String {
    if paragraph.lines().any(|line| line.starts_with([' ', '-', '*', '|'])) {
        return paragraph.to_owned();
    }
    paragraph.lines().collect::<Vec<_>>().join(" ")
}

/// `0 done, 1 it failed, or not, 2 wrong usage.`: a code begins where a number follows a comma.
fn codes(list: &str) -> Vec<(String, String)> {
    let mut codes: Vec<(String, String)> = Vec::new();
    for part in list.trim_end_matches('.').split(", ") {
        let (code, meaning) = part.split_once(' ').unwrap_or((part, "done"));
        match codes.last_mut() {
            Some((_, before)) if code.parse::<u8>().is_err() => {
                before.push_str(", ");
                before.push_str(part);
            }
            _ => codes.push((code.to_owned(), meaning.to_owned())),
        }
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_taken_apart() {
        let text = read(
            "Do it\n\nExample: `sclone it`\n\nOne line\nand another\n\n  kept\n  as it is\n\n\
             Exit codes: 0 done, 1 it, or something,\n21 refused.",
        );
        assert_eq!(text.about, "Do it\n\nExample: `sclone it`\n\nOne line and another\n\n  kept\n  as it is");
        let code = |code: &str, meaning: &str| (code.to_owned(), meaning.to_owned());
        assert_eq!(
            text.exit_codes,
            [code("0", "done"), code("1", "it, or something"), code("21", "refused")]
        );
        assert_eq!(read("x\n\nExit codes: 0.").exit_codes, [code("0", "done")]);
    }
}
