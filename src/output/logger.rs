//! The process's one logger: rclone's line format on stderr, in a file or in the system's log, or one JSON object per
//! record.
//!
//! | `log` level | shown as | shown with |
//! | --- | --- | --- |
//! | `error` | `ERROR` | always, also with `-q` |
//! | `warn` | `NOTICE` | by default |
//! | `info` | `INFO` | `-v` |
//! | `debug` | `DEBUG` | `-vv` |
//!
//! A record may carry what it is about: `log::info!(object:% = path; "Copied (new)")` is shown as
//! `path: Copied (new)`. Each line of a message is a line of its own, with its own prefix; only the statistics
//! block (target [`STATS`]) stays in one piece, as scripts that read rclone's logs expect.

use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use indicatif::MultiProgress;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use log::kv::Key;
use log::{Level, LevelFilter, Log, Metadata, Record};

use super::log_file::{LogFile, Rotation};
use super::syslog::{Facility, Syslog};
use crate::error::Result;
use crate::path::escape;

/// The target of records that hold a statistics block.
pub const STATS: &str = "sclone::stats";

/// What to log, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The least important level shown.
    pub level: LevelFilter,
    /// Append to this file instead of writing to stderr.
    pub file: Option<PathBuf>,
    /// When and how that file is rotated.
    pub rotation: Rotation,
    /// Send everything to the system's logger as messages of this facility, and write nothing to stderr.
    pub syslog: Option<Facility>,
    /// One JSON object per record instead of text.
    pub json: bool,
    /// What a line of text begins with.
    pub prefix: Prefix,
}

/// What a line of text begins with (`--log-format`, `--log-systemd`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// The day.
    pub date: bool,
    /// The time of day.
    pub time: bool,
    /// The time to the microsecond.
    pub microseconds: bool,
    /// Date and time as they are at Greenwich.
    pub utc: bool,
    /// The place in the program.
    pub source: bool,
    /// The number of the process.
    pub process: bool,
    /// The level.
    pub level: bool,
    /// The level as a number between angle brackets, which the journal of systemd understands (`sd-daemon(3)`).
    pub priority: bool,
}

impl Default for Prefix {
    fn default() -> Self {
        Self {
            date: true,
            time: true,
            microseconds: false,
            utc: false,
            source: false,
            process: false,
            level: true,
            priority: false,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            level: LevelFilter::Warn,
            file: None,
            rotation: Rotation::default(),
            syslog: None,
            json: false,
            prefix: Prefix::default(),
        }
    }
}

#[derive(Default)]
struct Logger(Mutex<State>);

#[derive(Default)]
struct State {
    json: bool,
    prefix: Prefix,
    sink: Sink,
    bars: Option<MultiProgress>,
}

/// Where the log goes.
#[derive(Default)]
enum Sink {
    #[default]
    Stderr,
    File(LogFile),
    Syslog(Syslog),
}

static LOGGER: OnceLock<Logger> = OnceLock::new();

/// Starts logging, or changes how it is done.
///
/// # Errors
/// The log file cannot be opened, or no system logger listens.
pub fn configure(settings: &Settings) -> Result<()> {
    let sink = Sink::open(settings)?;
    let logger = LOGGER.get_or_init(Logger::default);
    logger.0.lock().unwrap_or_else(PoisonError::into_inner).apply(settings, sink);
    // Fails only when this logger is already in place.
    log::set_logger(logger).ok();
    log::set_max_level(settings.level);
    Ok(())
}

impl Sink {
    fn open(settings: &Settings) -> Result<Self> {
        Ok(match (&settings.file, settings.syslog) {
            (Some(file), _) => Self::File(LogFile::open(file, &settings.rotation)?),
            (None, Some(facility)) => Self::Syslog(Syslog::open(facility)?),
            (None, None) => Self::Stderr,
        })
    }
}

/// Puts log lines above these progress bars; `None` once they are gone.
pub fn set_bars(bars: Option<MultiProgress>) {
    if let Some(logger) = LOGGER.get() {
        logger.0.lock().unwrap_or_else(PoisonError::into_inner).bars = bars;
    }
}

/// Runs `work`, which uses the terminal, with the progress bars out of its way.
pub fn without_bars<T>(work: impl FnOnce() -> T) -> T {
    let bars =
        LOGGER.get().and_then(|logger| logger.0.lock().unwrap_or_else(PoisonError::into_inner).bars.clone());
    match bars {
        Some(bars) => bars.suspend(work),
        None => work(),
    }
}

/// Whether the log goes elsewhere than to stderr, so that a terminal shows none of it.
pub fn is_elsewhere() -> bool {
    LOGGER.get().is_some_and(|logger| {
        !matches!(logger.0.lock().unwrap_or_else(PoisonError::into_inner).sink, Sink::Stderr)
    })
}

/// Writes to stderr beside the log.
pub fn show(text: &str) {
    // A terminal that is gone sees nothing.
    std::io::stderr().write_all(text.as_bytes()).ok();
}

impl State {
    fn apply(&mut self, settings: &Settings, sink: Sink) {
        self.json = settings.json;
        self.prefix = settings.prefix;
        self.sink = sink;
    }

    /// There is nobody to tell when the log itself cannot be written.
    fn write(&mut self, level: Level, text: &str) {
        match (&mut self.sink, &self.bars) {
            (Sink::File(file), _) => file.write(text.as_bytes()),
            (Sink::Syslog(syslog), _) => syslog.write(level, text),
            (Sink::Stderr, Some(bars)) => bars.suspend(|| show(text)),
            (Sink::Stderr, None) => show(text),
        }
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level() && metadata.target().starts_with("sclone")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = if state.json {
            as_json(record, Timestamp::now())
        } else {
            as_text(record, &Zoned::now(), state.prefix)
        };
        state.write(record.level(), &text);
    }

    /// Waits until old log files are compressed.
    fn flush(&self) {
        if let Sink::File(file) = &mut self.0.lock().unwrap_or_else(PoisonError::into_inner).sink {
            file.finish();
        }
    }
}

fn as_text(record: &Record<'_>, now: &Zoned, prefix: Prefix) -> String {
    let object = field(record, "object").map(|object| format!("{}: ", escape(object.as_bytes())));
    let prefix = format!("{}{}", prefix.of(record, now), object.unwrap_or_default());
    let message = record.args().to_string();
    if record.target() == STATS {
        return format!("{prefix}{message}\n");
    }
    let lines = message.split('\n').map(|line| format!("{prefix}{}\n", escape(line.as_bytes())));
    lines.collect::<Vec<_>>().concat()
}

impl Prefix {
    fn of(self, record: &Record<'_>, now: &Zoned) -> String {
        let (level, priority) = match record.level() {
            Level::Error => ("ERROR ", 3),
            Level::Warn => ("NOTICE", 5),
            Level::Info => ("INFO  ", 6),
            Level::Debug | Level::Trace => ("DEBUG ", 7),
        };
        let now = if self.utc { now.with_time_zone(TimeZone::UTC) } else { now.clone() };
        let mut text = String::new();
        if self.priority {
            text += &format!("<{priority}>");
        }
        if self.date {
            text += &now.strftime("%Y/%m/%d ").to_string();
        }
        if self.microseconds {
            text += &now.strftime("%H:%M:%S.%6f ").to_string();
        } else if self.time {
            text += &now.strftime("%H:%M:%S ").to_string();
        }
        if self.source
            && let Some(source) = source_of(record)
        {
            text += &format!("{source}: ");
        }
        if self.process {
            text += &format!("[{}] ", std::process::id());
        }
        if self.level {
            text += &format!("{level}: ");
        }
        text
    }
}

/// `transfer/copy.rs:12`
fn source_of(record: &Record<'_>) -> Option<String> {
    Some(format!("{}:{}", record.file()?.trim_start_matches("src/"), record.line()?))
}

fn as_json(record: &Record<'_>, now: Timestamp) -> String {
    let level = match record.level() {
        Level::Error => "error",
        Level::Warn => "notice",
        Level::Info => "info",
        Level::Debug | Level::Trace => "debug",
    };
    let mut fields = serde_json::Map::new();
    fields.insert("time".into(), now.to_string().into());
    fields.insert("level".into(), level.into());
    fields.insert("msg".into(), record.args().to_string().into());
    if let Some(object) = field(record, "object") {
        fields.insert("object".into(), object.into());
    }
    if let Some(stats) = field(record, "stats").and_then(|stats| serde_json::from_str(&stats).ok()) {
        fields.insert("stats".into(), stats);
    }
    if let Some(source) = source_of(record) {
        fields.insert("source".into(), source.into());
    }
    format!("{}\n", serde_json::Value::Object(fields))
}

fn field(record: &Record<'_>, name: &str) -> Option<String> {
    record.key_values().get(Key::from(name)).map(|value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(level: Level, target: &str, object: Option<&str>, message: &str) -> String {
        prefixed(Prefix::default(), level, target, object, message)
    }

    fn prefixed(prefix: Prefix, level: Level, target: &str, object: Option<&str>, message: &str) -> String {
        let now: Zoned = "2026-11-24T19:00:00.5[+02:00]".parse().unwrap();
        let fields = object.map(|object| ("object", object));
        as_text(
            &Record::builder()
                .level(level)
                .target(target)
                .key_values(&fields)
                .args(format_args!("{message}"))
                .file(Some("src/x/y.rs"))
                .line(Some(7))
                .build(),
            &now,
            prefix,
        )
    }

    #[test]
    fn lines_are_rclones() {
        let of = |level| text(level, "sclone::x", Some("a/b"), "Copied (new)");
        assert_eq!(of(Level::Error), "2026/11/24 19:00:00 ERROR : a/b: Copied (new)\n");
        assert_eq!(of(Level::Warn), "2026/11/24 19:00:00 NOTICE: a/b: Copied (new)\n");
        assert_eq!(of(Level::Info), "2026/11/24 19:00:00 INFO  : a/b: Copied (new)\n");
        assert_eq!(of(Level::Debug), "2026/11/24 19:00:00 DEBUG : a/b: Copied (new)\n");
        assert_eq!(text(Level::Info, "sclone::x", None, "done"), "2026/11/24 19:00:00 INFO  : done\n");
    }

    #[test]
    fn a_line_begins_as_it_was_asked_for() {
        let of = |prefix| prefixed(prefix, Level::Info, "sclone::x", None, "done");
        let none = Prefix { date: false, time: false, level: false, ..Prefix::default() };
        assert_eq!(of(none), "done\n");
        assert_eq!(of(Prefix { priority: true, level: true, ..none }), "<6>INFO  : done\n");
        let process = format!("x/y.rs:7: [{}] done\n", std::process::id());
        assert_eq!(of(Prefix { source: true, process: true, ..none }), process);
        assert_eq!(
            of(Prefix { date: true, microseconds: true, utc: true, ..none }),
            "2026/11/24 17:00:00.500000 done\n"
        );
    }

    #[test]
    fn every_line_of_a_message_has_its_prefix_and_no_control_characters() {
        assert_eq!(
            text(Level::Error, "sclone::x", Some("n\nm"), "one\ntwo\x1b[31m"),
            "2026/11/24 19:00:00 ERROR : n\\nm: one\n2026/11/24 19:00:00 ERROR : n\\nm: two\\x1b[31m\n"
        );
        assert_eq!(text(Level::Info, STATS, None, "\na:\t1\n"), "2026/11/24 19:00:00 INFO  : \na:\t1\n\n");
    }

    #[test]
    fn json_is_one_line_with_the_object_apart() {
        let fields = [("object", "a\nb"), ("stats", "{\"bytes\":1}")];
        let line = as_json(
            &Record::builder().level(Level::Warn).key_values(&fields).args(format_args!("x\ny")).build(),
            "2026-11-24T19:00:00Z".parse().unwrap(),
        );
        assert_eq!(line.matches('\n').count(), 1);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["object"], "a\nb");
        assert_eq!(value["msg"], "x\ny");
        assert_eq!(value["level"], "notice");
        assert_eq!(value["stats"]["bytes"], 1);
        assert_eq!(value["time"], "2026-11-24T19:00:00Z");
    }
}
