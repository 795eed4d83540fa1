//! Makes the folders of the destination: each once, before what goes into it, several at a time, and again where a
//! connection was lost.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _, Shared};

use super::retry::Retries;
use crate::error::{Error, Result};
use crate::fs::Fs;
use crate::path::RelPath;

type Making = Shared<BoxFuture<'static, std::result::Result<(), Arc<Error>>>>;

/// The folders from the root to where the copy is. Folders must be named in the order of a walk.
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
        let making = self.making(path);
        async move { making.await.map_err(|error| error.share()) }
    }

    fn making(&mut self, path: &RelPath) -> Making {
        self.leave_others(path);
        if let Some((last, making)) = self.chain.last()
            && last == path
        {
            return making.clone();
        }
        let above = path.parent().map(|parent| self.making(&parent));
        let tree = Arc::clone(&self.tree);
        let (folder, retries) = (path.clone(), self.retries);
        let making = async move {
            if let Some(above) = above {
                above.await?;
            }
            retries.insist(&folder, || tree.make_dir(&folder)).await.map_err(Arc::new)
        };
        let making = making.boxed().shared();
        self.chain.push((path.clone(), making.clone()));
        making
    }

    /// Forgets folders the walk has left.
    fn leave_others(&mut self, path: &RelPath) {
        self.chain.retain(|(folder, _)| folder.contains(path));
    }
}
