//! A user who can log in as `r:`, and two folders, `here` and `there`, that both sides can reach.

use std::path::{Path, PathBuf};

use super::ca::KeyType;
use super::hostile::Rule;
use super::proxy::{Direction, Fault, Proxy, ProxyBuilder};
use super::sandbox::{Invocation, Outcome};
use super::server::{Server, ServerBuilder};
use super::user::User;

/// What stands before a folder that is on the server.
const REMOTES: [char; 2] = ['@', '%'];

pub(crate) struct Ground {
    pub(crate) user: User,
    pub(crate) server: Server,
    pub(crate) here: PathBuf,
    pub(crate) there: PathBuf,
}

impl Ground {
    /// An honest server.
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// A server that misbehaves by these rules.
    pub(crate) fn with(rules: &[Rule]) -> Self {
        Self::served(|builder| if rules.is_empty() { builder } else { builder.hostile(rules) })
    }

    /// A server made otherwise.
    pub(crate) fn served(serve: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        let user = User::new(KeyType::Ed25519);
        let server = serve(user.server()).start();
        user.remote("r", &server);
        let (here, there) = (user.sandbox.path("here"), user.sandbox.path("there"));
        Self { user, server, here, there }
    }

    /// Puts a fault in the way of the first connection over the remote `p:`, which leads to the same server.
    pub(crate) fn behind(&self, direction: Direction, fault: Fault) -> Proxy {
        self.reached_by(Proxy::to(self.server.port()).fault_on(0, direction, fault))
    }

    /// The same for a proxy of any kind.
    pub(crate) fn reached_by(&self, proxy: ProxyBuilder) -> Proxy {
        let proxy = proxy.start();
        let port = proxy.port().to_string();
        self.user.remote_with("p", &self.server, &[("port", &port), ("host_key_policy", "off")]);
        proxy
    }

    /// The program with a line of arguments. `HERE` and `THERE` stand for the two folders, `@HERE` and `@THERE` for the
    /// same on the server, `%HERE` and `%THERE` for the same over `p:`.
    pub(crate) fn invocation(&self, line: &str) -> Invocation {
        let folders = [("HERE", &self.here), ("THERE", &self.there)];
        let arguments = line.split(' ').map(|argument| {
            let named = folders.iter().find(|(name, _)| {
                argument
                    .trim_start_matches(REMOTES)
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            let Some((name, folder)) = named else { return argument.to_owned() };
            let path = argument.trim_start_matches(REMOTES).replacen(name, &text(folder), 1);
            match argument.chars().next() {
                Some('@') => format!("r:{path}"),
                Some('%') => format!("p:{path}"),
                _ => path,
            }
        });
        self.user.sandbox.sclone(arguments)
    }

    /// Runs it.
    pub(crate) fn sclone(&self, line: &str) -> Outcome {
        self.invocation(line).run()
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
