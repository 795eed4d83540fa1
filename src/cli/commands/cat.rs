//! `sclone cat`

use std::ffi::OsString;

use futures_executor::block_on;

use crate::cli::context::Ctx;
use crate::cli::open::{Place, open};
use crate::cli::visit::{Depth, Found, Walk};
use crate::error::{Error, Kind, Result};
use crate::fs::FileType;
use crate::transfer::content::read;

/// Write the content of files to standard output
///
/// Example: `sclone cat --tail 1K web1:/var/log/syslog`
///
/// For a folder the files below it follow each other, sorted by path.
///
/// Exit codes: 0 written, 1 some file cannot be read, 2 wrong usage, 3 nothing is there, 20 login refused,
/// 21 certificate unusable, 22 host key not trusted, 23 no connection.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// What to write: remote:path, or a local path
    #[arg(value_name = "REMOTE:PATH")]
    pub path: OsString,

    /// Only the first N bytes of each file
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub head: u64,

    /// Only the last N bytes of each file
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub tail: u64,

    /// Begin at byte N; from the end if negative
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub offset: i64,

    /// Only N bytes; -1 for all
    #[arg(long, value_name = "N", default_value_t = -1)]
    pub count: i64,

    /// Read, but write nothing
    #[arg(long)]
    pub discard: bool,

    /// Write this after each file
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub separator: String,
}

/// Writes the files. What cannot be read is counted and logged.
///
/// # Errors
/// The flags contradict each other, the tree cannot be opened, or standard output cannot be written.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let part = Part::of(args)?;
    let place = open(ctx, &args.path)?;
    block_on(ctx.cancel.or_stop(async {
        let mut walk = Walk::new(ctx, &place, Depth::All);
        while let Some(found) = walk.next().await? {
            match found.metadata.file_type {
                FileType::Directory => continue,
                // Reading one would wait for a writer.
                FileType::Special => {
                    place.tree.features().tell_special(&found.path);
                    continue;
                }
                _ => {}
            }
            if let Err(error) = write(ctx, args, &place, &found, part).await {
                if error.is_fatal() {
                    return Err(error);
                }
                log::error!(object:% = found.path; "{error}");
                ctx.stats.failed(&error);
                continue;
            }
            if !args.discard {
                ctx.stdout.write(&args.separator)?;
            }
        }
        Ok(())
    }))
}

async fn write(ctx: &Ctx, args: &Args, place: &Place, found: &Found, part: Part) -> Result<()> {
    let (offset, length) = part.within(found.metadata.size);
    let mut output = |data: &[u8]| if args.discard { Ok(()) } else { ctx.stdout.write(data) };
    read(&*place.tree, &found.at, offset, length, &mut output).await
}

/// The part of each file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    offset: i64,
    count: Option<u64>,
}

impl Part {
    fn of(args: &Args) -> Result<Self> {
        let given = [args.head > 0, args.tail > 0, args.offset != 0 || args.count >= 0];
        if given.iter().filter(|it| **it).count() > 1 {
            let reason = "can only use one of --head, --tail or --offset with --count";
            return Err(Error::new(Kind::Config, "read flags", reason));
        }
        Ok(match given {
            [true, ..] => Self { offset: 0, count: Some(args.head) },
            [_, true, _] => {
                Self { offset: i64::try_from(args.tail).map_or(i64::MIN, i64::saturating_neg), count: None }
            }
            _ => Self { offset: args.offset, count: u64::try_from(args.count).ok() },
        })
    }

    /// Offset and length in a file of `size` bytes.
    fn within(self, size: u64) -> (u64, u64) {
        let offset = match u64::try_from(self.offset) {
            Ok(offset) => offset.min(size),
            Err(_) => size.saturating_sub(self.offset.unsigned_abs()),
        };
        (offset, self.count.unwrap_or(u64::MAX))
    }
}
