//! A line as bash has it, up to the cursor, taken apart into words.

/// The words of a line.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Every word without its quotes. The last is the one at the cursor, empty if none is begun.
    pub words: Vec<Vec<u8>>,
    /// How much of the last word bash leaves as it stands, in bytes: it completes what comes after a break.
    pub kept: usize,
}

/// Takes a line apart at blanks, with quotes and backslashes as in bash. `breaks` is `COMP_WORDBREAKS`.
pub fn split(line: &[u8], breaks: &[u8]) -> Line {
    let (mut words, mut word, mut kept, mut begun) = (Vec::new(), Vec::new(), 0, false);
    let mut quote = None;
    let mut bytes = line.iter().copied();
    while let Some(byte) = bytes.next() {
        match (byte, quote) {
            (b' ' | b'\t' | b'\n', None) => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                (kept, begun) = (0, false);
                continue;
            }
            (b'\'' | b'"', None) => quote = Some(byte),
            (b'\\', None | Some(b'"')) => word.extend(bytes.next()),
            (_, Some(open)) if byte == open => quote = None,
            (_, open) => {
                word.push(byte);
                if open.is_none() && breaks.contains(&byte) {
                    kept = word.len();
                }
            }
        }
        begun = true;
    }
    words.push(word);
    Line { words, kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_words_as_bash_sees_them() {
        for (line, words, kept) in [
            ("sclone ls ", &["sclone", "ls", ""][..], 0),
            ("sclone  ls", &["sclone", "ls"], 0),
            ("sclone ls web1:dir/x", &["sclone", "ls", "web1:dir/x"], 5),
            ("sclone ls --dump=", &["sclone", "ls", "--dump="], 7),
            ("sclone ls \"web1:my d", &["sclone", "ls", "web1:my d"], 0),
            ("sclone ls web1:\"my d", &["sclone", "ls", "web1:my d"], 5),
            ("sclone ls web1:my\\ d", &["sclone", "ls", "web1:my d"], 5),
            ("sclone ls web1:a\\:b", &["sclone", "ls", "web1:a:b"], 5),
            ("sclone ls 'it''s' ''", &["sclone", "ls", "its", ""], 0),
            ("sclone ls '", &["sclone", "ls", ""], 0),
            ("", &[""], 0),
        ] {
            let words = words.iter().map(|word| word.as_bytes().to_vec()).collect();
            assert_eq!(split(line.as_bytes(), b" \t\n\"'><=;|&(:"), Line { words, kept }, "{line}");
        }
    }
}
