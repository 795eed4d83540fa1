//! What the argument means, and which options come from where.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;

use super::report::Report;
use super::step::Step;
use crate::cli::context::Ctx;
use crate::cli::{config_store, open};
use crate::config::resolve::{Provenance, Resolved, resolve};
use crate::config::sources::Origin;
use crate::config::store::Store;
use crate::error::Result;
use crate::path::escape;
use crate::ssh::Factory;

/// What there is to look at.
pub(super) enum Subject {
    /// A path of this machine.
    Local,
    /// A path on a server.
    Remote { factory: Arc<Factory>, path: Vec<u8> },
}

/// Resolves the argument as every command does.
pub(super) fn examine(ctx: &Ctx, argument: &OsStr, report: &mut Report<'_>) -> Option<Subject> {
    let found = find(ctx, argument, report);
    report.take(Step::Config, found)
}

fn find(ctx: &Ctx, argument: &OsStr, report: &mut Report<'_>) -> Result<Subject> {
    let store = config_store::open(ctx)?;
    match resolve(argument.as_bytes(), &config_store::sources(ctx, &store))? {
        Resolved::Local { path } => {
            let path = escape(path.as_os_str().as_bytes()).into_owned();
            report.ok(Step::Config, format!("a path of this machine, {path}"));
            Ok(Subject::Local)
        }
        Resolved::Sftp { name, options, path, provenance } => {
            let detail = describe(&name, &provenance, &store);
            let factory = Arc::new(open::pinning_factory(ctx, &name, *options, store)?);
            tell(detail, &provenance, report);
            Ok(Subject::Remote { factory, path })
        }
    }
}

fn tell(detail: String, provenance: &Provenance, report: &mut Report<'_>) {
    let unknown = &provenance.unknown_keys;
    if unknown.is_empty() {
        return report.ok(Step::Config, detail);
    }
    let names: Vec<_> = unknown.iter().map(|(key, _)| key.as_str()).collect();
    let mends: Vec<_> = unknown
        .iter()
        .map(|(key, known)| match known {
            Some(known) => format!("{key}: did you mean {known}?"),
            None => format!("{key}: no option is called that; remove it"),
        })
        .collect();
    report.warn(Step::Config, format!("{detail}\nnot used: {}", names.join(", ")), mends.join("\n"));
}

/// The remote, and its options by what set them.
fn describe(name: &str, provenance: &Provenance, store: &Store) -> String {
    let mut sources: Vec<(&Origin, Vec<&str>)> = Vec::new();
    for (option, origin) in &provenance.origins {
        match sources.iter_mut().find(|(known, _)| *known == origin) {
            Some((_, options)) => options.push(option),
            None => sources.push((origin, vec![option])),
        }
    }
    let file = store.location().path().map(|path| escape(path.as_os_str().as_bytes()).into_owned());
    let sources: Vec<_> = sources
        .into_iter()
        .map(|(origin, options)| match (origin, &file) {
            (Origin::File, Some(file)) => format!("{} from {file}", options.join(", ")),
            _ => format!("{} from {origin}", options.join(", ")),
        })
        .collect();
    let aliases: Vec<_> = provenance.aliases.iter().map(|alias| format!("{alias}:")).collect();
    let way = if aliases.is_empty() {
        String::new()
    } else {
        format!(", by the alias {}", aliases.join(", then "))
    };
    format!("remote {name}:{way}\n{}", sources.join("\n"))
}
