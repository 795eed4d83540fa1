//! Shows a run while it goes on: bars on a terminal, log lines elsewhere. It only looks at the statistics, so leaving
//! it out changes nothing but what is seen.

use std::collections::HashMap;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use log::Level;

use crate::output::go_time::TimeFormat;
use crate::output::logger;
use crate::output::stats_block::{self, Look};
use crate::path::escape;
use crate::transfer::stats::{Snapshot, Stats, Transferring};
use crate::units::{duration, size};

/// Time between two drawings of the bars.
const REDRAW: Duration = Duration::from_millis(500);

/// Files shown at once; with many small ones under way only the oldest are worth a line.
const MOST_BARS: usize = 10;

/// Columns of a file name.
const NAME_WIDTH: usize = 30;

/// How a run is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Bars on stderr, which is a terminal.
    Bars,
    /// Statistics as log lines at this interval.
    Lines(Duration),
    /// Nothing before the end.
    Silent,
}

/// What to show of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// While it goes on.
    pub style: Style,
    /// The log level of statistics.
    pub level: Level,
    /// The form of statistics.
    pub form: Form,
    /// How they look.
    pub look: Look,
    /// Whether the title of a terminal with bars tells the rest of the time.
    pub title: bool,
}

/// The form of statistics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// Several lines.
    Block,
    /// One line.
    Line,
    /// One line that begins with date and time in this form.
    DatedLine(TimeFormat),
}

/// A run being shown. [`finish`](Self::finish) ends it with the final statistics.
pub struct Progress {
    stats: Stats,
    options: Options,
    watcher: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Starts to show a run. Without a thread to spare only the final statistics are shown.
    pub fn start(stats: &Stats, options: Options) -> Self {
        let watcher = match options.style {
            Style::Bars => {
                let (mut bars, stats, title) = (Bars::new(options.look), stats.clone(), options.title);
                watch(REDRAW, move || {
                    let snapshot = stats.snapshot();
                    bars.draw(&snapshot);
                    if title {
                        show_title(&format!("ETA: {}", stats_block::remaining(&snapshot)));
                    }
                })
            }
            Style::Lines(interval) => {
                let (stats, options) = (stats.clone(), options.clone());
                watch(interval, move || report(&stats.snapshot(), &options))
            }
            Style::Silent => None,
        };
        Self { stats: stats.clone(), options, watcher }
    }

    /// Removes the bars and logs the final statistics. Where there were bars and the log goes to a file, the statistics
    /// take their place as well.
    pub fn finish(mut self) {
        self.stop();
        if self.options.title && self.options.style == Style::Bars {
            show_title("");
        }
        let snapshot = self.stats.snapshot();
        report(&snapshot, &self.options);
        if self.options.style == Style::Bars && logger::is_elsewhere() {
            logger::show(&stats_block::block(&snapshot, self.options.look));
        }
    }

    fn stop(&mut self) {
        if let Some((stop, thread)) = self.watcher.take() {
            drop(stop);
            // A watcher that panicked has said so already.
            thread.join().ok();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Calls `show` at every interval on a thread of its own until the sender is dropped.
fn watch(
    interval: Duration,
    mut show: impl FnMut() + Send + 'static,
) -> Option<(Sender<()>, JoinHandle<()>)> {
    let (stop, stopped) = channel();
    let watcher = move || {
        while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
            show();
        }
    };
    let thread = Builder::new().name("progress".into()).spawn(watcher).ok()?;
    Some((stop, thread))
}

/// Gives the terminal a title.
fn show_title(title: &str) {
    logger::show(&format!("\x1b]0;{title}\x07"));
}

/// Logs the statistics.
fn report(snapshot: &Snapshot, options: &Options) {
    let text = match &options.form {
        Form::Block => format!("\n{}", stats_block::block(snapshot, options.look)),
        Form::Line => stats_block::one_line(snapshot, options.look),
        Form::DatedLine(format) => {
            let now = format.show(Some(Timestamp::now().as_nanosecond()), &TimeZone::system());
            format!("{now}{}", stats_block::one_line(snapshot, options.look))
        }
    };
    let fields = stats_block::json(snapshot).to_string();
    log::log!(target: logger::STATS, options.level, stats = fields.as_str(); "{text}");
}

/// The bars on the terminal: one for each file on its way, and one for all.
struct Bars {
    group: MultiProgress,
    total: ProgressBar,
    files: HashMap<u64, ProgressBar>,
    look: Look,
}

impl Bars {
    fn new(look: Look) -> Self {
        let group = MultiProgress::new();
        let total = group.add(bar("Total"));
        logger::set_bars(Some(group.clone()));
        Self { group, total, files: HashMap::new(), look }
    }

    fn draw(&mut self, snapshot: &Snapshot) {
        let shown = snapshot.active.iter().take(MOST_BARS);
        self.files.retain(|id, bar| {
            let stays = shown.clone().any(|file| file.id == *id);
            if !stays {
                self.group.remove(bar);
            }
            stays
        });
        for file in shown {
            self.draw_file(file);
        }
        self.total.set_length(snapshot.bytes.total.max(1));
        self.total.set_position(snapshot.bytes.done);
        let eta = snapshot.eta.map_or_else(|| "-".into(), duration::readable);
        self.total.set_message(format!(
            "{} / {}, {}, ETA {eta}, {} / {} files",
            size::long(snapshot.bytes.done),
            size::long(snapshot.bytes.total),
            self.look.rate(snapshot.speed),
            snapshot.transfers.done,
            snapshot.transfers.total,
        ));
    }

    fn draw_file(&mut self, file: &Transferring) {
        let bar = self.files.entry(file.id).or_insert_with(|| {
            let name = stats_block::shorten(&escape(file.name.as_bytes()), NAME_WIDTH);
            self.group.insert_before(&self.total, bar(&name))
        });
        bar.set_length(file.size.max(1));
        bar.set_position(file.done);
        bar.set_message(format!("{}, {}", size::long(file.size), self.look.rate(file.speed)));
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        logger::set_bars(None);
        // A terminal that is gone needs no cleaning.
        self.group.clear().ok();
    }
}

fn bar(name: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix:30} [{bar:24}] {percent:>3}% {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ");
    ProgressBar::new(1).with_style(style).with_prefix(name.to_owned())
}

#[cfg(test)]
mod tests {
    use indicatif::{InMemoryTerm, ProgressDrawTarget};

    use super::*;
    use crate::path::RelPath;

    #[test]
    fn bars_follow_the_files_and_leave_nothing_behind() {
        let stats = Stats::new();
        let term = InMemoryTerm::new(10, 120);
        let mut bars = Bars::new(Look::default());
        bars.group.set_draw_target(ProgressDrawTarget::term_like(Box::new(term.clone())));
        stats.expect_transfer(100);
        let transfer = stats.start(&RelPath::parse(b"a\x1b[31m").unwrap(), 100);
        transfer.advance(50);
        bars.draw(&stats.snapshot());
        let shown = term.contents();
        assert!(shown.contains("a\\x1b[31m"), "{shown}");
        assert!(shown.contains(" 50% 100 B"), "{shown}");
        assert!(shown.contains("0 / 1 files"), "{shown}");

        transfer.finish();
        bars.draw(&stats.snapshot());
        assert!(bars.files.is_empty());
        drop(bars);
        assert_eq!(term.contents(), "");
    }

    #[test]
    fn a_run_that_is_watched_stops_being_watched() {
        for style in
            [Style::Silent, Style::Lines(Duration::from_millis(1)), Style::Lines(Duration::from_secs(3600))]
        {
            Progress::start(
                &Stats::new(),
                Options { style, level: Level::Info, form: Form::Line, look: Look::default(), title: false },
            )
            .finish();
        }
    }
}
