//! What may stand for a place on the command line: a local path, or a remote with or without options.
//!
//! ```text
//! argument   = path | [":"] name *("," parameter) ":" path
//! parameter  = key ["=" value]                             without a value it means "true"
//! value      = text without "," and ":" | "'" text "'" | '"' text '"'    a doubled quote stands for one
//! name       = letters, digits and _ . + @, then also - and blanks, but neither at the end
//! key        = letters, digits, _ and .
//! ```
//!
//! With a leading `:` the name is a type (`:sftp,host=h:path`), without one it is a remote. A text without any `:`,
//! or with a `/` before the first `:` or `,`, is a local path. The grammar and the words of its errors are rclone's
//! (<https://rclone.org/docs/#connection-strings>).

use std::collections::BTreeMap;

use crate::error::{Error, Kind, Result};

/// One argument, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A path on this machine.
    Local {
        /// The path as it was given.
        path: Vec<u8>,
    },
    /// A path on a remote.
    Remote(Spec),
}

/// A remote and a path on it.
#[derive(Clone, PartialEq, Eq)]
pub struct Spec {
    /// Name of the remote, or of the type if [`on_the_fly`](Self::on_the_fly).
    pub name: String,
    /// Whether the remote is made up on the spot: the argument starts with `:`.
    pub on_the_fly: bool,
    /// Options given in the argument, in order; the last of several equal keys counts.
    pub parameters: Vec<(String, String)>,
    /// The path behind the colon, not interpreted.
    pub path: Vec<u8>,
}

impl Spec {
    /// The value of an option given in the argument.
    pub fn parameter(&self, key: &str) -> Option<&str> {
        self.parameters.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The remote as it can be typed to mean the same server: with those of its options, and of the `flags` of the
    /// command line, that tell one server from another, none of which is a secret. A remote made up on the spot whose host
    /// stands elsewhere is `:type` alone.
    pub fn server(&self, flags: &BTreeMap<String, String>) -> String {
        let start = if self.on_the_fly { ":" } else { "" };
        let mut text = format!("{start}{}", self.name);
        let value = |key: &str| flags.get(key).map(String::as_str).or_else(|| self.parameter(key));
        for key in SERVER_KEYS {
            if let Some(value) = value(key) {
                text += &format!(",{key}={}", quoted(value));
            }
        }
        if !self.on_the_fly || value("host").is_some() { text + ":" } else { text }
    }
}

/// The options that tell one server from another.
const SERVER_KEYS: [&str; 6] =
    ["host", "port", "ssh_config", "known_hosts_file", "proxy_jump", "proxy_command"];

/// The value of an option as it stands in a connection string.
pub fn quoted(value: &str) -> String {
    if value.contains([',', ':', '\'', '"']) {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value.to_owned()
    }
}

/// Values may be secrets; they are left out.
impl std::fmt::Debug for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys: Vec<&str> = self.parameters.iter().map(|(key, _)| key.as_str()).collect();
        f.debug_struct("Spec")
            .field("name", &self.name)
            .field("on_the_fly", &self.on_the_fly)
            .field("parameters", &keys)
            .field("path", &crate::path::escape(&self.path))
            .finish()
    }
}

const BAD_NAME: &str = "config name contains invalid characters - may only contain numbers, letters, `_`, `-`, `.`, \
                        `+`, `@` and space, while not start with `-` or space, and not end with space";
const BAD_KEY: &str = "config parameters may only contain `0-9`, `A-Z`, `a-z`, `_` and `.`";

impl Argument {
    /// Takes an argument apart.
    ///
    /// # Errors
    /// [`Kind::Usage`] with rclone's words for what is wrong. Values are not part of the message.
    pub fn parse(text: &[u8]) -> Result<Self> {
        if text.is_empty() {
            return Err(wrong(text, "can't use empty string as a path"));
        }
        let local = || Ok(Self::Local { path: text.to_vec() });
        if !text.contains(&b':') {
            return local();
        }
        let (on_the_fly, rest) = text.strip_prefix(b":").map_or((false, text), |rest| (true, rest));
        let end = rest.iter().position(|byte| b":,/\\".contains(byte));
        let (name, rest) = match end.and_then(|end| rest.split_at_checked(end)) {
            None => return Err(wrong(text, "config name needs a trailing `:`")),
            Some((_, [b'/' | b'\\', ..])) if !on_the_fly => return local(),
            Some((_, [b'/' | b'\\', ..])) => return Err(wrong(text, BAD_NAME)),
            Some(split) => split,
        };
        let fail = |reason| wrong(name, reason);
        if name.is_empty() {
            return Err(wrong(text, "config name can't be empty"));
        }
        let name =
            std::str::from_utf8(name).ok().filter(|name| is_name(name)).ok_or_else(|| fail(BAD_NAME))?;
        let (parameters, path) = parse_parameters(rest).map_err(fail)?;
        Ok(Self::Remote(Spec { name: name.to_owned(), on_the_fly, parameters, path: path.to_vec() }))
    }
}

/// Refuses a name that no remote can have.
///
/// # Errors
/// [`Kind::Config`] with rclone's words.
pub fn check_name(name: &str) -> Result<()> {
    match name {
        "" => Err(Error::new(Kind::Config, "name remote", "config name can't be empty")),
        _ if is_name(name) => Ok(()),
        _ => Err(Error::new(Kind::Config, "name remote", BAD_NAME).on(name)),
    }
}

/// Words of [`is_word`] characters and `-`, blanks between them. The first word cannot start with `-`, and a single
/// `-` cannot be a word's whole tail at the end of the name: rclone's regular expression wants something behind it.
fn is_name(name: &str) -> bool {
    let mut tail = name.trim_start_matches(is_word);
    if tail.len() == name.len() {
        return false;
    }
    while !tail.is_empty() {
        // Blanks and dashes, then at least one character that may itself be a dash.
        let rest = tail.trim_start_matches([' ', '-']);
        let gap = tail.len().saturating_sub(rest.len());
        let after = rest.trim_start_matches(|c| is_word(c) || c == '-');
        let spare_dash = gap >= 2 && tail.get(..gap).is_some_and(|gap| gap.ends_with('-'));
        if gap == 0 || after.len() == rest.len() && !spare_dash {
            return false;
        }
        tail = after;
    }
    true
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '+' | '@')
}

type Parameters = Vec<(String, String)>;

/// A parsed part and what follows it, or rclone's words for what is wrong.
type Part<T> = std::result::Result<T, &'static str>;

/// Reads from the `,` or `:` behind the name to the path.
fn parse_parameters(text: &[u8]) -> Part<(Parameters, &[u8])> {
    let mut parameters = Parameters::new();
    let mut rest = text;
    loop {
        rest = match rest {
            [b':', path @ ..] => return Ok((parameters, path)),
            [b',', rest @ ..] => rest,
            _ => return Err("syntax error in config string"),
        };
        let (key, after) = parse_key(rest)?;
        let (value, after) = match after {
            [b'=', value @ ..] => parse_value(value)?,
            _ => ("true".to_owned(), after),
        };
        parameters.push((key, value));
        rest = after;
    }
}

fn parse_key(text: &[u8]) -> Part<(String, &[u8])> {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    let end =
        text.iter().position(|byte| !allowed(byte)).ok_or("config parameter must end with `,` or `:`")?;
    let (key, after) = text.split_at_checked(end).unwrap_or((text, b""));
    match after {
        [b'=' | b',' | b':', ..] if key.is_empty() => Err("config parameters can't be empty"),
        [b'=' | b',' | b':', ..] => Ok((utf8(key)?, after)),
        _ => Err(BAD_KEY),
    }
}

fn parse_value(text: &[u8]) -> Part<(String, &[u8])> {
    if let [quote @ (b'\'' | b'"'), quoted @ ..] = text {
        return parse_quoted(*quote, quoted);
    }
    let end = text.iter().position(|byte| b",:".contains(byte));
    let split = end.and_then(|end| text.split_at_checked(end));
    let (value, after) = split.ok_or("unquoted config value must end with `,` or `:`")?;
    Ok((utf8(value)?, after))
}

fn parse_quoted(quote: u8, text: &[u8]) -> Part<(String, &[u8])> {
    let mut value = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.iter().position(|&byte| byte == quote).ok_or("unterminated quoted config value")?;
        let (part, after) = rest.split_at_checked(end).unwrap_or((rest, b""));
        value.extend_from_slice(part);
        rest = match after {
            [_, again, more @ ..] if *again == quote => {
                value.push(quote);
                more
            }
            [_] => return Err("unterminated quoted config value"),
            [_, end @ ..] if matches!(end, [b',' | b':', ..]) => return Ok((utf8(&value)?, end)),
            _ => return Err("expecting `:` or `,` or another quote after a quote"),
        };
    }
}

fn utf8(bytes: &[u8]) -> Part<String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| "a value in the config string is not UTF-8")
}

fn wrong(text: &[u8], reason: &'static str) -> Error {
    let error = Error::new(Kind::Usage, "read remote", reason);
    if text.is_empty() { error } else { error.on(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `name key=value ... -> path`, `local` or the reason of the error.
    fn read(text: &str) -> String {
        match Argument::parse(text.as_bytes()) {
            Err(error) => error.reason().split(" - ").next().unwrap().to_owned(),
            Ok(Argument::Local { path }) => {
                assert_eq!(path, text.as_bytes());
                "local".to_owned()
            }
            Ok(Argument::Remote(spec)) => {
                let start = if spec.on_the_fly { ":" } else { "" };
                let parameters = spec.parameters.iter().map(|(key, value)| format!(" {key}={value}"));
                let path = String::from_utf8_lossy(&spec.path).into_owned();
                format!("{start}{}{} -> {path}", spec.name, parameters.collect::<String>())
            }
        }
    }

    #[test]
    fn a_server_is_named_without_secrets() {
        for (text, server) in [
            ("web1:a/b", "web1:"),
            ("web1,port=7024,pass=x:", "web1,port=7024:"),
            (":sftp,user=me,host=\"::1\",pass=x:p", ":sftp,host=\"::1\":"),
            (":sftp,port=1:", ":sftp,port=1"),
        ] {
            let Ok(Argument::Remote(spec)) = Argument::parse(text.as_bytes()) else { panic!("{text}") };
            assert_eq!(spec.server(&BTreeMap::new()), server);
        }
        let flags = [("port", "7024"), ("host", "h"), ("pass", "x")];
        let flags = flags.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        for (text, server) in
            [("web1,port=1:", "web1,host=h,port=7024:"), (":sftp:", ":sftp,host=h,port=7024:")]
        {
            let Ok(Argument::Remote(spec)) = Argument::parse(text.as_bytes()) else { panic!("{text}") };
            assert_eq!(spec.server(&flags), server);
        }
    }

    #[test]
    fn reads_arguments_as_rclone_does() {
        const BAD_NAME: &str = "config name contains invalid characters";
        const EMPTY_KEY: &str = "config parameters can't be empty";
        for (text, expected) in [
            ("", "can't use empty string as a path"),
            ("a", "local"),
            ("a:", "a -> "),
            ("a:x", "a -> x"),
            ("a:/../x", "a -> /../x"),
            ("a:b:c", "a -> b:c"),
            ("./a:x", "local"),
            ("/a:x", "local"),
            ("x/y:z", "local"),
            ("x\\y:z", "local"),
            ("a,b=1", "local"),
            ("a,b='x", "local"),
            (":/x", BAD_NAME),
            (":", "config name needs a trailing `:`"),
            (":a", "config name needs a trailing `:`"),
            ("::", "config name can't be empty"),
            (":,", "config name can't be empty"),
            (",x=1:", "config name can't be empty"),
            ("a,=1:", EMPTY_KEY),
            ("a,:", EMPTY_KEY),
            ("a,b=1,:", EMPTY_KEY),
            ("a,b:", "a b=true -> "),
            ("a,b,c:p", "a b=true c=true -> p"),
            ("a,b-c=1:", "config parameters may only contain `0-9`, `A-Z`, `a-z`, `_` and `.`"),
            ("a,b =c:", "config parameters may only contain `0-9`, `A-Z`, `a-z`, `_` and `.`"),
            ("a,b.c_D9=c:", "a b.c_D9=c -> "),
            ("a,b=:", "a b= -> "),
            ("a,b='':", "a b= -> "),
            ("a,b='x''y':z", "a b=x'y -> z"),
            ("a,b=\"x,:\",c=d:", "a b=x,: c=d -> "),
            ("a,b=x'y:", "a b=x'y -> "),
            ("a,b= 'x':", "a b= 'x' -> "),
            ("a,b=c/d:", "a b=c/d -> "),
            ("a,b='x'y:", "expecting `:` or `,` or another quote after a quote"),
            ("a,b='x:", "unterminated quoted config value"),
            (":sftp,host=h", "unquoted config value must end with `,` or `:`"),
            (":sftp,host", "config parameter must end with `,` or `:`"),
            (":sftp,host=h,user=u:/p", ":sftp host=h user=u -> /p"),
            (":local:a,b:", ":local -> a,b:"),
            (" a:", BAD_NAME),
            ("a :", BAD_NAME),
            ("-a:", BAD_NAME),
            ("a-:", BAD_NAME),
            ("a--:", "a-- -> "),
            ("a- :", BAD_NAME),
            ("a -b:", "a -b -> "),
            ("a b:", "a b -> "),
            ("é.+@_9:", "é.+@_9 -> "),
            ("a*:", BAD_NAME),
            ("{x}:", BAD_NAME),
            ("a\nb:", BAD_NAME),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        assert!(Argument::parse(b"\xff:").is_err());
        assert!(matches!(Argument::parse(b"a:\xff"), Ok(Argument::Remote(spec)) if spec.path == b"\xff"));
    }

    #[test]
    fn the_last_of_several_values_counts_and_none_is_shown() {
        let Ok(Argument::Remote(spec)) = Argument::parse(b"a,pass=hunter1,pass=hunter2:") else { panic!() };
        assert_eq!(spec.parameter("pass"), Some("hunter2"));
        assert!(!format!("{spec:?}").contains("hunter"));
        let message = Argument::parse(b":sftp,pass=hunter2").unwrap_err().to_string();
        assert!(!message.contains("hunter2"), "{message}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(text in "[a,:='\"/ \\-]{0,12}") {
            if let Ok(Argument::Remote(spec)) = Argument::parse(text.as_bytes()) {
                prop_assert!(check_name(&spec.name).is_ok());
                prop_assert!(text.as_bytes().ends_with(&spec.path));
            }
        }

        #[test]
        fn quoted_values_come_back(value in ".*") {
            let text = format!("a,k='{}':p", value.replace('\'', "''"));
            prop_assert_eq!(read(&text), format!("a k={value} -> p"));
        }
    }
}
