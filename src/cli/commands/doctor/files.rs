//! What is done with files: SFTP, the path and the free space.

use std::sync::{Arc, Mutex, PoisonError};

use futures_executor::block_on;

use super::report::Report;
use super::step::Step;
use crate::cli::context::Ctx;
use crate::cli::open;
use crate::error::{Error, Kind, Result};
use crate::fs::{FileType, Fs, Sftp, Tuning};
use crate::path::{RelPath, escape};
use crate::sftp::Pool;
use crate::ssh::{Factory, Streams};
use crate::units::size;

/// Less than this share of a file system left is worth a word: a hundredth.
const SCARCE: u64 = 100;

/// Looks at SFTP over a connection that is there, and then at the files. `None` if there is no SFTP.
pub(super) fn examine_remote(
    ctx: &Ctx,
    factory: &Arc<Factory>,
    path: &[u8],
    streams: Box<dyn Streams>,
    report: &mut Report<'_>,
) -> Option<()> {
    let (first, again) = (Mutex::new(Some(streams)), Arc::clone(factory));
    let connect = move || {
        let first = first.lock().unwrap_or_else(PoisonError::into_inner).take();
        first.map_or_else(|| again.connect(), Ok)
    };
    let pool = Arc::new(Pool::new(Arc::new(connect), ctx.settings.timeout, Some(1)));
    let described = block_on(ctx.cancel.or_stop(describe(&pool)));
    let described = report.take(Step::Sftp, described)?;
    report.ok(Step::Sftp, described);
    let tree = Sftp::new(pool, path, factory.address(), Tuning::default());
    match open::shell(factory) {
        Ok(Some(shell)) => examine(ctx, &tree.with_shell(shell), report),
        // That an option of the shell is wrong is told where the shell is looked at.
        Ok(None) | Err(_) => examine(ctx, &tree, report),
    }
    Some(())
}

async fn describe(pool: &Pool) -> Result<String> {
    let client = pool.client().await?;
    let names: Vec<_> = client.announced().iter().map(|name| escape(name).into_owned()).collect();
    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let start = client.real_path(b".").await?;
    Ok(format!("version {}, starts in {}\nextensions: {names}", client.version(), escape(&start)))
}

/// Looks at the root of a tree and at its file system.
pub(super) fn examine(ctx: &Ctx, tree: &dyn Fs, report: &mut Report<'_>) {
    let found = block_on(ctx.cancel.or_stop(tree.stat(&RelPath::root())));
    let found = found.map_err(|error| match error.kind() {
        Kind::NotFound => {
            error.with_kind(Kind::DirectoryNotFound).advice("nothing is there yet: check the path")
        }
        _ => error,
    });
    let Some(found) = report.take(Step::Path, found) else {
        return report.skip(Step::Space..=Step::Space, "it is asked for at the path");
    };
    let kind = match found.file_type {
        FileType::Directory => "a folder",
        FileType::File => "a file",
        FileType::Symlink | FileType::Special => "neither a file nor a folder",
    };
    let place = block_on(ctx.cancel.or_stop(tree.real_path(&RelPath::root())));
    let place = place.map_or_else(|_| tree.describe(), |path| escape(&path).into_owned());
    report.ok(Step::Path, format!("{place} is {kind}"));
    match block_on(ctx.cancel.or_stop(tree.usage())) {
        Ok(usage) => space(usage.free, usage.total, report),
        Err(error) => no_space(&error, report),
    }
}

fn space(free: u64, total: u64, report: &mut Report<'_>) {
    let detail = format!("{} of {} are free", size::long(free), size::long(total));
    if free <= total.checked_div(SCARCE).unwrap_or(0) {
        report.warn(Step::Space, detail, "make room before anything is written there");
    } else {
        report.ok(Step::Space, detail);
    }
}

fn no_space(error: &Error, report: &mut Report<'_>) {
    report.warn(Step::Space, error.summary(), "nothing to mend: it is only not known how much there is");
}
