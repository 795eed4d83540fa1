//! What a run has done, for machines: `--json`.

use serde_json::{Map, Value, json};

use super::context::Ctx;
use crate::error::Result;
use crate::transfer::stats::{Snapshot, Verified};

/// The flag of commands that move or remove files.
#[derive(clap::Args, Clone, Debug)]
pub struct SummaryArgs {
    /// At the end, print what was done as one JSON object
    #[arg(long)]
    pub json: bool,
}

impl SummaryArgs {
    /// Prints the summary if it was asked for.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn print(&self, ctx: &Ctx) -> Result<()> {
        if !self.json {
            return Ok(());
        }
        ctx.stdout.line(summary(&ctx.stats.snapshot()).to_string())
    }
}

fn summary(stats: &Snapshot) -> Value {
    let failures = stats.errors.failures.iter();
    json!({
        "checked": stats.checks.done,
        "transferred": stats.transfers.done,
        "skipped": stats.kept,
        "deleted": stats.deleted_files,
        "deleted_folders": stats.deleted_dirs,
        "renamed": stats.moves.files,
        "renamed_bytes": stats.moves.bytes,
        "copied_by_server": stats.copies.files,
        "copied_by_server_bytes": stats.copies.bytes,
        "bytes": stats.bytes.done,
        "seconds": stats.elapsed.as_secs_f64(),
        "bytes_per_second": per_second(stats),
        "verified": verified(&stats.verified),
        "errors": stats.errors.count,
        "retrying_may_help": stats.errors.retryable,
        "failures": failures.map(|failure| json!({ "path": failure.path, "error": failure.error })).collect::<Value>(),
    })
}

/// Files by how they were compared after they had arrived: `size`, or the name of the hash.
fn verified(verified: &Verified) -> Value {
    let hashes = verified.by_hash.iter().map(|(hash, count)| (hash.to_string(), json!(count)));
    let size = (verified.by_size > 0).then(|| ("size".to_owned(), json!(verified.by_size)));
    hashes.chain(size).collect::<Map<_, _>>().into()
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate"
)]
fn per_second(stats: &Snapshot) -> u64 {
    let seconds = stats.elapsed.as_secs_f64();
    if seconds > 0.0 { (stats.bytes.done as f64 / seconds) as u64 } else { 0 }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::hash::HashType;
    use crate::transfer::stats::{Errors, FailedPath, Ratio};

    #[test]
    fn everything_that_was_done_is_told() {
        let failure = FailedPath { path: Some("a".into()), error: "write: no".into() };
        let stats = Snapshot {
            elapsed: Duration::from_secs(2),
            bytes: Ratio { done: 300, total: 400 },
            transfers: Ratio { done: 3, total: 4 },
            kept: 5,
            verified: Verified { by_size: 2, by_hash: [(HashType::Md5, 1)].into() },
            errors: Errors { count: 1, failures: vec![failure], ..Errors::default() },
            ..Snapshot::default()
        };
        let value = summary(&stats);
        assert_eq!((&value["transferred"], &value["skipped"]), (&json!(3), &json!(5)));
        assert_eq!((&value["bytes"], &value["bytes_per_second"]), (&json!(300), &json!(150)));
        assert_eq!(value["verified"], json!({ "md5": 1, "size": 2 }));
        assert_eq!(value["failures"], json!([{ "path": "a", "error": "write: no" }]));
    }
}
