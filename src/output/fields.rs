//! Lines of chosen fields, as `lsf` writes them (<https://rclone.org/commands/rclone_lsf/>).

use crate::error::{Error, Kind, Result};

/// One field of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `p`: the path.
    Path,
    /// `s`: the size.
    Size,
    /// `t`: the time of the last change.
    Time,
    /// `h`: a hash.
    Hash,
    /// `m`: the type of the content.
    Mime,
    /// `M`: mode, owner and times.
    Metadata,
    /// `i`, `o`, `T`: identifiers and tiers, which files on disks do not have.
    Nothing,
}

/// What stands between two fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Separator {
    /// Text, whatever the fields contain.
    Plain(String),
    /// Text, and fields that contain it are quoted (RFC 4180).
    Csv(String),
}

/// The fields of every line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    fields: Vec<Field>,
    separator: Separator,
}

impl Layout {
    /// Reads the letters of `--format`.
    ///
    /// # Errors
    /// A letter that stands for nothing, or for what these trees do not have.
    pub fn parse(format: &str, separator: Separator) -> Result<Self> {
        let fields = format.chars().map(field).collect::<Result<_>>()?;
        Ok(Self { fields, separator })
    }

    /// Whether `field` is asked for.
    pub fn has(&self, field: Field) -> bool {
        self.fields.contains(&field)
    }

    /// A line without its end.
    pub fn line(&self, mut value: impl FnMut(Field) -> Vec<u8>) -> Vec<u8> {
        let (separator, is_csv) = match &self.separator {
            Separator::Plain(text) => (text, false),
            Separator::Csv(text) => (text, true),
        };
        let values = self.fields.iter().map(|field| {
            let value = value(*field);
            if is_csv { quoted(value, separator.as_bytes()) } else { value }
        });
        values.collect::<Vec<_>>().join(separator.as_bytes())
    }
}

fn field(letter: char) -> Result<Field> {
    let refuse = |reason: String| Err(Error::new(Kind::Config, "read format", reason));
    match letter {
        'p' => Ok(Field::Path),
        's' => Ok(Field::Size),
        't' => Ok(Field::Time),
        'h' => Ok(Field::Hash),
        'm' => Ok(Field::Mime),
        'M' => Ok(Field::Metadata),
        'i' | 'o' | 'T' => Ok(Field::Nothing),
        'e' => refuse("e is the encrypted name, and the remote needs to be of type \"crypt\"".into()),
        other => refuse(format!("unknown format character '{other}'")),
    }
}

/// A value of a CSV line. What begins with a blank is quoted as well, as Go does.
fn quoted(value: Vec<u8>, separator: &[u8]) -> Vec<u8> {
    let has = |part: &[u8]| !part.is_empty() && value.windows(part.len()).any(|window| window == part);
    let is_plain = !has(separator)
        && !value.iter().any(|byte| matches!(byte, b'"' | b'\r' | b'\n'))
        && !value.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
    if is_plain {
        return value;
    }
    let mut quoted = vec![b'"'];
    for byte in value {
        if byte == b'"' {
            quoted.push(b'"');
        }
        quoted.push(byte);
    }
    quoted.push(b'"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(format: &str, separator: Separator, path: &str) -> String {
        let layout = Layout::parse(format, separator).unwrap();
        let value = |field| match field {
            Field::Path => path.as_bytes().to_vec(),
            Field::Size => b"1".to_vec(),
            _ => Vec::new(),
        };
        String::from_utf8(layout.line(value)).unwrap()
    }

    #[test]
    fn lines_are_rclones() {
        let (plain, csv) = (Separator::Plain(";".into()), Separator::Csv(",".into()));
        assert_eq!(line("psi", plain.clone(), "a;b"), "a;b;1;");
        assert_eq!(line("ps", csv.clone(), "comma,\"quote.txt"), "\"comma,\"\"quote.txt\",1");
        assert_eq!(line("sp", csv.clone(), "new\nline"), "1,\"new\nline\"");
        assert_eq!(line("p", csv.clone(), " a"), "\" a\"");
        assert_eq!(line("pp", csv, "a b"), "a b,a b");
        for bad in ["z", "e"] {
            assert!(Layout::parse(bad, plain.clone()).is_err());
        }
    }
}
