//! Rule files and lists of files, line by line.

use super::text;

/// The lines of a rule file or list, without white space around them, empty lines, and lines that begin with `#` or `;`.
pub fn lines(content: &[u8]) -> Vec<Vec<u8>> {
    let trimmed = raw_lines(content).into_iter().map(|line| trim(&line).to_vec());
    trimmed.filter(|line| !matches!(line.first(), None | Some(b'#' | b';'))).collect()
}

/// The lines as they stand, without the ends of lines.
pub fn raw_lines(content: &[u8]) -> Vec<Vec<u8>> {
    let lines = records_of(content, b'\n').into_iter();
    lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec()).collect()
}

/// What stands between NUL bytes.
pub fn records(content: &[u8]) -> Vec<Vec<u8>> {
    records_of(content, 0).into_iter().map(<[u8]>::to_vec).collect()
}

/// The parts of `content`; `end` stands behind each, and may stand behind the last.
fn records_of(content: &[u8], end: u8) -> Vec<&[u8]> {
    let content =
        content.strip_suffix(&[end]).map_or(content, |rest| if rest.is_empty() { content } else { rest });
    if content.is_empty() {
        return Vec::new();
    }
    content.split(|&byte| byte == end).collect()
}

/// Takes away white space of any script at both ends.
fn trim(line: &[u8]) -> &[u8] {
    let shown = text::of(line);
    // Characters that stand for stray bytes are no white space, so what is trimmed is as long in bytes.
    let start = shown.len().saturating_sub(shown.trim_start().len());
    let end = shown.len().saturating_sub(shown.trim_end().len());
    line.get(start..line.len().saturating_sub(end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_white_space_are_dropped() {
        let content = b"# c\n a \n\n\t;x\n\xc2\xa0b\xff \r\n- c # no comment\n#\n  \nlast";
        assert_eq!(lines(content), [&b"a"[..], b"b\xff", b"- c # no comment", b"last"]);
        assert_eq!(lines(b""), Vec::<Vec<u8>>::new());
        assert_eq!(lines(b" \n"), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn raw_lines_and_records_keep_everything() {
        assert_eq!(raw_lines(b" a\r\n#b\n\nc"), [&b" a"[..], b"#b", b"", b"c"]);
        assert_eq!(records(b"a\nb\0\0 c\0"), [&b"a\nb"[..], b"", b" c"]);
        assert_eq!(records(b"a"), [b"a"]);
        assert_eq!(records(b"\0"), [b"", b""]);
    }
}
