//! `rclone.conf` as a text that is read in rclone's dialect and edited without touching anything else in it.
//!
//! The document keeps every line as it was written: printing what was parsed gives the same bytes, whatever they are.
//! An edit changes, adds or removes only the lines it is about; comments, blank lines, unknown keys, foreign sections,
//! line endings and a missing final newline stay.
//!
//! Reading follows rclone: a repeated section goes on where it was, the last of several equal keys counts, keys before
//! the first section belong to `DEFAULT`, section `a.b` takes what it lacks from section `a`, and `%(name)s` stands
//! for a value of `DEFAULT` or of the same section.

use std::borrow::Cow;
use std::ops::Range;

use crate::error::{Error, Kind, Result};
use crate::path::escape;

use super::line::{Content, Line, Value, quote};

const DEFAULT: &str = "DEFAULT";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// How often `%(name)s` is replaced for one value before a loop is assumed; rclone's bound.
const MOST_EXPANSIONS: usize = 200;
/// The length in bytes past which no value is expanded.
const LONGEST_EXPANSION: usize = 1 << 20;

/// The lines of a configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    lines: Vec<Line>,
}

impl Document {
    /// Reads a file's bytes.
    ///
    /// # Errors
    /// [`Kind::Config`] names the first line that is neither comment, section nor entry.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut lines = Vec::new();
        let mut skip = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let mut nameless = false;
        let mut automatic = 0_usize;
        for (index, raw) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
            let broken = |reason| broken_line(index, raw, reason);
            let mut line = Line::parse(raw.to_vec(), std::mem::take(&mut skip)).map_err(broken)?;
            match &mut line.content {
                Content::Section { name, .. } => {
                    nameless = name.is_empty();
                    automatic = 0;
                }
                Content::Entry { .. } if nameless => return Err(broken("its section has no name")),
                Content::Entry { key, .. } if key == "-" => {
                    automatic = automatic.saturating_add(1);
                    *key = format!("#{automatic}");
                }
                Content::Nothing | Content::Entry { .. } => {}
            }
            lines.push(line);
        }
        Ok(Self { lines })
    }

    /// The bytes to write to the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.lines.iter().flat_map(|line| line.raw.iter().copied()).collect()
    }

    /// The names of all sections in the order they first appear; `DEFAULT` comes first, and only if it holds a key.
    pub fn sections(&self) -> Vec<&str> {
        let mut names = Vec::new();
        if self.entries(DEFAULT).next().is_some() {
            names.push(DEFAULT);
        }
        for line in &self.lines {
            if let Content::Section { name, .. } = &line.content
                && name != DEFAULT
                && !name.is_empty()
                && !names.contains(&name.as_str())
            {
                names.push(name.as_str());
            }
        }
        names
    }

    /// Whether there is a section of this name.
    pub fn has_section(&self, section: &str) -> bool {
        self.headers(section).next().is_some() || self.entries(section).next().is_some()
    }

    /// The keys a section holds itself, in the order they first appear.
    pub fn keys(&self, section: &str) -> Vec<&str> {
        let mut keys = Vec::new();
        for (_, key, _) in self.entries(section) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }

    /// The value of a key as rclone sees it: inherited where the section lacks it, and expanded.
    pub fn get(&self, section: &str, key: &str) -> Option<String> {
        let mut section = section;
        loop {
            if let Some(value) = self.own(section, key) {
                return Some(self.expand(section, &value, &mut { MOST_EXPANSIONS }));
            }
            if !self.has_section(section) {
                return None;
            }
            section = section
                .rsplit_once('.')
                .map(|(parent, _)| if parent.is_empty() { DEFAULT } else { parent })?;
        }
    }

    /// The value of a key as it stands in the section itself, quotes removed. Bytes that are not UTF-8 are replaced.
    pub fn own(&self, section: &str, key: &str) -> Option<Cow<'_, str>> {
        let (index, _, value) = self.entries(section).filter(|(_, name, _)| *name == key).last()?;
        Some(String::from_utf8_lossy(self.lines.get(index)?.bytes(&value.inner)))
    }

    /// Refuses a section that holds or inherits a value that cannot be used unchanged because it is not UTF-8.
    ///
    /// # Errors
    /// [`Kind::Config`] names the line.
    pub fn check_text(&self, section: &str) -> Result<()> {
        let parents = std::iter::successors(Some(section), |section| parent(section));
        for (index, key, value) in parents.flat_map(|section| self.entries(section)) {
            let bytes = self.lines.get(index).map_or(&b""[..], |line| line.bytes(&value.inner));
            if std::str::from_utf8(bytes).is_err() {
                let reason = format!(
                    "the value of {} on line {} is not UTF-8",
                    escape(key.as_bytes()),
                    one_based(index)
                );
                return Err(Error::new(Kind::Config, "read remote", reason).on(section));
            }
        }
        Ok(())
    }

    /// Sets a key, in place where it has a value, else after the section's last key. Creates the section if need be.
    ///
    /// # Errors
    /// [`Kind::Config`] for a name, key or value that this file cannot hold.
    pub fn set(&mut self, section: &str, key: &str, value: &str) -> Result<()> {
        check_key(key)?;
        if value.contains(['\n', '\r']) {
            return Err(Error::new(Kind::Config, "set key", "its value holds a line break").on(key));
        }
        let found = self.entries(section).filter(|(_, name, _)| *name == key).last();
        if let Some((index, _, Value { outer, .. })) = found {
            let outer = outer.clone();
            return self.rewrite(index, &outer, &quote(value));
        }
        if !self.has_section(section) {
            self.add_section(section)?;
        }
        let last_entry = self.entries(section).last().map(|(index, ..)| index);
        let after = last_entry.max(self.headers(section).last());
        self.insert_after(after, &format!("{key} = {}", quote(value)))
    }

    /// Removes a key, every occurrence of it. Says whether there was one.
    pub fn remove_key(&mut self, section: &str, key: &str) -> bool {
        let found: Vec<usize> =
            self.entries(section).filter(|(_, name, _)| *name == key).map(|(index, ..)| index).collect();
        self.remove_lines(&found);
        !found.is_empty()
    }

    /// Adds an empty section at the end, set off by a blank line.
    ///
    /// # Errors
    /// [`Kind::Config`] if the name is not one rclone takes, [`Kind::AlreadyExists`] if it is in use.
    pub fn add_section(&mut self, section: &str) -> Result<()> {
        super::remote::check_name(section)?;
        if self.has_section(section) {
            return Err(
                Error::new(Kind::AlreadyExists, "add remote", "there is one of this name").on(section)
            );
        }
        if self.lines.last().is_some_and(|line| !line.raw.trim_ascii().is_empty()) {
            self.insert_after(self.lines.len().checked_sub(1), "")?;
        }
        self.insert_after(self.lines.len().checked_sub(1), &format!("[{section}]"))
    }

    /// Removes a section: its header and all lines to its last key. Comments that follow stay. Says whether there was
    /// one.
    pub fn remove_section(&mut self, section: &str) -> bool {
        let headers: Vec<usize> = self.headers(section).collect();
        let mut doomed = Vec::new();
        for &header in &headers {
            let end = self.section_end(header);
            let last_entry = self.last_entry(header, end).unwrap_or(header);
            doomed.extend(header..=last_entry);
            let next = last_entry.saturating_add(1);
            let alone = header == 0 || self.is_blank(header.saturating_sub(1));
            if alone && next < end && self.is_blank(next) {
                doomed.push(next);
            }
        }
        self.remove_lines(&doomed);
        !headers.is_empty()
    }

    /// Gives a section another name.
    ///
    /// # Errors
    /// [`Kind::Config`] if the name is not one rclone takes or the section is missing, [`Kind::AlreadyExists`] if the
    /// new name is in use.
    pub fn rename_section(&mut self, section: &str, name: &str) -> Result<()> {
        super::remote::check_name(name)?;
        if self.has_section(name) {
            return Err(
                Error::new(Kind::AlreadyExists, "rename remote", "there is one of this name").on(name)
            );
        }
        let headers: Vec<usize> = self.headers(section).collect();
        if headers.is_empty() {
            return Err(Error::new(Kind::Config, "rename remote", "there is none of this name").on(section));
        }
        for index in headers {
            if let Some(Content::Section { at, .. }) = self.lines.get(index).map(|line| line.content.clone())
            {
                self.rewrite(index, &at, name)?;
            }
        }
        Ok(())
    }

    /// The lines that start a section, by index.
    fn headers(&self, section: &str) -> impl Iterator<Item = usize> {
        self.lines.iter().enumerate().filter_map(move |(index, line)| match &line.content {
            Content::Section { name, .. } if name == section => Some(index),
            _ => None,
        })
    }

    /// The entries of a section: index of the line, key and value.
    fn entries(&self, section: &str) -> impl Iterator<Item = (usize, &str, &Value)> {
        let mut inside = section == DEFAULT;
        self.lines.iter().enumerate().filter_map(move |(index, line)| match &line.content {
            Content::Section { name, .. } => {
                inside = name == section;
                None
            }
            Content::Entry { key, value } if inside => Some((index, key.as_str(), value)),
            _ => None,
        })
    }

    /// The first line after `header` that belongs to another section.
    fn section_end(&self, header: usize) -> usize {
        let behind = self.lines.iter().enumerate().skip(header.saturating_add(1));
        let next = behind
            .filter(|(_, line)| matches!(line.content, Content::Section { .. }))
            .map(|(index, _)| index);
        next.min().unwrap_or(self.lines.len())
    }

    fn last_entry(&self, start: usize, end: usize) -> Option<usize> {
        let range = self.lines.get(start..end)?;
        let offset = range.iter().rposition(|line| matches!(line.content, Content::Entry { .. }))?;
        start.checked_add(offset)
    }

    fn is_blank(&self, index: usize) -> bool {
        self.lines.get(index).is_some_and(|line| line.raw.trim_ascii().is_empty())
    }

    /// Replaces a part of one line.
    fn rewrite(&mut self, index: usize, range: &Range<usize>, text: &str) -> Result<()> {
        let skip = if index == 0 && self.has_byte_order_mark() { BYTE_ORDER_MARK.len() } else { 0 };
        let Some(line) = self.lines.get_mut(index) else { return Ok(()) };
        let raw = line.spliced(range, text);
        let mut new = Line::parse(raw, skip).map_err(|reason| broken_line(index, text.as_bytes(), reason))?;
        if let (Content::Entry { key, .. }, Content::Entry { key: old, .. }) =
            (&mut new.content, &line.content)
        {
            key.clone_from(old);
        }
        *line = new;
        Ok(())
    }

    fn has_byte_order_mark(&self) -> bool {
        self.lines.first().is_some_and(|line| line.raw.starts_with(BYTE_ORDER_MARK))
    }

    /// Inserts a line behind another one, or first. It ends as the document's lines end; where the line before it was
    /// the last and had no ending, the new one has none instead.
    fn insert_after(&mut self, index: Option<usize>, text: &str) -> Result<()> {
        let ending = self.lines.first().map(Line::ending).filter(|ending| !ending.is_empty());
        let ending = ending.unwrap_or(b"\n").to_vec();
        let at = index.map_or(0, |index| index.saturating_add(1)).min(self.lines.len());
        let mut raw = text.as_bytes().to_vec();
        match index.and_then(|index| self.lines.get_mut(index)).filter(|line| line.ending().is_empty()) {
            Some(unfinished) => unfinished.raw.extend_from_slice(&ending),
            None => raw.extend_from_slice(&ending),
        }
        let line = Line::parse(raw, 0).map_err(|reason| broken_line(at, text.as_bytes(), reason))?;
        self.lines.insert(at, line);
        Ok(())
    }

    /// Removes lines. A file that did not end in a newline goes on not to.
    fn remove_lines(&mut self, doomed: &[usize]) {
        let unfinished = self.lines.last().is_some_and(|line| line.ending().is_empty());
        let mut index = 0_usize;
        self.lines.retain(|_| {
            let keep = !doomed.contains(&index);
            index = index.saturating_add(1);
            keep
        });
        if let Some(last) = self.lines.last_mut().filter(|_| unfinished) {
            let length = last.raw.len().saturating_sub(last.ending().len());
            last.raw.truncate(length);
        }
        self.lines.retain(|line| !line.raw.is_empty());
    }

    /// Replaces each `%(name)s`, by a value of `DEFAULT` if there is one. A name that has no value is replaced by nothing.
    fn expand(&self, section: &str, value: &str, left: &mut usize) -> String {
        let mut text = value.to_owned();
        while let Some(reference) = find_reference(&text) {
            if *left == 0 {
                break;
            }
            *left = left.saturating_sub(1);
            let reference = reference.to_owned();
            // rclone strips these as sets of characters, so that `%(hosts)s` asks for `host`.
            let name = reference.trim_start_matches(['%', '(']).trim_end_matches([')', 's']);
            let found = match self.own(DEFAULT, name) {
                Some(value) => Cow::Owned(self.expand(DEFAULT, &value, left)),
                None => self.own(section, name).unwrap_or_default(),
            };
            let grown =
                text.matches(&reference).count().saturating_mul(found.len()).saturating_add(text.len());
            if grown > LONGEST_EXPANSION {
                break;
            }
            text = text.replace(&reference, &found);
        }
        text
    }
}

/// The section a section takes what it lacks from.
fn parent(section: &str) -> Option<&str> {
    section.rsplit_once('.').map(|(parent, _)| if parent.is_empty() { DEFAULT } else { parent })
}

/// The first `%(name)s` in a text, whole.
fn find_reference(text: &str) -> Option<&str> {
    text.match_indices("%(").find_map(|(start, _)| {
        let rest = text.get(start..)?;
        let close = rest.find(')')?;
        (close > 2 && rest.get(close..)?.starts_with(")s")).then(|| rest.get(..close.saturating_add(2)))?
    })
}

fn check_key(key: &str) -> Result<()> {
    let odd = key.is_empty() || key == "-" || key.trim() != key || key.contains(['=', ':', '\n', '\r']);
    if odd || key.starts_with(['#', ';', '[', '"', '`']) {
        let reason = "a key cannot be empty, start with a blank or one of # ; [ \" ` or hold = or :";
        return Err(Error::new(Kind::Config, "set key", reason).on(key));
    }
    Ok(())
}

fn broken_line(index: usize, raw: &[u8], reason: &str) -> Error {
    const SHOWN: usize = 60;
    let text = raw.trim_ascii();
    let (shown, more) = match text.get(..SHOWN) {
        Some(start) => (start, "..."),
        None => (text, ""),
    };
    let reason = format!("line {} cannot be understood, {reason}: {}{more}", one_based(index), escape(shown));
    Error::new(Kind::Config, "read configuration", reason)
}

fn one_based(index: usize) -> usize {
    index.saturating_add(1)
}
