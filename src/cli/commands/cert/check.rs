//! `sclone cert check`

use std::ffi::OsString;

use jiff::Timestamp;

use super::subject::{self, Subject};
use crate::cli::context::Ctx;
use crate::error::{Error, Kind, Result};
use crate::ssh::fault::Severity;
use crate::ssh::moment::{local_time, span, unix_seconds};
use crate::units::Interval;

/// Check whether a certificate can be used
///
/// Example: `sclone cert check web1: --valid-for 1h`
///
/// Of several certificates one has to be good. Nothing is sent to a server.
///
/// Exit codes: 0 it can be used, 2 wrong usage, 21 it cannot, for the reason on standard error.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// File of the certificate or its key, or a remote with its colon
    #[arg(value_name = "FILE|REMOTE:")]
    subject: OsString,

    /// How long it must be good for from now on
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    valid_for: Interval,
}

/// Checks the certificates until one is good.
///
/// # Errors
/// [`Kind::CertificateUnusable`]: none is.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let mut first_error = None;
    let valid_for = args.valid_for.duration().unwrap_or_default().as_secs();
    for subject in subject::find(ctx, &args.subject)? {
        match check(&subject, unix_seconds(Timestamp::now()), valid_for) {
            Ok(()) => {
                log::info!("{}: the certificate can be used", subject.source);
                return Ok(());
            }
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    first_error.map_or(Ok(()), Err)
}

fn check(subject: &Subject, now: u64, valid_for: u64) -> Result<()> {
    let refused = |reason: String, advice: String| {
        Err(Error::new(Kind::CertificateUnusable, "certificate", reason).on(&subject.source).advice(advice))
    };
    if let Some(fault) = subject.faults().first().filter(|fault| fault.severity() > Severity::Note) {
        return refused(fault.to_string(), subject.advice(fault));
    }
    match subject.certificate.valid_before {
        Some(end) if end < now.saturating_add(valid_for) => refused(
            format!("it ends {} (in {})", local_time(end), span(end.saturating_sub(now))),
            format!("{} were asked for: have it signed again", span(valid_for)),
        ),
        _ => Ok(()),
    }
}
