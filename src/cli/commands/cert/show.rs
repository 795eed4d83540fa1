//! `sclone cert show`

use std::ffi::OsString;

use jiff::Timestamp;

use super::{json, subject, text};
use crate::cli::context::Ctx;
use crate::error::Result;
use crate::ssh::moment::unix_seconds;

/// Show a certificate and what it is worth
///
/// Example: `sclone cert show ~/.ssh/id_rsa-cert.pub`
///
/// The layout is that of `ssh-keygen -L`, with the state below: valid, expired, not-yet-valid or unusable, and why.
/// For a remote also the user and the key are compared with the certificate. With --json each certificate is one
/// object on one line; times are null where there is no bound.
///
/// Exit codes: 0 shown, 2 wrong usage, 21 there is no certificate.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// File of the certificate or its key, or a remote with its colon
    #[arg(value_name = "FILE|REMOTE:")]
    subject: OsString,

    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// Shows the certificates.
///
/// # Errors
/// There is none, or it cannot be read.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let now = unix_seconds(Timestamp::now());
    for subject in subject::find(ctx, &args.subject)? {
        if args.json {
            ctx.stdout.line(json::render(&subject)?)?;
        } else {
            ctx.stdout.write(text::render(&subject, now))?;
        }
    }
    Ok(())
}
