//! A snapshot of the statistics as text and as JSON, in rclone's words (<https://rclone.org/docs/#stats-duration>).

use std::fmt::Write;
use std::time::Duration;

use crate::path::escape;
use crate::transfer::stats::{Ratio, ServerSide, Snapshot, Transferring};
use crate::units::{duration, size};

/// How statistics look (`--stats-file-name-length`, `--stats-unit`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Columns of a file name; `None` for as many as it has.
    pub name_width: Option<usize>,
    /// Whether rates are in bits, not in bytes.
    pub bits: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { name_width: Some(45), bits: false }
    }
}

/// The block of several lines; ends in a line feed. Lines of which everything is zero are left out.
pub fn block(stats: &Snapshot, look: Look) -> String {
    let mut text = format!("Transferred:   \t{}\n", totals(stats, look));
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
    if stats.moves.files > 0 {
        line(&mut text, "Renamed:", &stats.moves.files, "");
    }
    if stats.transfers.total > 0 {
        let Ratio { done, total } = stats.transfers;
        line(&mut text, "Transferred:", &done, &format!(" / {total}, {}", percent(stats.transfers)));
    }
    server_side(&mut text, "Server Side Copies:", stats.copies);
    server_side(&mut text, "Server Side Moves:", stats.moves);
    line(&mut text, "Elapsed time:", &elapsed(stats.elapsed), "s");
    if !stats.active.is_empty() {
        text.push_str("Transferring:\n");
        text.extend(stats.active.iter().map(|file| format!(" * {}\n", active(file, look))));
    }
    text
}

/// The form of one line, without a line feed.
pub fn one_line(stats: &Snapshot, look: Look) -> String {
    let mut text = totals(stats, look);
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
        "renames": stats.moves.files,
        "retryError": stats.errors.retryable,
        "serverSideCopies": stats.copies.files,
        "serverSideCopyBytes": stats.copies.bytes,
        "serverSideMoves": stats.moves.files,
        "serverSideMoveBytes": stats.moves.bytes,
        "speed": stats.speed,
        "totalBytes": stats.bytes.total,
        "totalChecks": stats.checks.total,
        "totalTransfers": stats.transfers.total,
        "transferring": stats.active.iter().map(json_of_file).collect::<Vec<_>>(),
        "transfers": stats.transfers.done,
    })
}

fn json_of_file(file: &Transferring) -> serde_json::Value {
    serde_json::json!({
        "bytes": file.done,
        "eta": left(file).map(|left| left.as_secs()),
        "name": escape(file.name.as_bytes()),
        "percentage": file.done.saturating_mul(100).checked_div(file.size).unwrap_or(100),
        "size": file.size,
        "speed": file.speed,
    })
}

/// Bytes, percentage, rate and remaining time.
fn totals(stats: &Snapshot, look: Look) -> String {
    let Ratio { done, total } = stats.bytes;
    format!(
        "{:>13} / {}, {}, {}, ETA {}",
        size::long(done),
        size::long(total),
        percent(stats.bytes),
        look.rate(stats.speed),
        remaining(stats)
    )
}

/// The time until everything known is transferred, or `-`.
pub fn remaining(stats: &Snapshot) -> String {
    stats.eta.map_or_else(|| "-".into(), duration::readable)
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

fn server_side(text: &mut String, label: &str, ServerSide { files, bytes }: ServerSide) {
    if files > 0 {
        // Writing to a string cannot fail.
        writeln!(
            text,
            "{label}{files:>width$} @ {}",
            size::long(bytes),
            width = 25_usize.saturating_sub(label.len())
        )
        .ok();
    }
}

/// One file on its way: name, percentage, size, rate, remaining time.
fn active(file: &Transferring, look: Look) -> String {
    let name = escape(file.name.as_bytes());
    let width = look.name_width.unwrap_or(0);
    let name = if width > 0 { shorten(&name, width) } else { name.into_owned() };
    let done = Ratio { done: file.done, total: file.size };
    let left = left(file);
    format!(
        "{name:>width$}:{:>4} / {}, {}, {}",
        percent(done),
        size::long(file.size),
        look.rate(file.speed),
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

impl Look {
    /// `280.095 MiB/s`, or `2.188 Gibit/s`.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    pub fn rate(self, speed: f64) -> String {
        if !self.bits {
            return format!("{}/s", size::long(speed as u64));
        }
        let bits = size::long((speed * 8.0) as u64);
        format!("{}bit/s", bits.strip_suffix('B').unwrap_or(&bits))
    }
}

/// The time the rest of a file takes at its speed.
#[expect(clippy::cast_precision_loss, reason = "a time for people")]
fn left(file: &Transferring) -> Option<Duration> {
    Duration::try_from_secs_f64(file.size.saturating_sub(file.done) as f64 / file.speed).ok()
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
            moves: ServerSide { files: 2, bytes: 20 },
            copies: ServerSide { files: 1, bytes: 4 },
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
Server Side Copies:     1 @ 4 B
Server Side Moves:      2 @ 20 B
Elapsed time:       1m5.4s
Transferring:
 *                                         big1g: 26% / 1 GiB, 280.095 MiB/s, 2s
";
        assert_eq!(block(&busy(), Look::default()), expected);
    }

    #[test]
    fn a_run_without_work_is_two_lines() {
        let idle = Snapshot::default();
        assert_eq!(
            block(&idle, Look::default()),
            "Transferred:   \t          0 B / 0 B, -, 0 B/s, ETA -\nElapsed time:         0.0s\n"
        );
        assert_eq!(one_line(&idle, Look::default()), "          0 B / 0 B, -, 0 B/s, ETA -");
    }

    #[test]
    fn the_line_counts_what_is_not_done_yet() {
        assert_eq!(
            one_line(&busy(), Look::default()),
            "   97.664 KiB / 1 GiB, 0%, 1 MiB/s, ETA 17m4s (xfr#1/3, chk#1/4)"
        );
    }

    #[test]
    fn rates_may_be_in_bits_and_names_as_long_as_they_are() {
        let look = Look { name_width: None, bits: true };
        let text = block(&busy(), look);
        assert!(text.contains("0%, 8 Mibit/s, ETA"), "{text}");
        assert!(text.contains("\n * big1g: 26% / 1 GiB, 2.188 Gibit/s, 2s\n"), "{text}");
        assert_eq!(look.rate(1.0), "8 bit/s");
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
        assert_eq!((&value["serverSideCopies"], &value["serverSideCopyBytes"]), (&1.into(), &4.into()));
        assert_eq!((&value["serverSideMoves"], &value["serverSideMoveBytes"]), (&2.into(), &20.into()));
        assert_eq!(value["transferring"][0]["name"], "big1g");
        assert_eq!(value["transferring"][0]["percentage"], 25);
    }
}
