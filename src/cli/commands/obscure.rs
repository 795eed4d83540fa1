//! `sclone obscure`

use std::io::{BufRead, Read};

use zeroize::Zeroizing;

use crate::cli::context::Ctx;
use crate::cli::prompts::wait;
use crate::config::obscure::obscure;
use crate::error::{Error, Kind, Result};

/// The longest line taken from standard input, in bytes.
const LONGEST: u64 = 64 * 1024;

/// Obscure a password for use in rclone.conf
///
/// Example: `read -rs p; printf %s "$p" | sclone obscure -`
///
/// It hides the password from a glance, not from anyone who has the file.
///
/// Exit codes: 0 done, 1 standard input cannot be read, 2 wrong usage.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The password, or `-` to read its one line from standard input
    #[arg(allow_hyphen_values = true)]
    pub password: String,
}

/// Shows the obscured password.
///
/// # Errors
/// Standard input cannot be read or is not text.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let password =
        if args.password == "-" { first_line(ctx)? } else { Zeroizing::new(args.password.clone()) };
    ctx.stdout.line(obscure(&password)?)
}

/// The first line of standard input.
pub(super) fn first_line(ctx: &Ctx) -> Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(Vec::new());
    wait(&ctx.cancel, || std::io::stdin().lock().take(LONGEST).read_until(b'\n', &mut line))?
        .map_err(|error| Error::from_io("read standard input", error))?;
    let text = std::str::from_utf8(&line).map_err(|error| {
        Error::new(Kind::Usage, "read standard input", "it is not UTF-8").caused_by(error)
    })?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}
