//! The decision about each path.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::listed::Listed;
use super::metadata_rules::MetadataRules;
use super::partition::Partition;
use super::rules::{RuleSet as _, Rules};
use super::spec::Spec;
use super::text;
use crate::error::{Error, Kind, Result};
use crate::fs::{Details, Metadata, Properties};
use crate::path::{Name, RelPath};
use crate::units::Interval;
use crate::units::size;

/// Which files are seen and which folders are read.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    rules: Rules,
    metadata: MetadataRules,
    listed: Option<Listed>,
    markers: Vec<Name>,
    min_size: Option<u64>,
    max_size: Option<u64>,
    /// Bounds of the modification time, in nanoseconds since 1970.
    oldest: Option<i128>,
    newest: Option<i128>,
    partition: Option<Partition>,
    delete_excluded: bool,
}

impl Filter {
    /// Makes the filter of a run that began at `now`, in nanoseconds since 1970.
    ///
    /// # Errors
    /// [`Kind::Config`]: a rule is malformed, or two flags contradict each other.
    pub fn new(spec: Spec, now: i128) -> Result<Self> {
        let wrong = |reason: String| {
            Error::new(Kind::Config, "read filters", crate::path::escape(reason.as_bytes()).into_owned())
        };
        let mut filter = Self {
            rules: rules(&spec).map_err(wrong)?,
            metadata: metadata_rules(&spec).map_err(wrong)?,
            listed: None,
            markers: spec.exclude_if_present,
            min_size: spec.min_size,
            max_size: spec.max_size,
            oldest: spec.max_age.map(|age| now.saturating_sub(age.into())),
            newest: spec.min_age.map(|age| now.saturating_sub(age.into())),
            partition: spec.hash_filter.map(|text| Partition::parse(&text)).transpose().map_err(wrong)?,
            delete_excluded: spec.delete_excluded,
        };
        if let (Some(min), Some(max)) = (spec.min_age, spec.max_age)
            && min > max
        {
            let shown = |age| Interval::new(std::time::Duration::from_nanos(age));
            return Err(wrong(format!(
                "filter: --min-age \"{}\" can't be larger than --max-age \"{}\"",
                shown(min),
                shown(max)
            )));
        }
        if let Some((flag, listed)) = spec.files {
            if filter.is_active() {
                return Err(wrong(alone(flag)));
            }
            filter.listed = Some(listed);
        }
        Ok(filter)
    }

    /// Whether anything can be left out.
    pub fn is_active(&self) -> bool {
        self.listed.is_some()
            || !self.rules.files.is_empty()
            || !self.rules.folders.is_empty()
            || !self.metadata.is_empty()
            || !self.markers.is_empty()
            || self.min_size.is_some()
            || self.max_size.is_some()
            || self.oldest.is_some()
            || self.newest.is_some()
            || self.partition.is_some()
    }

    /// Whether a file, or anything that is no folder, is seen, as far as its path, size and time say. Why not is logged.
    pub fn keep(&self, path: &RelPath, metadata: &Metadata) -> bool {
        match self.refusal(&text::of(path.as_bytes()), metadata) {
            None => true,
            Some(filter) => {
                log::debug!(object:% = path; "Excluded ({filter} Filter)");
                false
            }
        }
    }

    /// Whether there are rules about more than that, for [`keep_details`](Self::keep_details).
    pub fn asks_for_details(&self) -> bool {
        !self.metadata.is_empty()
    }

    /// Whether a file that [`keep`](Self::keep) keeps is seen for what else is known of it. Why not is logged.
    pub fn keep_details(&self, path: &RelPath, details: &Details) -> bool {
        let is_kept = self.metadata.include(&Properties::of(details, &TimeZone::system()));
        if !is_kept {
            log::debug!(object:% = path; "Excluded (Metadata Filter)");
        }
        is_kept
    }

    /// The filter that leaves a file out.
    fn refusal(&self, text: &str, metadata: &Metadata) -> Option<&'static str> {
        if let Some(listed) = &self.listed {
            return (!listed.has_file(text)).then_some("FilesFrom");
        }
        // A file of unknown age is as old as can be.
        let modified = metadata.modified.unwrap_or(0);
        if self.oldest.is_some_and(|oldest| modified < oldest)
            || self.newest.is_some_and(|newest| modified > newest)
        {
            return Some("ModTime");
        }
        if self.min_size.is_some_and(|min| metadata.size < min)
            || self.max_size.is_some_and(|max| metadata.size > max)
        {
            return Some("Size");
        }
        let is_here = self.partition.is_none_or(|partition| partition.has(text));
        (!is_here || !self.rules.files.includes(text)).then_some("Path")
    }

    /// Whether a folder is seen and read. The root always is.
    pub fn enter(&self, folder: &RelPath) -> bool {
        let text = text::of(folder.as_bytes());
        let is_entered = folder.is_root()
            || match &self.listed {
                Some(listed) => listed.has_folder(&text),
                None => self.rules.folders.is_empty() || self.rules.folders.includes(&format!("{text}/")),
            };
        if !is_entered {
            log::debug!(object:% = folder; "Excluded");
        }
        is_entered
    }

    /// Whether an empty folder may be removed: as rclone's `rmdirs`, the rules for files decide about its path with a
    /// slash behind it, so that `--include '*.txt'` keeps every folder.
    pub fn removes_folder(&self, folder: &RelPath) -> bool {
        let text = text::of(folder.as_bytes());
        match &self.listed {
            Some(listed) => listed.has_file(&text),
            None => self.rules.files.includes(&format!("{text}/")),
        }
    }

    /// Names of files that leave out the folder they are in.
    pub fn markers(&self) -> &[Name] {
        &self.markers
    }

    /// Whether what is left out is still seen in the destination, so that it can be deleted there.
    pub fn deletes_excluded(&self) -> bool {
        self.delete_excluded
    }

    /// What `--dump filters` prints, lines without the last line feed.
    pub fn dump(&self) -> String {
        let mut lines = vec!["--- start filters ---".to_owned()];
        let dates = [("greater", self.oldest), ("less", self.newest)];
        lines.extend(dates.into_iter().filter_map(|(bound, date)| {
            Some(format!("Last-modified date must be equal or {bound} than: {}", shown_date(date?)))
        }));
        let sizes = [("Minimum", self.min_size), ("Maximum", self.max_size)];
        lines.extend(
            sizes
                .into_iter()
                .filter_map(|(bound, size)| Some(format!("{bound} size is: {}", size::long(size?)))),
        );
        lines.push("--- File filter rules ---".to_owned());
        lines.extend(self.rules.files.shown());
        lines.push("--- Directory filter rules ---".to_owned());
        lines.extend(self.rules.folders.shown());
        if !self.metadata.is_empty() {
            lines.push("--- Metadata filter rules ---".to_owned());
            lines.extend(self.metadata.shown());
        }
        lines.push("--- end filters ---".to_owned());
        lines.join("\n")
    }
}

fn rules(spec: &Spec) -> std::result::Result<Rules, String> {
    let mut rules = Rules::new(spec.ignore_case);
    rules.add_all(&spec.paths)?;
    Ok(rules)
}

fn metadata_rules(spec: &Spec) -> std::result::Result<MetadataRules, String> {
    let mut rules = MetadataRules::default();
    rules.add_all(&spec.metadata)?;
    Ok(rules)
}

/// That a list of files stands alone.
fn alone(flag: &str) -> String {
    let others =
        ["--files-from", "--files-from-raw", "--files-from0"].into_iter().filter(|other| *other != flag);
    let mut text = format!("the usage of {flag} overrides all other filters, it should be used alone");
    for (other, joined) in others.zip([" or with ", " or "]) {
        // Writing to a string cannot fail.
        write!(text, "{joined}{other}").ok();
    }
    text
}

fn shown_date(nanoseconds: i128) -> String {
    Timestamp::from_nanosecond(nanoseconds).map_or_else(
        |_| nanoseconds.to_string(),
        |date| date.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S%.f %z").to_string(),
    )
}
