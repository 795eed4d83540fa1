//! The keys and certificates that are at hand, before a server is asked.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use jiff::Timestamp;

use super::report::Report;
use super::step::Step;
use crate::cli::commands::cert::subject::{Subject, of_login};
use crate::cli::context::Ctx;
use crate::error::{Kind, Result};
use crate::path::escape;
use crate::ssh::Factory;
use crate::ssh::attempt::Attempt;
use crate::ssh::certificate::Certificate;
use crate::ssh::fault::Severity;
use crate::ssh::login::Plan;
use crate::ssh::moment::{local_time, span, unix_seconds};
use crate::ssh::private_key::KeySource;

/// A certificate that ends within so many seconds is worth a word.
const SOON: u64 = 600;

/// Renews the certificate if that is due, and looks at what there is. Returns what is to be tried at the login.
pub(super) fn examine(ctx: &Ctx, factory: &Factory, report: &mut Report<'_>) -> Result<Plan> {
    let renewed = factory.renew_if_due();
    if let Some(true) = report.take(Step::Renewal, renewed) {
        report.ok(Step::Renewal, "cert_command is set; the certificate is not due now");
    }
    let plan = factory.login().plan(&*ctx.questions, Timestamp::now());
    keys(&plan, report);
    let is_renewed = !factory.options().cert_command.is_empty();
    match of_login(factory.login()) {
        Err(error) => report.fail(Step::Certificate, &error),
        Ok(found) if found.is_empty() => report.ok(Step::Certificate, "there is none"),
        Ok(found) => found.iter().for_each(|subject| certificate(subject, is_renewed, report)),
    }
    plan
}

fn keys(plan: &Result<Plan>, report: &mut Report<'_>) {
    let plan = match plan {
        Ok(plan) => plan,
        // It is told where the certificate is looked at.
        Err(error) if error.kind() == Kind::CertificateUnusable => {
            return report.skip(Step::Key..=Step::Key, "there is none beside that of the certificate");
        }
        Err(error) => return report.fail(Step::Key, error),
    };
    let mut keys: Vec<String> = Vec::new();
    for key in plan.attempts.iter().filter_map(Attempt::key) {
        let shown = format!("{} {}", escape(key.key_type().as_bytes()), key.fingerprint());
        if !keys.contains(&shown) {
            keys.push(shown);
        }
    }
    let attempts: Vec<_> = plan.attempts.iter().map(ToString::to_string).collect();
    keys.push(format!("to be tried: {}", attempts.join(", then ")));
    match plan.attempts.iter().find_map(open_to_others) {
        Some((path, mode)) => {
            let detail = format!("{}\n{path} has mode {mode:04o}: others may read it", keys.join("\n"));
            report.warn(Step::Key, detail, format!("chmod 600 {path}"));
        }
        None => report.ok(Step::Key, keys.join("\n")),
    }
}

/// The file of a key that OpenSSH would refuse for its permissions, and these.
fn open_to_others(attempt: &Attempt) -> Option<(String, u32)> {
    let Attempt::Key { key, .. } = attempt else { return None };
    let KeySource::File(path) = key.source() else { return None };
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then(|| (key.source().to_string(), mode))
}

fn certificate(subject: &Subject, is_renewed: bool, report: &mut Report<'_>) {
    let now = unix_seconds(Timestamp::now());
    let faults = subject.faults();
    let mut detail = describe(subject, now);
    for fault in &faults {
        detail += &format!("\n{fault}");
    }
    let left = subject.certificate.valid_before.map(|end| end.saturating_sub(now));
    match faults.first() {
        Some(fault) if fault.severity() == Severity::Fatal => {
            let mend = Some(subject.advice(fault));
            report.fail_because(Step::Certificate, Kind::CertificateUnusable, detail, mend);
        }
        Some(fault) => report.warn(Step::Certificate, detail, subject.advice(fault)),
        None if left.is_some_and(|left| left < SOON) && !is_renewed => {
            report.warn(Step::Certificate, detail, "have it renewed before a long job, or set cert_command");
        }
        None => report.ok(Step::Certificate, detail),
    }
}

/// What it is, whose, until when, and by whom.
fn describe(subject: &Subject, now: u64) -> String {
    let Certificate { key_id, serial, principals, valid_before, ca_key, .. } = &subject.certificate;
    let names: Vec<_> = principals.iter().map(|name| escape(name.as_bytes()).into_owned()).collect();
    let end = match valid_before {
        Some(end) if *end > now => {
            format!("valid until {} ({} left)", local_time(*end), span(end.saturating_sub(now)))
        }
        Some(end) => format!("valid until {}", local_time(*end)),
        None => "valid without end".to_owned(),
    };
    format!(
        "{}: id \"{}\", serial {serial}, for {}, {end}\nsigned by the CA {} {}",
        subject.source,
        escape(key_id.as_bytes()),
        if names.is_empty() { "nobody".to_owned() } else { names.join(", ") },
        escape(ca_key.key_type().as_bytes()),
        ca_key.fingerprint(),
    )
}
