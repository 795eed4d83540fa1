//! `sclone config providers`

use serde::Serialize;

use super::question::Question;
use crate::cli::context::Ctx;
use crate::config::remote_type::TYPES;
use crate::error::Result;

/// Write the types of remote and their options as JSON
///
/// Example: `sclone config providers | jq '.[].Name'`
///
/// For programs; the form is rclone's, and no line feed ends it.
///
/// Exit codes: 0 written, 2 wrong usage.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Provider {
    name: &'static str,
    description: &'static str,
    prefix: &'static str,
    options: Vec<Question>,
    hide: bool,
}

/// Writes a list of types, each with its options in the order a person is asked.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(ctx: &Ctx, _args: &Args) -> Result<()> {
    let user = ctx.settings.environment.user().unwrap_or_default();
    let providers = TYPES.map(|remote_type| Provider {
        name: remote_type.name,
        description: remote_type.description,
        prefix: remote_type.name,
        options: remote_type.options.iter().map(|option| Question::of(option, None, user)).collect(),
        hide: false,
    });
    ctx.stdout.write(super::json::indented(&providers, b"    ")?)
}
