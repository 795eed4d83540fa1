//! What was found: shown step by step as text, or at the end as JSON.

use std::ops::RangeInclusive;

use super::json;
use super::step::{Finding, Status, Step};
use crate::cli::context::Ctx;
use crate::error::{Error, Kind, Result};

/// Where the text behind status and step begins.
const INDENT: usize = 18;

/// The findings so far.
pub(super) struct Report<'a> {
    ctx: &'a Ctx,
    is_json: bool,
    findings: Vec<Finding>,
    written: Result<()>,
}

impl<'a> Report<'a> {
    /// An empty report.
    pub(super) fn new(ctx: &'a Ctx, is_json: bool) -> Self {
        Self { ctx, is_json, findings: Vec::new(), written: Ok(()) }
    }

    /// A step is as it should be.
    pub(super) fn ok(&mut self, step: Step, detail: impl Into<String>) {
        self.add(Finding { step, status: Status::Ok, detail: detail.into(), mend: None, kind: None });
    }

    /// A step works, but a person should know something.
    pub(super) fn warn(&mut self, step: Step, detail: impl Into<String>, mend: impl Into<String>) {
        let mend = Some(mend.into());
        self.add(Finding { step, status: Status::Warn, detail: detail.into(), mend, kind: None });
    }

    /// A step failed.
    pub(super) fn fail(&mut self, step: Step, error: &Error) {
        self.fail_with(step, error, "");
    }

    /// A step failed, and `more` is known beside the error.
    pub(super) fn fail_with(&mut self, step: Step, error: &Error, more: &str) {
        let detail = format!("{}{more}", error.summary());
        self.fail_because(step, error.kind(), detail, error.mend().map(str::to_owned));
    }

    /// A step failed, described in the report's own words.
    pub(super) fn fail_because(&mut self, step: Step, kind: Kind, detail: String, mend: Option<String>) {
        self.add(Finding { step, status: Status::Fail, detail, mend, kind: Some(kind) });
    }

    /// The value of a step that did not fail.
    pub(super) fn take<T>(&mut self, step: Step, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.fail(step, &error)).ok()
    }

    /// Some steps are not taken, for one reason.
    pub(super) fn skip(&mut self, steps: RangeInclusive<Step>, reason: &str) {
        for step in Step::ALL.into_iter().filter(|step| steps.contains(step)) {
            self.add(Finding {
                step,
                status: Status::Skip,
                detail: reason.to_owned(),
                mend: None,
                kind: None,
            });
        }
    }

    /// A run that was stopped finds nothing any more.
    fn add(&mut self, finding: Finding) {
        if self.ctx.cancel.is_cancelled() {
            return;
        }
        if !self.is_json && self.written.is_ok() {
            let stdout = &self.ctx.stdout;
            self.written = stdout.write(text(&finding)).and_then(|()| stdout.flush());
        }
        self.findings.push(finding);
    }

    /// Ends the report on `subject`.
    ///
    /// # Errors
    /// One of the kind of the first failure that was found; standard output cannot be written; the run was stopped.
    pub(super) fn finish(self, subject: &str) -> Result<()> {
        self.ctx.cancel.check()?;
        self.written?;
        if self.is_json {
            self.ctx.stdout.line(json::render(subject, &self.findings)?)?;
        }
        let failed = self.findings.iter().find(|finding| finding.status == Status::Fail);
        failed.map_or(Ok(()), |first| {
            let step = format!("step {}", first.step.name());
            Err(Error::new(first.kind.unwrap_or(Kind::Failure), step, "it failed; the report says why"))
        })
    }
}

/// One finding as lines: status, step, detail, and below them how to mend it.
fn text(finding: &Finding) -> String {
    let head = format!("{:<5}{:<13}", finding.status.name(), finding.step.name());
    let mut text = String::new();
    let mut lead = head.as_str();
    let indent = " ".repeat(INDENT);
    for line in finding.detail.lines() {
        text += &format!("{lead}{line}\n");
        lead = &indent;
    }
    for (number, line) in finding.mend.iter().flat_map(|mend| mend.lines()).enumerate() {
        let lead = if number == 0 { "mend: " } else { "      " };
        text += &format!("{indent}{lead}{line}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_aligned_below_their_step() {
        let finding = Finding {
            step: Step::Certificate,
            status: Status::Warn,
            detail: "one\ntwo".into(),
            mend: Some("three\nfour".into()),
            kind: None,
        };
        let expected = "warn certificate  one\n                  two\n                  mend: three\n                        four\n";
        assert_eq!(text(&finding), expected);
    }
}
