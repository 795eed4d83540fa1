//! A snapshot of the statistics as text and as JSON, in rclone's words (<https://rclone.org/docs/#stats-duration>).

use std::fmt::Write;
use std::time::Duration;

use crate::path::escape;
use crate::transfer::stats::{Ratio, Snapshot, Transferring};
use crate::units::{duration, size};

/// Columns of a file name.
const NAME_WIDTH: usize = 45;

/// The block of several lines; ends in a line feed. Lines of which everything is zero are left out.
pub fn block(stats: &Snapshot) -> String {
    let mut text = format!("Transferred:   \t{}\n", totals(stats));
    if let Some(errors) = errors(stats) {
        text.push_str(&errors);
    }
    if stats.checks.total > 0 || stats.listed > 0 {
        let Ratio { done, total } = stats.checks;
        line(
            &mut text,
            "Checks:",
            &done,
            &format!(" / {total}, {}, Listed {}", percent(stats.checks), stats.listed),
        );
    }
    if stats.deleted_files > 0 || stats.deleted_dirs > 0 {
        let rest =
            format!(" (files), {} (dirs), {} (freed)", stats.deleted_dirs, size::long(stats.deleted_bytes));
        line(&mut text, "Deleted:", &stats.deleted_files, &rest);
    }
    if stats.renames > 0 {
        line(&mut text, "Renamed:", &stats.renames, "");
    }
    if stats.transfers.total > 0 {
        let Ratio { done, total } = stats.transfers;
        line(&mut text, "Transferred:", &done, &format!(" / {total}, {}", percent(stats.transfers)));
    }
    line(&mut text, "Elapsed time:", &elapsed(stats.elapsed), "s");
    if !stats.active.is_empty() {
        text.push_str("Transferring:\n");
        text.extend(stats.active.iter().map(|file| format!(" * {}\n", active(file))));
    }
    text
}

/// The form of one line, without a line feed.
pub fn one_line(stats: &Snapshot) -> String {
    let mut text = totals(stats);
    if stats.transfers.done < stats.transfers.total || stats.checks.done < stats.checks.total {
        let (transfers, checks) = (stats.transfers, stats.checks);
        let counts =
            format!(" (xfr#{}/{}, chk#{}/{})", transfers.done, transfers.total, checks.done, checks.total);
        text.push_str(&counts);
    }
    text
}

/// The fields of rclone's JSON log record of the statistics.
pub fn json(stats: &Snapshot) -> serde_json::Value {
    serde_json::json!({
        "bytes": stats.bytes.done,
        "checks": stats.checks.done,
        "deletedDirs": stats.deleted_dirs,
        "deletes": stats.deleted_files,
        "elapsedTime": stats.elapsed.as_secs_f64(),
        "errors": stats.errors.count,
        "eta": stats.eta.map(|eta| eta.as_secs()),
        "fatalError": stats.errors.fatal,
        "lastError": stats.errors.last,
        "listed": stats.listed,
        "renames": stats.renames,
        "retryError": stats.errors.retryable,
        "speed": stats.speed,
        "totalBytes": stats.bytes.total,
        "totalChecks": stats.checks.total,
        "totalTransfers": stats.transfers.total,
        "transfers": stats.transfers.done,
    })
}

/// Bytes, percentage, rate and remaining time.
fn totals(stats: &Snapshot) -> String {
    let Ratio { done, total } = stats.bytes;
    format!(
        "{:>13} / {}, {}, {}, ETA {}",
        size::long(done),
        size::long(total),
        percent(stats.bytes),
        rate(stats.speed),
        stats.eta.map_or_else(|| "-".into(), duration::readable)
    )
}

fn errors(stats: &Snapshot) -> Option<String> {
    let advice = match &stats.errors {
        errors if errors.fatal => " (fatal error encountered)",
        errors if errors.retryable => " (retrying may help)",
        _ => " (no need to retry)",
    };
    let mut text = String::new();
    (stats.errors.count > 0).then(|| line(&mut text, "Errors:", &stats.errors.count, advice))?;
    Some(text)
}

fn line(text: &mut String, label: &str, value: &dyn std::fmt::Display, rest: &str) {
    // Writing to a string cannot fail.
    writeln!(text, "{label:<15}{:>10}{rest}", value.to_string()).ok();
}

/// One file on its way: name, percentage, size, rate, remaining time.
fn active(file: &Transferring) -> String {
    let name = shorten(&escape(file.name.as_bytes()), NAME_WIDTH);
    let done = Ratio { done: file.done, total: file.size };
    #[expect(clippy::cast_precision_loss, reason = "a time for people")]
    let left = Duration::try_from_secs_f64(file.size.saturating_sub(file.done) as f64 / file.speed).ok();
    format!(
        "{name:>NAME_WIDTH$}:{:>4} / {}, {}, {}",
        percent(done),
        size::long(file.size),
        rate(file.speed),
        left.map_or_else(|| "-".into(), duration::readable)
    )
}

/// Leaves out the middle of a name that has more than `width` characters.
pub fn shorten(name: &str, width: usize) -> String {
    let length = name.chars().count();
    if length <= width {
        return name.to_owned();
    }
    let kept = width.saturating_sub(1);
    let tail = kept / 2;
    let head: String = name.chars().take(kept.saturating_sub(tail)).collect();
    let tail: String = name.chars().skip(length.saturating_sub(tail)).collect();
    format!("{head}…{tail}")
}

/// `280.095 MiB/s`.
pub fn rate(speed: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    let bytes = speed as u64;
    format!("{}/s", size::long(bytes))
}

/// `26%`, or `-` of nothing.
#[expect(clippy::cast_precision_loss, reason = "a percentage for people")]
fn percent(Ratio { done, total }: Ratio) -> String {
    if total == 0 { "-".into() } else { format!("{:.0}%", done as f64 * 100.0 / total as f64) }
}

/// Minutes and longer as `1h2m`, then seconds with one decimal.
fn elapsed(time: Duration) -> String {
    let minutes = Duration::from_secs(time.as_secs() / 60 * 60);
    let seconds = time.saturating_sub(minutes).as_secs_f64();
    // Cut, not rounded: 59.96 s must not become 60.0.
    let seconds = (seconds * 10.0).floor() / 10.0;
    let before = if minutes.is_zero() { String::new() } else { duration::readable(minutes) };
    format!("{before}{seconds:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::RelPath;
    use crate::transfer::stats::Errors;

    fn busy() -> Snapshot {
        Snapshot {
            elapsed: Duration::from_millis(65_450),
            listed: 5,
            checks: Ratio { done: 1, total: 4 },
            transfers: Ratio { done: 1, total: 3 },
            bytes: Ratio { done: 100_008, total: 1 << 30 },
            deleted_files: 1,
            deleted_bytes: 14,
            renames: 2,
            errors: Errors { count: 2, retryable: true, ..Errors::default() },
            speed: 1_048_576.0,
            eta: Some(Duration::from_secs(1024)),
            active: vec![Transferring {
                id: 1,
                name: RelPath::parse(b"big1g").unwrap(),
                size: 1 << 30,
                done: 279_172_874,
                speed: 293_700_894.0,
            }],
            ..Snapshot::default()
        }
    }

    #[test]
    fn the_block_is_rclones() {
        let expected = "Transferred:   \t   97.664 KiB / 1 GiB, 0%, 1 MiB/s, ETA 17m4s
Errors:                 2 (retrying may help)
Checks:                 1 / 4, 25%, Listed 5
Deleted:                1 (files), 0 (dirs), 14 B (freed)
Renamed:                2
Transferred:            1 / 3, 33%
Elapsed time:       1m5.4s
Transferring:
 *                                         big1g: 26% / 1 GiB, 280.095 MiB/s, 2s
";
        assert_eq!(block(&busy()), expected);
    }

    #[test]
    fn a_run_without_work_is_two_lines() {
        let idle = Snapshot::default();
        assert_eq!(
            block(&idle),
            "Transferred:   \t          0 B / 0 B, -, 0 B/s, ETA -\nElapsed time:         0.0s\n"
        );
        assert_eq!(one_line(&idle), "          0 B / 0 B, -, 0 B/s, ETA -");
    }

    #[test]
    fn the_line_counts_what_is_not_done_yet() {
        assert_eq!(one_line(&busy()), "   97.664 KiB / 1 GiB, 0%, 1 MiB/s, ETA 17m4s (xfr#1/3, chk#1/4)");
    }

    #[test]
    fn long_names_lose_their_middle() {
        assert_eq!(shorten("short", 5), "short");
        assert_eq!(shorten("abcdefgh", 5), "ab…gh");
        assert_eq!(shorten("äöüßéèê", 4), "äö…ê");
    }

    #[test]
    fn json_has_the_fields_of_rclone() {
        let value = json(&busy());
        assert_eq!(value["totalBytes"], 1_u64 << 30);
        assert_eq!(value["errors"], 2);
        assert_eq!(value["eta"], 1024);
    }
}
