//! A certificate in the layout of `ssh-keygen -L`, with the verdict below it.

use super::subject::Subject;
use crate::path::escape;
use crate::ssh::certificate::{Certificate, CertificateKind, CertificateOption};
use crate::ssh::judge::Status;
use crate::ssh::moment::{local_seconds, span};

/// The whole block, with a final newline.
pub(super) fn render(subject: &Subject, now: u64) -> String {
    let certificate = &subject.certificate;
    let kind = match certificate.kind {
        CertificateKind::User => "user",
        CertificateKind::Host => "host",
    };
    let (key, ca) = (&certificate.public_key, &certificate.ca_key);
    let mut lines = vec![
        format!("{}:", subject.source),
        format!("        Type: {} {kind} certificate", certificate.algorithm()),
        format!("        Public key: {}-CERT {}", label(key.key_type()), key.fingerprint()),
        format!(
            "        Signing CA: {} {} (using {})",
            label(ca.key_type()),
            ca.fingerprint(),
            escape(certificate.signature_algorithm.as_bytes())
        ),
        format!("        Key ID: \"{}\"", escape(certificate.key_id.as_bytes())),
        format!("        Serial: {}", certificate.serial),
        format!("        Valid: {}", validity(certificate)),
    ];
    let principals = certificate.principals.iter().map(|name| escape(name.as_bytes()).into_owned());
    put_list(&mut lines, "Principals", principals.collect());
    put_list(&mut lines, "Critical Options", certificate.critical_options.iter().map(shown).collect());
    put_list(&mut lines, "Extensions", certificate.extensions.iter().map(shown).collect());
    lines.extend(verdict(subject, now));
    lines.join("\n") + "\n"
}

fn put_list(lines: &mut Vec<String>, name: &str, items: Vec<String>) {
    if items.is_empty() {
        lines.push(format!("        {name}: (none)"));
        return;
    }
    lines.push(format!("        {name}: "));
    lines.extend(items.into_iter().map(|item| format!("                {item}")));
}

fn shown(option: &CertificateOption) -> String {
    let name = escape(option.name.as_bytes());
    if option.value.is_empty() {
        name.into_owned()
    } else {
        format!("{name} {}", escape(option.value.as_bytes()))
    }
}

fn validity(certificate: &Certificate) -> String {
    match (certificate.valid_after, certificate.valid_before) {
        (None, None) => "forever".into(),
        (None, Some(end)) => format!("before {}", local_seconds(end)),
        (Some(start), None) => format!("after {}", local_seconds(start)),
        (Some(start), Some(end)) => format!("from {} to {}", local_seconds(start), local_seconds(end)),
    }
}

fn verdict(subject: &Subject, now: u64) -> Vec<String> {
    let status = subject.status();
    let left = match subject.certificate.valid_before {
        Some(end) if status == Status::Valid => format!(" for another {}", span(end.saturating_sub(now))),
        _ => String::new(),
    };
    let mut lines = vec![format!("        Status: {}{left}", status.as_str())];
    for fault in subject.faults() {
        lines.push(format!("                {fault}"));
        lines.push(format!("                {}", subject.advice(&fault)));
    }
    lines
}

/// What `ssh-keygen` calls a key of this type.
fn label(key_type: &str) -> &'static str {
    match key_type {
        "ssh-rsa" => "RSA",
        "ssh-dss" => "DSA",
        "ssh-ed25519" => "ED25519",
        "sk-ssh-ed25519@openssh.com" => "ED25519-SK",
        "sk-ecdsa-sha2-nistp256@openssh.com" => "ECDSA-SK",
        _ => "ECDSA",
    }
}
