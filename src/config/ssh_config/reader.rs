//! Reads the files from top to bottom for one host. As in `ssh`, blocks apply or not as they are met, and the first
//! value of a keyword counts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::criteria::{self, Subject};
use super::files::{Files, Owner, load};
use super::include;
use super::keyword::{Keyword, Shape, is_known_elsewhere};
use super::line::Line;
use super::pattern::any_fits;
use super::reading::{Place, Reading, Value};
use super::tokens::{fill_host_name, home_path};
use crate::config::environment::Environment;
use crate::error::{Error, Kind, Result};
use crate::path::escape;

/// As deep as `ssh` follows `Include`.
const DEEPEST: usize = 16;

/// No host has more files read for it: patterns of `Include` that name each other multiply.
const MAX_FILES: usize = 1000;

/// The host that is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// Its name as it was given.
    pub name: &'a str,
    /// The user to log in as, if that is decided already.
    pub user: Option<&'a str>,
    /// Home folder and user of this machine.
    pub environment: &'a Environment,
}

/// Reads the files. What cannot be read or understood is told in [`Reading::fault`]; a missing file says nothing.
pub fn read(files: &Files, query: Query<'_>) -> Reading {
    let paths = files.paths(query.environment);
    Reader::new(query).read(|reader| {
        for (path, owner) in &paths {
            reader.file(path, Scope::top(*owner));
        }
    })
}

/// Reads one text as if it were the user's own file `path`.
pub fn read_text(path: &Path, content: &[u8], query: Query<'_>) -> Reading {
    Reader::new(query).read(|reader| reader.content(path, content, Scope::top(Owner::Named)))
}

struct Reader<'a> {
    query: Query<'a>,
    /// What `Host` is compared with: the name as it was given, on the second reading the one it stands for.
    host: String,
    reading: Reading,
    /// The patterns of `IgnoreUnknown`.
    ignored: Option<Vec<String>>,
    wants_final: bool,
    is_final: bool,
    files: usize,
}

/// A file while it is read.
#[derive(Clone, Copy)]
struct Scope {
    owner: Owner,
    depth: usize,
    /// Whether nothing in it can apply, as it is included where nothing does.
    is_dead: bool,
    /// Whether the lines that follow apply.
    applies: bool,
}

impl Scope {
    const fn top(owner: Owner) -> Self {
        Self { owner, depth: 0, is_dead: false, applies: true }
    }
}

impl<'a> Reader<'a> {
    fn new(query: Query<'a>) -> Self {
        Self {
            query,
            host: query.name.to_owned(),
            reading: Reading::default(),
            ignored: None,
            wants_final: false,
            is_final: false,
            files: 0,
        }
    }

    /// Reads once, and once more if `Match final` asks for that.
    fn read(mut self, once: impl Fn(&mut Self)) -> Reading {
        once(&mut self);
        if self.wants_final {
            self.host = self.host_name();
            self.is_final = true;
            self.reading.unknown.clear();
            once(&mut self);
        }
        self.reading
    }

    fn file(&mut self, path: &Path, scope: Scope) {
        self.files = self.files.saturating_add(1);
        match load(path, scope.owner == Owner::User || scope.depth > 0) {
            Ok(Some(content)) => self.content(path, &content, scope),
            Ok(None) => {}
            Err(error) => self.fail(error.on(path.as_os_str().as_encoded_bytes())),
        }
    }

    fn content(&mut self, path: &Path, content: &[u8], mut scope: Scope) {
        let file: Arc<Path> = path.into();
        for (index, bytes) in content.split(|&byte| byte == b'\n').enumerate() {
            let place = Place { file: Arc::clone(&file), line: index.saturating_add(1) };
            let text = String::from_utf8_lossy(bytes);
            let Some(line) = Line::parse(&text) else { continue };
            let is_text = std::str::from_utf8(bytes).is_ok();
            if let Err(error) = self.line(&line, is_text, &place, &mut scope) {
                self.fail(error.on(place.to_string()));
            }
        }
    }

    /// The first fault is the one to mend.
    fn fail(&mut self, error: Error) {
        self.reading.fault.get_or_insert(error);
    }

    fn line(&mut self, line: &Line<'_>, is_text: bool, place: &Place, scope: &mut Scope) -> Result<()> {
        match line.keyword.as_str() {
            "host" => {
                scope.applies = false;
                scope.applies = self.host_line(line)? && !scope.is_dead;
            }
            "match" => {
                scope.applies = false;
                scope.applies = !scope.is_dead && self.match_line(line)?;
            }
            "include" => self.include(line, *scope)?,
            "ignoreunknown" if scope.applies && self.ignored.is_none() => {
                self.ignored = Some(line.argument()?.split(',').map(str::to_owned).collect());
            }
            "ignoreunknown" => {}
            name => match Keyword::find(name) {
                Some(_) if !scope.applies => {}
                Some(_) if !is_text => return Err(wrong("it is not UTF-8")),
                Some((keyword, shape)) => self.take(keyword, shape, line, place)?,
                None if is_known_elsewhere(name) || self.is_ignored(name) => {}
                None => self.reading.unknown.push((line.keyword.clone(), place.clone())),
            },
        }
        Ok(())
    }

    fn host_line(&mut self, line: &Line<'_>) -> Result<bool> {
        let patterns = line.arguments()?;
        if patterns.iter().any(String::is_empty) || patterns.is_empty() {
            return Err(wrong("a pattern of host is empty"));
        }
        let names = patterns.iter().filter(|pattern| !pattern.contains(['*', '?', '!']));
        self.reading.names.extend(names.cloned());
        let fit = any_fits(patterns.iter().map(String::as_str), &self.host);
        self.reading.is_named |= fit.is_some_and(|fit| fit.is_explicit);
        Ok(fit.is_some())
    }

    fn match_line(&mut self, line: &Line<'_>) -> Result<bool> {
        let environment = self.query.environment;
        let local_user = environment.user().unwrap_or_default();
        let host = if self.is_final { self.host.clone() } else { self.host_name() };
        let known_user = self.reading.value(Keyword::User).map(|value| value.text.as_str());
        let subject = Subject {
            host: &host,
            original_host: self.query.name,
            user: self.query.user.or(known_user).unwrap_or(local_user),
            local_user,
            tag: self.reading.value(Keyword::Tag).map_or("", |value| value.text.as_str()),
            is_final: self.is_final,
        };
        let outcome = criteria::decide(line.rest, subject)?;
        self.wants_final |= outcome.wants_final;
        self.reading.is_named |= outcome.is_explicit;
        Ok(outcome.is_met)
    }

    /// The host name as far as it is known.
    fn host_name(&self) -> String {
        let value = self.reading.value(Keyword::HostName);
        let filled = value.and_then(|value| fill_host_name(&value.text, self.query.name).ok());
        filled.unwrap_or_else(|| self.query.name.to_owned())
    }

    fn include(&mut self, line: &Line<'_>, scope: Scope) -> Result<()> {
        let depth = scope.depth.saturating_add(1);
        if depth > DEEPEST {
            return Err(wrong(format!("files include each other more than {DEEPEST} deep")));
        }
        let home = self.query.environment.home();
        let is_own = scope.owner != Owner::System;
        let base = match home.filter(|_| is_own) {
            Some(home) => home.join(".ssh"),
            None => PathBuf::from("/etc/ssh"),
        };
        for argument in line.arguments()? {
            let pattern =
                if is_own { home_path(&argument, self.query.environment)? } else { argument.into() };
            for path in include::files(&pattern, &base) {
                if self.files >= MAX_FILES {
                    return Err(wrong(format!("more than {MAX_FILES} files are included")));
                }
                let is_dead = scope.is_dead || !scope.applies;
                self.file(&path, Scope { depth, is_dead, ..scope });
            }
        }
        Ok(())
    }

    /// Keeps the value of a line that applies, unless one was kept before.
    fn take(&mut self, keyword: Keyword, shape: Shape, line: &Line<'_>, place: &Place) -> Result<()> {
        let texts = match shape {
            Shape::One | Shape::Each => vec![line.argument()?],
            Shape::Several => line.arguments()?,
            Shape::Text => vec![line.rest.to_owned()],
        };
        if texts.iter().any(String::is_empty) || texts.is_empty() {
            return Err(wrong(format!("nothing follows {}", keyword.name())));
        }
        let texts: Vec<_> = texts.iter().map(|text| checked(keyword, text)).collect::<Result<_>>()?;
        let values = texts.into_iter().map(|text| Value { text, place: place.clone() });
        // The second reading begins with the host name that the first has come to.
        if self.is_final && keyword == Keyword::HostName {
            return Ok(());
        }
        // The way to a host is one or the other, whichever is met first. As `ssh` has it, `ProxyJump none` leaves room for
        // a command, and `ProxyCommand none` leaves none for a jump.
        let rival = match keyword {
            Keyword::ProxyJump => self.reading.value(Keyword::ProxyCommand),
            Keyword::ProxyCommand => self.reading.value(Keyword::ProxyJump).filter(|value| !value.is_none()),
            _ => None,
        };
        if rival.is_some() {
            return Ok(());
        }
        let kept = self.reading.values.entry(keyword).or_default();
        if shape == Shape::Each {
            for value in values {
                if kept.iter().all(|before| before.text != value.text) {
                    kept.push(value);
                }
            }
        } else if kept.is_empty() {
            kept.extend(values);
        }
        Ok(())
    }

    fn is_ignored(&self, name: &str) -> bool {
        let patterns = self.ignored.iter().flatten().map(|pattern| pattern.to_ascii_lowercase());
        let patterns: Vec<_> = patterns.collect();
        any_fits(patterns.iter().map(String::as_str), name).is_some()
    }
}

/// The value in the form all later code knows, or why it is none.
fn checked(keyword: Keyword, text: &str) -> Result<String> {
    let one_of = |words: &[(&str, &str)], accepted: &str| {
        let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        found.map(|(_, meaning)| (*meaning).to_owned()).ok_or_else(|| bad(keyword, text, accepted))
    };
    match keyword {
        Keyword::Port => match text.parse::<u16>() {
            Ok(port) if port > 0 => Ok(port.to_string()),
            _ => Err(bad(keyword, text, "a number from 1 to 65535")),
        },
        Keyword::IdentitiesOnly => {
            one_of(&[("yes", "yes"), ("true", "yes"), ("no", "no"), ("false", "no")], "yes or no")
        }
        Keyword::StrictHostKeyChecking => one_of(
            &[
                ("yes", "strict"),
                ("true", "strict"),
                ("ask", "ask"),
                ("accept-new", "accept-new"),
                ("no", "off"),
                ("off", "off"),
                ("false", "off"),
            ],
            "yes, accept-new, ask or no",
        ),
        _ => Ok(text.to_owned()),
    }
}

fn bad(keyword: Keyword, text: &str, accepted: &str) -> Error {
    wrong(format!("{} \"{}\" is not {accepted}", keyword.name(), escape(text.as_bytes())))
}

fn wrong(reason: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Kind::Config, "read", reason)
}
