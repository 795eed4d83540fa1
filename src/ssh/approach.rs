//! The way to a logged-in connection in single steps, for whoever wants to look at each of them.

use std::net::SocketAddr;

use ssh2::Session;

use super::attempt::Attempt;
use super::deadline::Deadline;
use super::dial::tcp::Reached;
use super::dial::{Route, Target, resolve, tcp};
use super::host_key::{HostKeyCheck, HostKeySettings};
use super::login::Plan;
use super::session::{Connected, Greeted, Offering, reach};
use super::socket::Socket;
use super::{Factory, Streams, Surroundings};
use crate::error::Result;

/// One connection in the making. Whoever takes its steps in order does what [`Factory::connect`] does.
pub struct Approach<'a> {
    factory: &'a Factory,
    deadline: Deadline,
}

/// A connection that is logged in.
pub struct Entered {
    pub(super) session: Session,
    pub(super) socket: Socket,
    /// The attempts the server accepted; none if it wanted no proof.
    pub accepted: Vec<Attempt>,
}

impl<'a> Approach<'a> {
    /// Begins now: everything up to the key exchange has the time that a connection has for it.
    pub fn new(factory: &'a Factory) -> Self {
        let surroundings = &factory.surroundings;
        Self { factory, deadline: Deadline::after(surroundings.connect_timeout, &surroundings.cancel) }
    }

    /// The server to reach.
    pub fn target(&self) -> &'a Target {
        &self.factory.target
    }

    /// The way to it.
    pub fn route(&self) -> &'a Route {
        &self.factory.settings.route
    }

    /// Who the server must be.
    pub fn host_keys(&self) -> &'a HostKeySettings {
        &self.factory.settings.host_keys
    }

    /// Looks up the server's name.
    ///
    /// # Errors
    /// It has no address, or nobody says so in time.
    pub fn addresses(&self) -> Result<Vec<SocketAddr>> {
        let target = self.target();
        resolve::addresses(target.bare_host(), target.port, &self.deadline)
            .map_err(|error| error.on(target.address()))
    }

    /// Connects to one of these addresses.
    ///
    /// # Errors
    /// None answers.
    pub fn reach(&self, addresses: &[SocketAddr]) -> Result<Reached> {
        tcp::connect(addresses, &self.deadline).map_err(|error| error.on(self.target().address()))
    }

    /// Connects by the route that the options set.
    ///
    /// # Errors
    /// It leads nowhere.
    pub fn dial(&mut self) -> Result<Socket> {
        let Surroundings { questions, cancel, .. } = &self.factory.surroundings;
        let (socket, deadline) = reach(self.target(), &self.factory.settings, &**questions, cancel)?;
        self.deadline = deadline;
        Ok(socket)
    }

    /// Reads what is recorded about the server.
    ///
    /// # Errors
    /// A `known_hosts` file exists and cannot be read.
    pub fn host_key_check(&self) -> Result<HostKeyCheck<'a>> {
        HostKeyCheck::prepare(&self.factory.settings.host_keys, &self.target().host, self.target().port)
    }

    /// Exchanges keys with the server.
    ///
    /// # Errors
    /// It is no SSH server, has no algorithm in common, or is too slow.
    pub fn exchange_keys(&self, socket: Socket, check: &HostKeyCheck<'_>) -> Result<Greeted<'a>> {
        let offering = Offering::prepare(self.target(), &self.factory.settings, &check.algorithms())
            .inspect_err(|_| socket.shut_down())?;
        offering.exchange_keys(socket, &self.deadline)
    }

    /// Decides whether the server is who it should be, and asks a person where the policy says so.
    ///
    /// # Errors
    /// [`Kind::HostKey`](crate::error::Kind::HostKey): it is not.
    pub fn decide(&self, greeted: Greeted<'_>, check: &HostKeyCheck<'_>) -> Result<Connected> {
        greeted.decide(check, &*self.factory.surroundings.questions)
    }

    /// The methods by which the server lets the user in.
    ///
    /// # Errors
    /// The connection ends.
    pub fn offered_methods(&self, connected: &Connected) -> Result<Vec<String>> {
        self.factory.offered_methods(connected)
    }

    /// Logs in.
    ///
    /// # Errors
    /// The server refuses, with every reason that can be known.
    pub fn log_in(&self, connected: Connected, plan: Plan, offered: Vec<String>) -> Result<Entered> {
        self.factory.enter(connected, plan, offered)
    }

    /// Starts SFTP at the other end.
    ///
    /// # Errors
    /// The server does not offer it.
    pub fn start_sftp(&self, entered: Entered) -> Result<Box<dyn Streams>> {
        self.factory.serve(entered)
    }
}
