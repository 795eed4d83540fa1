//! The type of a file's content, guessed by its extension as rclone guesses it.

/// What rclone says where the usual tables say otherwise.
const RCLONES: [(&str, &str); 3] =
    [("xml", "text/xml"), ("js", "text/javascript"), ("bin", "application/octet-stream")];

/// The type for a name: `text/plain; charset=utf-8`. Text is said to be UTF-8.
pub fn of_name(name: &[u8]) -> String {
    let extension =
        name.iter().rposition(|&byte| byte == b'.').and_then(|dot| name.get(dot.saturating_add(1)..));
    let Some(extension) = extension.and_then(|it| std::str::from_utf8(it).ok()) else {
        return UNKNOWN.into();
    };
    let lower = extension.to_ascii_lowercase();
    let known = RCLONES.iter().find(|(it, _)| *it == lower).map(|(_, mime)| *mime);
    match known.or_else(|| mime_guess::from_ext(&lower).first_raw()) {
        Some(text) if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        Some(other) => other.into(),
        None => UNKNOWN.into(),
    }
}

/// A file without a known extension.
const UNKNOWN: &str = "application/octet-stream";

/// A folder.
pub const FOLDER: &str = "inode/directory";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_rclones() {
        for (name, mime) in [
            ("a.txt", "text/plain; charset=utf-8"),
            ("a.MD", "text/markdown; charset=utf-8"),
            ("a.html", "text/html; charset=utf-8"),
            ("a.xml", "text/xml; charset=utf-8"),
            ("a.js", "text/javascript; charset=utf-8"),
            ("a.json", "application/json"),
            ("a.png", "image/png"),
            ("a.pdf", "application/pdf"),
            ("a.mp3", "audio/mpeg"),
            ("a.bin", UNKNOWN),
            ("hidden", UNKNOWN),
            (".hidden", UNKNOWN),
        ] {
            assert_eq!(of_name(name.as_bytes()), mime, "{name}");
        }
    }
}
