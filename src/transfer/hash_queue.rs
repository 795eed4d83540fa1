//! Gathers the files to hash while others are being hashed, so that one command on a server serves many.

use std::sync::{Arc, Mutex, PoisonError};

use futures_channel::oneshot;

use super::budget::Budget;
use super::content::BATCH;
use crate::error::{Error, Kind, Result};
use crate::fs::Fs;
use crate::hash::{Digest, HashType};
use crate::path::RelPath;

type Answer = oneshot::Sender<Result<Digest>>;

/// Hashes the files of one tree.
pub(super) struct HashQueue {
    tree: Arc<dyn Fs>,
    waiting: Mutex<Vec<(RelPath, HashType, Answer)>>,
    turn: Budget,
}

impl HashQueue {
    pub(super) fn new(tree: Arc<dyn Fs>) -> Self {
        Self { tree, waiting: Mutex::default(), turn: Budget::new(1) }
    }

    /// Hashes one file, together with all others that are asked for meanwhile.
    ///
    /// # Errors
    /// [`Kind::Unsupported`] if the tree cannot compute this hash, or the file cannot be read.
    pub(super) async fn hash(&self, path: &RelPath, hash: HashType) -> Result<Digest> {
        let (sender, mut receiver) = oneshot::channel();
        self.waiting().push((path.clone(), hash, sender));
        let _turn = self.turn.take(1).await;
        // Whoever had the turn before may have served this one as well.
        loop {
            match receiver.try_recv() {
                Ok(Some(answer)) => return answer,
                Ok(None) => self.serve().await,
                Err(_) => {
                    return Err(Error::new(Kind::Failure, "hash", "nobody answered").on(path.as_bytes()));
                }
            }
        }
    }

    /// The tree whose files are hashed.
    pub(super) fn tree(&self) -> &dyn Fs {
        &*self.tree
    }

    /// Hashes a batch of what is waiting.
    async fn serve(&self) {
        let (paths, answers, hash) = self.next_batch();
        match self.tree.hash(&paths, hash).await {
            Ok(found) => answers.into_iter().zip(found).for_each(|(answer, found)| send(answer, found)),
            Err(error) => answers.into_iter().for_each(|answer| send(answer, Err(error.share()))),
        }
    }

    /// The paths that wait for the same hash as the first of them.
    fn next_batch(&self) -> (Vec<RelPath>, Vec<Answer>, HashType) {
        let mut waiting = self.waiting();
        let first = waiting.first().map_or(HashType::Md5, |(_, hash, _)| *hash);
        let (mut paths, mut answers) = (Vec::new(), Vec::new());
        for (path, hash, answer) in std::mem::take(&mut *waiting) {
            if hash == first && paths.len() < BATCH {
                paths.push(path);
                answers.push(answer);
            } else {
                waiting.push((path, hash, answer));
            }
        }
        (paths, answers, first)
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<(RelPath, HashType, Answer)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn send(answer: Answer, found: Result<Digest>) {
    // Whoever no longer waits has been stopped.
    drop(answer.send(found));
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;
    use futures_util::future::join_all;

    use super::*;
    use crate::fs::Local;
    use crate::hash::Hasher;

    #[test]
    fn everybody_gets_the_answer_to_his_own_question() {
        let folder = tempfile::tempdir().unwrap();
        let queue = HashQueue::new(Arc::new(Local::new(folder.path())));
        let questions = (0..50).map(|number| {
            let name = format!("file{number}");
            if number != 7 {
                std::fs::write(folder.path().join(&name), &name).unwrap();
            }
            let hash = if number % 3 == 0 { HashType::Md5 } else { HashType::Sha1 };
            (name, hash)
        });
        let questions: Vec<_> = questions.collect();
        let asking = questions.iter().map(|(name, hash)| {
            let queue = &queue;
            async move { queue.hash(&RelPath::parse(name.as_bytes()).unwrap(), *hash).await }
        });
        let answers = block_on(join_all(asking));
        for (number, ((name, hash), answer)) in questions.iter().zip(answers).enumerate() {
            match answer {
                Ok(digest) => assert_eq!(digest, Hasher::hash(*hash, name.as_bytes()), "{name}"),
                Err(error) => assert_eq!((number, error.kind()), (7, Kind::NotFound)),
            }
        }
    }
}
