//! A user who can log in as `r:`, and two folders, `here` and `there`, that both sides can reach.

use std::path::{Path, PathBuf};

use super::ca::KeyType;
use super::hostile::Rule;
use super::sandbox::{Invocation, Outcome};
use super::server::Server;
use super::user::User;

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
        let user = User::new(KeyType::Ed25519);
        let builder = user.server();
        let server = if rules.is_empty() { builder } else { builder.hostile(rules) }.start();
        user.remote("r", &server);
        let (here, there) = (user.sandbox.path("here"), user.sandbox.path("there"));
        Self { user, server, here, there }
    }

    /// The program with a line of arguments. `HERE` and `THERE` stand for the two folders, `@HERE` and `@THERE` for the
    /// same on the server.
    pub(crate) fn invocation(&self, line: &str) -> Invocation {
        let folders = [("HERE", &self.here), ("THERE", &self.there)];
        let arguments = line.split(' ').map(|argument| {
            let named = folders.iter().find(|(name, _)| {
                argument
                    .trim_start_matches('@')
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            let Some((name, folder)) = named else { return argument.to_owned() };
            let path = argument.trim_start_matches('@').replacen(name, &text(folder), 1);
            if argument.starts_with('@') { format!("r:{path}") } else { path }
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
