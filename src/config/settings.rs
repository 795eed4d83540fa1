//! `settings.toml`: defaults for the flags of the command line.
//!
//! ```toml
//! transfers = 8            # a key is the name of a global flag, without its dashes
//! sftp-connections = 2
//!
//! [copy]                   # a table is a command; its keys count for this command alone
//! exclude = ["*.tmp", ".git/**"]
//! ```
//!
//! Values are what would be written behind the flag; a list stands for a flag given several times.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use toml::Spanned;

use crate::error::{Error, Kind, Result};
use crate::path::escape;

use super::environment::Environment;
use super::nearest::nearest;

/// The names a settings file may use. Whoever knows the flags and commands fills it.
#[derive(Clone, Debug, Default)]
pub struct KnownNames {
    /// Flags every command takes.
    pub global: BTreeSet<String>,
    /// Commands with the flags that are theirs alone.
    pub commands: BTreeMap<String, BTreeSet<String>>,
}

/// The values of a settings file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsFile {
    global: BTreeMap<String, Vec<String>>,
    commands: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

impl SettingsFile {
    /// Where the file is, or would be: `$XDG_CONFIG_HOME/sclone/settings.toml`, else under `~/.config`.
    pub fn path(environment: &Environment) -> Option<PathBuf> {
        let xdg = environment.os("XDG_CONFIG_HOME").map(PathBuf::from);
        let folder = xdg.or_else(|| environment.home().map(|home| home.join(".config")))?;
        Some(folder.join("sclone/settings.toml"))
    }

    /// Reads a file; a missing one holds nothing.
    ///
    /// # Errors
    /// [`Kind::Config`] names the file, the line, and for an unknown name the nearest known one.
    pub fn load(path: &Path, known: &KnownNames) -> Result<Self> {
        let named = |error: Error| error.on(path.as_os_str().as_encoded_bytes());
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, known).map_err(named),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(named(Error::from_io("read settings", error).with_kind(Kind::Config))),
        }
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// As [`load`](Self::load), without the name of the file.
    pub fn parse(text: &str, known: &KnownNames) -> Result<Self> {
        let items: Items<Item> = toml::from_str(text).map_err(|error| syntax_error(text, &error))?;
        let mut settings = Self::default();
        for (name, item) in in_order(items) {
            let place = name.span();
            let name = name.into_inner();
            match item {
                Item::Values(values) if known.global.contains(&name) => {
                    settings.global.insert(name, values);
                }
                Item::Table(keys) if known.commands.contains_key(&name) => {
                    let keys = command_keys(text, &name, keys, known)?;
                    settings.commands.insert(name, keys);
                }
                Item::Values(_) => {
                    let names = known.global.iter();
                    return Err(unknown(
                        text,
                        &place,
                        &format!("unknown key {}", escape(name.as_bytes())),
                        &name,
                        names,
                    ));
                }
                Item::Table(_) => {
                    let names = known.commands.keys();
                    let what = format!("[{}] is not a command", escape(name.as_bytes()));
                    return Err(unknown(text, &place, &what, &name, names));
                }
            }
        }
        Ok(settings)
    }

    /// The values of a flag for a command: those of the command's own table, else the global ones.
    pub fn values(&self, command: &str, flag: &str) -> Option<&[String]> {
        let own = self.commands.get(command).and_then(|keys| keys.get(flag));
        own.or_else(|| self.global.get(flag)).map(Vec::as_slice)
    }

    /// The flags set for every command, in the order of their names.
    pub fn global(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.global.iter().map(|(name, values)| (name.as_str(), values.as_slice()))
    }
}

/// Keys of a table with the places where they stand.
type Items<T> = BTreeMap<Spanned<String>, T>;

/// What stands behind a key at the top.
enum Item {
    Values(Vec<String>),
    Table(Items<Values>),
}

/// A value, or several, as they would be written behind a flag.
struct Values(Vec<String>);

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(ItemVisitor { tables: true })
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        match deserializer.deserialize_any(ItemVisitor { tables: false })? {
            Item::Values(values) => Ok(Self(values)),
            Item::Table(_) => Err(serde::de::Error::custom("a table cannot stand here")),
        }
    }
}

struct ItemVisitor {
    tables: bool,
}

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, true, false or a list of these")
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Item, E> {
        Ok(Item::Values(vec![value.to_string()]))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Item, E> {
        Ok(Item::Values(vec![value.to_string()]))
    }

    fn visit_f64<E>(self, value: f64) -> std::result::Result<Item, E> {
        Ok(Item::Values(vec![value.to_string()]))
    }

    fn visit_str<E>(self, value: &str) -> std::result::Result<Item, E> {
        Ok(Item::Values(vec![value.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<Item, A::Error> {
        let mut values = Vec::new();
        while let Some(Values(items)) = list.next_element()? {
            values.extend(items);
        }
        Ok(Item::Values(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> std::result::Result<Item, A::Error> {
        if !self.tables {
            return Err(serde::de::Error::custom("a table cannot stand here"));
        }
        let mut keys = Items::new();
        while let Some((key, values)) = table.next_entry()? {
            keys.insert(key, values);
        }
        Ok(Item::Table(keys))
    }
}

fn command_keys(
    text: &str,
    command: &str,
    keys: Items<Values>,
    known: &KnownNames,
) -> Result<BTreeMap<String, Vec<String>>> {
    let own = known.commands.get(command).into_iter().flatten();
    let names: Vec<&String> = own.chain(&known.global).collect();
    let mut checked = BTreeMap::new();
    for (key, Values(values)) in in_order(keys) {
        if !names.contains(&key.get_ref()) {
            let what = format!("unknown key {} in [{command}]", escape(key.get_ref().as_bytes()));
            return Err(unknown(text, &key.span(), &what, key.get_ref(), names));
        }
        checked.insert(key.into_inner(), values);
    }
    Ok(checked)
}

/// As the file has them, so that the first mistake is the one that is named.
fn in_order<T>(items: Items<T>) -> Vec<(Spanned<String>, T)> {
    let mut items: Vec<_> = items.into_iter().collect();
    items.sort_by_key(|(key, _)| key.span().start);
    items
}

fn unknown<'a>(
    text: &str,
    place: &Range<usize>,
    what: &str,
    name: &str,
    known: impl IntoIterator<Item = &'a String>,
) -> Error {
    let error =
        Error::new(Kind::Config, "read settings", format!("line {}: {what}", line_of(text, place.start)));
    match nearest(name, known.into_iter().map(String::as_str)) {
        Some(nearest) => error.advice(format!("did you mean {nearest}?")),
        None => error,
    }
}

fn syntax_error(text: &str, error: &toml::de::Error) -> Error {
    let line = error.span().map_or(1, |span| line_of(text, span.start));
    let reason = error.message().lines().next().unwrap_or("it is not TOML");
    Error::new(Kind::Config, "read settings", format!("line {line}: {}", escape(reason.as_bytes())))
}

/// The number of the line that holds a byte, from 1.
fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).map_or(0, |before| before.matches('\n').count()).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> KnownNames {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        KnownNames {
            global: names(&["transfers", "checkers", "dry-run", "bwlimit"]),
            commands: [("copy".to_owned(), names(&["exclude", "checksum"])), ("ls".to_owned(), names(&[]))]
                .into(),
        }
    }

    #[test]
    fn values_are_what_flags_take() {
        let text = "transfers = 8\ndry-run = true\nbwlimit = \"1M\"\n[copy]\nexclude = [\"a\", 'b']\ntransfers = 2.5\n";
        let settings = SettingsFile::parse(text, &known()).unwrap();
        let values = |command, flag| settings.values(command, flag).map(|values| values.join("|"));
        assert_eq!(values("ls", "transfers").as_deref(), Some("8"));
        assert_eq!(values("copy", "transfers").as_deref(), Some("2.5"));
        assert_eq!(values("copy", "exclude").as_deref(), Some("a|b"));
        assert_eq!(values("ls", "exclude"), None);
        assert_eq!(values("ls", "dry-run").as_deref(), Some("true"));
        assert_eq!(
            settings.global().map(|(name, _)| name).collect::<Vec<_>>(),
            ["bwlimit", "dry-run", "transfers"]
        );
        assert_eq!(SettingsFile::parse("", &known()).unwrap(), SettingsFile::default());
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (text, message) in [
            ("\n\ntransfer = 1\n", "read settings: line 3: unknown key transfer\ndid you mean transfers?"),
            ("zzz = 1\n", "read settings: line 1: unknown key zzz"),
            ("[cpy]\n", "read settings: line 1: [cpy] is not a command\ndid you mean copy?"),
            ("copy = 1\n", "read settings: line 1: unknown key copy"),
            ("[copy]\nx = 1\nchecksums = true\n", "read settings: line 2: unknown key x in [copy]"),
            (
                "[copy]\nchecksums = true\n",
                "read settings: line 2: unknown key checksums in [copy]\ndid you mean checksum?",
            ),
            ("[ls]\nexclude = 1\n", "read settings: line 2: unknown key exclude in [ls]"),
            ("[copy.more]\n", "read settings: line 1: a table cannot stand here"),
            ("transfers = [{a=1}]\n", "read settings: line 1: a table cannot stand here"),
        ] {
            assert_eq!(SettingsFile::parse(text, &known()).unwrap_err().to_string(), message, "{text}");
        }
        let message = SettingsFile::parse("transfers = 1\ntransfers = ", &known()).unwrap_err().to_string();
        assert!(message.starts_with("read settings: line 2: "), "{message}");
    }

    #[test]
    fn a_missing_file_sets_nothing_and_a_broken_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::new([("XDG_CONFIG_HOME", folder.path())]);
        let path = SettingsFile::path(&environment).unwrap();
        assert_eq!(path, folder.path().join("sclone/settings.toml"));
        assert_eq!(SettingsFile::load(&path, &known()).unwrap(), SettingsFile::default());
        std::fs::create_dir(folder.path().join("sclone")).unwrap();
        std::fs::write(&path, "x").unwrap();
        let message = SettingsFile::load(&path, &known()).unwrap_err().to_string();
        assert!(message.contains("sclone/settings.toml: line 1: "), "{message}");
    }
}
