//! `sclone trust`

use std::ffi::OsString;

use crate::cli::config_store;
use crate::cli::context::Ctx;
use crate::cli::open;
use crate::cli::pinning;
use crate::error::{Error, Kind, Result};
use crate::ssh::host_key::check::named;
use crate::ssh::host_key::survey::{Finding, Survey};

/// Show the host keys of a server, and record them
///
/// Example: `sclone trust web1:`
///
/// Asks the server for its keys of every type and its certificates, says what is recorded of them, and records the
/// rest after a yes. Compare the fingerprints with those the server's administrator gives you. A key that differs from
/// the recorded one is recorded only with --replace. Nobody is logged in. Keys are recorded in the known hosts file of
/// the remote, or in its `host_keys` where it pins them.
///
/// Exit codes: 0 every key is recorded (or shown, with --show), 2 wrong usage, 22 not recorded, 23 no connection.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The server: remote:
    #[arg(value_name = "REMOTE:")]
    pub remote: OsString,
    /// Record without asking
    #[arg(long, conflicts_with = "show")]
    pub yes: bool,
    /// Show only, record nothing
    #[arg(long, conflicts_with = "replace")]
    pub show: bool,
    /// Take out recorded keys that the server no longer shows in their place
    #[arg(long)]
    pub replace: bool,
}

/// Shows the keys and records them.
///
/// # Errors
/// The server cannot be reached, a key has changed or is revoked, nobody said yes, or a file cannot be written.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let factory = open::factory(ctx, &args.remote)?;
    let survey = factory.survey()?;
    show(ctx, &survey)?;
    if args.show {
        return Ok(());
    }
    ctx.stdout.flush()?;
    refuse(&survey, args.replace)?;
    let count = survey.unrecorded().count();
    if count == 0 {
        return Ok(());
    }
    let file = if survey.is_pinned {
        format!("host_keys of {}", factory.name())
    } else {
        survey.file()?.display().to_string()
    };
    if ctx.settings.dry_run {
        log::warn!("Skipped recording {count} host keys in {file} as --dry-run is set");
        return Ok(());
    }
    if !args.yes {
        confirm(ctx, &survey, &format!("Record {count} of these keys in {file}? (yes/no) "))?;
    }
    record(ctx, &survey, factory.name())?;
    log::warn!("Recorded {count} host keys of {} in {file}", survey.host.exact());
    Ok(())
}

fn record(ctx: &Ctx, survey: &Survey, name: &str) -> Result<()> {
    if !survey.is_pinned {
        return survey.record();
    }
    let (new, outdated): (Vec<_>, Vec<_>) =
        (survey.unrecorded().collect(), survey.outdated().map(|record| &record.key).collect());
    pinning::replace(&mut config_store::open(ctx)?, name, &new, &outdated)
}

fn show(ctx: &Ctx, survey: &Survey) -> Result<()> {
    for (key, finding) in &survey.keys {
        let state = match finding {
            Finding::Recorded(record) => format!("recorded in {}", record.place),
            Finding::Revoked(record) => format!("REVOKED by {}", record.place),
            Finding::New => "new".to_owned(),
            Finding::Changed(old) => {
                let old: Vec<_> =
                    old.iter().map(|record| format!("{} has {}", record.place, named(&record.key))).collect();
                format!("CHANGED: {}", old.join(", "))
            }
        };
        ctx.stdout.line(format!("{} {} bits, {state}", named(key), key.bits()))?;
    }
    survey.certificates.iter().try_for_each(|certificate| ctx.stdout.line(certificate))
}

/// What no yes can make right.
fn refuse(survey: &Survey, replace: bool) -> Result<()> {
    let refused = |reason: &'static str| Error::new(Kind::HostKey, "trust", reason).on(survey.host.exact());
    if survey.keys.iter().any(|(_, finding)| matches!(finding, Finding::Revoked(_))) {
        return Err(refused("a key it shows is revoked"));
    }
    if survey.is_changed() && !replace {
        return Err(refused("its keys differ from the recorded ones").advice(
            "someone may be listening in between, or the server was set up anew: ask who runs it for the \
             fingerprints\nif they are right, --replace takes out the recorded keys",
        ));
    }
    Ok(())
}

fn confirm(ctx: &Ctx, survey: &Survey, question: &str) -> Result<()> {
    let art: Vec<_> = survey
        .unrecorded()
        .map(|key| {
            format!(
                "{}
{}
",
                named(key),
                key.randomart().trim_end()
            )
        })
        .collect();
    let refused = |reason: &'static str| Error::new(Kind::HostKey, "trust", reason).on(survey.host.exact());
    match ctx.questions.confirm(&format!("{}{question}", art.concat()))? {
        Some(true) => Ok(()),
        Some(false) => Err(refused("nothing was recorded")),
        None => Err(refused("there is nobody to ask").advice("--yes records without asking")),
    }
}
