//! Whether two trees are one place, or one lies in the other, whatever their names.

use futures_util::future::try_join;

use crate::error::{Error, Kind, Result};
use crate::filter::Filter;
use crate::fs::Fs;
use crate::path::RelPath;

/// How two trees lie to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// They have nothing in common.
    Apart,
    /// They are the same place.
    Same,
    /// The first one holds the second one, at this path.
    Holds(RelPath),
    /// The second one holds the first one, at this path.
    LiesIn(RelPath),
}

/// Finds out how two trees lie to each other. Links are resolved, and what does not exist yet is seen where it would be.
///
/// # Errors
/// A root cannot be looked up.
pub(super) async fn relation(first: &dyn Fs, second: &dyn Fs) -> Result<Relation> {
    if !is_one_system(first, second).await? {
        return Ok(Relation::Apart);
    }
    let root = RelPath::root();
    let (first, second) = (first.real_path(&root).await?, second.real_path(&root).await?);
    Ok(match (below(&first, &second), below(&second, &first)) {
        (Some(_), Some(_)) => Relation::Same,
        (Some(path), None) => Relation::Holds(path),
        (None, Some(path)) => Relation::LiesIn(path),
        (None, None) => Relation::Apart,
    })
}

/// Whether two trees are on one system. A server may have two names: they are looked up.
///
/// # Errors
/// The look-up was given up.
pub(super) async fn is_one_system(first: &dyn Fs, second: &dyn Fs) -> Result<bool> {
    if first.system() == second.system() {
        return Ok(true);
    }
    if ![first, second].iter().all(|tree| tree.features().is_remote) {
        return Ok(false);
    }
    let (first, second) = try_join(first.addresses(), second.addresses()).await?;
    Ok(first.iter().any(|address| second.contains(address)))
}

/// The path of `inner` below `outer`; both are resolved.
pub(super) fn below(outer: &[u8], inner: &[u8]) -> Option<RelPath> {
    let (outer, inner) =
        (outer.strip_suffix(b"/").unwrap_or(outer), inner.strip_suffix(b"/").unwrap_or(inner));
    let rest = inner.strip_prefix(outer)?;
    (rest.is_empty() || rest.starts_with(b"/")).then(|| RelPath::parse(rest).ok()).flatten()
}

/// Refuses two trees of which one changes while the other is read, unless the filter keeps them apart.
///
/// # Errors
/// [`Kind::Refused`] if they overlap, or a root cannot be looked up.
pub(super) async fn refuse_overlap(
    first: &dyn Fs,
    second: &dyn Fs,
    filter: &Filter,
    reason: &'static str,
) -> Result<()> {
    let overlap = match relation(first, second).await? {
        Relation::Apart => return Ok(()),
        Relation::Same => None,
        Relation::Holds(path) | Relation::LiesIn(path) => Some(path),
    };
    // A folder is left out if its way there is.
    let is_apart = overlap.is_some_and(|path| {
        filter.is_active()
            && std::iter::successors(Some(path), RelPath::parent).any(|path| !filter.enter(&path))
    });
    if is_apart {
        return Ok(());
    }
    Err(Error::new(Kind::Refused, "begin", reason).advice(format!(
        "{} and {}",
        first.describe(),
        second.describe()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_below_itself_and_every_folder_on_its_way() {
        let path = |text: &str| Some(RelPath::parse(text.as_bytes()).unwrap());
        for (outer, inner, expected) in [
            ("/a", "/a", path("")),
            ("/a/", "/a", path("")),
            ("/a", "/a/b/c", path("b/c")),
            ("/", "/a", path("a")),
            ("/a", "/ab", None),
            ("/a/b", "/a", None),
        ] {
            assert_eq!(below(outer.as_bytes(), inner.as_bytes()), expected, "{outer} {inner}");
        }
    }
}
