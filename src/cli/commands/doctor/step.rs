//! The steps, and how each can end.

use crate::error::Kind;

/// One step on the way to the files of a remote, in the order they are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Config,
    Renewal,
    Key,
    Certificate,
    Dns,
    Tcp,
    Banner,
    HostKey,
    Login,
    Sftp,
    Path,
    Space,
    Shell,
    Hashes,
    Clock,
}

impl Step {
    /// Those that every remote has.
    pub(super) const ALL: [Self; 14] = [
        Self::Config,
        Self::Key,
        Self::Certificate,
        Self::Dns,
        Self::Tcp,
        Self::Banner,
        Self::HostKey,
        Self::Login,
        Self::Sftp,
        Self::Path,
        Self::Space,
        Self::Shell,
        Self::Hashes,
        Self::Clock,
    ];

    /// Its name in the report.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Renewal => "renewal",
            Self::Key => "key",
            Self::Certificate => "certificate",
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Banner => "banner",
            Self::HostKey => "host-key",
            Self::Login => "login",
            Self::Sftp => "sftp",
            Self::Path => "path",
            Self::Space => "space",
            Self::Shell => "shell",
            Self::Hashes => "hashes",
            Self::Clock => "clock",
        }
    }
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// As it should.
    Ok,
    /// It works, with something to be known.
    Warn,
    /// It does not work.
    Fail,
    /// It was not taken.
    Skip,
}

impl Status {
    /// Its name in the report.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skip => "skip",
        }
    }
}

/// What was found at one step.
pub(super) struct Finding {
    pub(super) step: Step,
    pub(super) status: Status,
    /// What is so, or why it failed; may have several lines.
    pub(super) detail: String,
    /// What a person can do about it.
    pub(super) mend: Option<String>,
    /// The kind of the failure.
    pub(super) kind: Option<Kind>,
}
