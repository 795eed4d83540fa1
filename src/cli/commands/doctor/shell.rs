//! Commands on the server: whether a shell runs them, which hashes they make, and what its clock says.

use std::sync::Arc;

use futures_executor::block_on;

use super::report::Report;
use super::step::Step;
use crate::cli::context::Ctx;
use crate::cli::open;
use crate::error::Kind;
use crate::fs::ShellSurvey;
use crate::hash::HashType;
use crate::path::escape;
use crate::ssh::Factory;
use crate::ssh::moment::span;

/// Clocks that differ by no more than this many seconds agree: a command takes its time.
const AGREE: u64 = 2;
/// A difference of so many seconds begins to matter for certificates that were just made.
const MATTERS: u64 = 30;

/// Looks at all of it by one command.
pub(super) fn examine(ctx: &Ctx, factory: &Arc<Factory>, report: &mut Report<'_>) {
    let Some(shell) = report.take(Step::Shell, open::shell(factory)) else {
        return report.skip(Step::Hashes..=Step::Clock, "the shell's options are at fault");
    };
    let Some(shell) = shell else {
        return report.skip(Step::Shell..=Step::Clock, "shell_type says that there is no Unix shell");
    };
    match block_on(ctx.cancel.or_stop(shell.survey())) {
        Ok(Some(survey)) => {
            report.ok(Step::Shell, "commands run");
            hashes(&survey.commands, report);
            clock(&survey, report);
        }
        Ok(None) => no_shell("what answers is no Unix shell", report),
        Err(error) if error.kind() == Kind::Unsupported => no_shell(&error.summary(), report),
        Err(error) => {
            report.fail(Step::Shell, &error);
            report.skip(Step::Hashes..=Step::Clock, "they need the shell");
        }
    }
}

/// Files are carried without one.
fn no_shell(reason: &str, report: &mut Report<'_>) {
    let mend = "only hashes need one: shell_type = none keeps from asking, --download hashes here";
    report.warn(Step::Shell, reason, mend);
    report.skip(Step::Hashes..=Step::Clock, "they need the shell");
}

fn hashes(commands: &[(HashType, Option<String>)], report: &mut Report<'_>) {
    if commands.is_empty() {
        return report.skip(Step::Hashes..=Step::Hashes, "the options turn them off");
    }
    let shown = |(hash, command): &(HashType, Option<String>)| match command {
        Some(command) => format!("{hash} by {}", escape(command.as_bytes())),
        None => format!("no command for {hash}"),
    };
    let detail: Vec<_> = commands.iter().map(shown).collect();
    if commands.iter().all(|(_, command)| command.is_some()) {
        report.ok(Step::Hashes, detail.join(", "));
    } else {
        let mend = "install the command there, or name it in an option such as md5sum_command";
        report.warn(Step::Hashes, detail.join(", "), mend);
    }
}

fn clock(survey: &ShellSurvey, report: &mut Report<'_>) {
    let Some(ahead) = survey.clock_ahead else {
        return report.skip(Step::Clock..=Step::Clock, "its command date does not tell seconds");
    };
    let (difference, side) = (ahead.unsigned_abs(), if ahead < 0 { "behind" } else { "ahead of" });
    if difference <= AGREE {
        return report.ok(Step::Clock, "the server's agrees with this one");
    }
    let detail = format!("the server's is {} {side} this one", span(difference));
    if difference < MATTERS {
        report.ok(Step::Clock, detail);
    } else {
        let mend = "set both by the network (timedatectl): certificates begin and end by the server's clock";
        report.warn(Step::Clock, detail, mend);
    }
}
