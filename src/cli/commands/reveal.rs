//! `sclone reveal`

use crate::cli::commands::obscure::first_line;
use crate::cli::context::Ctx;
use crate::config::obscure::reveal;
use crate::error::Result;

/// Show a password that was obscured
///
/// Example: `sclone reveal YWFhYWFhYWFhYWFhYWFhYXMaGgIlEQ`
///
/// Exit codes: 0 done, 1 the text was not obscured, 2 wrong usage.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The obscured password, or `-` to read its one line from standard input
    #[arg(allow_hyphen_values = true)]
    pub obscured: String,
}

/// Shows the password.
///
/// # Errors
/// The text was not obscured.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let password = if args.obscured == "-" { reveal(&first_line(ctx)?)? } else { reveal(&args.obscured)? };
    ctx.stdout.line(password.as_bytes())
}
