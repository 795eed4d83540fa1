//! What the person's ssh-agent holds.

use jiff::Timestamp;

use super::talk::Talk;
use crate::error::Result;
use crate::ssh::agent::{Agent, Identity};
use crate::ssh::key_search::verdict;

/// Lists the keys and certificates of the agent, and says of each certificate what it is worth for `user`.
pub(super) fn say(talk: Talk<'_>, user: &str) -> Result<()> {
    let socket = talk.ctx.settings.environment.os("SSH_AUTH_SOCK").filter(|path| !path.is_empty());
    let Some(socket) = socket else {
        return talk.say("No ssh-agent is known here: SSH_AUTH_SOCK is not set.");
    };
    match Agent::new(socket).identities() {
        Err(error) => talk.say(&error.to_string()),
        Ok(identities) if identities.is_empty() => talk.say("The agent holds no keys (ssh-add adds one)."),
        Ok(identities) => {
            talk.say("The agent holds these; every one is tried:")?;
            identities.iter().try_for_each(|identity| talk.say(&line(identity, user)))
        }
    }
}

fn line(identity: &Identity, user: &str) -> String {
    let Identity { comment, certificate, key, .. } = identity;
    let key = format!("  {} {} {comment}", key.key_type(), key.fingerprint());
    match certificate {
        Some(certificate) => {
            format!("{key}\n    certificate {}", verdict(certificate, user, Timestamp::now()))
        }
        None => key,
    }
}
