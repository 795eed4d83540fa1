//! `sclone listremotes`

use serde::Serialize;

use crate::cli::config_store;
use crate::cli::context::Ctx;
use crate::config::sources::RemoteEntry;
use crate::error::{Error, Kind, Result};

/// List the remotes of the configuration file and the environment
///
/// Example: `sclone listremotes --long`
///
/// With a FILTER only the remotes whose names contain it, upper and lower case alike; in it * stands for any text
/// and ? for any one character.
///
/// Exit codes: 0 listed, 1 the file cannot be read, 2 wrong usage.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Part of the names to list
    filter: Option<String>,

    /// Show types and descriptions too
    #[arg(long)]
    long: bool,

    /// Write JSON, one remote a line
    #[arg(long, conflicts_with = "long")]
    json: bool,
}

/// A remote in JSON; the order of the fields is rclone's.
#[derive(Serialize)]
struct Object<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    source: &'static str,
    description: &'a str,
}

/// Lists the remotes: those of the environment, then those of the file in its order.
///
/// # Errors
/// The file cannot be read.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let store = config_store::open(ctx)?;
    let mut remotes = config_store::sources(ctx, &store).remotes();
    if let Some(filter) = &args.filter {
        let pattern = format!("*{}*", filter.trim_end_matches(':').to_lowercase());
        let pattern: Vec<char> = pattern.chars().collect();
        remotes.retain(|remote| matches(&pattern, &remote.name.to_lowercase().chars().collect::<Vec<_>>()));
    }
    match (args.json, args.long) {
        (true, _) => as_json(ctx, &remotes),
        (_, true) => as_table(ctx, &remotes),
        _ => remotes.iter().try_for_each(|remote| ctx.stdout.line(format!("{}:", remote.name))),
    }
}

fn as_table(ctx: &Ctx, remotes: &[RemoteEntry]) -> Result<()> {
    let width =
        |text: fn(&RemoteEntry) -> &str| remotes.iter().map(|remote| text(remote).chars().count()).max();
    let name_width = width(|remote| &remote.name).unwrap_or(0).saturating_add(1);
    let type_width = width(|remote| &remote.kind).unwrap_or(0);
    remotes.iter().try_for_each(|remote| {
        let name = format!("{}:", remote.name);
        ctx.stdout.line(format!("{name:name_width$} {:type_width$} {}", remote.kind, remote.description))
    })
}

fn as_json(ctx: &Ctx, remotes: &[RemoteEntry]) -> Result<()> {
    let object = |remote: &RemoteEntry| {
        let source = if remote.from_environment { "environment" } else { "file" };
        let RemoteEntry { name, kind, description, .. } = remote;
        serde_json::to_string(&Object { name, kind, source, description })
            .map_err(|error| Error::new(Kind::Io, "write JSON", "it cannot be written").caused_by(error))
    };
    let objects = remotes.iter().map(object).collect::<Result<Vec<_>>>()?;
    ctx.stdout.line("[")?;
    if !objects.is_empty() {
        ctx.stdout.line(objects.join(",\n"))?;
    }
    ctx.stdout.line("]")
}

/// Whether the whole text fits the pattern.
fn matches(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['*', rest @ ..], _) => {
            (0..=text.len()).any(|skip| text.get(skip..).is_some_and(|text| matches(rest, text)))
        }
        (['?', rest @ ..], [_, text @ ..]) => matches(rest, text),
        ([wanted, rest @ ..], [c, text @ ..]) => wanted == c && matches(rest, text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*eta*", "zeta", true),
            ("z?ta", "zeta", true),
            ("z?", "zeta", false),
            ("", "a", false),
        ] {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            assert_eq!(matches(&chars(pattern), &chars(text)), expected, "{pattern} {text}");
        }
    }
}
