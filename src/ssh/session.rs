//! A session with a server whose identity is settled, ready for the login.
//!
//! One deadline covers dialling, the greeting and the key exchange. The handshake is driven without blocking, so that a
//! server which says nothing, or one byte a second, is given up in time, and so that Ctrl-C ends it at once. Nothing
//! about the user has been sent when the host key is decided.

use std::time::Duration;

use ssh2::{MethodType, Session};

use super::algorithms::{self, AlgorithmSettings, Offer};
use super::deadline::Deadline;
use super::dial::{Route, Target, dial};
use super::handshake::{Handshake, unexpected};
use super::host_key::{Accepted, HostKeyCheck, HostKeySettings, way};
use super::server_offer;
use super::socket::Socket;
use crate::cancel::Cancel;
use crate::error::{Kind, Result};
use crate::path::escape;
use crate::questions::Questions;

/// How this program names itself to servers.
pub(super) const IDENTIFICATION: &str = concat!("SSH-2.0-sclone_", env!("CARGO_PKG_VERSION"));

/// How long a server that takes no more connections at the moment is asked again: logins of others end within seconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pause before it is asked again; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest of these pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How to connect.
#[derive(Clone, Debug, Default)]
pub struct SessionSettings {
    /// The way to the server.
    pub route: Route,
    /// Who the server must be.
    pub host_keys: HostKeySettings,
    /// What to offer it.
    pub algorithms: AlgorithmSettings,
    /// The bound for everything until the key exchange is done (`contimeout`); zero for none.
    pub connect_timeout: Duration,
    /// The bound for each later call that blocks (`timeout`); zero for none.
    pub timeout: Duration,
}

/// A session that nobody is logged in to yet.
pub struct Connected {
    /// The session, in blocking mode.
    pub session: Session,
    /// Its socket. Shut it down to end every call that waits on the session, and before dropping a session that failed.
    pub socket: Socket,
    /// The server's key, and what is to be pinned once the login has succeeded.
    pub host_key: Accepted,
}

/// Connects to `target`, exchanges keys and decides whether the server is who it should be.
///
/// # Errors
/// [`Kind::Connect`], [`Kind::TimedOut`] or [`Kind::ConnectionLost`] when there is no server to talk to, [`Kind::Busy`] when
/// it takes no more connections for some time,
/// [`Kind::HostKey`] when it is the wrong one, [`Kind::Unsupported`] when it offers no algorithm this program would use,
/// [`Kind::Config`] for settings that make no sense.
pub fn connect(
    target: &Target,
    settings: &SessionSettings,
    questions: &dyn Questions,
    cancel: &Cancel,
) -> Result<Connected> {
    let check = HostKeyCheck::prepare(&settings.host_keys, &target.host, target.port)?;
    let patience = Deadline::after(patience(settings.connect_timeout), cancel);
    let mut pause = FIRST_PAUSE;
    loop {
        let offering = Offering::prepare(target, settings, &check.algorithms())?;
        let (socket, deadline) = reach(target, settings, questions, cancel)?;
        match offering.exchange_keys(socket, &deadline) {
            Err(error) if error.kind() == Kind::Busy && patience.pause(pause)? => {
                log::info!("{}; trying again", error.summary());
                pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
            }
            greeted => return greeted?.decide(&check, questions),
        }
    }
}

/// How long to ask again, never longer than the bound of a connection, which zero leaves open.
fn patience(connect_timeout: Duration) -> Duration {
    if connect_timeout.is_zero() { PATIENCE } else { connect_timeout.min(PATIENCE) }
}

/// The names of the host key algorithms that the server offers, read without exchanging keys.
///
/// # Errors
/// As for [`connect`], but for those about the host key of `target`.
pub fn offered_host_keys(
    target: &Target,
    settings: &SessionSettings,
    questions: &dyn Questions,
    cancel: &Cancel,
) -> Result<Vec<String>> {
    let (socket, deadline) = reach(target, settings, questions, cancel)?;
    let offer =
        server_offer::read(&socket, IDENTIFICATION, &deadline).map_err(|error| error.on(target.address()));
    socket.shut_down();
    Ok(offer?.host_keys)
}

/// The key or certificate that the server proves to hold when asked for one of `algorithms`. Nothing decides about it,
/// and nothing else is said to the server.
///
/// # Errors
/// As for [`connect`], but for those about the host key of `target`.
pub fn shown_host_key(
    target: &Target,
    settings: &SessionSettings,
    algorithms: &[String],
    questions: &dyn Questions,
    cancel: &Cancel,
) -> Result<Vec<u8>> {
    let offering = Offering::prepare(target, settings, algorithms)?;
    let (socket, deadline) = reach(target, settings, questions, cancel)?;
    let greeted = offering.exchange_keys(socket, &deadline)?;
    let shown = greeted.0.host_key();
    greeted.0.socket.shut_down();
    shown
}

/// What will be offered to a server that is not connected yet.
pub(super) struct Offering<'a> {
    target: &'a Target,
    settings: &'a SessionSettings,
    session: Session,
    offer: Offer,
}

impl<'a> Offering<'a> {
    /// Says which algorithms may be used.
    ///
    /// # Errors
    /// [`Kind::Config`]: the settings name an algorithm that is not known.
    pub(super) fn prepare(
        target: &'a Target,
        settings: &'a SessionSettings,
        host_keys: &[String],
    ) -> Result<Self> {
        let session = Session::new().map_err(|error| unexpected(&error).on(target.address()))?;
        session.set_banner(IDENTIFICATION).map_err(|error| unexpected(&error).on(target.address()))?;
        let offer = algorithms::apply(&session, &settings.algorithms, host_keys)?;
        Ok(Self { target, settings, session, offer })
    }

    /// Greets the server at the other end of `socket` and exchanges keys with it.
    ///
    /// # Errors
    /// As for [`connect`], but for those about host keys.
    pub(super) fn exchange_keys(self, socket: Socket, deadline: &Deadline) -> Result<Greeted<'a>> {
        let Self { target, settings, session, offer } = self;
        let mut handshake = Handshake { target, settings, session, socket, offer, greeting: Vec::new() };
        match handshake.run(deadline) {
            Ok(()) => Ok(Greeted(handshake)),
            Err(error) => {
                // Dropping a session whose server no longer answers would wait for it.
                handshake.socket.shut_down();
                Err(error)
            }
        }
    }
}

/// A server that keys were exchanged with, and about whom nothing is decided.
pub struct Greeted<'a>(Handshake<'a>);

impl Greeted<'_> {
    /// The line the server begins with (RFC 4253 section 4.2), safe to show.
    pub fn identification(&self) -> String {
        escape(self.0.heard().split(|&byte| byte == b'\r' || byte == b'\n').next().unwrap_or_default())
            .into_owned()
    }

    /// The names of the key exchange and of the cipher to the server.
    pub fn algorithms(&self) -> Vec<String> {
        let agreed = |kind| self.0.session.methods(kind).map(str::to_owned);
        [MethodType::Kex, MethodType::CryptCs].into_iter().filter_map(agreed).collect()
    }

    /// Decides whether the server is who it should be.
    ///
    /// # Errors
    /// [`Kind::HostKey`]: it is not.
    pub fn decide(self, check: &HostKeyCheck<'_>, questions: &dyn Questions) -> Result<Connected> {
        match self.0.host_key().and_then(|shown| check.decide(&shown, questions)) {
            Ok(host_key) => Ok(self.0.finish(host_key)),
            Err(error) => {
                self.0.socket.shut_down();
                Err(error)
            }
        }
    }
}

/// Dials, within a deadline that does not run while a person is asked about a server on the way.
pub(super) fn reach(
    target: &Target,
    settings: &SessionSettings,
    questions: &dyn Questions,
    cancel: &Cancel,
) -> Result<(Socket, Deadline)> {
    let deadline = Deadline::after(settings.connect_timeout, cancel);
    match (dial(target, &settings.route, &deadline), &settings.route) {
        (Err(error), Route::Jump(jump)) if error.kind() == Kind::HostKey => {
            way::settle(jump, settings, questions, cancel)?;
            let deadline = Deadline::after(settings.connect_timeout, cancel);
            Ok((dial(target, &settings.route, &deadline)?, deadline))
        }
        (socket, _) => Ok((socket?, deadline)),
    }
}
