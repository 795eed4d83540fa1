//! `sclone md5sum`

use std::ffi::OsString;

use crate::cli::context::Ctx;
use crate::cli::hash_list::{self, HashFlags};
use crate::error::Result;
use crate::hash::HashType;

/// Print the MD5 of every file below a path, as md5sum does
///
/// Example: `sclone md5sum web1:/srv`
///
/// A server computes it by a command of its own; with --download the files are read and hashed here. Without a path,
/// standard input is hashed.
///
/// Exit codes: 0 printed, 1 some file cannot be hashed, 2 wrong usage, 3 folder not found, 20 login refused,
/// 21 certificate unusable, 22 host key not trusted, 23 no connection.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// What to hash: remote:path, or a local path; - for standard input
    #[arg(value_name = "REMOTE:PATH")]
    pub path: Option<OsString>,

    /// How.
    #[command(flatten)]
    pub flags: HashFlags,
}

/// Hashes and prints.
///
/// # Errors
/// The tree cannot be opened, or the result cannot be written.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    hash_list::run(ctx, HashType::Md5, args.path.as_deref(), &args.flags)
}
