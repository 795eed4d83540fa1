//! The certificates that an argument names, with what is known of whoever is to log in with them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use jiff::Timestamp;

use crate::cli::context::Ctx;
use crate::cli::open;
use crate::config::remote::Argument;
use crate::error::{Error, Kind, Result};
use crate::ssh::certificate::Certificate;
use crate::ssh::certificate_source::{OfferedCertificate, in_or_beside};
use crate::ssh::fault::Fault;
use crate::ssh::judge::{Status, judge};
use crate::ssh::login::Login;
use crate::ssh::public_key::PublicKey;

/// One certificate.
pub(in crate::cli::commands) struct Subject {
    /// The file, option or agent that holds it.
    pub(in crate::cli::commands) source: String,
    /// The certificate.
    pub(in crate::cli::commands) certificate: Certificate,
    user: Option<String>,
    key: Option<PublicKey>,
}

impl Subject {
    /// Everything known to be wrong with it now, the gravest first.
    pub(in crate::cli::commands) fn faults(&self) -> Vec<Fault> {
        judge(&self.certificate, self.user.as_deref(), self.key.as_ref(), Timestamp::now())
    }

    /// Its state in one word.
    pub(in crate::cli::commands) fn status(&self) -> Status {
        Status::of(&self.faults())
    }

    /// What to do about a fault.
    pub(in crate::cli::commands) fn advice(&self, fault: &Fault) -> String {
        fault.advice(&self.certificate, self.user.as_deref())
    }

    fn of_file(offered: OfferedCertificate) -> Self {
        let source = offered.source.to_string();
        Self { source, certificate: offered.certificate, user: None, key: None }
    }
}

/// The certificates of a file (or beside it), or those a remote logs in with: from its files, else from the agent.
///
/// # Errors
/// [`Kind::CertificateUnusable`] if there is none, or it cannot be read.
pub(in crate::cli::commands) fn find(ctx: &Ctx, argument: &OsStr) -> Result<Vec<Subject>> {
    match Argument::parse(argument.as_bytes())? {
        Argument::Local { .. } => {
            Ok(in_or_beside(Path::new(argument))?.into_iter().map(Subject::of_file).collect())
        }
        Argument::Remote(_) => {
            let found = of_login(open::factory(ctx, argument)?.login())?;
            if found.is_empty() { Err(none(argument)) } else { Ok(found) }
        }
    }
}

fn none(argument: &OsStr) -> Error {
    let name = argument.as_bytes();
    Error::new(Kind::CertificateUnusable, "find certificate of", "the remote has none")
        .on(name.strip_suffix(b":").unwrap_or(name))
        .advice(
            "set pubkey_file (CertificateFile of ssh), or put the certificate beside the key as KEY-cert.pub",
        )
}

/// The certificates a login has, from its files, else from the agent.
///
/// # Errors
/// [`Kind::CertificateUnusable`]: one that is configured cannot be read.
pub(in crate::cli::commands) fn of_login(login: &Login) -> Result<Vec<Subject>> {
    let subject =
        |source, certificate, key| Subject { source, certificate, user: Some(login.user.clone()), key };
    let key = login.public_key();
    let from_files = login.certificates()?;
    let mut found: Vec<_> = from_files
        .iter()
        .map(|it| subject(it.source.to_string(), it.certificate.clone(), key.clone()))
        .collect();
    if found.is_empty() {
        let held = login.agent_certificates().into_iter();
        found.extend(held.filter_map(|identity| {
            let source = format!("ssh-agent {}", identity.shown());
            Some(subject(source, identity.certificate?, None))
        }));
    }
    Ok(found)
}
