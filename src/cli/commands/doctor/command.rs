//! The command: its arguments, and the order of the steps.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;

use super::configuration::{self, Subject};
use super::report::Report;
use super::step::Step;
use super::{connection, credentials, files, shell};
use crate::cli::context::Ctx;
use crate::cli::open;
use crate::error::Result;
use crate::path::escape;
use crate::ssh::{Approach, Factory};

/// Find out what keeps a remote from working
///
/// Example: `sclone doctor web1:`
///
/// Takes every step on the way to the files and says of each whether it is ok, and if not how to mend it: the
/// configuration, key and certificate, name and address of the server, its host key, the login, SFTP, the free space, and
/// what its shell can do. What does not depend on a step that failed is looked at all the same. Files are left alone on
/// both sides; a certificate that is due is renewed and an unknown host asked about, as at any login.
///
/// Exit codes: 0 nothing failed, 2 wrong usage, else that of the first failure: 1 configuration, SFTP or another step,
/// 3 path not found, 20 login refused, 21 certificate unusable, 22 host key not trusted, 23 no connection.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// What to look at: remote: with or without a path
    #[arg(value_name = "REMOTE:")]
    remote: OsString,

    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// Takes the steps and reports on each.
///
/// # Errors
/// One of the kind of the first failure that was found.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let mut report = Report::new(ctx, args.json);
    match configuration::examine(ctx, &args.remote, &mut report) {
        Some(Subject::Local) => {
            let place = open::open(ctx, &args.remote)?;
            files::examine(ctx, &*place.tree, &mut report);
        }
        Some(Subject::Remote { factory, path }) => examine(ctx, &factory, &path, &mut report),
        None => report.skip(Step::Key..=Step::Clock, "the configuration is at fault"),
    }
    report.finish(&escape(args.remote.as_bytes()))
}

fn examine(ctx: &Ctx, factory: &Arc<Factory>, path: &[u8], report: &mut Report<'_>) {
    if !factory.options().ssh.is_empty() {
        return examine_by_program(ctx, factory, path, report);
    }
    let plan = credentials::examine(ctx, factory, report);
    let mut approach = Approach::new(factory);
    let Some(entered) = connection::examine(&mut approach, plan, report) else {
        return report.skip(Step::Sftp..=Step::Clock, "nobody is logged in");
    };
    let streams = report.take(Step::Sftp, approach.start_sftp(entered));
    if streams.and_then(|streams| files::examine_remote(ctx, factory, path, streams, report)).is_none() {
        report.skip(Step::Path..=Step::Space, "there is no SFTP");
    }
    shell::examine(ctx, factory, report);
}

/// A program that reaches the server by itself tells nothing on the way; without SFTP it may not have got there.
fn examine_by_program(ctx: &Ctx, factory: &Arc<Factory>, path: &[u8], report: &mut Report<'_>) {
    report.skip(Step::Key..=Step::Login, "left to the program in the option ssh");
    let streams = report.take(Step::Sftp, factory.connect());
    match streams.and_then(|streams| files::examine_remote(ctx, factory, path, streams, report)) {
        Some(()) => shell::examine(ctx, factory, report),
        None => report.skip(Step::Path..=Step::Clock, "the program did not bring SFTP"),
    }
}
