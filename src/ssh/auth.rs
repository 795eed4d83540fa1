//! Logs in: makes the attempts that the server offers a method for, until it lets the user in.

use jiff::Timestamp;
use ssh2::{ErrorCode, Session};

use super::attempt::{Attempt, Outcome};
use super::fault::Fault;
use super::judge::judge;
use super::login::{Login, Plan};
use super::refusal::Refusals;
use super::userauth::{self, Blocking};
use crate::error::{Error, Kind, Result};
use crate::path::escape;
use crate::questions::Questions;

/// The codes of libssh2 that mean more than "refused".
mod code {
    pub(super) const SOCKET_SEND: i32 = -7;
    pub(super) const TIMEOUT: i32 = -9;
    pub(super) const SOCKET_DISCONNECT: i32 = -13;
    pub(super) const AUTHENTICATION_FAILED: i32 = -18;
    pub(super) const SOCKET_RECV: i32 = -43;
}

/// Logs in on a session whose handshake is done and whose host key is accepted. The session's timeout bounds every
/// wait for the server.
///
/// # Errors
/// [`Kind::LoginRefused`] or, where a certificate is known to be at fault, [`Kind::CertificateUnusable`], with every
/// reason that can be known; [`Kind::ConnectionLost`] or [`Kind::TimedOut`] if the server is gone.
pub fn log_in(session: &Session, login: &Login, plan: Plan, questions: &dyn Questions) -> Result<()> {
    let offered = offered(session, login)?;
    prove(session, login, plan, offered, questions).map(|_| ())
}

/// The methods by which the server lets this user in; none if it wants no proof. What it has to say first is logged.
///
/// # Errors
/// [`Kind::ConnectionLost`] or [`Kind::TimedOut`] if the server is gone.
pub(super) fn offered(session: &Session, login: &Login) -> Result<Vec<String>> {
    let _blocking = Blocking::new(session);
    let offered = methods(session, login)?;
    log_banner(session);
    Ok(offered)
}

/// Makes the attempts that fit the `offered` methods, and returns those the server accepted: the last one, and those
/// that were not enough for it.
///
/// # Errors
/// As [`log_in`].
pub(super) fn prove(
    session: &Session,
    login: &Login,
    plan: Plan,
    mut offered: Vec<String>,
    questions: &dyn Questions,
) -> Result<Vec<Attempt>> {
    let _blocking = Blocking::new(session);
    if session.authenticated() {
        log::debug!("login: {} is let in without any proof", login.user);
        return Ok(Vec::new());
    }
    let mut waiting = plan.attempts;
    let mut refusals = Refusals::new(login, plan.skipped, session.banner());
    while let Some(index) =
        waiting.iter().position(|attempt| offered.iter().any(|name| name == attempt.method()))
    {
        let attempt = waiting.remove(index);
        log::debug!("login: trying {attempt}");
        let answer = match attempt.run(session, login, questions) {
            Outcome::Answered(Ok(())) => {
                log::debug!("login: the server accepted {attempt}");
                warn_of_forced_command(&attempt, login);
                refusals.warn_of_skipped();
                return Ok(refusals.into_accepted(attempt));
            }
            Outcome::Answered(Err(error)) => error,
            Outcome::Unable(error) => {
                log::debug!("login: {error}");
                refusals.unable(attempt, error);
                continue;
            }
        };
        log::debug!("login: the server refused {attempt}: {answer}");
        if is_plain_refusal(&attempt, &answer) {
            refusals.refused(attempt);
            continue;
        }
        match methods(session, login) {
            // A server that refuses a key for its user may have nothing else to offer.
            Ok(now_offered) if now_offered != offered && !now_offered.is_empty() => {
                log::debug!("login: that was not all, the server also wants one of {now_offered:?}");
                refusals.accepted_in_part(attempt);
                offered = now_offered;
            }
            Ok(_) => {
                attempt.forget_answer(login);
                refusals.refused(attempt);
            }
            // A key on its own is no reason to hang up without a word, so the network is at fault; a wrong password may
            // lock an account and must not be sent again.
            Err(error)
                if error.kind() == Kind::ConnectionLost
                    && (refusals.has_refused() || attempt.method() != "publickey" || is_farewell(&error)) =>
            {
                attempt.forget_answer(login);
                refusals.refused(attempt);
                return Err(refusals.explain(&offered, &waiting, true));
            }
            Err(error) => return Err(error),
        }
    }
    Err(refusals.explain(&offered, &waiting, false))
}

/// A public key that was refused before it signed is refused and nothing else. Every other failure may also be one
/// step of several that the server wants, or the end of the connection, and libssh2 does not tell which.
fn is_plain_refusal(attempt: &Attempt, error: &ssh2::Error) -> bool {
    attempt.method() == "publickey" && error.code() == ErrorCode::Session(code::AUTHENTICATION_FAILED)
}

/// Whether the server took its leave (`SSH_MSG_DISCONNECT`, RFC 4253 section 11.1): of a connection that just ends
/// libssh2 says that it cannot read from it.
fn is_farewell(error: &Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<ssh2::Error>());
    cause.is_some_and(|cause| cause.code() == ErrorCode::Session(code::SOCKET_DISCONNECT))
}

/// A certificate that forces another command logs in and then transfers nothing, without a word from the server.
fn warn_of_forced_command(attempt: &Attempt, login: &Login) {
    if let Some((fault, advice)) = forced(attempt, login) {
        log::warn!("{attempt}: {fault}; {advice}");
    }
}

/// Why no SFTP server may answer whoever logged in by this attempt: its certificate forces another command.
pub(super) fn forced_command(attempt: &Attempt, login: &Login) -> Option<Error> {
    let (fault, advice) = forced(attempt, login)?;
    let error = Error::new(Kind::CertificateUnusable, "start SFTP with", fault.to_string());
    Some(error.on(attempt.to_string()).advice(advice))
}

fn forced(attempt: &Attempt, login: &Login) -> Option<(Fault, String)> {
    let certificate = attempt.certificate()?;
    let mut faults = judge(certificate, Some(&login.user), None, Timestamp::now()).into_iter();
    let fault = faults.find(|fault| matches!(fault, Fault::ForceCommand(_)))?;
    let advice = fault.advice(certificate, Some(&login.user));
    Some((fault, advice))
}

fn methods(session: &Session, login: &Login) -> Result<Vec<String>> {
    let methods = userauth::methods(session, &login.user).map_err(|error| connection_error(login, error))?;
    log::debug!("login: the server offers {methods:?}");
    Ok(methods)
}

fn connection_error(login: &Login, error: ssh2::Error) -> Error {
    let (kind, reason) = match error.code() {
        ErrorCode::Session(code::TIMEOUT) => (Kind::TimedOut, "the server did not answer in time".into()),
        ErrorCode::Session(code::SOCKET_SEND | code::SOCKET_DISCONNECT | code::SOCKET_RECV) => {
            (Kind::ConnectionLost, "the server closed the connection".into())
        }
        _ => (Kind::Protocol, escape(error.message().as_bytes()).into_owned()),
    };
    Error::new(kind, "log in to", reason).on(format!("{}@{}", login.user, login.server)).caused_by(error)
}

fn log_banner(session: &Session) {
    let banner = userauth::banner(session).unwrap_or_default();
    for line in banner.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        log::info!("the server says: {}", escape(line.trim_ascii_end()));
    }
}
