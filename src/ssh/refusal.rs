//! Turns refusals into one message: what was tried, why each cannot have worked, what to do.

use jiff::Timestamp;

use super::attempt::Attempt;
use super::certificate::Certificate;
use super::fault::{Fault, Severity};
use super::judge::judge;
use super::login::{Login, Skipped};
use crate::error::{Error, Kind};
use crate::path::escape;

/// No message is longer, in lines.
const MAX_LINES: usize = 6;

/// No message names more of the attempts that were refused.
const MAX_NAMES: usize = 3;

/// No message explains more of the certificates that came along.
const MAX_ALONG: usize = 1;
/// What servers call themselves that take no certificates.
const WITHOUT_CERTIFICATES: [&str; 3] = ["mod_sftp", "dropbear", "tinyssh"];

/// What has been tried so far.
pub(crate) struct Refusals<'a> {
    login: &'a Login,
    server_version: String,
    skipped: Vec<Skipped>,
    refused: Vec<Attempt>,
    accepted: Vec<Attempt>,
    unable: Vec<(Attempt, Error)>,
}

impl<'a> Refusals<'a> {
    pub(crate) fn new(login: &'a Login, skipped: Vec<Skipped>, server_version: Option<&str>) -> Self {
        Self {
            login,
            server_version: server_version.unwrap_or_default().to_owned(),
            skipped,
            refused: Vec::new(),
            accepted: Vec::new(),
            unable: Vec::new(),
        }
    }

    pub(crate) fn refused(&mut self, attempt: Attempt) {
        self.refused.push(attempt);
    }

    /// Says which configured certificates were of no use, once something else has let the user in.
    pub(crate) fn warn_of_skipped(&self) {
        for skipped in self.skipped.iter().filter(|it| !it.came_along) {
            log::warn!("{}", skipped.error);
        }
    }

    pub(crate) fn has_refused(&self) -> bool {
        !self.refused.is_empty()
    }

    pub(crate) fn accepted_in_part(&mut self, attempt: Attempt) {
        self.accepted.push(attempt);
    }

    /// Everything that was accepted, `last` the last.
    pub(crate) fn into_accepted(mut self, last: Attempt) -> Vec<Attempt> {
        self.accepted.push(last);
        self.accepted
    }

    pub(crate) fn unable(&mut self, attempt: Attempt, error: Error) {
        self.unable.push((attempt, error));
    }

    /// The message. `offered` are the methods the server asked for last, `waiting` what was never tried for want of
    /// its method, `is_lost` whether the server hung up.
    pub(crate) fn explain(&self, offered: &[String], waiting: &[Attempt], is_lost: bool) -> Error {
        let mut kind = Kind::LoginRefused;
        let mut lines = Vec::new();
        for skipped in self.skipped_to_explain() {
            if skipped.error.kind() == Kind::CertificateUnusable {
                kind = Kind::CertificateUnusable;
            }
            lines.extend(skipped.error.to_string().lines().map(str::to_owned));
        }
        for attempt in &self.refused {
            let Some(certificate) = attempt.certificate() else { continue };
            let faults = judge(certificate, Some(&self.login.user), attempt.key(), Timestamp::now());
            if faults.iter().any(|fault| fault.severity() > Severity::Note) {
                kind = Kind::CertificateUnusable;
            }
            lines.extend(self.explain_certificate(attempt, certificate, &faults));
        }
        for (attempt, error) in &self.unable {
            lines.push(format!("{attempt}: {}", error.to_string().replace('\n', "; ")));
        }
        lines.extend(self.explain_others(lines.is_empty()));
        lines.extend(self.explain_methods(offered, waiting));
        lines.extend(self.explain_rsa(kind).map(str::to_owned));
        if is_lost {
            lines.truncate(MAX_LINES.saturating_sub(1));
            lines.push(
                "the server hung up after that: it bounds the attempts of a connection (MaxAuthTries)".into(),
            );
        }
        self.message(kind, lines)
    }

    /// What nobody named is worth a word only where no certificate was there to be tried.
    fn skipped_to_explain(&self) -> impl Iterator<Item = &Skipped> {
        let has_tried = self.refused.iter().any(|attempt| attempt.certificate().is_some());
        let along = self.skipped.iter().filter(|it| it.came_along).take(MAX_ALONG);
        self.skipped.iter().filter(|it| !it.came_along).chain(along.filter(move |_| !has_tried))
    }

    fn message(&self, kind: Kind, lines: Vec<String>) -> Error {
        let mut lines = lines.into_iter().take(MAX_LINES);
        let reason = lines.next().unwrap_or_else(|| "the server refused".into());
        let error =
            Error::new(kind, "log in to", reason).on(format!("{}@{}", self.login.user, self.login.server));
        let advice = lines.collect::<Vec<_>>().join("\n");
        if advice.is_empty() { error } else { error.advice(advice) }
    }

    fn explain_certificate(
        &self,
        attempt: &Attempt,
        certificate: &Certificate,
        faults: &[Fault],
    ) -> Vec<String> {
        let mut lines = vec![format!("the server refused {attempt}")];
        for fault in faults {
            let because = if fault.severity() == Severity::Note { "perhaps because" } else { "because" };
            let advice = fault.advice(certificate, Some(&self.login.user));
            lines.push(format!("{because} {fault}; {advice}"));
        }
        let server = escape(self.server_version.as_bytes());
        if WITHOUT_CERTIFICATES.iter().any(|name| server.contains(name)) {
            lines.push(format!(
                "the server is {server}, which knows no certificates: have the key itself authorized there"
            ));
            return lines;
        }
        if !faults.iter().any(|fault| fault.severity() > Severity::Note) {
            lines.push(format!(
                "compare its CA {} ({}) with TrustedUserCAKeys or a cert-authority line of the server, whose log also tells \
                 if the certificate is revoked",
                certificate.ca_key.fingerprint(),
                certificate.ca_key.key_type()
            ));
        }
        if !server.is_empty() && !server.contains("OpenSSH") {
            lines.push(format!("the server is {server}; not every server but OpenSSH knows certificates"));
        }
        lines
    }

    /// One line for all refused plain keys and passwords, and what to do if there is no certificate to mend.
    fn explain_others(&self, with_advice: bool) -> Vec<String> {
        let others: Vec<_> = self.refused.iter().filter(|it| it.certificate().is_none()).collect();
        if others.is_empty() {
            return Vec::new();
        }
        let mut names: Vec<_> = others.iter().take(MAX_NAMES).map(|attempt| describe(attempt)).collect();
        let more = others.len().saturating_sub(MAX_NAMES);
        if more > 0 {
            names.push(format!("and {more} more"));
        }
        let mut lines = vec![format!("the server refused {}", names.join(", "))];
        let with_key = others.iter().any(|attempt| attempt.key().is_some());
        if with_advice && with_key {
            let user = escape(self.login.user.as_bytes());
            lines.push(format!(
                "have a key added to authorized_keys of {user} (ssh-copy-id), or name the right one"
            ));
        } else if with_advice && self.login.pass.is_some() {
            lines.push("check user and pass; pass must be written by `sclone obscure`".into());
        }
        lines
    }

    /// Why a server may refuse RSA that is right in all other ways.
    fn explain_rsa(&self, kind: Kind) -> Option<&'static str> {
        let is_rsa = |attempt: &Attempt| attempt.key().is_some_and(|key| key.key_type() == "ssh-rsa");
        let is_open = kind == Kind::LoginRefused && self.refused.iter().any(is_rsa);
        is_open.then_some(
            "a server that takes RSA with SHA-1 (ssh-rsa) alone refuses it: use an Ed25519 key, or set ssh = ssh -o \
             PubkeyAcceptedAlgorithms=+ssh-rsa USER@HOST",
        )
    }

    fn explain_methods(&self, offered: &[String], waiting: &[Attempt]) -> Option<String> {
        let methods = escape(offered.join(", ").as_bytes()).into_owned();
        if let Some(accepted) = self.accepted.last() {
            return Some(format!("the server accepted {accepted}, but then also wants one of [{methods}]"));
        }
        if self.refused.is_empty() && self.unable.is_empty() {
            let names: Vec<_> = waiting.iter().map(Attempt::to_string).collect();
            return Some(format!(
                "the server offers only [{methods}], but configured is: {}",
                names.join(", ")
            ));
        }
        None
    }
}

fn describe(attempt: &Attempt) -> String {
    match attempt.key() {
        Some(key) => format!("{attempt} ({})", key.fingerprint()),
        None => attempt.to_string(),
    }
}
