//! Files of hashes as `md5sum` and its kind write them.

use std::collections::BTreeMap;

use super::Digest;
use crate::path::RelPath;

/// The hashes of a file, by path, and what could not be read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SumFile {
    /// Hash by path.
    pub sums: BTreeMap<RelPath, Digest>,
    /// Lines, counted from one, that hold no hash and path, or a path that came before.
    pub refused: Vec<usize>,
}

impl SumFile {
    /// Reads lines of a hash, a blank, a blank or `*`, and a path. After a leading backslash, as GNU `md5sum` writes it,
    /// `\n` and `\\` in the path stand for a line feed and a backslash.
    pub fn parse(text: &[u8]) -> Self {
        let mut this = Self::default();
        for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            match parse_line(line) {
                Some((path, digest)) if !this.sums.contains_key(&path) => {
                    drop(this.sums.insert(path, digest));
                }
                _ => this.refused.push(index.saturating_add(1)),
            }
        }
        this
    }
}

fn parse_line(line: &[u8]) -> Option<(RelPath, Digest)> {
    let (is_escaped, line) = match line.strip_prefix(b"\\") {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let cut = line.iter().position(|&byte| byte == b' ')?;
    let (digits, rest) = line.split_at_checked(cut)?;
    let path = rest.strip_prefix(b"  ").or_else(|| rest.strip_prefix(b" *"))?;
    let path = if is_escaped { unescape(path)? } else { path.to_vec() };
    let path = path.strip_prefix(b"./").unwrap_or(&path);
    let path = RelPath::parse(path).ok().filter(|path| !path.is_root())?;
    Some((path, Digest::from_hex(digits)?))
}

fn unescape(path: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(path.len());
    let mut bytes = path.iter();
    while let Some(&byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => match bytes.next()? {
                b'n' => b'\n',
                b'r' => b'\r',
                b'\\' => b'\\',
                _ => return None,
            },
            other => other,
        });
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_md5sum_and_rclone_write_them() {
        let text = b"00ff  a b\n00FF *d/c\r\n\nbad line\n00  \n\\01  new\\nline\\\\\n02  a b\n00  ../up\n03  ./e\n\\00  \\x\n";
        let file = SumFile::parse(text);
        let found: Vec<_> = file.sums.iter().map(|(path, sum)| (path.as_bytes(), sum.to_string())).collect();
        let expected: [(&[u8], &str); 4] =
            [(b"a b", "00ff"), (b"d/c", "00ff"), (b"e", "03"), (b"new\nline\\", "01")];
        assert_eq!(found, expected.map(|(path, sum)| (path, sum.to_owned())));
        assert_eq!(file.refused, [4, 5, 7, 8, 10]);
    }
}
