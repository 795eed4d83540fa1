//! `sclone config dump`

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::PrettyFormatter;

use crate::cli::config_store;
use crate::cli::context::Ctx;
use crate::error::{Error, Kind, Result};

/// Write all remotes as JSON
///
/// Example: `sclone config dump | jq .web1`
///
/// For programs: passwords are in it, obscured, and no line feed ends it.
///
/// Exit codes: 0 written, 2 anything else.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args;

/// Writes an object of sections, each an object of its keys, both sorted.
///
/// # Errors
/// The file cannot be read.
pub fn run(ctx: &Ctx, _args: &Args) -> Result<()> {
    let store = config_store::open(ctx)?;
    let document = store.document();
    let section = |name: &str| -> BTreeMap<String, String> {
        let value = |key: &str| {
            Some((key.to_owned(), ctx.environment_value(name, key).or_else(|| document.get(name, key))?))
        };
        document.keys(name).into_iter().filter_map(value).collect()
    };
    let sections: BTreeMap<_, _> =
        document.sections().into_iter().map(|name| (name, section(name))).collect();
    let mut json = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut json, PrettyFormatter::with_indent(b"    "));
    sections
        .serialize(&mut serializer)
        .map_err(|error| Error::new(Kind::Io, "write JSON", "it cannot be written").caused_by(error))?;
    ctx.stdout.write(json)
}
