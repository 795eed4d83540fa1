//! Files and folders that a word begins to name, here or on a server.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use futures_executor::block_on;

use crate::cli::context::Ctx;
use crate::cli::open::open;
use crate::error::Result;
use crate::fs::FileType;
use crate::path::RelPath;

/// Paths of this machine. A tilde is the home folder, and stays a tilde.
pub fn local(ctx: &Ctx, word: &[u8]) -> Vec<(Vec<u8>, String)> {
    let home = ctx.settings.environment.home();
    let (Some(rest), Some(home)) = (word.strip_prefix(b"~/"), home) else {
        return listed(ctx, word);
    };
    let home = [home.as_os_str().as_bytes(), b"/"].concat();
    let mut found = listed(ctx, &[&home, rest].concat());
    for (path, _) in &mut found {
        path.splice(0..home.len(), *b"~/");
    }
    found
}

/// What stands in the folder that a word ends in. What cannot be read has nothing in it.
pub fn listed(ctx: &Ctx, word: &[u8]) -> Vec<(Vec<u8>, String)> {
    let cut = word.iter().rposition(|byte| b":/".contains(byte)).map_or(0, |at| at.saturating_add(1));
    let (folder, name) = word.split_at_checked(cut).unwrap_or((word, b""));
    list(ctx, folder, name).unwrap_or_default()
}

fn list(ctx: &Ctx, folder: &[u8], begin: &[u8]) -> Result<Vec<(Vec<u8>, String)>> {
    let place = open(ctx, OsStr::from_bytes(if folder.is_empty() { b"./" } else { folder }))?;
    let root = RelPath::root();
    let listing = block_on(ctx.cancel.or_stop(place.tree.list(&root)))?;
    let entries = listing.entries.into_iter().filter(|entry| {
        let name = entry.name.as_bytes();
        name.starts_with(begin) && (begin.starts_with(b".") || !name.starts_with(b"."))
    });
    let mut paths: Vec<_> = entries
        .map(|entry| {
            let end: &[u8] = if entry.metadata.file_type == FileType::Directory { b"/" } else { b"" };
            ([folder, entry.name.as_bytes(), end].concat(), String::new())
        })
        .collect();
    paths.sort_unstable();
    Ok(paths)
}
