//! `sclone config redacted`

use super::secrecy::is_private;
use super::section_text::section_text;
use crate::cli::config_store;
use crate::cli::context::Ctx;
use crate::error::Result;

/// Show the configuration file, or one remote, fit for a bug report
///
/// Example: `sclone config redacted web1`
///
/// Secrets and what tells who logs in where are replaced by XXX.
///
/// Exit codes: 0 shown, 1 the file cannot be read.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Name of the remote; all of them if it is left out
    name: Option<String>,
}

/// Shows the remotes, sorted.
///
/// # Errors
/// The file cannot be read.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let store = config_store::open(ctx)?;
    let document = store.document();
    let mut names = match args.name.as_deref() {
        Some(name) => vec![name.strip_suffix(':').unwrap_or(name)],
        None => document.sections(),
    };
    names.sort_unstable();
    if names.is_empty() {
        ctx.stdout.line("; empty config")?;
    }
    let sections = names.iter().map(|name| section_text(document, name, is_private, "XXX"));
    ctx.stdout.write(sections.collect::<Vec<_>>().join("\n"))?;
    ctx.stdout.line("### Double check the config for sensitive info before posting publicly")
}
