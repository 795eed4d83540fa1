//! `sclone touch`

use std::ffi::OsString;

use futures_executor::block_on;
use futures_util::stream::{self, TryStreamExt as _};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::cli::context::Ctx;
use crate::cli::metadata_mapper::{Ends, preservation};
use crate::cli::open::{Place, open};
use crate::cli::visit::{Depth, Found, Walk};
use crate::error::{Error, Kind, Result};
use crate::fs::{Dates, FileType, Fs};
use crate::path::RelPath;
use crate::transfer::preservation::Subject;

/// Times set at once.
const IN_FLIGHT: usize = 64;

/// Set the modification time of files, and make a file that is missing
///
/// Example: `sclone touch -t 2026-01-02T15:04:05 web1:backup/stamp`
///
/// The time is now unless --timestamp is given. A file that is missing is made, with the folders above it. For a
/// folder the files in it are touched, with --recursive all below it that the filters choose.
///
/// Exit codes: 0 done, 1 some time cannot be set, 2 wrong usage, 3 folder not found, 20 login refused,
/// 21 certificate unusable, 22 host key not trusted, 23 no connection.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// What to touch: remote:path, or a local path
    #[arg(value_name = "REMOTE:PATH")]
    pub path: OsString,

    /// Do not make a file that is missing
    #[arg(short = 'C', long)]
    pub no_create: bool,

    /// Touch all files below a folder, and make none
    #[arg(short = 'R', long)]
    pub recursive: bool,

    /// Time instead of now, in UTC: YYMMDD or YYYY-MM-DDTHH:MM:SS, with a fraction if need be
    #[arg(short = 't', long, value_name = "TIME")]
    pub timestamp: Option<String>,

    /// The time is in the local time zone
    #[arg(long)]
    pub localtime: bool,
}

/// Touches. A file of a folder that cannot be touched is logged and counted.
///
/// # Errors
/// The time or the path cannot be read as one, nothing is there, or the time cannot be set.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let zone = if args.localtime { TimeZone::system() } else { TimeZone::UTC };
    let time = args.timestamp.as_deref().map(|text| parse(text, &zone)).transpose()?;
    let dates = Dates { modified: time.unwrap_or_else(Timestamp::now).as_nanosecond(), accessed: None };
    let place = open(ctx, &args.path)?;
    block_on(ctx.cancel.or_stop(async {
        match place.find_file().await {
            Ok(Some((name, _))) => {
                let is_allowed = ctx.gate.allows("touch", &name, None)?;
                if is_allowed { place.tree.set_modified(&RelPath::root(), dates).await } else { Ok(()) }
            }
            Ok(None) => touch_folder(ctx, args, &place, dates).await,
            Err(error) if error.kind() == Kind::NotFound => create(ctx, args, &place, dates).await,
            Err(error) => Err(error),
        }
    }))
}

async fn create(ctx: &Ctx, args: &Args, place: &Place, dates: Dates) -> Result<()> {
    let Some((folder, path)) = place.in_holder() else {
        return Err(Error::new(Kind::DirectoryNotFound, "touch", "directory not found")
            .on(args.path.as_encoded_bytes()));
    };
    let forbidden = match (args.recursive, args.no_create) {
        (true, _) => Some("--recursive"),
        (false, true) => Some("--no-create"),
        (false, false) => None,
    };
    if let Some(flag) = forbidden {
        log::warn!(object:% = folder.describe(); "Not touching nonexistent file due to {flag}");
        return Ok(());
    }
    if ctx.gate.allows("touch (create)", folder.describe(), None)? {
        create_empty(&*folder, &path, 0o666 & !ctx.umask, dates).await?;
        let holder = place.name.holder();
        if let Some(preservation) = preservation(ctx, Ends { source: holder.clone(), destination: holder }) {
            let subject =
                Subject { path: path.clone(), size: 0, modified: Some(dates.modified), is_folder: false };
            preservation.give(&*folder, &path, subject).await?;
        }
    }
    Ok(())
}

async fn create_empty(folder: &dyn Fs, path: &RelPath, mode: u32, dates: Dates) -> Result<()> {
    let file = match folder.create(path, mode).await {
        Err(error) if error.kind() == Kind::NotFound => {
            folder.make_dir(&RelPath::root()).await?;
            folder.create(path, mode).await?
        }
        created => created?,
    };
    file.set_metadata(mode, Some(dates)).await?;
    file.close().await
}

async fn touch_folder(ctx: &Ctx, args: &Args, place: &Place, dates: Dates) -> Result<()> {
    let depth = if args.recursive { Depth::All } else { Depth::One };
    let files = stream::try_unfold(Walk::new(ctx, place, depth), async |mut walk| {
        Ok(walk.next().await?.map(|found| (found, walk)))
    });
    let at_once = if ctx.gate.is_open() { IN_FLIGHT } else { 1 };
    files.try_for_each_concurrent(at_once, |found| touch_one(ctx, place, found, dates)).await
}

async fn touch_one(ctx: &Ctx, place: &Place, found: Found, dates: Dates) -> Result<()> {
    match found.metadata.file_type {
        FileType::Directory => return Ok(()),
        FileType::Symlink => {
            log::warn!(object:% = found.path; "Can't touch a link that leads nowhere");
            return Ok(());
        }
        FileType::File | FileType::Special => {}
    }
    if !ctx.gate.allows("touch", &found.path, Some(found.metadata.size))? {
        return Ok(());
    }
    match place.tree.set_modified(&found.at, dates).await {
        Err(error) if !error.is_fatal() => {
            log::error!(object:% = found.path; "failed to touch: {error}");
            ctx.stats.failed(&error);
            Ok(())
        }
        touched => touched,
    }
}

/// Reads a time in one of rclone's two forms.
fn parse(text: &str, zone: &TimeZone) -> Result<Timestamp> {
    let time =
        if text.contains('T') { DateTime::strptime("%Y-%m-%dT%H:%M:%S%.f", text) } else { short_date(text) };
    let zoned = time.and_then(|time| time.to_zoned(zone.clone()));
    zoned.map(|zoned: Zoned| zoned.timestamp()).map_err(|_| {
        Error::new(Kind::Config, "read --timestamp", "it is neither YYMMDD nor YYYY-MM-DDTHH:MM:SS").on(text)
    })
}

/// `YYMMDD`; years from 69 on are of the last century.
fn short_date(text: &str) -> std::result::Result<DateTime, jiff::Error> {
    Date::strptime("%y%m%d", text).map(DateTime::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_in_two_forms() {
        let berlin = TimeZone::fixed(jiff::tz::offset(2));
        for (text, zone, expected) in [
            ("2006-01-02T15:04:05", &TimeZone::UTC, "2006-01-02T15:04:05Z"),
            ("2006-01-02T15:04:05.123456789", &TimeZone::UTC, "2006-01-02T15:04:05.123456789Z"),
            ("2006-01-02T15:04:05", &berlin, "2006-01-02T13:04:05Z"),
            ("061030", &TimeZone::UTC, "2006-10-30T00:00:00Z"),
            ("681030", &TimeZone::UTC, "2068-10-30T00:00:00Z"),
            ("691030", &TimeZone::UTC, "1969-10-30T00:00:00Z"),
        ] {
            assert_eq!(parse(text, zone).unwrap().to_string(), expected, "{text}");
        }
        for bad in
            ["", "bogus", "17.10.30", "2006-01-02", "2006-13-02T15:04:05", "2006-01-02T15:04", "0610301"]
        {
            assert!(parse(bad, &TimeZone::UTC).unwrap_err().to_string().contains("YYMMDD"), "{bad}");
        }
    }
}
