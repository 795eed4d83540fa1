//! `sclone checksum`

use std::ffi::OsString;

use crate::cli::context::Ctx;
use crate::cli::path_lists::ListFlags;
use crate::cli::sum_check::SumCheck;
use crate::error::Result;
use crate::hash::HashType;
use crate::transfer::content::Where;

/// Compare files with a file of hashes
///
/// Example: `sclone checksum sha256 SHA256SUMS web1:/srv/www`
///
/// The file is what md5sum, sha1sum and hashsum write. A server hashes by a command of its own; with --download the files
/// are read and hashed here.
///
/// Exit codes: 0 all is the same, 1 something differs or cannot be hashed, 2 wrong usage, 3 folder not found,
/// 20 login refused, 21 certificate unusable, 22 host key not trusted, 23 no connection.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Which hash: md5, sha1, whirlpool, crc32, sha256, sha512, blake3, xxh3 or xxh128
    #[arg(value_name = "HASH")]
    pub hash: HashType,

    /// The file of hashes: remote:path, or a local path
    #[arg(value_name = "SUMFILE")]
    pub sum_file: OsString,

    /// What to compare: remote:path, or a local path
    #[arg(value_name = "REMOTE:PATH")]
    pub path: OsString,

    /// Read the files and hash them here
    #[arg(long)]
    pub download: bool,

    /// Files without a line do not matter
    #[arg(long)]
    pub one_way: bool,

    /// Lists.
    #[command(flatten)]
    pub reports: ListFlags,
}

/// Compares.
///
/// # Errors
/// Something differs or cannot be compared.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let place = if args.download { Where::Here } else { Where::There };
    let check = SumCheck {
        hash: args.hash,
        sum_file: &args.sum_file,
        tree: &args.path,
        place,
        one_way: args.one_way,
    };
    check.run(ctx, &args.reports)
}
