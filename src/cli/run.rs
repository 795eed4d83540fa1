//! One run of the program: parse, settle, work, report.

use std::process;
use std::time::Duration;

use clap::ArgMatches;

use super::args::Command;
use super::commands::{
    about, cat, cert, check, checksum, cleanup, complete, completion, config, copy, copyto, delete,
    deletefile, doctor, hashsum, help, listremotes, ls, lsd, lsf, lsjson, lsl, man, md5sum, mkdir,
    move_files, moveto, obscure, purge, rcat, reveal, rmdir, rmdirs, sha1sum, size, sync, touch, tree, trust,
    version,
};
use super::context::Ctx;
use super::defaults::Defaults;
use super::exit_code::ExitCode;
use super::parse::{Parsed, load_settings, parse, report};
use super::settings::Settings;
use super::signals;
use crate::cancel::Cancel;
use crate::config::environment::Environment;
use crate::config::settings::SettingsFile;
use crate::error::{Kind, Result};
use crate::output::logger;

/// How long a run that was stopped waits for other threads to clean up: they notice within a fraction of a second.
const CLEAN_UP: Duration = Duration::from_secs(2);

/// Runs the program with the arguments and the environment of this process.
pub fn main() -> process::ExitCode {
    let environment = Environment::of_process();
    // Fails only where a log file is named.
    logger::configure(&logger::Settings::default()).ok();
    // Help comes before the faults of a file that has nothing to do with it.
    let (settings, fault) = match load_settings(&environment) {
        Ok(settings) => (settings, Ok(())),
        Err(fault) => (SettingsFile::default(), Err(fault)),
    };
    match parse(std::env::args_os(), Defaults { environment: &environment, settings: &settings }) {
        Ok(parsed) => {
            let code = run(&parsed, environment.clone(), fault);
            log::logger().flush();
            code.into()
        }
        Err(error) => report(&error).into(),
    }
}

fn run(parsed: &Parsed, environment: Environment, settings_file: Result<()>) -> ExitCode {
    let name = command_name(&parsed.matches);
    let cancel = Cancel::new();
    let (ctx, received) = match settings_file.and_then(|()| prepare(parsed, environment, &cancel)) {
        Ok(prepared) => prepared,
        Err(error) => {
            log::error!("Failed to {name}: {error}");
            return ExitCode::of(error.kind());
        }
    };
    let done = dispatch(&ctx, &parsed.cli.command);
    if cancel.is_cancelled() {
        cancel.wait_for_clean_up(CLEAN_UP);
    }
    let written = ctx.stdout.flush();
    if let Some(code) = received.exit_code() {
        log::error!("Failed to {name}: stopped by a signal");
        return code;
    }
    conclude(&ctx, &name, done.and(written))
}

/// Settings, log and signals.
fn prepare(parsed: &Parsed, environment: Environment, cancel: &Cancel) -> Result<(Ctx, signals::Received)> {
    let settings = Settings::resolve(parsed, environment)?;
    logger::configure(&settings.log)?;
    log::debug!("sclone v{}", env!("CARGO_PKG_VERSION"));
    for origin in &parsed.origins {
        log::debug!("Setting --{} from {}", origin.flag, origin.place);
    }
    let ctx = Ctx::new(settings, cancel.clone());
    let received = signals::watch(cancel, ctx.bandwidth.clone())?;
    if ctx.settings.dump_filters {
        ctx.stdout.line(ctx.settings.filter.dump())?;
    }
    Ok((ctx, received))
}

fn dispatch(ctx: &Ctx, command: &Command) -> Result<()> {
    match command {
        Command::Ls(args) => ls::run(ctx, args),
        Command::Lsl(args) => lsl::run(ctx, args),
        Command::Lsd(args) => lsd::run(ctx, args),
        Command::Lsf(args) => lsf::run(ctx, args),
        Command::Lsjson(args) => lsjson::run(ctx, args),
        Command::Tree(args) => tree::run(ctx, args),
        Command::Size(args) => size::run(ctx, args),
        Command::About(args) => about::run(ctx, args),
        Command::Cat(args) => cat::run(ctx, args),
        Command::Check(args) => check::run(ctx, args),
        Command::Checksum(args) => checksum::run(ctx, args),
        Command::Md5sum(args) => md5sum::run(ctx, args),
        Command::Sha1sum(args) => sha1sum::run(ctx, args),
        Command::Hashsum(args) => hashsum::run(ctx, args),
        Command::Copy(args) => copy::run(ctx, args),
        Command::Rcat(args) => rcat::run(ctx, args),
        Command::Touch(args) => touch::run(ctx, args),
        Command::Mkdir(args) => mkdir::run(ctx, args),
        Command::Delete(args) => delete::run(ctx, args),
        Command::Deletefile(args) => deletefile::run(ctx, args),
        Command::Purge(args) => purge::run(ctx, args),
        Command::Rmdir(args) => rmdir::run(ctx, args),
        Command::Rmdirs(args) => rmdirs::run(ctx, args),
        Command::Cleanup(args) => cleanup::run(ctx, args),
        Command::Copyto(args) => copyto::run(ctx, args),
        Command::Move(args) => move_files::run(ctx, args),
        Command::Moveto(args) => moveto::run(ctx, args),
        Command::Sync(args) => sync::run(ctx, args),
        Command::Cert(args) => cert::run(ctx, args),
        Command::Doctor(args) => doctor::run(ctx, args),
        Command::Listremotes(args) => listremotes::run(ctx, args),
        Command::Config(args) => config::run(ctx, args),
        Command::Obscure(args) => obscure::run(ctx, args),
        Command::Reveal(args) => reveal::run(ctx, args),
        Command::Trust(args) => trust::run(ctx, args),
        Command::Version(args) => version::run(ctx, args),
        Command::Complete(args) => complete::run(ctx, args),
        Command::Completion(args) => completion::run(ctx, args),
        Command::Help(args) => help::run(ctx, args),
        Command::Man(args) => man::run(ctx, args),
    }
}

/// Says what failed, whether it ended the command or was only counted, and picks the code.
fn conclude(ctx: &Ctx, name: &str, done: Result<()>) -> ExitCode {
    match done {
        // That nobody reads on is no failure.
        Err(error) if error.kind() != Kind::Quit => ctx.stats.failed(&error),
        _ => {}
    }
    let errors = ctx.stats.errors();
    match (errors.count, errors.last) {
        (_, None) | (0, _) => return ExitCode::Success,
        (1, Some(error)) => log::error!("Failed to {name}: {error}"),
        (count, Some(last)) => log::error!("Failed to {name} with {count} errors: last error was: {last}"),
    }
    ExitCode::of_all(&errors.kinds)
}

/// The words that chose the command: `copy`, `config show`.
fn command_name(matches: &ArgMatches) -> String {
    let mut words = Vec::new();
    let mut level = matches;
    while let Some((word, below)) = level.subcommand() {
        words.push(word);
        level = below;
    }
    words.join(" ")
}
