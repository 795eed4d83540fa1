//! `sclone listremotes`

use serde::Serialize;

use crate::cli::config_store;
use crate::cli::context::Ctx;
use crate::config::sources::RemoteEntry;
use crate::error::{Error, Kind, Result};
use crate::filter::TextGlob;

/// List the remotes of the configuration file and the environment
///
/// Example: `sclone listremotes --type sftp --order-by name`
///
/// With a FILTER only the remotes of which name, type, source or description contains it, upper and lower case alike;
/// in it the globs of filters have their meaning: `*`, `?`, `[abc]`, `{one,other}`, `{{regexp}}`. --name and its like look at one
/// of them only.
///
/// Exit codes: 0 listed, 1 the file cannot be read, 2 wrong usage.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Part of what is to be listed
    #[arg(id = "part", value_name = "FILTER")]
    filter: Option<String>,

    /// Part of the names to list
    #[arg(long, value_name = "FILTER")]
    name: Option<String>,

    /// Part of the types to list
    #[arg(long = "type", value_name = "FILTER")]
    kind: Option<String>,

    /// Part of the sources to list: `file` or `environment`
    #[arg(long, value_name = "FILTER")]
    source: Option<String>,

    /// Part of the descriptions to list
    #[arg(long, value_name = "FILTER")]
    description: Option<String>,

    /// Take filters for the whole of a name, type, source or description
    #[arg(long)]
    exact: bool,

    /// Order by these, the first first: name, type, source, description, each with =asc or =desc
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    order_by: Vec<String>,

    /// Show types and descriptions too
    #[arg(long)]
    long: bool,

    /// Write JSON, one remote a line
    #[arg(long)]
    json: bool,
}

/// What remotes are chosen and ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Name,
    Kind,
    Source,
    Description,
}

impl Field {
    const ALL: [Self; 4] = [Self::Name, Self::Kind, Self::Source, Self::Description];

    fn of(self, remote: &RemoteEntry) -> &str {
        match self {
            Self::Name => &remote.name,
            Self::Kind => &remote.kind,
            Self::Source => source(remote),
            Self::Description => &remote.description,
        }
    }
}

fn source(remote: &RemoteEntry) -> &'static str {
    if remote.from_environment { "environment" } else { "file" }
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
    choose(&mut remotes, args)?;
    order(&mut remotes, &args.order_by)?;
    match (args.json, args.long) {
        (true, _) => as_json(ctx, &remotes),
        (_, true) => as_table(ctx, &remotes),
        _ => remotes.iter().try_for_each(|remote| ctx.stdout.line(format!("{}:", remote.name))),
    }
}

/// Keeps the remotes that every filter fits.
fn choose(remotes: &mut Vec<RemoteEntry>, args: &Args) -> Result<()> {
    let one = |filter: &Option<String>, field| filter.clone().map(|filter| (filter, vec![field]));
    let filters = [
        args.filter.clone().map(|filter| (filter, Field::ALL.to_vec())),
        one(&args.name, Field::Name),
        one(&args.kind, Field::Kind),
        one(&args.source, Field::Source),
        one(&args.description, Field::Description),
    ];
    for (filter, fields) in filters.into_iter().flatten().filter(|(filter, _)| !filter.is_empty()) {
        let glob = TextGlob::new(&filter, args.exact)
            .map_err(|reason| Error::new(Kind::Usage, "read filter", reason).on(&filter))?;
        remotes.retain(|remote| fields.iter().any(|field| glob.is_match(field.of(remote))));
    }
    Ok(())
}

/// Sorts by the last instruction first, so that the first has the last word.
fn order(remotes: &mut [RemoteEntry], instructions: &[String]) -> Result<()> {
    let refuse = |what: &str, text: &str| {
        Error::new(Kind::Usage, "order remotes", format!("unknown --order-by {what} \"{text}\""))
            .advice("the fields are name, type, source and description, the directions asc and desc")
    };
    for instruction in instructions.iter().rev() {
        let (name, direction) = instruction.split_once('=').unwrap_or((instruction, "asc"));
        let field = match name.to_lowercase().as_str() {
            "name" => Field::Name,
            "type" => Field::Kind,
            "source" => Field::Source,
            "description" => Field::Description,
            _ => return Err(refuse("field", name)),
        };
        match direction {
            "asc" | "ascending" => remotes.sort_by(|a, b| field.of(a).cmp(field.of(b))),
            "desc" | "descending" => remotes.sort_by(|a, b| field.of(b).cmp(field.of(a))),
            _ => return Err(refuse("direction", direction)),
        }
    }
    Ok(())
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
        let source = source(remote);
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
