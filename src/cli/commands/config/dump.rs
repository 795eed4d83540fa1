//! `sclone config dump`

use std::collections::BTreeMap;

use super::json::indented;
use crate::cli::config_store;
use crate::cli::context::Ctx;
use crate::config::remote::Spec;
use crate::error::Result;

/// Write all remotes as JSON
///
/// Example: `sclone config dump | jq .web1`
///
/// For programs: passwords are in it, obscured, and no line feed ends it.
///
/// Exit codes: 0 written, 1 the file cannot be read.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args;

/// Writes an object of sections, each an object of its keys, both sorted.
///
/// # Errors
/// The file cannot be read.
pub fn run(ctx: &Ctx, _args: &Args) -> Result<()> {
    let store = config_store::open(ctx)?;
    let (document, sources) = (store.document(), config_store::sources(ctx, &store));
    let section = |name: &str| {
        let spec =
            Spec { name: name.to_owned(), on_the_fly: false, parameters: Vec::new(), path: Vec::new() };
        let value = |key: &str| Ok((key.to_owned(), sources.key(&spec, key)?.unwrap_or_default()));
        let values = document.keys(name).into_iter().map(value).collect::<Result<BTreeMap<_, _>>>()?;
        Ok((spec.name, values))
    };
    let sections = document.sections().into_iter().map(section).collect::<Result<BTreeMap<_, _>>>()?;
    ctx.stdout.write(indented(&sections, b"    ")?)
}
