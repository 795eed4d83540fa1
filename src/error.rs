//! What failed: the kind, the operation, the path, the reason, what to do next, and whether a retry can help.
//!
//! Every layer below the command line returns this one type. Classify where the failure is first seen (the SFTP
//! status, the `io::Error`, the libssh2 code); never downgrade or re-read the text later.

use std::borrow::Cow;
use std::fmt;
use std::io;

/// The result of every fallible operation below the command line.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, as far as a caller may want to act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A file is missing.
    NotFound,
    /// A folder is missing.
    DirectoryNotFound,
    /// The other side (or the local system) refuses the operation to this user.
    PermissionDenied,
    /// Something already stands under that name.
    AlreadyExists,
    /// A folder still has entries.
    NotEmpty,
    /// A folder stands where a file was expected.
    IsADirectory,
    /// A file stands where a folder was expected.
    NotADirectory,
    /// The file system or the quota is full.
    NoSpace,
    /// The operation is not offered by the other side.
    Unsupported,
    /// The other side refused without a reason that can be told apart (`SSH_FX_FAILURE`).
    Failure,
    /// What arrived is not what was sent.
    Corrupted,
    /// The source changed while it was read; it may well be changing still.
    SourceChanged,
    /// A value the other side has no room for, such as a time before 1970 over SFTP.
    OutOfRange,
    /// A name from a server or a user that no file may have.
    InvalidName,
    /// The other side broke the protocol.
    Protocol,
    /// No connection could be made.
    Connect,
    /// The server takes no more connections at the moment.
    Busy,
    /// An established connection ended.
    ConnectionLost,
    /// An answer did not come within its bound.
    TimedOut,
    /// The server refused every login attempt.
    LoginRefused,
    /// The certificate is known to be unusable.
    CertificateUnusable,
    /// The server's host key is unknown, changed or revoked.
    HostKey,
    /// Another run holds the lock of the same job.
    Locked,
    /// The configuration or one of its values is wrong.
    Config,
    /// The command line is wrong.
    Usage,
    /// The user stopped the run.
    Cancelled,
    /// The whole run is refused or given up, whatever else could be done: its two places overlap, or too much would be
    /// deleted.
    Refused,
    /// A file that may not change has changed (`--immutable`).
    Immutable,
    /// As many bytes as allowed were transferred (`--max-transfer`).
    TransferLimit,
    /// The run took as long as allowed (`--max-duration`).
    TimeLimit,
    /// All is well, and there was nothing to do (`--error-on-no-transfer`).
    NothingTransferred,
    /// The user was asked and chose to end the run; that is no failure.
    Quit,
    /// Anything else the operating system reports.
    Io,
}

/// Whether and when trying the same thing again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The answer will be the same.
    Never,
    /// The same connection may do, a little later.
    Later,
    /// Only over a new connection.
    AfterReconnect,
}

/// A failure with everything a person needs to act on it.
///
/// Displays as `operation path: reason`, then the advice on its own lines.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    operation: Cow<'static, str>,
    path: Option<String>,
    reason: Cow<'static, str>,
    advice: Option<Cow<'static, str>>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// Describes a failure of `operation` (a verb in lower case, `open`, `list`, `log in`) and why it failed.
    pub fn new(
        kind: Kind,
        operation: impl Into<Cow<'static, str>>,
        reason: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self(Box::new(Inner {
            kind,
            operation: operation.into(),
            path: None,
            reason: reason.into(),
            advice: None,
            source: None,
        }))
    }

    /// Classifies an error of the operating system.
    pub fn from_io(operation: impl Into<Cow<'static, str>>, error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => Kind::NotFound,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Kind::PermissionDenied,
            io::ErrorKind::AlreadyExists => Kind::AlreadyExists,
            io::ErrorKind::DirectoryNotEmpty => Kind::NotEmpty,
            io::ErrorKind::IsADirectory => Kind::IsADirectory,
            io::ErrorKind::NotADirectory => Kind::NotADirectory,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Kind::NoSpace,
            io::ErrorKind::TimedOut => Kind::TimedOut,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => Kind::ConnectionLost,
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable => Kind::Connect,
            io::ErrorKind::Unsupported => Kind::Unsupported,
            _ => Kind::Io,
        };
        let reason = system_reason(&error);
        let mut this = Self::new(kind, operation, reason);
        this.0.source = Some(Box::new(error));
        this
    }

    /// The run was stopped by the user.
    pub fn cancelled() -> Self {
        Self::new(Kind::Cancelled, "stop", "the run was cancelled")
    }

    /// Names what the operation was on: a path, a host, an option. Control characters are escaped.
    #[must_use]
    pub fn on(mut self, path: impl AsRef<[u8]>) -> Self {
        self.0.path = Some(crate::path::escape(path.as_ref()).into_owned());
        self
    }

    /// Says what a person can do about it.
    #[must_use]
    pub fn advice(mut self, advice: impl Into<Cow<'static, str>>) -> Self {
        self.0.advice = Some(advice.into());
        self
    }

    /// Keeps the error this one was made from.
    #[must_use]
    pub fn caused_by(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// The same failure seen as another kind, where a caller knows more (a missing *root* is a missing folder).
    #[must_use]
    pub fn with_kind(mut self, kind: Kind) -> Self {
        self.0.kind = kind;
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Why it failed, without operation and path.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// What failed and why, in one line: `operation path: reason`.
    pub fn summary(&self) -> String {
        let Inner { operation, path, reason, .. } = &*self.0;
        match path {
            Some(path) => format!("{operation} {path}: {reason}"),
            None => format!("{operation}: {reason}"),
        }
    }

    /// What a person can do about it, if that is known.
    pub fn mend(&self) -> Option<&str> {
        self.0.advice.as_deref()
    }

    /// What the operation was on, if it is known.
    pub fn path(&self) -> Option<&str> {
        self.0.path.as_deref()
    }

    /// Whether every other file would fail the same way: nobody gets in, the disk is full, or the run was stopped.
    pub fn is_fatal(&self) -> bool {
        matches!(
            self.0.kind,
            Kind::Connect
                | Kind::Busy
                | Kind::LoginRefused
                | Kind::CertificateUnusable
                | Kind::HostKey
                | Kind::NoSpace
                | Kind::Locked
                | Kind::Config
                | Kind::Cancelled
                | Kind::Refused
                | Kind::Quit
        )
    }

    /// Whether trying again can help.
    pub fn retry(&self) -> Retry {
        match self.0.kind {
            Kind::ConnectionLost | Kind::TimedOut | Kind::Connect | Kind::Busy => Retry::AfterReconnect,
            Kind::Corrupted => Retry::Later,
            _ => Retry::Never,
        }
    }

    /// A copy for several waiters on the same failure; the source stays with the original.
    #[must_use]
    pub fn share(&self) -> Self {
        Self(Box::new(Inner {
            kind: self.0.kind,
            operation: self.0.operation.clone(),
            path: self.0.path.clone(),
            reason: self.0.reason.clone(),
            advice: self.0.advice.clone(),
            source: None,
        }))
    }
}

/// The system's words for an error without Rust's ` (os error N)`.
fn system_reason(error: &io::Error) -> String {
    let text = error.to_string();
    let short = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = short.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => "unknown error".into(),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary())?;
        self.mend().map_or(Ok(()), |advice| write!(f, "\n{advice}"))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_operation_path_reason_and_advice() {
        let error =
            Error::new(Kind::NotFound, "read key file", "no such file").on("/k\x1b").advice("check key_file");
        assert_eq!(error.to_string(), "read key file /k\\x1b: no such file\ncheck key_file");
    }

    #[test]
    fn io_errors_keep_their_kind_and_lose_the_number() {
        let error = Error::from_io("open", io::Error::from_raw_os_error(28)).on("x");
        assert_eq!(error.kind(), Kind::NoSpace);
        assert_eq!(error.to_string(), "open x: no space left on device");
        assert_eq!(error.retry(), Retry::Never);
    }
}
