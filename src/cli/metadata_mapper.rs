//! What `--metadata` and the flags beside it come to, and the program of `--metadata-mapper`
//! (<https://rclone.org/docs/#metadata-mapper>): it is sent JSON and answers with JSON.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::context::Ctx;
use super::remote_name::RemoteName;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::fs::{Properties, exact_rfc3339};
use crate::output::{go_json, mime};
use crate::path::escape;
use crate::transfer::Preservation;
use crate::transfer::preservation::{Mapper, Subject};

/// Pauses between two looks whether the program has ended: twice as long each time, up to the second one.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(20));
/// The most bytes of what a program printed that a message repeats.
const MOST_REPEATED: usize = 1000;

/// Where files come from and where they go.
#[derive(Clone, Debug)]
pub struct Ends {
    /// The source.
    pub source: RemoteName,
    /// The destination.
    pub destination: RemoteName,
}

/// What copies get of their sources besides; `None` without `--metadata`.
pub fn preservation(ctx: &Ctx, ends: Ends) -> Option<Arc<Preservation>> {
    let settings = &ctx.settings;
    if !settings.job.metadata {
        if !settings.metadata_set.is_empty() || !settings.metadata_mapper.is_empty() {
            log::warn!("--metadata-set and --metadata-mapper do nothing without --metadata (-M)");
        }
        return None;
    }
    let mapper = (!settings.metadata_mapper.is_empty()).then(|| {
        let program = Program {
            command: settings.metadata_mapper.clone(),
            ends,
            is_dumped: settings.dump_mapper,
            cancel: ctx.cancel.clone(),
        };
        Mapper::new(Arc::new(move |subject, properties| program.map(subject, properties)), settings.transfers)
    });
    Some(Arc::new(Preservation::new(settings.metadata_set.clone(), mapper)))
}

/// What the program is sent. The fields stand in rclone's order.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Question<'a> {
    src_fs: &'a str,
    src_fs_type: &'static str,
    dst_fs: &'a str,
    dst_fs_type: &'static str,
    remote: String,
    size: i64,
    mime_type: String,
    mod_time: String,
    is_dir: bool,
    #[serde(skip_serializing_if = "Properties::is_empty")]
    metadata: &'a Properties,
}

/// What it answers; nothing else in it counts.
#[derive(Deserialize)]
struct Answer {
    #[serde(default, rename = "Metadata", alias = "metadata")]
    metadata: Option<BTreeMap<String, String>>,
}

struct Program {
    command: Vec<String>,
    ends: Ends,
    is_dumped: bool,
    cancel: Cancel,
}

impl Program {
    fn map(&self, subject: &Subject, properties: &Properties) -> Result<Properties> {
        let question = self.question(subject, properties);
        self.dump("sent", &question);
        let answer = self.ask(&question)?;
        self.dump("received", &answer);
        let read: Option<Answer> = serde_json::from_str(&answer).map_err(|error| {
            let reason = format!("its answer is not what is wanted: {error}");
            self.failed(reason).advice(format!("it answered: {}", repeated(&answer)))
        })?;
        let mut mapped = Properties::default();
        for (key, value) in read.and_then(|answer| answer.metadata).unwrap_or_default() {
            mapped.set(&key, value);
        }
        Ok(mapped)
    }

    fn question(&self, subject: &Subject, properties: &Properties) -> String {
        let path = subject.path.as_bytes();
        go_json::pretty(&Question {
            src_fs: &self.ends.source.shown(),
            src_fs_type: self.ends.source.kind,
            dst_fs: &self.ends.destination.shown(),
            dst_fs_type: self.ends.destination.kind,
            remote: String::from_utf8_lossy(path).into_owned(),
            size: if subject.is_folder { -1 } else { i64::try_from(subject.size).unwrap_or(i64::MAX) },
            mime_type: if subject.is_folder { mime::FOLDER.to_owned() } else { mime::of_name(path) },
            mod_time: subject
                .modified
                .and_then(|modified| exact_rfc3339(modified, &TimeZone::system()))
                .unwrap_or_default(),
            is_dir: subject.is_folder,
            metadata: properties,
        })
    }

    /// Runs the program. What goes in and comes out stands in files, so that neither side waits for the other.
    fn ask(&self, question: &str) -> Result<String> {
        let unstarted = |error: io::Error| self.failed(Error::from_io("start", error).reason().to_owned());
        let [mut input, mut output, mut errors] = files().map_err(unstarted)?;
        input.write_all(question.as_bytes()).and_then(|()| input.rewind()).map_err(unstarted)?;
        let status = self.run(input, &output, &errors).map_err(unstarted)?;
        let status = status.ok_or_else(Error::cancelled)?;
        let answer = content(&mut output).map_err(unstarted)?;
        if status.success() {
            return Ok(answer);
        }
        let said = content(&mut errors).map_err(unstarted)?;
        let advice = match said.trim() {
            "" => "run it by hand to see what is wrong; --dump mapper shows what it is sent".to_owned(),
            said => format!("it said: {}", repeated(said)),
        };
        Err(self.failed(status.to_string()).advice(advice))
    }

    /// Runs the program to its end; `None` if the run was stopped, and the program with it.
    fn run(&self, input: File, output: &File, errors: &File) -> io::Result<Option<ExitStatus>> {
        let (program, arguments) = self.command.split_first().ok_or(io::ErrorKind::NotFound)?;
        // Dropped after the program: a run that is stopped must not leave it behind.
        let _clean_up = self.cancel.clean_up_later();
        let mut command = Command::new(program);
        command.args(arguments).stdin(input).stdout(output.try_clone()?).stderr(errors.try_clone()?);
        let mut running = Running(command.spawn()?);
        let (mut pause, longest) = PAUSES;
        loop {
            match running.0.try_wait()? {
                Some(status) => return Ok(Some(status)),
                None if self.cancel.is_cancelled() => return Ok(None),
                None => sleep(pause),
            }
            pause = pause.saturating_mul(2).min(longest);
        }
    }

    fn dump(&self, what: &str, text: &str) {
        if self.is_dumped {
            log::warn!("Metadata mapper {what}:\n{}", text.trim_end().replace('\t', "  "));
        }
    }

    fn failed(&self, reason: String) -> Error {
        Error::new(Kind::Failure, "map metadata with", reason).on(self.command.join(" "))
    }
}

/// The program. Dropping it stops it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = self.0.kill().and_then(|()| self.0.wait()) {
            log::debug!("metadata mapper not stopped: {error}");
        }
    }
}

fn files() -> io::Result<[File; 3]> {
    Ok([tempfile::tempfile()?, tempfile::tempfile()?, tempfile::tempfile()?])
}

fn content(file: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The end of what a program printed, on one line.
fn repeated(text: &str) -> String {
    let bytes = text.trim().as_bytes();
    let start = bytes.len().saturating_sub(MOST_REPEATED);
    escape(bytes.get(start..).unwrap_or_default()).into_owned()
}
