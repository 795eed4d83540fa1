//! The questions about one remote, in the order a person thinks.

use super::draft::Draft;
use super::login;
use super::talk::Talk;
use crate::config::obscure::obscure;
use crate::config::option_table::{OptionKind, OptionSpec};
use crate::config::remote_type::RemoteType;
use crate::error::Result;

/// What is asked of an sftp remote before it is asked how to log in.
const WHERE: [&str; 3] = ["host", "user", "port"];

/// Asks everything, what a remote has so far being the default.
pub(super) fn ask(talk: Talk<'_>, draft: &mut Draft, remote_type: &RemoteType) -> Result<()> {
    let is_sftp = remote_type.name == "sftp";
    let first = |option: &&OptionSpec| if is_sftp { WHERE.contains(&option.name) } else { !option.advanced };
    remote_type.options.iter().filter(first).try_for_each(|option| ask_option(talk, draft, option))?;
    if is_sftp {
        login::ask(talk, draft)?;
    }
    talk.say("")?;
    if !talk.agrees("Edit advanced config?", false)? {
        return Ok(());
    }
    let rest = |option: &&OptionSpec| !(first(option) || is_sftp && login::ASKED.contains(&option.name));
    remote_type.options.iter().filter(rest).try_for_each(|option| ask_option(talk, draft, option))
}

/// Asks for one option until the answer is a value it takes.
fn ask_option(talk: Talk<'_>, draft: &mut Draft, option: &OptionSpec) -> Result<()> {
    talk.say(&format!("\nOption {}.\n{}.", option.name, option.help))?;
    if option.is_password() {
        return ask_password(talk, draft, option);
    }
    let fallback = fallback(talk, draft, option);
    let current = draft.get(option.name).unwrap_or(&fallback).to_owned();
    let kind = match option.kind {
        OptionKind::Bool => "a boolean value (true or false)".to_owned(),
        OptionKind::Integer => "a whole number".to_owned(),
        OptionKind::Size => "a size".to_owned(),
        OptionKind::Duration => "a duration".to_owned(),
        OptionKind::Choice(words) => format!("one of {}", words.join(", ")),
        _ => "a value".to_owned(),
    };
    let otherwise = match current.as_str() {
        "" if option.required => String::new(),
        "" => " Press Enter to leave empty.".to_owned(),
        current => format!(" Press Enter for the default ({current})."),
    };
    talk.say(&format!("Enter {kind}.{otherwise}"))?;
    loop {
        let answer = talk.line(option.name)?;
        let value = if answer.is_empty() { current.as_str() } else { &answer };
        if value.is_empty() && option.required {
            talk.say("This value is required and it has no default.")?;
            continue;
        }
        match option.check(value) {
            Err(accepted) if !value.is_empty() => {
                talk.say(&format!("Failed to parse \"{value}\": it is not {accepted}"))?;
            }
            _ => {
                let says_nothing =
                    value == fallback || fallback == option.default && option.is_default(value);
                draft.set(option.name, if says_nothing { "" } else { value });
                return Ok(());
            }
        }
    }
}

/// What counts where the remote says nothing: what its `Host` of `ssh` says, the name of the user, or the default.
fn fallback(talk: Talk<'_>, draft: &Draft, option: &OptionSpec) -> String {
    let of_ssh = draft.ssh_host(&talk.ctx.settings.environment).unwrap_or_default();
    match (of_ssh.get(option.name), option.name) {
        (Some(value), "user" | "port") => value.clone(),
        (_, "user") => talk.ctx.settings.environment.user().unwrap_or_default().to_owned(),
        _ => option.default.to_owned(),
    }
}

/// Asks whether a password is to be kept, typed or left out.
pub(super) fn ask_password(talk: Talk<'_>, draft: &mut Draft, option: &OptionSpec) -> Result<()> {
    let typed = ('y', "Yes, type in my own password");
    let blank = ('n', "No, leave this optional password blank");
    let choice = if draft.get(option.name).is_some() {
        talk.letter(&[('k', "Keep the password there is"), typed, blank], Some('k'))?
    } else {
        talk.letter(&[typed, blank], Some('n'))?
    };
    match choice {
        'y' => draft.set(option.name, &obscure(&talk.new_secret()?)?),
        'n' => draft.set(option.name, ""),
        _ => {}
    }
    Ok(())
}
