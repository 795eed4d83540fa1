//! `sclone completion`

use std::path::PathBuf;

use clap_complete::{Shell, generate};

use crate::cli::context::Ctx;
use crate::cli::parse::command_tree;
use crate::error::{Error, Result};

/// Write the completion script of a shell
///
/// Example: `sclone completion bash > ~/.local/share/bash-completion/completions/sclone`
///
/// Exit codes: 0 written, 1 the file cannot be written, 2 wrong usage, 24 no space left.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The shell
    pub shell: Shell,

    /// Write to this file instead of standard output (`-`)
    #[arg(default_value = "-")]
    pub file: PathBuf,
}

/// Writes the script.
///
/// # Errors
/// It cannot be written.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let mut script = Vec::new();
    generate(args.shell, &mut command_tree(), "sclone", &mut script);
    if args.file.as_os_str() == "-" {
        return ctx.stdout.write(script);
    }
    if ctx.settings.dry_run {
        log::warn!("Skipped write of the completion script as --dry-run is set");
        return Ok(());
    }
    std::fs::write(&args.file, script).map_err(|error| {
        Error::from_io("write completion script", error).on(args.file.as_os_str().as_encoded_bytes())
    })
}
