//! Keeps what would be replaced or deleted: in another folder, under another name, or both (`--backup-dir`, `--suffix`).

use std::sync::Arc;

use super::stats::Stats;
use crate::error::{Kind, Result};
use crate::fs::Fs;
use crate::path::{Name, RelPath};

/// Endings that belong to the one behind them, as in `.tar.gz`.
const INNER_EXTENSIONS: [&[u8]; 1] = [b".tar"];

/// Where old files go.
pub struct Backup {
    /// The tree they go to; it is part of the destination's system.
    pub tree: Arc<dyn Fs>,
    /// What is added to their names.
    pub suffix: Vec<u8>,
    /// Whether that is another place than the destination.
    pub is_elsewhere: bool,
    /// Whether it is added before the extension.
    pub keeps_extension: bool,
}

impl Backup {
    /// Moves the file at `path` of `destination` away, counts it, and returns its path in the backup. What stood there is
    /// replaced.
    ///
    /// # Errors
    /// It cannot be moved; then it is where it was.
    pub async fn keep(
        &self,
        destination: &dyn Fs,
        path: &RelPath,
        size: u64,
        stats: &Stats,
    ) -> Result<RelPath> {
        let to = self.path(path)?;
        let from = destination.full_path(path);
        match self.tree.take(&from, &to).await {
            Err(error) if matches!(error.kind(), Kind::NotFound | Kind::DirectoryNotFound) => {
                make_dirs(&*self.tree, &to.parent().unwrap_or_default()).await?;
                self.tree.take(&from, &to).await?;
            }
            other => other?,
        }
        stats.renamed(size);
        Ok(to)
    }

    fn path(&self, path: &RelPath) -> Result<RelPath> {
        let Some(name) = path.file_name() else { return Ok(path.clone()) };
        let (stem, extension) =
            if self.keeps_extension { split(name.as_bytes()) } else { (name.as_bytes(), &b""[..]) };
        let name = Name::new(&[stem, &self.suffix, extension].concat())?;
        Ok(path.parent().unwrap_or_default().join(&name))
    }
}

/// Makes a folder and those above it.
async fn make_dirs(tree: &dyn Fs, path: &RelPath) -> Result<()> {
    let mut way: Vec<_> = std::iter::successors(Some(path.clone()), RelPath::parent).collect();
    while let Some(folder) = way.pop() {
        tree.make_dir(&folder).await?;
    }
    Ok(())
}

/// A name and its extension with the dot: `a.tar.gz` is `a` and `.tar.gz`.
fn split(name: &[u8]) -> (&[u8], &[u8]) {
    let dot = |name: &[u8]| name.iter().rposition(|&byte| byte == b'.');
    let Some(mut cut) = dot(name) else { return (name, b"") };
    while let Some(stem) = name.get(..cut)
        && let Some(inner) = dot(stem)
        && stem.get(inner..).is_some_and(|extension| INNER_EXTENSIONS.contains(&extension))
    {
        cut = inner;
    }
    name.split_at_checked(cut).unwrap_or((name, b""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::Local;

    #[test]
    fn the_suffix_stands_behind_the_name_or_before_its_extension() {
        for (name, keeps_extension, expected) in [
            ("d/a.txt", false, "d/a.txt.old"),
            ("d/a.txt", true, "d/a.old.txt"),
            ("a", true, "a.old"),
            ("a.tar.gz", true, "a.old.tar.gz"),
            ("a.b.gz", true, "a.b.old.gz"),
        ] {
            let tree: Arc<dyn Fs> = Arc::new(Local::new("/nowhere"));
            let backup = Backup { tree, suffix: b".old".to_vec(), is_elsewhere: true, keeps_extension };
            let path = RelPath::parse(name.as_bytes()).unwrap();
            assert_eq!(backup.path(&path).unwrap().to_string(), expected);
        }
    }
}
