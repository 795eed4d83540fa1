//! The report as a JSON document.

use serde::Serialize;

use super::step::{Finding, Status};
use crate::cli::exit_code::ExitCode;
use crate::error::{Error, Kind, Result};

#[derive(Serialize)]
struct Document<'a> {
    remote: &'a str,
    /// The worst that was found: `ok`, `warn` or `fail`.
    status: &'static str,
    /// What the process ends with.
    exit_code: u8,
    steps: Vec<Object<'a>>,
}

#[derive(Serialize)]
struct Object<'a> {
    step: &'static str,
    status: &'static str,
    detail: &'a str,
    mend: Option<&'a str>,
}

/// The whole document, without a final newline.
///
/// # Errors
/// None in practice: every field can be written.
pub(super) fn render(remote: &str, findings: &[Finding]) -> Result<String> {
    let first = |status| findings.iter().find(|finding| finding.status == status);
    let worst = [Status::Fail, Status::Warn].into_iter().find(|status| first(*status).is_some());
    let failure = first(Status::Fail).and_then(|finding| finding.kind);
    let steps = findings.iter().map(|finding| Object {
        step: finding.step.name(),
        status: finding.status.name(),
        detail: &finding.detail,
        mend: finding.mend.as_deref(),
    });
    let document = Document {
        remote,
        status: worst.unwrap_or(Status::Ok).name(),
        exit_code: failure.map_or(ExitCode::Success, ExitCode::of) as u8,
        steps: steps.collect(),
    };
    serde_json::to_string_pretty(&document)
        .map_err(|error| Error::new(Kind::Io, "write JSON", "it cannot be written").caused_by(error))
}
