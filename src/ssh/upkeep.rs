//! Keeps the certificate of a remote good: `cert_command` is run when it is due.

use super::deadline::Deadline;
use super::factory::Factory;
use crate::error::{Error, Kind, Result};

impl Factory {
    /// Renews the certificate if `cert_command` is set and it is time, then reads it.
    pub(super) fn after_renewal<T>(&self, read: impl FnOnce() -> Result<T>) -> Result<T> {
        match &self.renewal {
            Some(renewal) => renewal.before_reading(&self.login, &self.renewal_deadline(), read),
            None => read(),
        }
    }

    /// Renews the certificate if that is due. Whether a command is set to do so.
    ///
    /// # Errors
    /// The command failed, and the certificate is of no use any more.
    pub fn renew_if_due(&self) -> Result<bool> {
        self.after_renewal(|| Ok(self.renewal.is_some()))
    }

    /// Runs `cert_command`, whether or not it is time.
    ///
    /// # Errors
    /// The option is not set, the command fails, or it leaves no certificate that lasts.
    pub fn renew(&self) -> Result<()> {
        match &self.renewal {
            Some(renewal) => renewal.now(&self.login, &self.renewal_deadline()),
            None => Err(Error::new(Kind::Config, "renew certificate of", "cert_command is not set")
                .on(&self.name)
                .advice(
                    "set it to the command that writes a new certificate; docs/certificates.md has examples",
                )),
        }
    }

    /// When the certificate that the login has for longest ends, in seconds since 1970; `None` if it does not, if there
    /// is none, or if it is renewed.
    pub fn certificate_end(&self) -> Option<u64> {
        let certificates = self.login.certificates().ok().filter(|_| self.renewal.is_none())?;
        certificates.iter().map(|it| it.certificate.valid_before).max_by_key(|end| end.unwrap_or(u64::MAX))?
    }

    fn renewal_deadline(&self) -> Deadline {
        Deadline::after(self.surroundings.connect_timeout, &self.surroundings.cancel)
    }

    /// Whether a login failed because a certificate that can be renewed has ended while it was under way.
    pub(super) fn has_ended_meanwhile(&self, error: &Error) -> bool {
        error.kind() == Kind::CertificateUnusable
            && self.renewal.as_ref().is_some_and(|renewal| renewal.is_due_again(&self.login))
    }
}
