//! Renews a certificate by the user's own command (`cert_command`), once for each certificate that has to be renewed,
//! however many connections wait for it.
//!
//! Everything that reads keys and certificates for such a remote does so under one lock, so that nobody reads the key
//! before and the certificate after a renewal. The lock and what was tried belong to the process: two remotes, or the
//! two ends of one copy, may share a command.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::certificate::Certificate;
use super::deadline::Deadline;
use super::login::Login;
use super::moment::{local_time, span, unix_seconds};
use super::renewal_command;
use crate::error::{Error, Kind, Result};

/// How a certificate is renewed.
#[derive(Clone, Debug)]
pub struct Renewal {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// How long before its end a certificate is renewed.
    pub before: Duration,
}

/// The last run of a command: for which certificate (its blob; empty if there was none), whether that had ended, and how
/// the run failed.
struct Run {
    certificate: Vec<u8>,
    was_over: bool,
    failure: Option<Error>,
}

impl Run {
    /// Whether it has done, or not done, all that can be expected for this need. What was good for a while yet when
    /// the command was run is worth another run once it has ended.
    fn settles(&self, need: &Need) -> bool {
        self.certificate == need.blob() && (self.was_over || !need.is_over)
    }
}

/// The last run of each command in this process.
fn runs() -> &'static Mutex<HashMap<Vec<String>, Run>> {
    static RUNS: OnceLock<Mutex<HashMap<Vec<String>, Run>>> = OnceLock::new();
    RUNS.get_or_init(Mutex::default)
}

impl Renewal {
    /// Renews the certificate of `login` if it is missing, has ended or is about to, and then calls `read` before
    /// anyone else can renew it.
    ///
    /// # Errors
    /// What `read` returns; [`Kind::CertificateUnusable`] if there is no certificate that still lasts, although the
    /// command was run; [`Kind::Cancelled`].
    pub fn before_reading<T>(
        &self,
        login: &Login,
        deadline: &Deadline,
        read: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let mut runs = runs().lock().unwrap_or_else(PoisonError::into_inner);
        let Some(need) = self.need(login) else { return read() };
        if runs.get(&self.command).is_none_or(|run| !run.settles(&need)) {
            log::info!("renewing the certificate: {}", need.reason);
            let failure = self.run(deadline).err();
            if failure.as_ref().is_some_and(|error| error.kind() == Kind::Cancelled) {
                return Err(Error::cancelled());
            }
            let run = Run { certificate: need.blob().to_vec(), was_over: need.is_over, failure };
            runs.insert(self.command.clone(), run);
            self.settle(&mut runs, login);
        }
        match runs.get(&self.command).and_then(|run| run.failure.as_ref()) {
            Some(failure) if need.is_over => return Err(failure.share()),
            Some(failure) => log::warn!("{failure}"),
            None => {}
        }
        read()
    }

    /// Runs the command whatever the certificate is worth, as a person asks for.
    ///
    /// # Errors
    /// The command fails, or leaves no certificate that lasts.
    pub fn now(&self, login: &Login, deadline: &Deadline) -> Result<()> {
        let _lock = runs().lock().unwrap_or_else(PoisonError::into_inner);
        self.run(deadline)?;
        match self.need(login) {
            Some(need) if need.is_over => Err(self.useless(&need)),
            _ => Ok(()),
        }
    }

    /// Whether there is no certificate any more, and the command has not been run for want of it.
    pub(super) fn is_due_again(&self, login: &Login) -> bool {
        let runs = runs().lock().unwrap_or_else(PoisonError::into_inner);
        let settled = |need: &Need| runs.get(&self.command).is_some_and(|run| run.settles(need));
        self.need(login).is_some_and(|need| need.is_over && !settled(&need))
    }

    fn run(&self, deadline: &Deadline) -> Result<()> {
        renewal_command::run(&self.command, deadline)
    }

    /// Looks at what the command has left. A certificate that lasts no longer than `before` is as good as the CA
    /// makes them, and the command is not run again for it before it has ended.
    fn settle(&self, runs: &mut HashMap<Vec<String>, Run>, login: &Login) {
        let (Some(run), Some(need)) = (runs.get_mut(&self.command), self.need(login)) else { return };
        if run.failure.is_none() {
            run.certificate = need.blob().to_vec();
            run.was_over = need.is_over;
            run.failure = need.is_over.then(|| self.useless(&need));
        }
    }

    fn useless(&self, need: &Need) -> Error {
        let reason = format!("the command ended well, but {}", need.reason);
        Error::new(Kind::CertificateUnusable, "renew certificate with", reason)
            .on(renewal_command::shown(&self.command))
            .advice("it must write the file that pubkey_file names, or KEY-cert.pub beside key_file")
    }

    /// Why the certificate has to be renewed, if it has to.
    fn need(&self, login: &Login) -> Option<Need> {
        let now = unix_seconds(Timestamp::now());
        let latest = held(login).into_iter().max_by_key(|it| it.valid_before.unwrap_or(u64::MAX));
        let Some(certificate) = latest else {
            return Some(Need { certificate: None, reason: "there is no certificate".into(), is_over: true });
        };
        let end = certificate.valid_before?;
        if end <= now {
            let reason = format!("it expired {} ({} ago)", local_time(end), span(now.saturating_sub(end)));
            return Some(Need { certificate: Some(certificate), reason, is_over: true });
        }
        let left = end.saturating_sub(now);
        (left <= self.before.as_secs()).then(|| {
            let reason = format!("it ends {} (in {})", local_time(end), span(left));
            Need { certificate: Some(certificate), reason, is_over: false }
        })
    }
}

/// Why a certificate has to be renewed.
struct Need {
    certificate: Option<Certificate>,
    reason: String,
    /// Whether nobody can log in with it any more.
    is_over: bool,
}

impl Need {
    fn blob(&self) -> &[u8] {
        self.certificate.as_ref().map_or(&[], Certificate::blob)
    }
}

/// The certificates of the login: from files, else from the agent. One that cannot be read is as good as none.
fn held(login: &Login) -> Vec<Certificate> {
    let from_files = login.certificates().unwrap_or_default();
    if from_files.is_empty() {
        return login.agent_certificates().into_iter().filter_map(|it| it.certificate).collect();
    }
    from_files.iter().map(|it| it.certificate.clone()).collect()
}
