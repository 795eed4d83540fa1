//! A line typed at the terminal in which Tab completes the names of files.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{Behavior, CompletionType, Config, Context, Editor, Helper};

use crate::path::escape;

/// Asks for a line; `~/` stands for `home`.
///
/// # Errors
/// [`ErrorKind::Interrupted`] after Ctrl-C, [`ErrorKind::UnexpectedEof`] after Ctrl-D; the terminal cannot be used.
pub fn ask(prompt: &str, home: Option<&Path>) -> io::Result<String> {
    let failed = |error| match error {
        ReadlineError::Interrupted => ErrorKind::Interrupted.into(),
        ReadlineError::Eof => ErrorKind::UnexpectedEof.into(),
        ReadlineError::Io(error) => error,
        other => io::Error::other(other),
    };
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .behavior(Behavior::PreferTerm)
        .bracketed_paste(false)
        .build();
    let history = MemHistory::with_config(&config);
    let mut editor = Editor::with_history(config, history).map_err(failed)?;
    editor.set_helper(Some(Paths { home: home.map(Path::to_owned) }));
    editor.readline(prompt).map_err(failed)
}

struct Paths {
    home: Option<PathBuf>,
}

impl Paths {
    /// Every path that begins with what was typed, folders with a slash behind them.
    fn beginning_with(&self, typed: &str) -> Vec<String> {
        let (folder, start) = typed.rfind('/').map_or(("", typed), |slash| {
            typed.split_at_checked(slash.saturating_add(1)).unwrap_or((typed, ""))
        });
        let place = match (folder.strip_prefix("~/"), &self.home) {
            (Some(below), Some(home)) => home.join(below),
            _ if folder.is_empty() => PathBuf::from("."),
            _ => PathBuf::from(folder),
        };
        let name = |entry: io::Result<std::fs::DirEntry>| {
            let entry = entry.ok()?;
            let name = entry.file_name().into_string().ok()?;
            let is_hidden = name.starts_with('.') && !start.starts_with('.');
            // A name that cannot be shown as it is cannot be typed either.
            if is_hidden || !name.starts_with(start) || escape(name.as_bytes()) != name {
                return None;
            }
            let slash = if entry.path().is_dir() { "/" } else { "" };
            Some(format!("{folder}{name}{slash}"))
        };
        let mut paths: Vec<String> =
            std::fs::read_dir(place).into_iter().flatten().filter_map(name).collect();
        paths.sort();
        paths
    }
}

impl Completer for Paths {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        Ok((0, self.beginning_with(line.get(..position).unwrap_or_default())))
    }
}

impl Helper for Paths {}
impl Highlighter for Paths {}
impl Validator for Paths {}
impl Hinter for Paths {
    type Hint = String;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_so_is_offered() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join(".ssh/keys")).unwrap();
        for name in ["id_a", "id_b c", "id_\x1b[2J", ".hidden"] {
            std::fs::write(home.path().join(".ssh").join(name), "").unwrap();
        }
        let paths = Paths { home: Some(home.path().to_owned()) };
        assert_eq!(paths.beginning_with("~/.ssh/id"), ["~/.ssh/id_a", "~/.ssh/id_b c"]);
        assert_eq!(paths.beginning_with("~/.ssh/"), ["~/.ssh/id_a", "~/.ssh/id_b c", "~/.ssh/keys/"]);
        assert_eq!(paths.beginning_with("~/.ssh/.h"), ["~/.ssh/.hidden"]);
        let absolute = format!("{}/.s", home.path().display());
        assert_eq!(paths.beginning_with(&absolute), [format!("{absolute}sh/")]);
        assert!(paths.beginning_with("/nowhere/x").is_empty());
    }
}
