//! Makes the folders of the destination: each once, before what goes into it, several at a time, and again where a
//! connection was lost.

use std::iter::successors;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _, Shared};

use super::retry::Retries;
use crate::error::{Error, Result};
use crate::fs::Fs;
use crate::path::RelPath;

type Making = Shared<BoxFuture<'static, std::result::Result<(), Arc<Error>>>>;

/// The folders from the root to where the copy is, each to be made once those before it are. Folders must be named in the
/// order of a walk.
pub(crate) struct Folders {
    tree: Arc<dyn Fs>,
    retries: Retries,
    chain: Vec<(RelPath, Making)>,
}

impl Folders {
    /// Nothing is known of the destination yet, not even that its root exists.
    pub(crate) fn new(tree: Arc<dyn Fs>, retries: Retries) -> Self {
        Self { tree, retries, chain: Vec::new() }
    }

    /// The walk came to a folder that exists.
    pub(crate) fn exists(&mut self, path: &RelPath) {
        self.leave_others(path);
        self.chain.push((path.clone(), std::future::ready(Ok(())).boxed().shared()));
    }

    /// Makes a folder and those above it that are missing. Returns at once; the future says how it went.
    pub(crate) fn make(&mut self, path: &RelPath) -> impl Future<Output = Result<()>> + Send + use<> {
        self.leave_others(path);
        let known = self.chain.last().map(|(folder, _)| folder.clone());
        let missing = successors(Some(path.clone()), RelPath::parent);
        let missing: Vec<_> = missing.take_while(|folder| known.as_ref() != Some(folder)).collect();
        self.chain.extend(missing.into_iter().rev().map(|folder| {
            let making = make_one(Arc::clone(&self.tree), folder.clone(), self.retries).boxed().shared();
            (folder, making)
        }));
        let is_to_do = |making: &&Making| !matches!(making.peek(), Some(Ok(())));
        let to_do: Vec<_> = self.chain.iter().map(|(_, making)| making).filter(is_to_do).cloned().collect();
        // One after the other, and none by way of another: trees are deeper than the stack.
        async move {
            for making in to_do {
                making.await.map_err(|error| error.share())?;
            }
            Ok(())
        }
    }

    /// Forgets folders the walk has left.
    fn leave_others(&mut self, path: &RelPath) {
        self.chain.retain(|(folder, _)| folder.contains(path));
    }
}

async fn make_one(
    tree: Arc<dyn Fs>,
    folder: RelPath,
    retries: Retries,
) -> std::result::Result<(), Arc<Error>> {
    retries.insist(&folder, || tree.make_dir(&folder)).await.map_err(Arc::new)
}
