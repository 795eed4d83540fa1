//! `sclone version`

use crate::cli::context::Ctx;
use crate::error::Result;

/// Show the version
///
/// Example: `sclone version`
///
/// Exit codes: 0.
#[derive(clap::Args, Clone, Copy, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args;

/// Shows the version and what it was built for.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(ctx: &Ctx, _args: &Args) -> Result<()> {
    ctx.stdout.line(format!("sclone v{}", env!("CARGO_PKG_VERSION")))?;
    ctx.stdout.line(format!("- os/type: {}", std::env::consts::OS))?;
    ctx.stdout.line(format!("- os/arch: {}", std::env::consts::ARCH))?;
    ctx.stdout.line(format!("- openssl: {}", openssl::version::version()))
}
