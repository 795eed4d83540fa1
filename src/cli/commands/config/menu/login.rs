//! How to log in: by certificate, key, agent or password.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::agent_keys;
use super::draft::Draft;
use super::interview::ask_password;
use super::talk::Talk;
use crate::config::expand::expand_path;
use crate::config::option_table::OptionSpec;
use crate::error::Result;
use crate::ssh::key_search::{FoundCertificate, FoundKey, FoundKeys};

/// The options that are asked for here.
pub(super) const ASKED: [&str; 8] = [
    "pass",
    "key_pem",
    "key_file",
    "key_file_pass",
    "pubkey",
    "pubkey_file",
    "key_use_agent",
    "ask_password",
];

const WAYS: [(&str, &str); 5] = [
    ("certificate", "A certificate that an authority signed, and its private key"),
    ("key", "A private key"),
    ("agent", "The keys of ssh-agent"),
    ("password", "A password"),
    (AS_SSH, "As ssh does, with the keys, certificates and agent of its host"),
];

/// The way that needs no option: what the configuration of `ssh` says.
const AS_SSH: &str = "ssh";

/// Asks for the way, then for what it needs. Options of the other ways are removed.
pub(super) fn ask(talk: Talk<'_>, draft: &mut Draft) -> Result<()> {
    let folder = talk.ctx.settings.environment.home().map(|home| home.join(".ssh")).unwrap_or_default();
    let found = FoundKeys::in_folder(&folder);
    let is_ssh_host = draft.ssh_host(&talk.ctx.settings.environment).is_some();
    let default = usual_way(draft, &found, is_ssh_host);
    talk.say(&format!(
        "\nHow do you log in?\nChoose a number from below. Press Enter for the default ({default})."
    ))?;
    let possible = WAYS.iter().filter(|(way, _)| *way != AS_SSH || is_ssh_host);
    let ways: Vec<_> = possible.map(|(way, meaning)| ((*way).to_owned(), (*meaning).to_owned())).collect();
    let way = loop {
        let way = talk.pick("login", &ways, default)?;
        if ways.iter().any(|(known, _)| *known == way) {
            break way;
        }
        talk.say("Type a number, or one of the words in brackets.")?;
    };
    let before = draft.clone();
    for option in ASKED {
        draft.set(option, "");
    }
    match way.as_str() {
        "certificate" => by_certificate(talk, draft, &before, found),
        "key" => by_key(talk, draft, &before, found),
        "agent" => {
            draft.set("key_use_agent", "true");
            agent_keys::say(talk, &user(talk, draft))
        }
        AS_SSH => Ok(()),
        _ => by_password(talk, draft, &before),
    }
}

fn usual_way(draft: &Draft, found: &FoundKeys, is_ssh_host: bool) -> &'static str {
    let has = |option| draft.get(option).is_some();
    let is_new = !ASKED.iter().any(|option| has(option));
    if is_new && is_ssh_host {
        AS_SSH
    } else if has("pubkey_file") || has("pubkey") || is_new && !found.certificates.is_empty() {
        "certificate"
    } else if has("key_file") || has("key_pem") || is_new && !found.keys.is_empty() {
        "key"
    } else if has("pass") || has("ask_password") {
        "password"
    } else {
        "agent"
    }
}

fn by_certificate(talk: Talk<'_>, draft: &mut Draft, before: &Draft, mut found: FoundKeys) -> Result<()> {
    let (user, now) = (user(talk, draft), Timestamp::now());
    talk.say(
        "\nOption pubkey_file.\nFile with the certificate. Choose a number from below, or type a path (Tab completes it).",
    )?;
    let line = |it: &FoundCertificate| (shown(talk, &it.path), it.verdict(&user, now));
    let choices: Vec<_> = found.certificates.iter().map(line).collect();
    let valid =
        found.certificates.iter().find(|it| it.is_valid_for(&user, now)).map(|it| shown(talk, &it.path));
    let default = before.get("pubkey_file").map(str::to_owned).or(valid).unwrap_or_default();
    let certificate = loop {
        let answer = ask_path(talk, "pubkey_file", &choices, &default)?;
        let path = expanded(talk, &answer);
        if found.certificates.iter().all(|it| it.path != path) {
            found.add(&path);
        }
        match found.certificates.iter().find(|it| it.path == path) {
            Some(certificate) => {
                talk.say(&format!("{answer}: {}", certificate.verdict(&user, now)))?;
                draft.set("pubkey_file", &answer);
                break certificate.clone();
            }
            None => talk.say(&format!("{answer} holds no user certificate."))?,
        }
    };
    let key = found.key_of(&certificate).map(|key| shown(talk, &key.path));
    choose_key(talk, draft, before, &mut found, key.as_deref())
}

fn by_key(talk: Talk<'_>, draft: &mut Draft, before: &Draft, mut found: FoundKeys) -> Result<()> {
    choose_key(talk, draft, before, &mut found, None)?;
    let chosen = draft.get("key_file").map(|key| expanded(talk, key));
    let key = chosen.and_then(|path| found.keys.iter().find(|key| key.path == path));
    let Some(certificate) = key.and_then(|key| found.certificate_of(key)) else { return Ok(()) };
    let path = shown(talk, &certificate.path);
    let verdict = certificate.verdict(&user(talk, draft), Timestamp::now());
    if talk.agrees(
        &format!("\nThere is a certificate for this key:\n{path}: {verdict}\nLog in with it?"),
        true,
    )? {
        draft.set("pubkey_file", &path);
    }
    Ok(())
}

/// Asks for the private key; `made_for` is the one that is known to belong to the certificate.
fn choose_key(
    talk: Talk<'_>,
    draft: &mut Draft,
    before: &Draft,
    found: &mut FoundKeys,
    made_for: Option<&str>,
) -> Result<()> {
    talk.say("\nOption key_file.\nFile with the private key. Choose a number from below, or type a path (Tab completes it).")?;
    let secrecy =
        |key: &FoundKey| if key.is_encrypted { "with a passphrase" } else { "without a passphrase" };
    let choices: Vec<_> =
        found.keys.iter().map(|key| (shown(talk, &key.path), secrecy(key).to_owned())).collect();
    let first = choices.first().map(|(path, _)| path.as_str());
    let default = made_for.or(before.get("key_file")).or(first).unwrap_or_default();
    loop {
        let answer = ask_path(talk, "key_file", &choices, default)?;
        let path = expanded(talk, &answer);
        if found.keys.iter().all(|key| key.path != path) {
            found.add(&path);
        }
        let Some(key) = found.keys.iter().find(|key| key.path == path) else {
            talk.say(&format!("{answer} holds no private key."))?;
            continue;
        };
        draft.set("key_file", &answer);
        if key.is_encrypted {
            draft.set("key_file_pass", before.get("key_file_pass").unwrap_or_default());
            talk.say("\nOption key_file_pass.\nPassphrase of the private key; it is asked for each time if it is left out.")?;
            return OptionSpec::find("key_file_pass")
                .map_or(Ok(()), |option| ask_password(talk, draft, option));
        }
        return Ok(());
    }
}

fn by_password(talk: Talk<'_>, draft: &mut Draft, before: &Draft) -> Result<()> {
    draft.set("pass", before.get("pass").unwrap_or_default());
    talk.say("\nOption pass.\nPassword; it is asked for each time if it is left out.")?;
    if let Some(option) = OptionSpec::find("pass") {
        ask_password(talk, draft, option)?;
    }
    if draft.get("pass").is_none() {
        draft.set("ask_password", "true");
    }
    Ok(())
}

fn ask_path(talk: Talk<'_>, prompt: &str, choices: &[(String, String)], default: &str) -> Result<String> {
    if !default.is_empty() {
        talk.say(&format!("Press Enter for the default ({default})."))?;
    }
    loop {
        let answer = talk.pick_path(prompt, choices, default)?;
        if !answer.is_empty() {
            return Ok(answer);
        }
        talk.say("This value is required and it has no default.")?;
    }
}

fn user(talk: Talk<'_>, draft: &Draft) -> String {
    let environment = &talk.ctx.settings.environment;
    let of_ssh = || draft.ssh_host(environment)?.remove("user");
    let own = || environment.user().map(str::to_owned);
    draft.get("user").map(str::to_owned).or_else(of_ssh).or_else(own).unwrap_or_default()
}

fn expanded(talk: Talk<'_>, path: &str) -> PathBuf {
    expand_path(path, &talk.ctx.settings.environment)
}

/// The path as it is written to the file: below the home folder with `~`.
fn shown(talk: Talk<'_>, path: &Path) -> String {
    let below = talk.ctx.settings.environment.home().and_then(|home| path.strip_prefix(home).ok());
    below.map_or_else(|| path.display().to_string(), |below| format!("~/{}", below.display()))
}
